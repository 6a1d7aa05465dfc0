"""Faces compared by dlib's network on photographs of two people: Eileen Collins and Grace Hopper."""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.errors import ModelError
from coverloop.core.image import read_cover
from coverloop.core.views import faces
from coverloop.core.views.calibration import FACES
from coverloop.orchestrator.cli.main import cli

PHOTOS = Path(sys.prefix) / "weights"  # put there by the set-up
COLLINS, HOPPER = PHOTOS / "collins.png", PHOTOS / "hopper.jpg"


@pytest.fixture(scope="module")
def look():
    assert faces.lacking() == ""
    return faces.open_faces()


@pytest.fixture(scope="module")
def collins():
    return read_cover(COLLINS).image


@pytest.mark.parametrize(
    "changed",
    [
        lambda photo: photo,
        lambda photo: photo[:, ::-1],
        lambda photo: photo // 2,
        lambda photo: photo[:300, 100:400],
        lambda photo: cv2.resize(photo, (1400, 1400), interpolation=cv2.INTER_CUBIC),
    ],
    ids=["itself", "mirrored", "darker", "nearer", "larger"],
)
def test_one_person_is_one_person(look, collins, changed):
    assert faces.distance(look(collins), look(changed(collins))) < 0.5 * FACES.one


def test_another_person_is_another(look, collins):
    assert faces.distance(look(collins), look(read_cover(HOPPER).image)) > FACES.one


def test_in_a_group_the_nearest_counts(look, collins):
    both = np.hstack([cv2.resize(read_cover(HOPPER).image, (512, 600))[:512], collins])
    assert len(look(both)) == 2 and faces.distance(look(collins), look(both)) < 0.5 * FACES.one


def test_without_a_face_there_is_no_distance(look, collins):
    plain = look(np.full((200, 200, 3), 90, np.uint8))
    assert plain.shape == (0, 128)
    assert faces.distance(look(collins), plain) is None and faces.distance(plain, look(collins)) is None


def test_the_verb_says_it_beside_the_composite(tmp_path):
    command = ["consistency", str(COLLINS), str(COLLINS), str(HOPPER)]
    told = json.loads(CliRunner().invoke(cli, [*command, "--json"]).output)
    assert told["faces_by"] == "dlib"
    assert [row["face"] < FACES.one for row in told["pictures"]] == [True, False]
    lines = CliRunner().invoke(cli, command).output.splitlines()
    assert lines[0].endswith("composite       face") and "Face: no model looked" not in "".join(lines)


def test_without_the_library_it_says_how_to_get_it(tmp_path, monkeypatch):
    find = faces.find_spec
    monkeypatch.setattr(faces, "find_spec", lambda name: None if name == "dlib" else find(name))
    faces.open_faces.cache_clear()
    try:
        told = CliRunner().invoke(cli, ["consistency", str(COLLINS), str(HOPPER)]).output
    finally:
        faces.open_faces.cache_clear()
    assert "Face: no model looked; pip install 'coverloop[faces]' (dlib)" in told


def test_weights_that_are_not_the_published_ones_are_not_loaded(tmp_path, monkeypatch):
    package = tmp_path / faces.WEIGHTS_PACKAGE
    there = Path(faces.find_spec(faces.WEIGHTS_PACKAGE).origin).parent
    shutil.copytree(there, package)
    with next(package.glob("models/shape_predictor_5*")).open("ab") as file:
        file.write(b"x")
    find = faces.find_spec
    own = type("Spec", (), {"origin": str(package / "__init__.py")})
    monkeypatch.setattr(faces, "find_spec", lambda name: own if name == faces.WEIGHTS_PACKAGE else find(name))
    faces.open_faces.cache_clear()
    try:
        with pytest.raises(ModelError, match="is not the published file"):
            faces.open_faces()
    finally:
        faces.open_faces.cache_clear()
