"""The request: everything that decides a result, in one frozen object with a key.

Two jobs with the same key give the same loop. Knows no server: what the server contributes (versions) is handed in.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import CoverError, UsageError
from ...core.image import fit, read_cover
from ...core.limits import SIZE
from .workflow import Value, Workflow

NAMESPACE = uuid.UUID("6f8f4c1e-6a0f-5d8e-9a64-2f1c7a3f0c55")
MAX_UPLOAD = 95_000_000
MAX_UPLOAD_SIDE = SIZE.high


@dataclass(frozen=True)
class CoverFile:
    """A cover as it goes to the server. `image`: (H, W, 3) uint8 sRGB; `sha256`: of the file the user gave; `upload`:
    the image as PNG for the server, `upload_name` named after its pixels; `notes`: what had to be converted."""

    path: Path
    sha256: str
    image: np.ndarray = field(repr=False)
    upload: bytes = field(repr=False)
    upload_name: str
    notes: tuple[str, ...]


def open_cover(path: str | Path) -> CoverFile:
    """Read a cover and make the PNG to upload of what `core.image.read_cover` made of it: the server's own reader knows
    neither colour profiles nor alpha, and may be of another version.

    Raises:
        CoverError: as `read_cover`.
    """
    path = Path(path)
    cover = read_cover(path)
    image, notes = cover.image, cover.notes
    upload = _png(image, path)
    if len(upload) > MAX_UPLOAD and min(image.shape[:2]) > MAX_UPLOAD_SIDE:
        image = fit(image, MAX_UPLOAD_SIDE)
        upload = _png(image, path)
        notes = (*notes, f"reduced to {MAX_UPLOAD_SIDE} px on its shorter side for the upload")
    if len(upload) > MAX_UPLOAD:
        raise CoverError(f"{path}: {len(upload) / 1e6:.0f} MB as a PNG, a server takes 100 MB; give a smaller picture")
    name = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest() + ".png"
    return CoverFile(path, hashlib.sha256(path.read_bytes()).hexdigest(), cover.image, upload, name, notes)


def picture_file(image: np.ndarray, name: str) -> CoverFile:
    """A picture of ours, (H, W, 3) uint8 sRGB, such as the last frame of a shot, as a cover goes to the server."""
    digest = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
    return CoverFile(Path(name), digest, image, _png(image, Path(name)), f"{digest}.png", ())


def _png(image: np.ndarray, path: Path) -> bytes:
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise CoverError(f"{path}: cannot be encoded as PNG; convert it yourself")
    return encoded.tobytes()


@dataclass(frozen=True)
class Job:
    """What is rendered. `values`: every bound parameter, seed included, sorted by name. `versions`: what the server
    said of itself (see `check.versions`); another ComfyUI or another pack may draw another loop."""

    cover_sha256: str
    workflow: str
    workflow_sha256: str
    values: tuple[tuple[str, Value], ...]
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """sha256 of everything above, hexadecimal."""
        text = json.dumps(
            [self.cover_sha256, self.workflow, self.workflow_sha256, self.values, self.versions], separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def prompt_id(self, attempt: int) -> str:
        """The id of this job's `attempt`-th submission, the same wherever it is computed."""
        return str(uuid.uuid5(NAMESPACE, f"{self.key}/{attempt}"))


def make_job(
    cover: CoverFile, workflow: Workflow, given: Mapping[str, Any], versions: Mapping[str, str] | None = None
) -> Job:
    """Bind `given` parameters; see `Workflow.read_values` for what is raised, and UsageError where no cover goes in."""
    kinds = [binding.kind for binding in workflow.bindings.values() if not binding.optional]
    if kinds.count("image") != 1 or "audio" in kinds:
        what = "a sound as well" if "audio" in kinds else "two pictures" if "image" in kinds else "no cover"
        raise UsageError(f"{workflow.id} takes {what}; coverloop {workflow.name.partition('_')[0]} runs it")
    values = tuple(sorted(workflow.read_values(given).items()))
    return Job(cover.sha256, workflow.id, workflow.sha256, values, tuple(sorted((versions or {}).items())))
