import json

import cv2
import numpy as np
import pytest
from coverloop.core.errors import CoverError, RecipeError
from coverloop.core.motion.recipe import Recipe, derive_recipe
from coverloop.core.motion.region import Mask
from coverloop.core.motion.scene import Scene


def lake(side: int = 400) -> np.ndarray:
    """Clouds over a straight horizon, streaked water below."""
    rng = np.random.default_rng(3)
    rows = np.linspace(0, 1, side)[:, None, None]
    sky = np.array([70, 110, 190]) + rows * np.array([150, 90, 20])
    clouds = cv2.resize(rng.uniform(-1, 1, (12, 6)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    picture = np.broadcast_to(sky + 26 * clouds[..., None], (side, side, 3)).copy()
    shore = side * 55 // 100
    streaks = cv2.resize(rng.uniform(-1, 1, (90, 8)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    picture[shore:] = (np.array([40, 60, 110]) + 14 * streaks[..., None])[shore:]
    return np.clip(picture, 0, 255).astype(np.uint8)


def foliage(side: int = 400) -> np.ndarray:
    rng = np.random.default_rng(4)
    leaves = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 1.6)
    leaves /= leaves.std()
    return np.clip(np.array([60, 100, 50]) + 30 * leaves[..., None], 0, 255).astype(np.uint8)


def poster(side: int = 400) -> np.ndarray:
    picture = np.full((side, side, 3), (240, 90, 60), np.uint8)
    for i, colour in enumerate(((250, 220, 90), (40, 60, 120), (20, 160, 150))):
        corners = np.array([[40 + 90 * i, 60], [180 + 90 * i, 120], [90 + 90 * i, 340]])
        cv2.fillPoly(picture, [corners], colour)
    return picture


def kinds(recipe: Recipe) -> set[str]:
    return {
        f"{effect.kind} {effect.region.mask}" if hasattr(effect, "region") else effect.kind for effect in recipe.effects
    }


def test_a_recipe_survives_its_own_json():
    recipe = derive_recipe(lake(), seed=5)
    assert Recipe.parse(recipe.to_json()) == recipe
    assert Recipe.parse(json.loads(recipe.to_json())).to_json() == recipe.to_json()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", ["not JSON"]),
        ("[1]", ["list"]),
        ("x" * 300_000, ["300000"]),
        ("[" * 100_000, ["not JSON"]),
        ({"version": 2}, ["version", "2"]),
        ({"colour": 1}, ["colour", "not a known field"]),
        ({"effects": [{"kind": "wobble"}]}, ["effects[0]", "wobble"]),
        ({"effects": [{"kind": "sway", "amplitude": 500}]}, ["effects[0].amplitude", "500"]),
        ({"effects": [{"kind": "sway", "amplitude": float("nan")}]}, ["effects[0].amplitude", "nan"]),
        ({"effects": [{"kind": "flow", "speed": 1}]}, ["effects[0].speed", "not a known field"]),
        ({"effects": [{"kind": "light", "region": {"mask": "cat"}}]}, ["effects[0].region.mask", "cat"]),
        ({"effects": [{"kind": "light", "region": {"shapes": [{"kind": "box"}]}}]}, ["shapes[0].box", "missing"]),
        ({"effects": [{"kind": "grain"}] * 17}, ["effects", "16"]),
        ({"effects": [{"kind": "particles", "count": 10**9}]}, ["effects[0].count", "1000000000"]),
        ({"seed": -1}, ["seed", "-1"]),
    ],
)
def test_a_bad_recipe_names_the_field_and_the_value_in_one_line(document, words):
    with pytest.raises(RecipeError) as caught:
        Recipe.parse(document)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 250
    assert all(word in message for word in words), message


def test_different_pictures_get_what_would_move_in_them():
    water, leaves, flat = (derive_recipe(picture) for picture in (lake(), foliage(), poster()))
    assert {"clouds sky", "flow water", "ripple water"} <= kinds(water)
    assert "sway foliage" in kinds(leaves) and "clouds sky" not in kinds(leaves)
    assert not {"clouds sky", "flow water", "sway foliage", "parallax all"} & kinds(flat)
    assert "shimmer all" in kinds(flat) and "light all" not in kinds(flat)


def test_where_nothing_is_sure_there_is_light_grain_and_dust_only():
    unsure = cv2.GaussianBlur(np.random.default_rng(0).uniform(60, 200, (300, 300, 3)).astype(np.float32), (0, 0), 9)
    quiet = {"light", "shimmer", "fog", "particles", "grain"}
    assert {effect.kind for effect in derive_recipe(unsure.astype(np.uint8)).effects} <= quiet


def test_shapes_on_a_flat_ground_move_as_wholes():
    sheet = np.full((400, 400, 3), (240, 236, 225), np.uint8)
    cv2.circle(sheet, (120, 140), 50, (200, 60, 50), -1, cv2.LINE_AA)
    cv2.rectangle(sheet, (230, 220), (330, 330), (40, 70, 140), -1)
    assert len(Scene(sheet).shapes) == 2 and "shapes all" in kinds(derive_recipe(sheet))
    assert not Scene(foliage()).shapes and not Scene(lake()).shapes


def test_a_frame_is_told_from_a_sky():
    framed = lake()
    framed[:14] = framed[-14:] = framed[:, :14] = framed[:, -14:] = (236, 233, 228)
    border = Scene(framed).border
    assert border[:7].all() and border[:, -7:].all() and not border[30:-30, 30:-30].any()
    assert not Scene(lake()).border.any()


@pytest.mark.networks
def test_deriving_is_deterministic_and_the_seed_matters():
    assert derive_recipe(lake(), seed=2) == derive_recipe(lake(), seed=2)
    assert derive_recipe(lake(), seed=2).effects != derive_recipe(lake(), seed=3).effects


def test_strength_scales_and_zero_is_still():
    gentle, strong = (derive_recipe(foliage(), strength=value) for value in (0.5, 2.0))
    assert [effect.kind for effect in gentle.effects if effect.kind == "sway"]
    for a, b in zip(gentle.effects, strong.effects, strict=False):
        if a.kind == "sway":
            assert b.amplitude == pytest.approx(4 * a.amplitude, rel=0.01)
    assert derive_recipe(foliage(), strength=0).effects == ()


@pytest.mark.parametrize("strength", [-0.1, 2.1, float("nan")])
def test_strength_out_of_range(strength):
    with pytest.raises(RecipeError, match="strength"):
        derive_recipe(foliage(), strength=strength)


def test_not_a_picture():
    with pytest.raises(CoverError):
        derive_recipe(np.zeros((64, 64), np.uint8))


@pytest.mark.parametrize("shape", [(64, 64), (90, 200), (700, 300)])
def test_every_mask_of_the_schema_exists_at_every_shape(shape):
    picture = cv2.resize(lake(), shape[::-1])
    scene = Scene(picture)
    for name in Mask.__args__:  # type: ignore[attr-defined]
        mask = scene.mask(name)
        assert mask.shape == scene.light.shape and mask.min() >= 0 and mask.max() <= 1, name
    for name in ("flat", "vertical", "subject", "shapes"):
        depth = scene.depth(name)
        assert depth.shape == scene.light.shape and depth.min() > 0.25 and depth.max() <= 1.001, name


def test_sky_and_water_are_where_they_are():
    scene = Scene(lake())
    assert scene.horizon is not None and abs(scene.horizon / scene.height - 0.55) < 0.03
    sky, water = (mask > 0.5 for mask in (scene.sky, scene.water))
    assert sky[: scene.horizon - 20].mean() > 0.8 and not sky[scene.horizon + 5 :].any()
    assert water[scene.horizon + 25 :].mean() > 0.8 and not water[: scene.horizon - 5].any()


def test_the_subject_stands_out():
    picture = np.full((400, 400, 3), (70, 90, 120), np.uint8)
    cv2.circle(picture, (220, 200), 70, (230, 120, 40), -1)
    subject = Scene(picture).subject > 0.5
    truth = np.zeros((400, 400), np.uint8)
    cv2.circle(truth, (220, 200), 70, 1, -1)
    truth = cv2.resize(truth, subject.shape[::-1], interpolation=cv2.INTER_AREA) > 0
    assert (subject & truth).sum() / (subject | truth).sum() > 0.85
    assert Scene(np.full((200, 200, 3), 90, np.uint8)).subject.max() == 0


def test_graphic_art_is_told_from_foliage():
    assert Scene(poster()).graphic > 0.5 > 0.2 > Scene(foliage()).graphic
