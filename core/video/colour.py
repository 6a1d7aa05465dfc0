"""Decoded pictures as sRGB: the matrix and range their file tells, and high dynamic range brought down to what a screen
without it shows."""

from __future__ import annotations

import functools

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from ..errors import ClipError
from ..pixels import resized

# libswscale flags; without the last two decoding is 1.2 levels dark
_BILINEAR, _AREA, _FULL_CHROMA, _ROUND = 2, 32, 8192 | 16384, 262144
_HOW = _BILINEAR | _FULL_CHROMA | _ROUND
SCALED = _AREA | _FULL_CHROMA | _ROUND
"""How libswscale makes pictures smaller."""
_REC709, _REC601, _YCGCO, _REC2020 = 1, 5, 8, 9  # ITU-T H.273, matrix coefficients
_RGB, _UNTOLD, _RESERVED = 0, 2, 3
_SWSCALE = (_REC709, 4, _REC601, 6, 7, _REC2020)
"""Matrices that libswscale knows."""
_PQ, _HLG = 16, 18  # H.273, transfer characteristics
_FULL_RANGE = 2
_WHITE, _PEAK = 203.0, 1000.0
"""cd/m2: what is white without high dynamic range (BT.2408), and the brightest that is told apart."""
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
"""Linear BT.2020 to BT.709 (BT.2087)."""


def to_srgb(
    picture: av.VideoFrame, size: tuple[int, int] | None = None, by: VideoReformatter | None = None
) -> np.ndarray:
    """(H, W, 3) uint8 sRGB. Untagged pictures are taken as players do: Rec.709 from 720 lines on, Rec.601 below.

    size: (height, width) to be made smaller on the way, which takes a fraction of the time. by: one for many pictures,
    of one thread, which keeps what it has set up: that takes as long again.

    PQ and HLG (BT.2100) are tone-mapped: white at 203 cd/m2 stays white, what is brighter rolls off (BT.2390).

    Raises:
        ClipError: a matrix that is not known.
    """
    if not is_plain(picture):
        whole = _tone_mapped(picture) if is_hdr(int(picture.color_trc)) else _from_ycgco(picture)
        return whole if size is None else resized(whole, size[1], size[0])
    how = {"format": "rgb24", "src_colorspace": matrix_of(picture)}
    if size is None:
        return picture.reformat(**how, interpolation=_HOW).to_ndarray()
    scaler = by or VideoReformatter()
    return scaler.reformat(picture, width=size[1], height=size[0], **how, interpolation=SCALED).to_ndarray()


def is_plain(picture: av.VideoFrame) -> bool:
    """Whether libswscale alone brings it to sRGB."""
    return not is_hdr(int(picture.color_trc)) and int(picture.colorspace) != _YCGCO


def is_hdr(transfer: int) -> bool:
    return transfer in (_PQ, _HLG)


def matrix_of(picture: av.VideoFrame) -> int:
    """Of H.273, one that libswscale knows. Raises ClipError: as `to_srgb`."""
    matrix = int(picture.colorspace)
    if matrix in (_RGB, _UNTOLD, _RESERVED):
        return _REC709 if picture.height >= 720 else _REC601
    if matrix not in _SWSCALE:
        raise ClipError(
            f"its colours are coded with matrix {matrix} of H.273, which is not known; encode it as Rec.709"
        )
    return matrix


def _from_ycgco(picture: av.VideoFrame) -> np.ndarray:
    full = int(picture.color_range) == _FULL_RANGE
    picture.colorspace = _REC709  # any that libswscale knows: planes go to planes, no matrix is applied
    planes = picture.reformat(format="yuv444p", interpolation=_HOW).to_ndarray().astype(np.float32)
    luma, green, orange = planes[0], planes[1] - 128, planes[2] - 128
    if not full:
        luma, green, orange = (luma - 16) * (255 / 219), green * (255 / 224), orange * (255 / 224)
    rgb = np.stack([luma - green + orange, luma + green, luma - green - orange], axis=2)
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def _tone_mapped(picture: av.VideoFrame) -> np.ndarray:
    shown = picture.reformat(format="rgb48le", src_colorspace=matrix_of(picture), interpolation=_HOW)
    coded = shown.to_ndarray().astype(np.intp)
    light = _light(int(picture.color_trc)).take(coded)  # cd/m2
    if int(picture.color_trc) == _HLG:  # the system gamma of a screen of 1000 cd/m2, on luminance (BT.2100)
        scene = light @ np.array([0.2627, 0.678, 0.0593], np.float32)
        light *= np.power(np.maximum(scene, 1e-6) / _PEAK, 0.2)[..., None]
    light = np.maximum(light @ _TO_709.T, 0)
    brightest = np.maximum(light.max(-1), 1e-3)
    light *= (_rolled_off(brightest) / brightest / _WHITE)[..., None]
    linear = np.clip(light, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.round(srgb * 255).astype(np.uint8)


@functools.cache
def _light(transfer: int) -> np.ndarray:
    """(65536,) float32: cd/m2 of a coded value; for HLG before the system gamma, scaled to the peak."""
    coded = np.arange(65536) / 65535
    if transfer == _PQ:
        return _from_pq(coded).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    return (scene * _PEAK).astype(np.float32)


_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # SMPTE ST 2084


def _from_pq(coded: np.ndarray) -> np.ndarray:
    power = np.power(coded, 1 / _M2)
    return 10000 * np.power(np.maximum(power - _C1, 0) / (_C2 - _C3 * power), 1 / _M1)


def _to_pq(light: np.ndarray) -> np.ndarray:
    power = np.power(np.maximum(light, 0) / 10000, _M1)
    return np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2)


@functools.cache
def _curve() -> tuple[np.ndarray, np.ndarray]:
    """Light that comes and light that is shown, cd/m2: the EETF of BT.2390 from the peak to white."""
    peak, white = _to_pq(np.array(_PEAK)), _to_pq(np.array(_WHITE))
    most = white / peak
    knee = 1.5 * most - 0.5
    coded = np.linspace(0, 1, 1025)
    t = np.clip((coded - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return _from_pq(coded * peak), _from_pq(np.where(coded < knee, coded, spline) * peak)


def _rolled_off(light: np.ndarray) -> np.ndarray:
    return np.interp(light, *_curve()).astype(np.float32)
