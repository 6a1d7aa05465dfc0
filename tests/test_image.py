"""Covers come in every shape; each is either read right or refused in one line that names it."""

import io
import struct
import sys
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


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def linear_profile() -> bytes:
    """Linear light under the name "sRGB built-in": lcms's own profile, its parametric curve made a straight line."""
    profile = bytearray(srgb_profile())
    curve = profile.find(b"para", 300) + 12
    struct.pack_into(">5i", profile, curve, 1 << 16, 1 << 16, 0, 1 << 16, 0)
    assert "sRGB built-in" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile))))
    return bytes(profile)


def test_srgb_and_broken_colour_profiles_change_nothing():
    for icc, told in ((srgb_profile(), ()), (b"not a profile", ("passed over",))):
        cover = decode_cover(saved(Image.fromarray(colours()), icc_profile=icc))
        assert np.array_equal(cover.image, colours())
        assert len(cover.notes) == len(told) and all(word in cover.notes[0] for word in told)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_a_profile_is_what_it_does_not_what_it_is_called(kind):
    grey = Image.new("RGB", (96, 80), (55, 55, 55))
    cover = decode_cover(saved(grey, kind, icc_profile=linear_profile()))
    assert np.abs(cover.image.astype(int) - 128).max() <= 1 and "profile" in cover.notes[0]


def test_colours_are_converted_before_alpha_is_laid_over_white():
    clear = Image.new("RGBA", (96, 80), (55, 55, 55, 128))
    cover = decode_cover(saved(clear, icc_profile=linear_profile()))
    assert abs(int(cover.image[0, 0, 0]) - round(128 * 128 / 255 + 127)) <= 1


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk, right after its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk + png[33:]


P3_TO_SRGB = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])  # CSS Color 4


def p3_seen(colour) -> np.ndarray:
    values = np.array(colour) / 255
    linear = P3_TO_SRGB @ np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("colour", [(200, 100, 50), (128, 128, 128), (40, 180, 90), (255, 0, 0)])
def test_png_cicp_is_followed(colour):
    png = saved(Image.new("RGB", (96, 80), colour))
    cover = decode_cover(with_chunk(png, b"cICP", bytes([12, 13, 0, 1])))
    assert np.abs(cover.image[0, 0] - p3_seen(colour)).max() <= 1.5
    assert decode_cover(with_chunk(png, b"cICP", bytes([1, 13, 0, 1]))).notes == ()
    with pytest.raises(CoverError, match="HDR picture"):
        decode_cover(with_chunk(png, b"cICP", bytes([9, 16, 0, 1])))


def test_png_gamma_and_chromaticities_without_a_profile_are_followed():
    grey, orange = (saved(Image.new("RGB", (96, 80), colour)) for colour in ((55, 55, 55), (200, 100, 50)))
    assert decode_cover(with_chunk(grey, b"gAMA", struct.pack(">I", 100_000))).image[0, 0].tolist() == [128] * 3
    assert decode_cover(with_chunk(grey, b"gAMA", struct.pack(">I", 45_455))).notes == ()
    assert decode_cover(with_chunk(grey, b"gAMA", struct.pack(">I", 0))).notes == ()
    p3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    cover = decode_cover(with_chunk(orange, b"cHRM", p3))
    assert np.abs(cover.image[0, 0] - p3_seen((200, 100, 50))).max() <= 1.5 and "colours" in cover.notes[0]
    assert decode_cover(with_chunk(with_chunk(orange, b"cHRM", p3), b"sRGB", b"\0")).notes == ()


def test_samples_are_scaled_by_the_range_of_their_type():
    dark = decode_cover(saved(Image.fromarray(np.full((80, 96), 200, np.uint16))))
    assert dark.image.max() == 1, "200 of 65535 is nearly black"
    for kind, array, level in (("TIFF", np.uint16(30_000), 117), ("TIFF", np.int32(2**30), 128)):
        assert decode_cover(saved(Image.fromarray(np.full((80, 96), array)), kind)).image[0, 0, 0] == level
    half = np.full((80, 96), 0.5, np.float32)
    half[0, 0], half[0, 1] = 1.2, np.nan
    cover = decode_cover(saved(Image.fromarray(half), "TIFF"))
    assert cover.image[0, :3, 0].tolist() == [255, 0, 128] and "clipped" in cover.notes[0]


def test_a_phones_mpo_is_a_still():
    front, back = (Image.fromarray(colours()) for _ in range(2))
    cover = decode_cover(saved(front, "MPO", save_all=True, append_images=[back], quality=95))
    assert cover.notes == () and np.abs(cover.image.astype(int) - colours()).mean() < 4


def test_avif_and_heic_are_read_by_what_they_are_not_by_their_names(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    sink = io.BytesIO()
    heif.from_pillow(Image.fromarray(colours())).save(sink, quality=95)
    (tmp_path / "phone.jpg").write_bytes(sink.getvalue())
    assert np.abs(read_cover(tmp_path / "phone.jpg").image.astype(int) - colours()).mean() < 4
    assert "HEIF" not in Image.OPEN, "reading one does not change what others open"
    p3 = sink.getvalue().replace(b"colrnclx\x00\x01", b"colrnclx\x00\x0c")
    assert "colours" in decode_cover(p3).notes[0]
    if "AVIF" in Image.SAVE:
        avif = decode_cover(saved(Image.fromarray(colours()), "AVIF", quality=95))
        assert np.abs(avif.image.astype(int) - colours()).mean() < 4 and avif.notes == ()


def test_heic_without_its_reader_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(CoverError, match=r"phone\.jpg: is a HEIC picture; .* pip install pillow-heif"):
        decode_cover(b"\0\0\0\x1cftypheic" + bytes(200), "phone.jpg")


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
        (b"\xff\x0a" + bytes(100), "is a JPEG XL file"),
        (b"8BPS\0\1" + bytes(100), "is a Photoshop file"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), "is a JPEG 2000 file"),
        (b"\0\0\0\x20ftypisom" + bytes(100), "is a video"),
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
