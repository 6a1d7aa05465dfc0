"""Only what is surely seen moves as it would: each thing, and what is easily taken for it."""

import hashlib
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from coverloop.core.errors import ModelError
from coverloop.core.motion import faces, matte
from coverloop.core.motion.derive import derive_effects
from coverloop.core.motion.recipe import Recipe, derive_recipe
from coverloop.core.motion.scene import Scene
from coverloop.core.motion.seen import look
from coverloop.core.motion.stage import ambient
from coverloop.core.motion.subject import Subject
from coverloop.core.prompt.ask.put import Asking
from coverloop.core.prompt.looks import motion_prompt

pytestmark = pytest.mark.networks


def night(side: int = 400) -> np.ndarray:
    return np.full((side, side, 3), (16, 18, 30), np.uint8)


def record(side: int = 400, sheen: bool = False) -> np.ndarray:
    sheet = np.full((side, side, 3), (214, 190, 168), np.uint8)
    centre, radius = (side // 2, side // 2), side // 3
    cv2.circle(sheet, centre, radius, (20, 20, 22), -1, cv2.LINE_AA)
    if sheen:
        cv2.ellipse(sheet, centre, (radius - 4, radius - 4), 0, 20, 60, (90, 90, 95), -1, cv2.LINE_AA)
    cv2.circle(sheet, centre, radius // 3, (210, 80, 60), -1, cv2.LINE_AA)
    cv2.ellipse(sheet, centre, (radius // 3, radius // 3), 0, 20, 110, (240, 190, 70), -1, cv2.LINE_AA)
    return sheet


def lamps(halo: bool) -> np.ndarray:
    picture = night().astype(np.float32)
    y, x = np.mgrid[:400, :400]
    for row, column in ((150, 130), (230, 270)):
        away = np.hypot(y - row, x - column)[..., None]
        picture += halo * 140 * np.exp(-away / 22) * np.array([1.0, 0.85, 0.6])
        picture = np.where(away < 9, (255, 244, 214), picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def campfire(hot: bool) -> np.ndarray:
    """Tongues of orange in a wood at night, with or without the yellow-hot in them."""
    picture = night().astype(np.float32)
    leaves = cv2.GaussianBlur(np.random.default_rng(1).standard_normal((400, 400)), (0, 0), 1.6)
    picture += 12 * (leaves / leaves.std())[..., None]
    for x, top, wide in ((175, 190, 22), (205, 130, 30), (232, 210, 20)):
        cv2.ellipse(picture, (x, (top + 300) // 2), (wide, (300 - top) // 2), 0, 0, 360, (235, 110, 20), -1)
    for x, top, wide in ((180, 230, 10), (205, 190, 15), (226, 240, 9)) if hot else ():
        cv2.ellipse(picture, (x, (top + 290) // 2), (wide, (290 - top) // 2), 0, 0, 360, (255, 240, 160), -1)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 3), 0, 255).astype(np.uint8)


def kinds(picture: np.ndarray) -> set[str]:
    return {effect.kind for effect in derive_recipe(picture).effects}


def confidence(picture: np.ndarray, name: str) -> float:
    return next((one.confidence for one in derive_recipe(picture).seen if one.name == name), 0.0)


def test_a_record_spins_and_a_disc_with_a_sheen_or_without_a_label_does_not():
    assert "spin" in kinds(record()) and confidence(record(), "disc") > 0.9
    assert "spin" not in kinds(record(sheen=True))
    plain = np.full((400, 400, 3), (214, 190, 168), np.uint8)
    cv2.circle(plain, (200, 200), 130, (230, 170, 60), -1, cv2.LINE_AA)
    assert "spin" not in kinds(plain)


def test_a_disc_with_held_lettering_on_it_stands():
    recipe = derive_recipe(record())
    spin = Recipe(effects=tuple(effect for effect in recipe.effects if effect.kind == "spin"))
    still = np.zeros((400, 400), np.float32)
    still[190:210, 180:220] = 1
    turned, held = (
        np.stack(list(ambient(record(), spin, frames=8, fps=2.0, still=mask))).astype(int) for mask in (None, still)
    )
    assert np.abs(turned[4] - turned[0]).max() > 60 and not np.abs(held - held[0]).max() > 1


def test_a_moon_does_not_drift_before_its_sky():
    rng = np.random.default_rng(3)
    moon = np.repeat(np.linspace((70, 110, 190), (220, 200, 210), 400)[:, None], 400, axis=1)
    clouds = cv2.resize(rng.uniform(-1, 1, (12, 6)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
    streaks = cv2.resize(rng.uniform(-1, 1, (90, 8)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
    moon += 26 * clouds[..., None]
    moon[220:] = (np.array([40, 60, 110]) + 14 * streaks[..., None])[220:]
    moon = np.clip(moon, 0, 255).astype(np.uint8)
    cv2.circle(moon, (250, 110), 48, (250, 236, 190), -1, cv2.LINE_AA)
    assert confidence(moon, "subject") > 0.5 and not {"parallax", "breathe"} & kinds(moon)


def test_a_range_is_not_near():
    """A broad thing in a landscape drifts where it reaches down to what is near, and stands where it ends far above."""
    rng = np.random.default_rng(3)
    leaves = cv2.resize(rng.uniform(40, 200, (130, 130)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
    clouds = cv2.resize(rng.uniform(-1, 1, (40, 30)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
    found = {}
    for foot in (240, 390):
        view = (
            np.repeat(np.linspace((90, 130, 200), (150, 170, 210), 400)[:, None], 400, axis=1) + 30 * clouds[..., None]
        )
        view[250:] = leaves[250:, :, None] * np.float32([0.5, 0.9, 0.3])
        scene = Scene(np.clip(view, 0, 255).astype(np.uint8))
        mask = np.zeros((scene.height, scene.width), np.float32)
        mask[60 * scene.height // 400 : foot * scene.height // 400, scene.width // 8 : scene.width * 7 // 8] = 1
        scene.__dict__["found_subject"] = Subject(mask, 1.0, "a test")
        seen = look(scene)
        assert seen.sure("foliage") or scene.horizon is not None
        effects = derive_effects(scene, seen, np.random.default_rng(0), 1.0)
        found[foot] = "parallax" in {effect.kind for effect in effects}
    assert found == {240: False, 390: True}


def test_cliffs_in_the_dark_are_no_sky():
    rng = np.random.default_rng(1)
    clouds = cv2.resize(rng.uniform(-1, 1, (8, 5)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
    view = np.repeat((110 + 22 * clouds)[..., None], 3, axis=2) * np.float32([0.8, 1.0, 1.1])
    share = np.clip((np.abs(np.arange(400) - 200) - 90) / 50, 0, 1)[None, :, None]  # the walls begin softly
    view = view * (1 - share) + np.float32([18, 12, 14]) * share
    scene = Scene(np.clip(view, 0, 255).astype(np.uint8))
    side = scene.width
    assert scene.sky[: side // 2, : side // 8].max() < 0.1
    assert scene.sky[side // 8 : side // 2, side // 2 - 10 : side // 2 + 10].mean() > 0.5


def test_a_lamp_has_a_halo():
    assert "pulse" in kinds(lamps(halo=True)) and "pulse" not in kinds(lamps(halo=False))


def test_flames_have_a_hot_core():
    assert "fire" in kinds(campfire(hot=True)) and "fire" not in kinds(campfire(hot=False))


def test_what_is_seen_is_told_surest_first_and_survives_json():
    recipe = derive_recipe(record())
    told = [one.confidence for one in recipe.seen]
    assert told == sorted(told, reverse=True) and Recipe.parse(recipe.to_json()).seen == recipe.seen


def test_no_detector_of_faces_is_told(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    told = {one.name: one for one in derive_recipe(record()).seen}
    assert told["faces"].by == faces.NO_DETECTOR and told["faces"].confidence == 0
    assert f"faces: {faces.NO_DETECTOR}" in motion_prompt(record(), Asking()).report["warnings"]


def test_a_subject_by_the_network_and_without_it(monkeypatch, tmp_path):
    y, x = np.mgrid[:400, :400]
    picture = np.dstack([90 + x / 8, 100 + y / 8, 110 + 0 * x]).astype(np.uint8)
    cv2.ellipse(picture, (200, 230), (70, 130), 0, 0, 360, (220, 90, 60), -1)
    seen = {}
    for by, folder in (("u2netp", Path(sys.prefix)), ("colour", tmp_path)):
        monkeypatch.setattr(matte.sys, "prefix", str(folder))
        monkeypatch.setattr(matte.weights, "folder", lambda: tmp_path)
        seen[by] = Scene(picture).found_subject
    assert [found.by for found in seen.values()] == list(seen)
    truth = cv2.resize((picture[..., 0] > 180).astype(np.float32), seen["colour"].mask.shape[::-1]) > 0.5
    for found in seen.values():
        inside = found.mask > 0.5
        assert (inside & truth).sum() / (inside | truth).sum() > 0.85


def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch, tmp_path):
    wrong = tmp_path / "u2netp.onnx"
    wrong.write_bytes(b"no")
    monkeypatch.setenv("COVERLOOP_MATTE", str(wrong))
    with pytest.raises(ModelError, match=hashlib.md5(b"no", usedforsecurity=False).hexdigest()):
        _ = Scene(record()).found_subject
    monkeypatch.setenv("COVERLOOP_MATTE", str(tmp_path / "none"))
    with pytest.raises(ModelError, match="no such file"):
        matte.locate()


def test_white_grounds_keep_their_tone_when_a_line_of_light_crosses():
    sheet = np.full((300, 300, 3), 250, np.uint8)
    cv2.rectangle(sheet, (100, 100), (200, 220), (30, 60, 160), -1)
    frames = np.stack(list(ambient(sheet, derive_recipe(sheet), frames=24, fps=6.0))).astype(float)
    ground = np.ones((300, 300), bool)
    ground[80:240, 80:220] = False
    assert np.abs(frames[:, ground].mean(1) - frames[0, ground].mean(0)).max() < 2
    assert np.ptp(frames[:, 110:190, 110:190].mean((1, 2, 3))) > 2


def test_light_shows_no_patches_on_mottled_paper():
    """Where paper is white enough to keep its tone and where it is just not, light differs by no visible edge."""
    rng = np.random.default_rng(0)
    mottle = cv2.resize(rng.standard_normal((14, 14)).astype(np.float32), (300, 300), interpolation=cv2.INTER_CUBIC)
    paper = np.repeat(np.clip(232 + 9 * mottle, 0, 255)[..., None], 3, axis=2).astype(np.uint8)
    shine = Recipe.parse({"keep": ["tone"], "effects": [{"kind": "shimmer", "amount": 0.1, "width": 300}]})
    frames = np.stack(list(ambient(paper, shine, frames=8, fps=2.0))).astype(np.float32)
    light = cv2.GaussianBlur((frames[4] - frames[0]).mean(2), (0, 0), 2)
    edges = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8
    assert edges.max() < 0.7  # levels per px; 2 with bounds as sharp as those of the grounds


def test_light_reaches_small_things_on_black():
    sky = np.zeros((300, 300, 3), np.uint8)
    star = np.s_[146:155, 146:155]
    sky[star] = 170
    shine = Recipe.parse({"keep": ["tone"], "effects": [{"kind": "shimmer", "amount": 0.2, "width": 300}]})
    frames = np.stack(list(ambient(sky, shine, frames=8, fps=2.0))).astype(float)
    assert np.ptp(frames[:, 148:153, 148:153].mean((1, 2, 3))) > 15  # 2 where black keeps light off what is around it
    assert frames[:, :100].max() <= 1
