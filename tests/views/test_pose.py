"""Skeletons: of drawn figures whose joints are known, of keypoints of others, and what is said where none is."""

import functools
import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from coverloop.core.errors import CoverError, ModelError
from coverloop.core.views import figures
from coverloop.core.views.figures import find_figures
from coverloop.core.views.skeleton import COLOURS, LIMBS, Skeleton, draw, on_canvas, read_keypoints, tell
from coverloop.orchestrator.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("drawn_figures", ROOT / "benchmarks" / "figures.py")
drawn = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(drawn)
drawn.figure = functools.cache(drawn.figure)


@pytest.mark.parametrize("seed", range(drawn.COUNT))
def test_each_joint_of_a_drawn_figure_is_within_a_twentieth_of_its_height(seed):
    figure = drawn.figure(seed)
    found = find_figures(figure.picture)
    assert len(found) == 1
    away = drawn.distances(found[0], figure)
    assert len(away) >= 16 and away.max() < 0.05, away.round(3)


def test_of_more_figures_the_largest_come_first_and_the_rest_are_told():
    one, two = drawn.figure(0), drawn.figure(1)
    beside = np.full((640, 384, 3), one.picture[0, 0], np.uint8)
    beside[200:] = cv2.resize(two.picture, (384, 480), interpolation=cv2.INTER_AREA)[:440]
    found = find_figures(np.hstack([one.picture, beside]))
    assert len(found) == 2
    assert np.abs(found[0].points - one.truth.points).mean() < 0.05 * one.height
    assert found[1].points[:, 0].min() > 512
    assert tell(found, 1) == ["2 figures were found; the largest is drawn"] and tell(found, 2) == []


def test_half_a_figure_is_drawn_as_far_as_it_is_seen():
    figure = drawn.figure(0)
    found = find_figures(figure.picture[:330])
    assert len(found) == 1 and not found[0].seen[[9, 10, 12, 13]].any() and found[0].seen[:8].all()
    assert tell(found, 1) == ["the figure is seen in part only, without the legs; the model is free there"]


def test_a_figure_that_lies_or_stands_on_its_head_is_found():
    figure = drawn.figure(0)
    upright = find_figures(figure.picture)[0].points
    for turns in (1, 2):
        turned = find_figures(np.ascontiguousarray(np.rot90(figure.picture, turns)))[0].points
        height, width = figure.picture.shape[:2]
        back = turned[:, ::-1] * [-1, 1] + [width, 0] if turns == 1 else [width, height] - turned
        assert np.linalg.norm(back - upright, axis=1).mean() < 0.05 * figure.height


@pytest.mark.parametrize("name", ["noise", "plain", "legs", "8 px", "wide"])
def test_a_picture_without_a_figure_is_refused_in_a_line(name):
    picture = {
        "noise": np.random.default_rng(0).integers(0, 255, (512, 512, 3), dtype=np.uint8),
        "plain": np.full((300, 300, 3), 128, np.uint8),
        "legs": drawn.figure(0).picture[330:],
        "8 px": np.zeros((8, 8, 3), np.uint8),
        "wide": np.zeros((64, 9000, 3), np.uint8),
    }[name]
    with pytest.raises(CoverError, match=r"no figure was found|figures are looked for") as error:
        find_figures(picture)
    assert "\n" not in str(error.value)


def test_a_picture_of_8000_px_is_taken():
    figure = drawn.figure(3)
    found = find_figures(cv2.resize(figure.picture, (6400, 8000), interpolation=cv2.INTER_NEAREST))
    assert (np.linalg.norm(found[0].points / 12.5 - figure.truth.points, axis=1) < 0.05 * figure.height).all()


