"""Twelve drawn cases in the order that the figures must put them; a folder against one picture; the verb."""

import json
import struct

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.errors import ModelError
from coverloop.core.views.calibration import LIMITS, WEIGHTS
from coverloop.core.views.chart import chart
from coverloop.core.views.clip import Clip
from coverloop.core.views.consistency import compare, cosine
from coverloop.core.views.family import family
from coverloop.orchestrator.cli.main import cli

SIDE = 480
GRAIN = np.random.default_rng(0).normal(0, 14, (80, 80)).astype(np.float32)


def figure(turn: float = 0.0, shift: float = 0.0, zoom: float = 1.0, squeeze: float = 1.0, stoop: float = 1.0):
    """A figure before a moon over hills, seen by a camera that goes elsewhere: near things go further than far ones."""
    size = 2 * SIDE
    canvas = np.empty((size, size, 3), np.float32)
    canvas[:] = np.linspace((40, 46, 92), (236, 140, 96), size)[:, None]

    def at(x: float, y: float, near: float) -> tuple[int, int]:
        return round(size * (0.5 + (x - 0.5) + near * shift)), round(size * y)

    cv2.circle(canvas, at(0.62, 0.36, 0.1), round(0.075 * size), (250, 236, 190), -1, cv2.LINE_AA)
    for x, y, r, near in ((0.3, 0.78, 0.24, 0.3), (0.66, 0.82, 0.28, 0.4)):
        cv2.circle(canvas, at(x, y, near), round(r * size), (66 + 60 * near, 74, 60), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, at(0.48, 0.62, 1.0), (round(0.07 * size), round(0.14 * size)), 0, 0, 360, (188, 40, 52), -1)
    cv2.circle(canvas, at(0.48, 0.45, 1.0), round(0.05 * size), (240, 204, 172), -1, cv2.LINE_AA)
    cv2.circle(canvas, at(0.465, 0.44, 1.0), round(0.009 * size), (20, 20, 30), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, at(0.48, 0.415, 1.0), (round(0.052 * size), round(0.03 * size)), 0, 180, 360, (30, 24, 40), -1)
    grain = cv2.resize(GRAIN, (size, size), interpolation=cv2.INTER_CUBIC)  # brush strokes, at the depth of the hills
    canvas += np.roll(grain, round(0.4 * shift * size), axis=1)[..., None]
    canvas = np.clip(canvas, 0, 255)
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), turn, zoom)
    matrix[0] *= squeeze
    matrix[1] *= stoop
    matrix[:, 2] += ((1 - squeeze) * size / 2, (1 - stoop) * size / 2)
    seen = cv2.warpAffine(canvas, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(seen[SIDE // 2 : -SIDE // 2, SIDE // 2 : -SIDE // 2], (SIDE, SIDE)).astype(np.uint8)


def recoloured():
    hsv = cv2.cvtColor(figure(), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 40) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def other(seed: int = 4):
    """Another picture: boxes and lines of other colours."""
    draw, canvas = np.random.default_rng(seed), np.full((SIDE, SIDE, 3), (60, 120, 140), np.uint8)
    for _ in range(14):
        left, top = draw.integers(0, SIDE - 60, 2)
        wide, high = draw.integers(30, 200, 2)
        colour = tuple(int(v) for v in draw.integers(0, 255, 3))
        cv2.rectangle(canvas, (int(left), int(top)), (int(left + wide), int(top + high)), colour, -1)
    return canvas


def shuffled():
    """Another picture in the very colours of the first: its tiles in another order."""
    tiles = figure().reshape(12, SIDE // 12, 12, SIDE // 12, 3).swapaxes(1, 2).reshape(144, SIDE // 12, SIDE // 12, 3)
    tiles = tiles[np.random.default_rng(1).permutation(144)].reshape(12, 12, SIDE // 12, SIDE // 12, 3)
    return tiles.swapaxes(1, 2).reshape(SIDE, SIDE, 3)


def noisy():
    noise = np.random.default_rng(2).normal(0, 2, (SIDE, SIDE, 3))
    return np.clip(figure() + noise, 0, 255).astype(np.uint8)


DRAWN = {
    "same": figure(),
    "noisy": noisy(),
    "nearer by a little": figure(zoom=1.03),
    "moved": figure(shift=0.05),
    "rotated": figure(squeeze=0.8, shift=0.06),
    "from above": figure(stoop=0.75),
    "close": figure(zoom=1.35),
    "tilted": figure(turn=12),
    "darker": (figure() * 0.5).astype(np.uint8),
    "recoloured": recoloured(),
    "shuffled": shuffled(),
    "other": other(),
}
VIEWS = ("moved", "rotated", "from above", "close", "tilted")
STRANGERS = ("shuffled", "other")


@pytest.fixture(scope="module")
def found():
    return {name: compare(DRAWN["same"], picture) for name, picture in DRAWN.items()}


def test_the_same_picture_agrees_and_no_camera_moved(found):
    same = found["same"]
    assert same.identity is None and same.light == 0
    assert min(same.style, same.semantic) > 0.999 and same.cam_move == same.difference == pytest.approx(0, abs=1e-4)
    assert found["noisy"].semantic > 0.99 and found["noisy"].style > 0.97


def test_a_camera_that_goes_further_counts_more(found):
    steps = [found[name].cam_move for name in ("same", "noisy", "nearer by a little", "rotated")]
    assert steps == sorted(steps) and len(set(steps)) == len(steps), steps
    assert all(found[name].cam_move > found["nearer by a little"].cam_move + 0.05 for name in VIEWS)


def test_another_picture_gets_no_credit_for_a_camera(found):
    for name in STRANGERS:
        assert found[name].difference > max(found[view].difference for view in VIEWS) - 0.3, "SSIM alone is low too"
        assert found[name].cam_move == 0 and found[name].semantic < LIMITS.alien < LIMITS.same
    assert min(found[name].semantic for name in VIEWS) > LIMITS.same


def test_colour_is_told_from_form(found):
    assert found["recoloured"].style < 0.6 < 0.8 < min(found[name].style for name in VIEWS)
    assert found["shuffled"].style > 0.9 > 0.6 > found["other"].style
    assert found["darker"].semantic > 0.95 and -2.4 < found["darker"].light < -1.8  # half the level is 2.2 stops


def test_the_composite_puts_them_in_order(found):
    by = {name: one.composite for name, one in found.items()}
    assert min(by[name] for name in VIEWS) > by["same"] > by["recoloured"] > by["shuffled"] > by["other"], by
    likeness = {name: one.likeness for name, one in found.items()}
    for name in VIEWS:
        assert likeness["same"] >= likeness["noisy"] > likeness[name] > likeness["shuffled"] > likeness["other"], (
            likeness
        )


def test_sizes_do_not_matter_much(found):
    large = cv2.resize(DRAWN["rotated"], (1080, 1080), interpolation=cv2.INTER_CUBIC)
    one = compare(DRAWN["same"], large)
    for name in ("style", "semantic", "cam_move"):
        assert getattr(one, name) == pytest.approx(getattr(found["rotated"], name), abs=0.03), name
    strip = compare(DRAWN["same"], DRAWN["same"][:64, :192])
    assert 0 <= strip.composite <= 100


def test_plain_pictures_have_figures_too():
    grey, white = np.full((64, 64, 3), 128, np.uint8), np.full((64, 64, 3), 255, np.uint8)
    assert compare(grey, grey).composite == pytest.approx(100 * 2 / 3, abs=0.1)
    assert compare(grey, white).semantic == compare(grey, white).cam_move == compare(grey, DRAWN["other"]).semantic == 0


def test_identity_counts_when_a_model_looked():
    a, b = np.array([1.0, 0, 0]), np.array([0.6, 0.8, 0])
    without, with_it = compare(DRAWN["same"], DRAWN["moved"]), compare(DRAWN["same"], DRAWN["moved"], (a, b))
    assert with_it.identity == pytest.approx(0.6)
    others = 1 - WEIGHTS["identity"]
    assert with_it.composite == pytest.approx(100 * (0.4 * 0.6 + others * without.composite / 100))
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    with pytest.raises(ModelError, match="embeddings of 3 and 2 numbers"):
        cosine(a, np.ones(2))
    for broken in (np.zeros(3), np.full(3, np.nan)):
        with pytest.raises(ModelError, match="has no direction"):
            cosine(a, broken)


def test_a_set_for_training_names_outliers_and_what_is_far_on_purpose():
    usual = [figure(shift=0.004 * n, zoom=1 + 0.005 * n) for n in range(6)]
    pictures = [*usual, figure(squeeze=0.78, shift=0.07), DRAWN["darker"], DRAWN["other"], DRAWN["recoloured"]]
    told = family([compare(DRAWN["same"], picture) for picture in pictures])
    assert told.kinds == ("",) * 6 + ("angle", "light", "outlier", "outlier")
    assert told.mean["identity"] is None and 0.5 < told.mean["style"] < 1
    assert family([compare(DRAWN["same"], DRAWN["same"])] * 3).kinds == ("",) * 3
    assert family([compare(DRAWN["same"], other(seed)) for seed in range(3)]).kinds == ("outlier",) * 3


def test_noise_does_not_change_what_is_said():
    pictures = [figure(shift=0.004), DRAWN["noisy"], figure(squeeze=0.78, shift=0.07), DRAWN["darker"], DRAWN["other"]]
    rng, said = np.random.default_rng(3), set()
    for level in (0, 1, 2):
        seen = [np.clip(p + rng.normal(0, level, p.shape), 0, 255).astype(np.uint8) for p in pictures]
        said.add(family([compare(DRAWN["same"], picture) for picture in seen]).kinds)
    assert said == {("", "", "angle", "light", "outlier")}


def test_the_chart_has_a_row_for_each():
    results = [compare(DRAWN["same"], DRAWN[name]) for name in ("moved", "other")]
    drawn = chart(DRAWN["same"], [DRAWN["moved"], DRAWN["other"]], results, ["", "outlier"])
    assert drawn.shape == (3 * 104, 960, 3) and drawn.dtype == np.uint8
    bars = [
        (np.abs(drawn[top : top + 104, 300:760].astype(int) - (92, 150, 96)).sum(-1) == 0).sum() for top in (104, 208)
    ]
    assert bars[0] > 2 * bars[1] > 0, "Semantic's bar is longer for the picture that is like it"


def varint(number: int) -> bytes:
    made = b""
    while number > 127:
        made, number = made + bytes([number & 127 | 128]), number >> 7
    return made + bytes([number])


def field(number: int, value) -> bytes:
    """A protobuf field: an int, a text, bytes, or a list of fields."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else b"".join(value) if isinstance(value, list) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor_type(name: str, shape: list[int]) -> list[bytes]:
    sizes = [field(1, [field(1, size)]) for size in shape]
    return [field(1, name), field(2, [field(1, [field(1, 1), field(2, sizes)])])]


def onnx(inputs: int = 1) -> bytes:
    """A file as an exporter writes one: pixel_values (1, 3, 16, 16) -> image_embeds, its mean colour."""
    nodes = [
        [field(1, "pixel_values"), field(2, "pooled"), field(4, "GlobalAveragePool")],
        [field(1, "pooled"), field(2, "image_embeds"), field(4, "Flatten")],
    ]
    given = [("pixel_values", [1, 3, 16, 16]), ("input_ids", [1, 77])][:inputs]
    graph = [field(1, node) for node in nodes] + [field(2, "mean")]
    graph += [field(11, tensor_type(*one)) for one in given] + [field(12, tensor_type("image_embeds", [1, 3]))]
    return field(1, 8) + field(7, graph) + field(8, [field(2, 13)])


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "vision_model.onnx"
    path.write_bytes(onnx())
    return path


def test_a_clip_file_makes_embeddings(model, tmp_path):
    clip = Clip(model)
    grey = np.full((40, 90, 3), 128, np.uint8)
    expected = (128 / 255 - np.array((0.48145466, 0.4578275, 0.40821073))) / (0.26862954, 0.26130258, 0.27577711)
    assert clip(grey) == pytest.approx(expected, abs=1e-4)
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = 128
    assert clip(wide) == pytest.approx(expected, abs=0.05), "the middle is looked at"
    joint = tmp_path / "model.onnx"
    joint.write_bytes(onnx(inputs=2))
    with pytest.raises(ModelError, match=r"takes pixel_values \[1, 3, 16, 16\], input_ids \[1, 77\], not one picture"):
        Clip(joint)
    (tmp_path / "no.onnx").write_bytes(struct.pack("<q", 9))
    with pytest.raises(ModelError, match="is not an ONNX model that can be run"):
        Clip(tmp_path / "no.onnx")
    with pytest.raises(ModelError, match=r"gone\.onnx: no such file"):
        Clip(tmp_path / "gone.onnx")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "그림").mkdir()
    for number, name in enumerate(("same", "moved", "other")):
        cv2.imencode(".png", DRAWN[name][..., ::-1])[1].tofile(tmp_path / "그림" / f"{number} {name}.png")
    return tmp_path / "그림"


def call(*words):
    done = CliRunner().invoke(cli, ["consistency", *map(str, words)], standalone_mode=False)
    return done


def test_the_verb_compares_a_folder(folder, model, tmp_path):
    done = call(folder / "0 same.png", folder, "--json", "--clip", model, "--plot", tmp_path / "chart.png")
    assert done.exception is None, done.exception
    table = json.loads(done.output)
    assert [row["picture"].rsplit(" ", 1)[1] for row in table["pictures"]] == ["moved.png", "other.png"]
    moved, strange = table["pictures"]
    assert moved["composite"] > strange["composite"] and moved["identity"] > 0.9
    assert table["weights"] == WEIGHTS and table["identity_by"] == "vision_model.onnx"
    assert (strange["stands_out"], strange["cam_move"]) == ("outlier", 0)
    assert cv2.imdecode(np.fromfile(tmp_path / "chart.png", np.uint8), 1).shape == (312, 960, 3)
    lines = call(folder / "0 same.png", folder).output.splitlines()
    assert lines[0].split() == ["identity", "style", "semantic", "cam", "move", "composite", "face"]
    assert lines[-2].startswith("mean") and lines[-1].startswith("Identity: no model looked")


def test_bad_calls_are_one_line_and_write_nothing(folder, tmp_path):
    tiny = tmp_path / "tiny.png"
    cv2.imwrite(str(tiny), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "empty").mkdir()
    reference, plot = folder / "0 same.png", tmp_path / "chart.png"
    for words, message in (
        ((reference, tiny, "--plot", plot), "8x8 is too small"),
        ((tiny, reference, "--plot", plot), "8x8 is too small"),
        ((reference, tmp_path / "empty", "--plot", plot), "holds no picture"),
        ((reference, folder, "--plot", tmp_path / "chart.pdf"), "ends in .png or .jpg"),
        ((reference, folder, "--clip", tmp_path / "gone.onnx", "--plot", plot), "no such file"),
        ((reference, tmp_path / "gone.png", "--plot", plot), "no such file"),
    ):
        done = call(*words)
        assert message in str(done.exception) and "\n" not in str(done.exception), done.exception
        assert not plot.exists() and not list(tmp_path.glob(".*part"))


def test_a_large_picture_is_taken():
    large = cv2.resize(DRAWN["same"], (8000, 8000), interpolation=cv2.INTER_LINEAR)
    assert compare(DRAWN["same"], large).composite == pytest.approx(100 * 2 / 3, abs=1.5)
