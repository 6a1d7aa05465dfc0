"""Clean plates against the picture that was there; LaMa's path with a stand-in of the same interface."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from coverloop.core import weights
from coverloop.core.errors import ModelError, UsageError
from coverloop.core.lettering.mask import glyph_mask
from coverloop.core.pixels import grow
from coverloop.core.plate import clean as plates
from coverloop.core.plate.clean import clean_plate
from coverloop.core.plate.fillers import lama
from coverloop.core.plate.fillers.diffusion import fill_smooth
from coverloop.core.plate.fillers.texture import fill_texture
from coverloop.core.plate.registry import fillers
from lettered import db, lettered, picture


@pytest.fixture(autouse=True)
def _no_lama(monkeypatch, tmp_path):
    monkeypatch.delenv("COVERLOOP_LAMA", raising=False)
    monkeypatch.setattr(weights, "folder", lambda: tmp_path / "cache")


@pytest.mark.parametrize("style", ["plain", "shadow", "glow"])
@pytest.mark.parametrize("filler", ["diffusion", "texture"])
def test_plate_is_close_to_the_picture_and_the_cover_elsewhere(style, filler):
    made = lettered(style)
    mask = glyph_mask(made.cover, [made.region])
    plate = clean_plate(made.cover, mask, filler)
    assert plate.filler == filler
    assert db(plate.image, made.clean, grow(made.truth, 3)) > 30
    outside = ~grow(mask > 0, 3)
    assert (plate.image[outside] == made.cover[outside]).all()


def test_what_shines_through_a_glow_is_recovered():
    """On a rough picture the texture under a glow is the picture's own, not a guess."""
    made = lettered("glow", kind="rough", height=60)
    mask = np.where(made.truth, 1.0, 0.0).astype(np.float32)
    blind = db(clean_plate(made.cover, mask, "diffusion").image, made.clean, made.truth)
    soft = glyph_mask(made.cover, [made.region])
    seen = db(clean_plate(made.cover, soft, "diffusion").image, made.clean, made.truth)
    assert seen > blind + 1.5


