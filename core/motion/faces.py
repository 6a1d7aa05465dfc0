"""Faces (Viola and Jones 2001), with the cascades that OpenCV 4 carries; OpenCV 5 has none, which is told."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .measured import Measured

NO_DETECTOR = "no detector: this OpenCV carries no cascades"


@dataclass(frozen=True)
class Faces:
    """mask: (h, w) float32 0..1, soft ellipses; confidence: 0..1 of the surest; by: what looked for them."""

    mask: np.ndarray
    confidence: float
    by: str


def find_faces(seen: Measured) -> Faces:
    mask = np.zeros((seen.height, seen.width), np.float32)
    if not hasattr(cv2, "CascadeClassifier"):
        return Faces(mask, 0.0, NO_DETECTOR)
    folder = cv2.data.haarcascades  # pyright: ignore[reportAttributeAccessIssue]
    cascade = cv2.CascadeClassifier(folder + "haarcascade_frontalface_default.xml")
    grey = cv2.cvtColor(seen.image, cv2.COLOR_RGB2GRAY)
    zoom = 360 / min(grey.shape)
    grey = cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    k = seen.width / grey.shape[1]
    found, votes = cascade.detectMultiScale2(cv2.equalizeHist(grey), 1.15, 6, minSize=(32, 32))
    for x, y, w, h in found:
        centre = (round((x + w / 2) * k), round((y + h / 2) * k))
        cv2.ellipse(mask, centre, (round(0.62 * w * k), round(0.8 * h * k)), 0, 0, 360, 1.0, -1)
    most = max((int(vote) for vote in votes), default=0)
    return Faces(cv2.GaussianBlur(mask, (0, 0), 5), most / (most + 6.0), "haar cascade")
