"""Covers come in every shape; each is either read right or refused in one line that names it."""

import io
import struct
import zlib

import numpy as np
import pytest
from coverloop.core.errors import CoverError
from coverloop.core.image import decode_cover, fit, read_cover
from PIL import Image, ImageCms


def colours(width=96, height=80) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, 255 - x * 255 // width], -1).astype(np.uint8)


def saved(picture: Image.Image, kind="PNG", **options) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, kind, **options)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP"])
def test_plain_pictures_come_back_as_they_are(kind):
    cover = decode_cover(saved(Image.fromarray(colours()), kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert cover.notes == ()
    assert np.array_equal(cover.image, colours())


def test_cmyk_is_converted_and_told():
    cover = decode_cover(saved(Image.fromarray(colours()).convert("CMYK"), "TIFF"))
    assert cover.image.shape == (80, 96, 3)
    assert np.abs(cover.image.astype(int) - colours()).mean() < 3
    assert any("CMYK" in note for note in cover.notes)


def test_16_bit_grey_keeps_its_brightness():
    grey = np.linspace(0, 65535, 96 * 80).reshape(80, 96).astype(np.uint16)
    cover = decode_cover(saved(Image.fromarray(grey)))
    assert np.abs(cover.image[..., 0].astype(float) - grey / 257).max() <= 1
    assert any("16-bit" in note for note in cover.notes)


def test_palette_and_transparency():
    palette = decode_cover(saved(Image.fromarray(colours()).quantize(32)))
    assert np.abs(palette.image.astype(int) - colours()).mean() < 20
    clear = Image.new("RGBA", (96, 80), (255, 0, 0, 0))
    cover = decode_cover(saved(clear))
    assert (cover.image == 255).all() and any("white" in note for note in cover.notes)


def test_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    cover = decode_cover(saved(Image.fromarray(colours()), exif=exif))
    assert np.array_equal(cover.image, np.rot90(colours(), -1))
    assert any("EXIF" in note for note in cover.notes)


def test_srgb_and_broken_colour_profiles_change_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"not a profile"):
        cover = decode_cover(saved(Image.fromarray(colours()), icc_profile=icc))
        assert np.array_equal(cover.image, colours()) and cover.notes == ()


def test_animated_uses_the_first_frame_and_says_so():
    frames = [Image.new("RGB", (96, 80), colour) for colour in ("red", "blue")]
    cover = decode_cover(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    assert cover.image[0, 0].tolist() == [255, 0, 0]
    assert any("first of 2 frames" in note for note in cover.notes)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and carries no pixels: what a decompression bomb looks like before decoding."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello, I am a text file", "not a picture"),
        (saved(Image.fromarray(colours()))[:200], "cut short"),
        (saved(Image.fromarray(colours()), "JPEG", quality=95)[:1500], "cut short"),
        (saved(Image.new("RGB", (1, 1))), "1x1 is too small"),
        (png_header(20000, 20000), "too many pixels"),
        (png_header(60000, 60000), "too many pixels"),
        (saved(Image.new("RGB", (1000, 100))), "at most 3:1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(data, says):
    with pytest.raises(CoverError) as caught:
        decode_cover(data, name="cover.png")
    message = str(caught.value)
    assert says in message and message.startswith("cover.png: ") and "\n" not in message


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(CoverError, match="no such file"):
        read_cover(tmp_path / "none.png")
    with pytest.raises(CoverError, match="is a folder"):
        read_cover(tmp_path)


def test_fit_keeps_aspect_and_makes_sides_even():
    assert fit(colours(300, 200), 101).shape == (100, 152, 3)
    assert fit(colours(96, 80), 160).shape == (160, 192, 3)
    assert fit(colours(300, 200), 64, multiple=32).shape == (64, 96, 3)
    assert np.array_equal(fit(colours(), 80), colours())
