"""`coverloop consistency`: pictures compared with a reference, on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import UsageError
from ...core.files import whole_file
from ...core.image import SUFFIXES, read_cover
from ...core.views.calibration import WEIGHTS
from ...core.views.chart import chart, thumbnail
from ...core.views.clip import Clip
from ...core.views.consistency import Consistency, compare
from ...core.views.faces import distance, lacking, open_faces
from ...core.views.family import family

MOST = 1000  # pictures: the chart of so many still is a picture that programs open
_PLOTS = (".png", ".jpg", ".jpeg")


def compare_files(reference: Path, given: Sequence[Path], clip: Path | None, plot: Path | None) -> dict[str, Any]:
    """The figures of every picture of `given` (files, and folders whose pictures are taken by name), their mean, and
    what stands out among several; the chart is written to `plot`. The distance of faces stands beside them, where the
    network is installed and a face is found in both; it is no part of the composite.

    Raises:
        CoverError: a picture cannot be read. ModelError: the model cannot be used. UsageError: no picture, too many,
            or a plot that cannot be written.
    """
    if plot is not None and plot.suffix.lower() not in _PLOTS:
        raise UsageError(f"{plot}: give a file name that ends in .png or .jpg for --plot")
    model = None if clip is None else Clip(clip)
    against = read_cover(reference).image
    known = None if model is None else model(against)
    faces_of = open_faces()
    own_faces = None if faces_of is None else faces_of(against)
    paths = _pictures(reference, given)
    results: list[Consistency] = []
    faces: list[float | None] = []
    shown: list[np.ndarray] = []
    for path in paths:
        picture = read_cover(path).image
        pair = None if model is None or known is None else (known, model(picture))
        results.append(compare(against, picture, pair))
        faces.append(None if faces_of is None or own_faces is None else distance(own_faces, faces_of(picture)))
        shown.append(thumbnail(picture))
    found = family(results)
    kinds = found.kinds if len(results) > 1 else ("",)
    if plot is not None:
        _write(plot, chart(against, shown, results, kinds))
    rows = zip(paths, results, faces, kinds, strict=True)
    return {
        "reference": str(reference),
        "identity_by": None if clip is None else clip.name,
        "faces_by": None if faces_of is None else "dlib",
        "weights": WEIGHTS,
        "pictures": [
            {"picture": str(path), **result.to_dict(), "face": face and round(face, 3), "stands_out": kind}
            for path, result, face, kind in rows
        ],
        "mean": found.mean,
    }


def _pictures(reference: Path, given: Sequence[Path]) -> list[Path]:
    paths: list[Path] = []
    for place in given:
        if place.is_dir():
            inside = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
            paths += [path for path in inside if path.resolve() != reference.resolve()]
            if not inside:
                raise UsageError(f"{place}: holds no picture; give a folder of JPEG, PNG or WebP files")
        else:
            paths.append(place)
    if not paths:
        raise UsageError("there is nothing to compare: the folder holds the reference only")
    if len(paths) > MOST:
        raise UsageError(f"{len(paths)} pictures; at most {MOST} are compared at once")
    return paths


def _write(path: Path, picture: np.ndarray) -> None:
    done, encoded = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise UsageError(f"{path}: the chart of this many pictures is too large for {path.suffix}; take .png")
    with whole_file(path) as part:
        part.write_bytes(encoded.tobytes())


_FIGURES = (*WEIGHTS, "composite", "face")


def table_lines(table: Mapping[str, Any]) -> list[str]:
    """A line a picture, the mean below, and what is missing."""
    rows = [(row["picture"], row, row["stands_out"]) for row in table["pictures"]]
    rows += [("mean", table["mean"], "")] if len(rows) > 1 else []
    width = max(len(name) for name, *_ in rows)
    lines = [" " * width + "".join(f"{name.replace('_', ' '):>11}" for name in _FIGURES)]
    lines += [f"{name:{width}}" + "".join(map(_cell, map(row.get, _FIGURES))) + f"  {kind}" for name, row, kind in rows]
    if table["identity_by"] is None:
        lines.append("Identity: no model looked; --clip FILE takes a CLIP image model (ONNX)")
    if table["faces_by"] is None:
        lines.append(f"Face: no model looked; {lacking()}")
    return [line.rstrip() for line in lines]


def _cell(value: float | None) -> str:
    return f"{'-':>11}" if value is None else f"{value:>11.1f}" if value > 1 else f"{value:>11.2f}"
