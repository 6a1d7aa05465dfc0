"""Reading a cover: any still picture in, (H, W, 3) uint8 sRGB out, with bounds checked before decoding.

The command line and the node Load Cover both read through here, so a cover has the same pixels either way.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .colour import to_srgb
from .errors import CoverError
from .limits import SIZE
from .pixels import resized

MAX_PIXELS = 100_000_000
MAX_BYTES = 200_000_000
MAX_ASPECT = 3.0
SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".gif",
    ".bmp",
    ".avif",
    ".heic",
    ".heif",
    ".jxl",
)
"""How names of files that may be covers end, for lists of files; what a file is, its content says."""
_EXIF_ORIENTATION = 0x0112
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JXL")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# What decoders raise on bytes that are not what they claim.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError)
_DAMAGE += (struct.error,)
_SAVE_AS = "save it as JPEG or PNG"
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\x0a", "JPEG XL", f"{_SAVE_AS}, or pip install pillow-jxl-plugin"),
    (b"\0\0\0\x0cJXL ", "JPEG XL", f"{_SAVE_AS}, or pip install pillow-jxl-plugin"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000", _SAVE_AS),
    (b"\xff\x4f\xff\x51", "JPEG 2000", _SAVE_AS),
    (b"8BPS", "Photoshop", _SAVE_AS),
    (b"%PDF", "PDF", _SAVE_AS),
    (b"\x76\x2f\x31\x01", "OpenEXR", _SAVE_AS),
    (b"<svg", "SVG", _SAVE_AS),
)


@dataclass(frozen=True)
class Cover:
    """A decoded cover. `notes` says what had to be changed to get plain sRGB (rotation, alpha, depth, ...)."""

    image: np.ndarray
    notes: tuple[str, ...] = ()


def read_cover(path: str | Path) -> Cover:
    """Read a picture file as a cover.

    Returns a `Cover` whose image is (H, W, 3) uint8 sRGB, upright (EXIF orientation applied). Colours (ICC profiles,
    PNG's cICP, gAMA and cHRM, HEIF's nclx), CMYK, 16-bit and float samples, palette and alpha are converted (alpha over
    white); of an animated picture the first frame is taken. Each conversion that loses something is told in `notes`.
    HEIC is read where pillow-heif is installed, JPEG XL where pillow-jxl-plugin is.

    Raises:
        CoverError: missing file, a folder, not a picture or of a format that is not read (names it), truncated, HDR,
            shorter side under 64 px, over 100 megapixels (checked from the header, before any pixel is decoded), over
            200 MB, or longer than 3:1.
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
            picture = _open(data, name)
    except Image.DecompressionBombError as error:
        raise CoverError(f"{name}: has too many pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels") from error
    except (UnidentifiedImageError, *_DAMAGE) as error:
        raise CoverError(f"{name}: {_refusal(data)}") from error
    _check_bounds(picture.width, picture.height, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _plain(picture, data, name)
    except _DAMAGE as error:
        raise CoverError(f"{name}: is damaged or cut short ({error}); get the file again") from error


def _open(data: bytes, name: str) -> Image.Image:
    if _is_heif(data):
        try:
            # The class itself: registering it would change what every other part of a ComfyUI opens.
            heif = importlib.import_module("pillow_heif").HeifImageFile
        except ImportError:
            raise CoverError(f"{name}: is a HEIC picture; {_SAVE_AS}, or pip install pillow-heif") from None
        return heif(io.BytesIO(data))
    if data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        with contextlib.suppress(ImportError):  # then it is refused by its name
            importlib.import_module("pillow_jxl")
    Image.init()
    return Image.open(io.BytesIO(data), formats=[known for known in _FORMATS if known in Image.OPEN])


def _is_heif(data: bytes) -> bool:
    brands = data[8 : 8 + 64]
    return data[4:8] == b"ftyp" and b"avif" not in brands and b"avis" not in brands and data[8:12] in _HEIF_BRANDS


def _refusal(data: bytes) -> str:
    """Why these bytes are no cover, and what to do."""
    for sign, what, advice in _SIGNS:
        if data.lstrip()[:12].startswith(sign) or data.startswith(sign):
            return f"is a {what} file, which is not read here; {advice}"
    if data[4:8] == b"ftyp":
        if data[8:12] in (b"avif", b"avis", *_HEIF_BRANDS):
            return "is an AVIF or HEIC picture that cannot be read; save it as JPEG or PNG, or update Pillow"
        return "is a video; give a still picture"
    return "is not a picture that can be read; give a JPEG, PNG, WebP, TIFF, AVIF or HEIC"


def _check_bounds(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise CoverError(
            f"{name}: {width}x{height} has too many pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels"
        )
    if min(width, height) < SIZE.low:
        raise CoverError(f"{name}: {width}x{height} is too small; the shorter side must be at least {SIZE.low} px")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise CoverError(f"{name}: {width}x{height} is too long for a cover; crop it to at most {MAX_ASPECT:.0f}:1")


def _plain(picture: Image.Image, data: bytes, name: str) -> Cover:
    notes = []
    frames = getattr(picture, "n_frames", 1)
    # An MPO is a photo with a second view or a gain map behind it, a HEIC may hold several photos: both are stills.
    if frames > 1 and picture.format not in ("MPO", "HEIF"):
        kind = "several pages: first" if picture.format == "TIFF" else "animated picture: first"
        notes.append(f"{kind} of {frames} {'pages' if picture.format == 'TIFF' else 'frames'} used")
        picture.seek(0)
    range_of_type = _range(picture)
    picture.load()
    if picture.getexif().get(_EXIF_ORIENTATION, 1) != 1:
        notes.append("turned upright as its EXIF orientation says")
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        picture, note = _to_8_bit(picture, range_of_type)
        notes.append(note)
    picture, alpha = _without_alpha(picture)
    if picture.mode == "CMYK":
        notes.append("CMYK converted to sRGB")
    picture, note = to_srgb(picture, data, name)
    notes += [note] if note else []
    picture = picture.convert("RGB")
    if alpha is not None:
        notes.append("transparent parts laid over white")
        picture = Image.composite(picture, Image.new("RGB", picture.size, (255, 255, 255)), alpha)
    return Cover(np.ascontiguousarray(np.asarray(picture)), tuple(notes))


def _range(picture: Image.Image) -> float:
    """What the largest sample of a 16- or 32-bit picture means white."""
    tags = getattr(picture, "tag_v2", {})
    bits = (tags.get(258) or (16,))[0]
    signed = (tags.get(339) or (1,))[0] == 2
    return 1.0 if picture.mode.startswith("F") else float(2 ** (bits - signed) - 1)


def _to_8_bit(picture: Image.Image, largest: float) -> tuple[Image.Image, str]:
    samples = np.nan_to_num(np.asarray(picture).astype(np.float64)) / largest
    beyond = samples.max() > 1 or samples.min() < 0
    note = "16-bit or float samples reduced to 8 bits"
    note += f", those beyond 0 to 1 ({samples.min():.3g} to {samples.max():.3g}) clipped" if beyond else ""
    reduced = Image.fromarray((np.clip(samples, 0, 1) * 255 + 0.5).astype(np.uint8))
    reduced.info = {key: value for key, value in picture.info.items() if key != "transparency"}  # 16 bits as well
    return reduced, note


def _without_alpha(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture as RGB, L, CMYK or LAB, and its alpha where anything is transparent."""
    info, alpha = picture.info, None
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in info:
        rgba = picture.convert("RGBA")
        alpha = rgba.getchannel("A")
        grey = picture.mode in ("LA", "La", "L")
        picture = rgba.convert("RGB").convert("L") if grey else rgba.convert("RGB")
        alpha = None if alpha.getextrema()[0] == 255 else alpha
    elif picture.mode not in ("RGB", "L", "CMYK", "LAB"):
        picture = picture.convert("RGB")
    picture.info = {key: value for key, value in info.items() if key != "transparency"}
    return picture, alpha


def fit(image: np.ndarray, size: int, multiple: int = 2) -> np.ndarray:
    """Resize so that the shorter side is `size` px, aspect kept, both sides a multiple of `multiple`.

    image: (H, W, 3) uint8. Area averaging when it shrinks, Lanczos when it grows.
    """
    height, width = image.shape[:2]
    scale = size / min(height, width)
    new_w, new_h = (max(multiple, round(side * scale / multiple) * multiple) for side in (width, height))
    return resized(image, new_w, new_h)
