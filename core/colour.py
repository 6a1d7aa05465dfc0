"""The colours of a picture file as sRGB: by its ICC profile, else by what the file says in other ways (PNG's cICP, gAMA
and cHRM; the nclx box of HEIF and AVIF). Knows Pillow and lcms, no files and no bounds."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from .errors import CoverError

Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""x, y of white, red, green and blue, in the order of PNG's cHRM."""

_SRGB: Chromaticities = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
# ITU-T H.273 (the code points of cICP and nclx), tables 2 and 3. Curves near sRGB's (709, 601, 2020) are shown as sRGB,
# as browsers do; 2 is "not said".
_PRIMARIES: dict[int, Chromaticities] = {
    1: _SRGB,
    2: _SRGB,
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.329, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
_LIKE_SRGB = {1, 2, 6, 13, 14, 15}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
_SAME_LEVELS = 2  # two profiles whose results differ by no more are one: lcms itself rounds by 1
_SAME_GAMMA = 0.05  # libpng's own limit under which no gamma correction is done
_SAME_CHROMATICITY = 0.002


@dataclass(frozen=True)
class Encoding:
    """What samples mean. `gamma` None: the curve of sRGB, else linear light is sample ** gamma."""

    chromaticities: Chromaticities
    gamma: float | None = None

    @property
    def is_srgb(self) -> bool:
        far = max(abs(a - b) for a, b in zip(self.chromaticities, _SRGB, strict=True))
        return self.gamma is None and far <= _SAME_CHROMATICITY


def to_srgb(picture: Image.Image, data: bytes, name: str) -> tuple[Image.Image, str]:
    """`picture` (RGB, L, CMYK or LAB, no alpha), decoded from the file `data`, in the colours of sRGB; and in words
    what was done, "" when nothing was. The order is the PNG specification's: cICP, profile, then gAMA and cHRM.

    Raises:
        CoverError: HDR samples (PQ or HLG), which have no sRGB without a decision on brightness.
    """
    points = _png_cicp(data)
    profile = picture.info.get("icc_profile")
    if points is None and profile:
        return _by_profile(picture, profile)
    if picture.mode not in ("RGB", "L"):
        return (_by_lab(picture) if picture.mode == "LAB" else picture), ""
    encoding = _by_points(points or _nclx(data), name) or _by_gama(picture.info)
    if encoding is None or encoding.is_srgb:
        return picture, ""
    converted = Image.fromarray(_convert(np.asarray(picture.convert("RGB")), encoding))
    return converted, "colours converted to sRGB as the file's own description says"


def _by_profile(picture: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _is_srgb(source, picture.mode):
            return picture, ""
        converted = _through(picture, source)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture, "colour profile is damaged or for another kind of picture: passed over"
    return converted, "colour profile converted to sRGB"


def _is_srgb(source: ImageCms.ImageCmsProfile, mode: str) -> bool:
    """Whether the profile does what sRGB does: what it is called says nothing."""
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    probe = {"L": greys[None, :, 0], "RGB": np.concatenate([greys, colours])[None]}.get(mode)
    if probe is None:
        return False
    picture = Image.fromarray(np.ascontiguousarray(probe))
    seen = np.asarray(_through(picture, source)).astype(int)
    return bool(np.abs(seen - np.asarray(picture.convert("RGB"))).max() <= _SAME_LEVELS)


def _through(picture: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return converted or picture


def _by_lab(picture: Image.Image) -> Image.Image:
    return _through(picture, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))


def _png_cicp(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer of a PNG's cICP chunk."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"cICP" and length == 4:
            return data[at + 8], data[at + 9]
        if kind in (b"IDAT", b"IEND"):
            break
        at += 12 + length
    return None


def _nclx(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer of the first nclx colour box of a HEIF or AVIF file."""
    at = data.find(b"colrnclx", 0, 1 << 16) if data[4:8] == b"ftyp" else -1
    return struct.unpack_from(">HH", data, at + 8) if 0 <= at <= len(data) - 12 else None


def _by_points(points: tuple[int, int] | None, name: str) -> Encoding | None:
    if points is None:
        return None
    primaries, transfer = points
    if transfer in _HDR:
        raise CoverError(
            f"{name}: is an HDR picture ({_HDR[transfer]}); save it as an ordinary one (sRGB) and try again"
        )
    gamma = _GAMMAS.get(transfer)
    if primaries not in _PRIMARIES or (gamma is None and transfer not in _LIKE_SRGB):
        return None
    return Encoding(_PRIMARIES[primaries], gamma)


def _by_gama(info: dict[Any, Any]) -> Encoding | None:
    """A PNG's gAMA and cHRM, which its sRGB chunk overrides."""
    if "srgb" in info or ("gamma" not in info and "chromaticity" not in info):
        return None
    chromaticities = tuple(info.get("chromaticity", _SRGB))
    stored = info.get("gamma", 1 / 2.2)
    if len(chromaticities) != 8 or min(chromaticities[1::2]) <= 0 or not 0.05 < stored < 5:
        return None  # nonsense, as in files of some old writers
    like_srgb = abs(stored * 2.2 - 1) <= _SAME_GAMMA
    return Encoding(chromaticities, None if like_srgb else 1 / stored)


def _convert(rgb: np.ndarray, encoding: Encoding) -> np.ndarray:
    """(H, W, 3) uint8 in `encoding` -> the same in sRGB; what sRGB cannot show is clipped."""
    levels = np.arange(256) / 255
    to_linear = (_srgb_to_linear(levels) if encoding.gamma is None else levels**encoding.gamma).astype(np.float32)
    to_levels = np.round(255 * _linear_to_srgb(np.arange(65536) / 65535)).astype(np.uint8)
    matrix = (_matrix_to_srgb(encoding.chromaticities) * 65535).astype(np.float32)
    converted = np.empty_like(rgb)
    for top in range(0, len(rgb), 256):
        linear = cv2.transform(to_linear[rgb[top : top + 256]], matrix)
        converted[top : top + 256] = to_levels[np.clip(np.round(linear), 0, 65535).astype(np.uint16)]
    return converted


def _srgb_to_linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _linear_to_srgb(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def _matrix_to_srgb(chromaticities: Chromaticities) -> np.ndarray:
    """(3, 3) from linear RGB of these primaries to linear sRGB, white to white (Bradford adaptation)."""
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    source, target = (bradford @ _white(points) for points in (chromaticities, _SRGB))
    adapt = np.linalg.inv(bradford) @ np.diag(target / source) @ bradford
    return np.linalg.inv(_matrix_to_xyz(_SRGB)) @ adapt @ _matrix_to_xyz(chromaticities)


def _white(chromaticities: Chromaticities) -> np.ndarray:
    x, y = chromaticities[:2]
    return np.array([x / y, 1, (1 - x - y) / y])


def _matrix_to_xyz(chromaticities: Chromaticities) -> np.ndarray:
    x, y = np.array(chromaticities[2::2]), np.array(chromaticities[3::2])
    primaries = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    return primaries * np.linalg.solve(primaries, _white(chromaticities))
