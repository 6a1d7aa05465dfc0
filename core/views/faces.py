"""How far apart two faces are: dlib's network, trained so that faces of one person lie within 0.6 of each other.

King, dlib.net ("High Quality Face Recognition with Deep Metric Learning", 2017): a ResNet of 29 layers, 128 numbers a
face, 99.4 % of the pairs of Labeled Faces in the Wild. Library `dlib` (Boost licence), weights in the package
`face_recognition_models` (CC0). It knows photographs of people; of drawn faces it finds few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from ..pixels import reduced
from .calibration import FACES

WEIGHTS_PACKAGE = "face_recognition_models"
_FILES = {
    "shape_predictor_5_face_landmarks.dat": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    "dlib_face_recognition_resnet_model_v1.dat": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
}

Look = Callable[[np.ndarray], np.ndarray]
"""A picture, (H, W, 3) uint8 sRGB -> its faces, (n, 128) float64, the largest first."""


def lacking() -> str:
    """What is to be installed before faces can be compared; "" where it is all there."""
    missing = [name for name in ("dlib", WEIGHTS_PACKAGE) if find_spec(name) is None]
    return f"pip install 'coverloop[faces]' ({' and '.join(missing)})" if missing else ""


def distance(reference: np.ndarray, faces: np.ndarray) -> float | None:
    """From the largest face of the reference to the nearest of the others, as `Look` gives them: 0 the same, below
    FACES.one one person; None where either has none."""
    if not len(reference) or not len(faces):
        return None
    return float(np.linalg.norm(faces - reference[0], axis=1).min())


@lru_cache(maxsize=1)
def open_faces() -> Look | None:
    """The network, loaded once; None where `lacking`.

    Raises:
        ModelError: a file of the weights is not the published one.
    """
    if lacking():
        return None
    import dlib

    library: Any = dlib  # it has no types
    marks, net = (str(_weights(name)) for name in _FILES)
    find = library.get_frontal_face_detector()
    points, describe = library.shape_predictor(marks), library.face_recognition_model_v1(net)

    def look(picture: np.ndarray) -> np.ndarray:
        small = np.ascontiguousarray(reduced(picture, FACES.side))
        found, scores, _ = find.run(small, 1, 0.0)
        boxes = [box for box, score in zip(found, scores, strict=True) if score >= FACES.least]
        boxes.sort(key=lambda box: (-box.area(), box.left(), box.top()))
        return np.array([describe.compute_face_descriptor(small, points(small, box)) for box in boxes]).reshape(-1, 128)

    return look


def _weights(name: str) -> Path:
    """The package is never imported: it wants a module that newer setuptools lack."""
    spec = find_spec(WEIGHTS_PACKAGE)
    assert spec is not None and spec.origin is not None, "lacking() says so before"
    path = Path(spec.origin).parent / "models" / name
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
    if digest != _FILES[name]:
        raise ModelError(f"{path}: is not the published file ({digest[:12]}); install {WEIGHTS_PACKAGE}==0.3.0 anew")
    return path
