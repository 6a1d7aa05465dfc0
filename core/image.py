"""Reading a cover: any still picture in, (H, W, 3) uint8 sRGB out, with bounds checked before decoding."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .errors import CoverError
from .pixels import resized

MIN_SIDE = 64
MAX_PIXELS = 100_000_000
MAX_BYTES = 200_000_000
MAX_ASPECT = 3.0
_EXIF_ORIENTATION = 0x0112
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF")


@dataclass(frozen=True)
class Cover:
    """A decoded cover. `notes` says what had to be changed to get plain sRGB (rotation, alpha, depth, ...)."""

    image: np.ndarray
    notes: tuple[str, ...] = ()


def read_cover(path: str | Path) -> Cover:
    """Read a picture file as a cover.

    Returns a `Cover` whose image is (H, W, 3) uint8 sRGB, upright (EXIF orientation applied). ICC profiles, CMYK,
    16-bit, palette and alpha are converted (alpha over white); of an animated picture the first frame is taken. Each
    conversion that loses something is told in `notes`.

    Raises:
        CoverError: missing file, a folder, not a picture, truncated, shorter side under 64 px, over 100 megapixels
            (checked from the header, before any pixel is decoded), over 200 MB, or longer than 3:1.
    """
    path = Path(path)
    if not path.exists():
        raise CoverError(f"{path}: no such file; give the path of a picture")
    if path.is_dir():
        raise CoverError(f"{path}: is a folder; give a picture file")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CoverError(f"{path}: {path.stat().st_size / 1e6:.0f} MB; the limit is {MAX_BYTES / 1e6:.0f} MB")
        data = path.read_bytes()
    except OSError as error:
        raise CoverError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    return decode_cover(data, name=str(path))


def decode_cover(data: bytes, name: str = "cover") -> Cover:
    """Decode picture bytes; `name` is used in error messages. See `read_cover`."""
    if not data:
        raise CoverError(f"{name}: is empty; give a picture file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of a decompression bomb; the size is checked right below
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise CoverError(f"{name}: has too many pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise CoverError(f"{name}: is not a picture that can be read; give a JPEG, PNG, WebP, TIFF or AVIF") from error
    _check_bounds(picture.width, picture.height, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _to_srgb(picture)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError) as error:
        raise CoverError(f"{name}: is damaged or cut short ({error}); get the file again") from error


def _check_bounds(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise CoverError(
            f"{name}: {width}x{height} has too many pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels"
        )
    if min(width, height) < MIN_SIDE:
        raise CoverError(f"{name}: {width}x{height} is too small; the shorter side must be at least {MIN_SIDE} px")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise CoverError(f"{name}: {width}x{height} is too long for a cover; crop it to at most {MAX_ASPECT:.0f}:1")


def _to_srgb(picture: Image.Image) -> Cover:
    notes = []
    if getattr(picture, "n_frames", 1) > 1:
        notes.append(f"animated picture: first of {picture.n_frames} frames used")  # type: ignore[attr-defined]
        picture.seek(0)
    picture.load()
    profile = picture.info.get("icc_profile")
    if picture.getexif().get(_EXIF_ORIENTATION, 1) != 1:
        notes.append("turned upright as its EXIF orientation says")
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        notes.append("16-bit or float samples reduced to 8 bits")
        picture = _to_8_bit(picture)
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        if rgba.getextrema()[3][0] < 255:  # type: ignore[index]
            notes.append("transparent parts laid over white")
        picture = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba).convert("RGB")
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        picture, converted = _apply_profile(picture, profile)
        if converted:
            notes.append("colour profile converted to sRGB")
    if picture.mode == "CMYK":
        notes.append("CMYK converted to sRGB")
    return Cover(np.ascontiguousarray(np.asarray(picture.convert("RGB"))), tuple(notes))


def _to_8_bit(picture: Image.Image) -> Image.Image:
    samples = np.asarray(picture).astype(np.float64)
    if not picture.mode.startswith("F") or samples.max() > 1.0:
        samples = samples / (65535.0 if samples.max() > 255 else 255.0)
    return Image.fromarray((np.clip(samples, 0, 1) * 255 + 0.5).astype(np.uint8))


def _apply_profile(picture: Image.Image, profile: bytes) -> tuple[Image.Image, bool]:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return picture, False
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture, False  # a broken profile is ignored, as viewers do
    return (converted or picture), True


def fit(image: np.ndarray, size: int, multiple: int = 2) -> np.ndarray:
    """Resize so that the shorter side is `size` px, aspect kept, both sides a multiple of `multiple`.

    image: (H, W, 3) uint8. Area averaging when it shrinks, Lanczos when it grows.
    """
    height, width = image.shape[:2]
    scale = size / min(height, width)
    new_w, new_h = (max(multiple, round(side * scale / multiple) * multiple) for side in (width, height))
    return resized(image, new_w, new_h)