def test_weights_that_are_missing_or_others_are_told(monkeypatch, tmp_path):
    figures._net.cache_clear()
    monkeypatch.setenv("COVERLOOP_POSE_FINDER", str(tmp_path / "none"))
    with pytest.raises(ModelError, match="no such file"):
        find_figures(drawn.figure(0).picture)
    (tmp_path / "none").write_bytes(b"not it")
    with pytest.raises(ModelError, match="is not 9ba9dd3d"):
        find_figures(drawn.figure(0).picture)
    monkeypatch.delenv("COVERLOOP_POSE_FINDER")
    monkeypatch.setattr(figures.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(figures.weights, "folder", lambda: tmp_path)
    with pytest.raises(ModelError, match="coverloop models fetch pose"):
        find_figures(drawn.figure(0).picture)
    monkeypatch.undo()
    figures._net.cache_clear()


def standing() -> np.ndarray:
    return drawn.figure(2).truth.points


def test_limbs_and_joints_have_the_colours_that_pose_models_know():
    points = standing()
    picture = draw([Skeleton(points, np.ones(18, bool))], 512, 640)
    for number, point in enumerate(points):
        x, y = point.round().astype(int)
        near = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
        crowded = (np.linalg.norm(points - point, axis=1) < 9).sum() > 1  # another joint may lie over it
        assert crowded or (near == COLOURS[number]).all(axis=1).any(), number
    for number, (start, end) in enumerate(LIMBS):
        if np.linalg.norm(points[start] - points[end]) > 30:
            x, y = ((points[start] + points[end]) / 2).round().astype(int)
            assert tuple(picture[y, x]) == tuple(int(value * 0.6) for value in COLOURS[number]), number
    assert not picture[:8].any()


def test_on_a_canvas_of_another_shape_a_skeleton_is_whole_and_in_the_middle():
    (moved,) = on_canvas([Skeleton(standing(), np.ones(18, bool))], (512, 640), (900, 320))
    assert np.allclose(moved.points, standing() / 2 + [(900 - 256) / 2, 0])


def test_a_joint_that_is_not_seen_takes_its_limbs_with_it():
    seen = np.ones(18, bool)
    seen[4] = False
    with_it, without = (draw([Skeleton(standing(), s)], 512, 640) for s in (np.ones(18, bool), seen))
    x, y = ((standing()[3] + standing()[4]) / 2).round().astype(int)
    assert with_it[y, x].any() and not without[y, x].any()


def keypoints(points, canvas=(512, 640), sure=1.0):
    body = np.column_stack([points, np.full(18, sure)]).ravel().tolist()
    return {"people": [{"pose_keypoints_2d": body}], "canvas_width": canvas[0], "canvas_height": canvas[1]}


@pytest.mark.parametrize("shares", [False, True], ids=["pixels", "shares"])
def test_keypoints_of_another_estimator_are_the_same_skeleton(shares):
    points = standing() / (512, 640) if shares else standing()
    given = json.loads(json.dumps([keypoints(points)]))
    found, width, height = read_keypoints(given)
    assert (width, height) == (512, 640) and len(found) == 1 and found[0].seen.all()
    assert np.allclose(found[0].points, standing(), atol=1e-3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "are not a POSE_KEYPOINT"),
        ([], "are not a POSE_KEYPOINT"),
        ([{"people": 3, "canvas_width": 512, "canvas_height": 512}], "are not a POSE_KEYPOINT"),
        (keypoints(np.zeros((18, 2)), (10**9, 512)), "a picture of 1000000000x512"),
        (keypoints(np.full((18, 2), np.nan)), "54 finite ones"),
        (
            {"people": [{"pose_keypoints_2d": [1, 2, 3]}], "canvas_width": 512, "canvas_height": 512},
            "a figure of 3 numbers",
        ),
        (keypoints(np.full((18, 2), 100), sure=0.0), "no figure was found"),
        ({"people": [], "canvas_width": 512, "canvas_height": 512}, "no figure was found"),
    ],
)
def test_keypoints_that_say_no_pose_are_refused(given, message):
    with pytest.raises(CoverError, match=message):
        read_keypoints(given)


def test_models_tells_of_the_nets_and_fetches_both(monkeypatch, tmp_path, capsys):
    assert main(["models", "list"]) == 0
    assert "pose       ready    Apache-2.0" in capsys.readouterr().out
    fetched = []
    monkeypatch.setattr(figures.weights, "fetch", lambda file, progress: fetched.append(file) or tmp_path / file.name)
    assert main(["models", "fetch", "pose"]) == 0
    assert fetched == [figures.FINDER, figures.JOINTS] and capsys.readouterr().out.strip() == str(tmp_path)
    monkeypatch.setattr(figures.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(figures.weights, "folder", lambda: tmp_path)
    assert main(["models", "list"]) == 0
    told = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("pose"))
    assert "missing" in told and "coverloop models fetch pose" in told
