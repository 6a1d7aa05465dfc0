"""Straight lines, faces, borders, grounds, what is to be still: each told when it moves, and quiet when it does not."""

import cv2
import numpy as np
import pytest
from coverloop.core.judge.score import score
from coverloop.core.motion.effects.light import Light
from coverloop.core.motion.effects.parallax import Parallax
from coverloop.core.motion.effects.particles import Particles
from coverloop.core.motion.effects.sway import Sway
from coverloop.core.motion.recipe import KEEP_ALL, Recipe
from coverloop.core.motion.region import Region
from coverloop.core.motion.scene import Scene
from coverloop.core.motion.stage import ambient

SIDE = 384


def textured(seed=1):
    rng = np.random.default_rng(seed)
    total = np.zeros((SIDE, SIDE, 3), np.float32)
    for cells in (6, 15, 40, 90):
        total += cv2.resize(rng.uniform(-1, 1, (cells, cells, 3)).astype("f4"), (SIDE, SIDE), interpolation=2)
    return np.clip(128 + 30 * total, 0, 255).astype(np.uint8)


def barred():
    """Dark bars across a plain soft picture."""
    picture = np.clip(textured().astype(float) * 0.2 + 130, 0, 255).astype(np.uint8)
    for x in range(40, SIDE, 60):
        cv2.line(picture, (x, 20), (x + 10, SIDE - 20), (20, 20, 30), 7, cv2.LINE_AA)
    return picture


def framed():
    picture = textured()
    picture[:18] = picture[-18:] = picture[:, :18] = picture[:, -18:] = (235, 232, 225)
    return picture


def told(plate, *effects, keep=frozenset(), still=None, given=None):
    frames = ambient(plate, Recipe(effects=effects, keep=keep), frames=16, fps=8, still=given)
    return score(list(frames), fps=8, cover=plate, still=still)


EVERYWHERE = Region()


def problems(judgement):
    return " ".join([*judgement.problems, *map(str, judgement.near)])


def test_lines_that_bend():
    bent = told(barred(), Sway(region=EVERYWHERE, amplitude=12, wavelength=260, travel=90))
    assert bent.line_bend > 1 and "straight lines bend" in problems(bent)
    kept = told(barred(), Sway(region=EVERYWHERE, amplitude=12, wavelength=260, travel=90), keep=KEEP_ALL)
    drifting = told(barred(), Parallax(amplitude=6, travel=0.1))
    assert max(kept.line_bend, drifting.line_bend) < 0.8


def test_a_face_that_is_sheared(monkeypatch):
    face = np.zeros((256, 256), np.float32)
    cv2.circle(face, (128, 128), 50, 1.0, -1)
    sway = Sway(region=EVERYWHERE, amplitude=12, wavelength=260)
    with monkeypatch.context() as unseen:
        unseen.setattr(Scene, "faces", np.zeros_like(face))
        frames = list(ambient(textured(), Recipe(effects=(sway,)), frames=16, fps=8))
    monkeypatch.setattr(Scene, "faces", face)
    sheared = score(frames, fps=8, cover=textured())
    assert sheared.face_shear > 2 and "a face is sheared" in problems(sheared)
    assert told(textured(), sway).face_shear < 1
    assert told(textured(), Parallax(amplitude=8)).face_shear < 1.5


def test_a_border_that_moves():
    drift = Parallax(amplitude=12, travel=0)
    frames = [np.roll(framed(), round(3 * np.sin(2 * np.pi * t / 16)), axis=1) for t in range(16)]
    moved = score(frames, fps=8, cover=framed())
    assert moved.border_motion > 0.7 and "the border moves" in problems(moved)
    assert told(framed(), drift, keep=KEEP_ALL).border_motion < 0.6


def test_a_ground_that_changes_its_tone():
    white = np.full((SIDE, SIDE, 3), 250, np.uint8)
    white[120:260, 120:260] = textured()[120:260, 120:260]
    grey = told(white, Light(amount=0.06, wavelength=4000))
    assert grey.ground_tone > 2 and "a flat ground changes its tone" in problems(grey)
    assert told(white, Light(amount=0.06, wavelength=4000), keep=KEEP_ALL).ground_tone < 1.5


def test_what_is_to_be_still_but_moves():
    still = np.zeros((SIDE, SIDE), np.float32)
    still[150:230, 100:280] = 1
    drift = Parallax(amplitude=12, travel=0)
    moved = told(textured(), drift, still=still)
    assert moved.still_motion > 0.7 and "what is to be still moves" in problems(moved)
    assert told(textured(), drift, still=still, given=still).still_motion < 0.5


def test_light_alone_is_life_and_nothing_is_none():
    assert told(textured(), Light(amount=0.08)).alive > 0.5
    idle = told(textured(), Particles(count=1, brightness=0.1))
    assert idle.alive < 0.1 and "hardly anything moves" in problems(idle)


@pytest.mark.parametrize("name", ["line_bend", "face_shear", "border_motion", "ground_tone", "still_motion"])
def test_nothing_to_measure_is_none(name):
    assert getattr(score(np.stack([textured()] * 6), fps=8), name) is None or name == "line_bend"