def test_texture_continues_stripes_where_diffusion_cannot():
    rows = np.arange(256)
    picture_ = np.repeat(((rows // 4) % 2 * 120 + 60).astype(np.uint8)[:, None, None], 256, 1).repeat(3, 2)
    hole = np.zeros((256, 256), bool)
    hole[40:88, 60:72] = True
    smooth = db(fill_smooth(picture_, hole), picture_, hole)
    textured = db(fill_texture(picture_, hole), picture_, hole)
    assert textured > smooth + 6
    assert (fill_texture(picture_, hole)[~hole] == picture_[~hole]).all()
    mask = hole.astype(np.float32)
    assert clean_plate(picture_, mask).filler == "texture"


@pytest.mark.parametrize("filler", ["diffusion", "texture"])
def test_beside_the_lettering_the_plate_stays_true_to_the_cover(filler):
    """An edge that the fill loses is not to stand still around the letters, in the layer."""
    made = lettered("plain")
    cover = made.cover.copy()
    stripes = (np.indices(cover.shape[:2]).sum(0) // 5) % 2 > 0
    cover[stripes & ~made.truth] //= 3
    mask = glyph_mask(cover, [made.region])
    plate = clean_plate(cover, mask, filler).image.astype(int)
    assert (plate != cover)[mask == 0].any()
    assert np.abs(plate - cover)[mask == 0].max() <= 10


def test_auto_says_what_it_chose():
    made = lettered("plain")
    plate = clean_plate(made.cover, made.truth.astype(np.float32))
    assert plate.filler in ("diffusion", "texture")
    assert plate.filler in plate.notes[0]


def test_the_seed_decides():
    made = lettered("plain", kind="rough")
    mask = made.truth.astype(np.float32)
    first, again, other = (clean_plate(made.cover, mask, "texture", seed).image for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_grain_is_matched():
    """A fill in a grainy picture is as grainy as what is beside it."""
    random = np.random.default_rng(0)
    cover = np.clip(picture(256).astype(float) + random.normal(0, 8, (256, 256, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((256, 256), np.float32)
    mask[100:130, 60:200] = 1
    made = clean_plate(cover, mask, "diffusion").image.astype(float)
    inside, beside = made[104:126, 64:196], made[140:162, 64:196]
    assert 0.6 < np.diff(inside, axis=1).std() / np.diff(beside, axis=1).std() < 1.3


def test_empty_mask_gives_the_cover_back():
    cover = picture(64)
    plate = clean_plate(cover, np.zeros((64, 64), np.float32))
    assert plate.filler == "none" and (plate.image == cover).all()


def test_a_mask_over_everything_does_not_fail():
    plate = clean_plate(picture(64), np.ones((64, 64), np.float32), "texture")
    assert plate.image.shape == (64, 64, 3)


def test_wrong_arguments_are_told():
    cover = picture(64)
    with pytest.raises(UsageError, match="one size"):
        clean_plate(cover, np.zeros((32, 64), np.float32))
    with pytest.raises(UsageError, match="diffusion"):
        clean_plate(cover, np.ones((64, 64), np.float32), "magic")
    with pytest.raises(ModelError, match="COVERLOOP_LAMA"):
        clean_plate(cover, np.ones((64, 64), np.float32), "lama")


class StandIn(torch.nn.Module):
    """LaMa's interface: image (1, 3, H, W) in 0..1, mask (1, 1, H, W) in 0/1, both sides a multiple of 8."""

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        assert image.shape[2] % 8 == 0 and image.shape[3] % 8 == 0
        known = 1 - mask
        mean = (image * known).sum(dim=[2, 3], keepdim=True) / known.sum(dim=[2, 3], keepdim=True)
        return image * known + mean * mask


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    path = tmp_path / "big-lama.pt"
    torch.jit.script(StandIn()).save(str(path))
    monkeypatch.setattr(lama, "BIG_LAMA", replace(lama.BIG_LAMA, digest=hashlib.md5(path.read_bytes()).hexdigest()))
    monkeypatch.setenv("COVERLOOP_LAMA", str(path))
    return path


def test_lama_is_preferred_cropped_and_cut_back(stand_in):
    cover = np.full((203, 301, 3), (200, 40, 90), np.uint8)
    cover[:, 150:] = (20, 90, 160)
    mask = np.zeros((203, 301), np.float32)
    mask[90:103, 10:51] = 1
    mask[90:103, 250:291] = 0.7
    plate = clean_plate(cover, mask)
    assert plate.filler == "lama"
    hole = grow(mask > 0, 3)
    assert (plate.image[~hole] == cover[~hole]).all()
    assert np.abs(plate.image[96, 30].astype(int) - (200, 40, 90)).max() <= 2  # each crop sees its own surroundings
    assert np.abs(plate.image[96, 270].astype(int) - (20, 90, 160)).max() <= 2
    assert fillers()[0].ready


def test_lama_is_found_in_given_folders(stand_in, monkeypatch, tmp_path):
    monkeypatch.delenv("COVERLOOP_LAMA")
    assert lama.locate() is None
    folder = tmp_path / "models"
    folder.mkdir()
    stand_in.rename(folder / lama.BIG_LAMA.name)
    assert lama.locate([folder]) == folder / lama.BIG_LAMA.name


def test_lama_of_another_hash_is_not_loaded(stand_in, monkeypatch):
    monkeypatch.setattr(lama, "BIG_LAMA", replace(lama.BIG_LAMA, digest="0" * 32))
    lama._network.cache_clear()
    loaded = []
    monkeypatch.setattr(torch.jit, "load", lambda *a, **k: loaded.append(a))
    with pytest.raises(ModelError, match="md5"):
        clean_plate(picture(64), np.ones((64, 64), np.float32), "lama")
    assert not loaded


def test_lama_named_but_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("COVERLOOP_LAMA", str(tmp_path / "none.pt"))
    with pytest.raises(ModelError, match="no such file"):
        fillers()


class Answer:
    def __init__(self, blocks, status=200):
        self.blocks, self.status_code = blocks, status
        self.headers = {"Content-Length": str(sum(map(len, blocks)))}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def iter_content(self, size):
        yield from self.blocks


def test_fetch_checks_then_names(tmp_path, monkeypatch):
    there = replace(lama.BIG_LAMA, digest=hashlib.md5(b"weights").hexdigest())
    seen = []
    path = weights.fetch(
        there, tmp_path, lambda done, whole: seen.append((done, whole)), lambda *a, **k: Answer([b"wei", b"ghts"])
    )
    assert path.read_bytes() == b"weights" and path.name == lama.BIG_LAMA.name
    assert seen == [(3, 7), (7, 7)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(Answer([b"other"]), "md5"), (Answer([], 404), "404"), (Answer([b"x" * 50]), "larger")],
)
def test_fetch_leaves_nothing_behind_when_it_fails(tmp_path, monkeypatch, answer, words):
    with pytest.raises(ModelError, match=words):
        weights.fetch(replace(lama.BIG_LAMA, max_bytes=20), tmp_path, get=lambda *a, **k: answer)
    assert list(tmp_path.iterdir()) == []


def test_fetch_without_network_says_where_to_put_the_file(tmp_path):
    import requests

    def refuse(*args, **kwargs):
        raise requests.ConnectionError("no route")

    with pytest.raises(ModelError, match=r"put big-lama\.pt"):
        weights.fetch(lama.BIG_LAMA, tmp_path, get=refuse)


def test_the_trial_sees_only_known_picture():
    """With the hole nearly everywhere there is nothing to try on: diffusion."""
    hole = np.ones((200, 200), bool)
    hole[:10] = False
    assert plates._better_on_trial(picture(200), hole, 0) == "diffusion"
