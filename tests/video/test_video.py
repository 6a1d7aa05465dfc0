import itertools
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from coverloop.core.errors import ClipError, UsageError
from coverloop.core.files import write_text
from coverloop.core.formats import judged
from coverloop.core.video.decode import decode, opened
from coverloop.core.video.encode import encode, frame_rate, write_poster
from coverloop.core.video.mux import packets


def sway(frames: int, size: int = 320, reach: float = 1.0) -> np.ndarray:
    """Waves that move on a circle of `reach` px, computed for every frame (no resampling): a perfect loop."""
    rng = np.random.default_rng(3)
    waves = [(*rng.uniform(-0.25, 0.25, 2), *rng.uniform(0, 6.3, 3)) for _ in range(9)]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    out = np.empty((frames, size, size, 3), np.uint8)
    for i in range(frames):
        turn = 2 * np.pi * i / frames
        right, down = x + np.float32(reach * np.sin(turn)), y + np.float32(reach * (1 - np.cos(turn)))
        for c in range(3):
            out[i, ..., c] = np.round(128 + sum(12 * np.sin(a * right + b * down + phase[c]) for a, b, *phase in waves))
    return out


def ring_steps(frames: np.ndarray) -> np.ndarray:
    small = [cv2.resize(f, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) for f in frames]
    steps = np.array([np.abs(a - b).mean() for a, b in zip([*small[1:], small[0]], small, strict=True)])
    return steps / np.median(steps)


@pytest.mark.parametrize("reach", [0.6, 1.5, 8.0])
def test_the_encode_opens_no_seam(tmp_path, reach):
    frames = sway(48, reach=reach)
    encode(iter(frames), tmp_path / "a.mp4", fps=24)
    before, after = ring_steps(frames), ring_steps(decode(tmp_path / "a.mp4").frames)
    assert after[-1] <= max(1.4, before[-1] * 1.15)
    assert after.max() <= 1.5
    assert after.min() >= 0.35


def test_a_small_clip_of_a_rough_picture_has_no_seam_either(tmp_path):
    """At 256 px nothing averages the noise of coding away; at the quantiser of a large clip the join popped."""
    rough = (
        cv2.GaussianBlur(np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32), (0, 0), 1.0) * 80 + 128
    )
    turns = 2 * np.pi * np.arange(24) / 24
    moves = [np.array([[1, 0, 0.1 * np.sin(t)], [0, 1, 0.1 - 0.1 * np.cos(t)]]) for t in turns]
    moved = [cv2.warpAffine(rough, move, (256, 256), flags=cv2.INTER_LANCZOS4, borderMode=2) for move in moves]
    frames = np.repeat(np.clip(np.stack(moved), 0, 255).astype(np.uint8)[..., None], 3, axis=3)
    encode(frames, tmp_path / "a.mp4", fps=24, crf=18)
    before, after = ring_steps(frames), ring_steps(decode(tmp_path / "a.mp4").frames)
    assert after[-1] <= max(1.4, before[-1] * 1.15)


def test_a_nearly_still_clip_is_not_moved_by_its_encode(tmp_path):
    """A faint light goes round on white paper, 0.03 grey levels a step; the coder's own step was 2.7 times that."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[:360, :360].astype(np.float32) / 360
    paper = 246 + 1.5 * cv2.GaussianBlur(random.normal(size=(360, 360)).astype(np.float32), (0, 0), 1)
    grain, frames = random.uniform(0, 1, (360, 360)), []
    for turn in 2 * np.pi * np.arange(48) / 48:
        light = np.exp(-(((x - 0.5 - 0.3 * np.cos(turn)) / 0.25) ** 2) - ((y - 0.5 - 0.3 * np.sin(turn)) / 0.25) ** 2)
        frames.append(np.repeat(np.floor(paper + light + grain).astype(np.uint8)[..., None], 3, axis=2))
    encode(frames, tmp_path / "a.mp4", fps=24)
    before, after = ring_steps(np.stack(frames)), ring_steps(decode(tmp_path / "a.mp4").frames)
    assert before.max() < 1.15 and 0.5 <= after[-1] <= 1.6 and after.max() <= 1.6


def test_the_file_is_what_players_want(tmp_path):
    path = tmp_path / "a.mp4"
    encode(sway(6), path, fps=23.976, metadata={"title": "Cover", "prompt": "{}"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        assert len(container.streams) == 1
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range) == (1, 1, 1, 1)
        assert stream.average_rate == Fraction(24000, 1001)
        assert container.metadata["title"] == "Cover"
        assert container.metadata["prompt"] == "{}"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("colour", [(200, 30, 30), (20, 180, 40), (30, 40, 220), (128, 128, 128), (250, 240, 10)])
def test_colours_come_back_through_the_709_matrix(tmp_path, colour):
    frames = np.broadcast_to(np.uint8(colour), (3, 64, 64, 3))
    encode(frames, tmp_path / "a.mp4", fps=24, crf=8)
    decoded = decode(tmp_path / "a.mp4").frames.reshape(-1, 3).astype(int)
    assert np.abs(decoded - np.array(colour)).max() <= 3
    with av.open(str(tmp_path / "a.mp4")) as container:
        luma = next(container.decode(video=0)).to_ndarray()[:64].mean()
    assert luma == pytest.approx(16 + np.dot(colour, (0.2126, 0.7152, 0.0722)) * 219 / 255, abs=1.0)


def test_an_untagged_file_is_taken_as_players_take_it(tmp_path):
    for size, matrix in ((256, 5), (720, 1)):
        with av.open(str(tmp_path / "a.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=24)
            stream.width = stream.height = size
            stream.pix_fmt = "yuv444p"
            red = av.VideoFrame.from_ndarray(np.full((size, size, 3), (200, 30, 30), np.uint8), format="rgb24")
            for packet in stream.encode(red.reformat(format="yuv444p", dst_colorspace=matrix)):
                container.mux(packet)
            for packet in stream.encode(None):
                container.mux(packet)
        assert np.abs(decode(tmp_path / "a.mkv").frames[0, 0, 0].astype(int) - (200, 30, 30)).max() <= 2


def test_frames_are_read_one_at_a_time(tmp_path):
    made = 0
    worst = 0

    def stream():
        nonlocal made
        for frame in itertools.islice(itertools.cycle(sway(8, 128)), 200):
            made += 1
            yield frame

    class Watch:
        width = height = 128
        pix_fmt = "yuv420p"

        def encode(self, picture):
            nonlocal worst
            worst = max(worst, 0 if picture is None else made - picture.pts)
            return []

    for _ in packets(Watch(), stream()):
        pass
    assert made == 200
    assert worst <= 2


def test_large_frames_are_judged_at_half_their_size(tmp_path, monkeypatch):
    encode(sway(6, 96), tmp_path / "c.mp4", fps=24)
    whole = decode(tmp_path / "c.mp4").frames
    monkeypatch.setattr(judged, "_HALVE_FROM", 96)
    with opened(tmp_path / "c.mp4", convert=judged._as_judged) as video:
        half = np.stack(list(video.frames))
    smaller = np.stack([cv2.resize(frame, (48, 48), interpolation=cv2.INTER_AREA) for frame in whole])
    apart = half.astype(float) - smaller
    assert half.shape == (6, 48, 48, 3) and np.abs(apart).mean() < 2 and np.abs(apart.mean((0, 1, 2))).max() < 0.3


def test_odd_sides_lose_their_last_row_and_single_frames_work(tmp_path):
    encode(sway(1)[:, :101, :75], tmp_path / "a.mp4", fps=30)
    clip = decode(tmp_path / "a.mp4")
    assert clip.frames.shape == (1, 100, 74, 3)
    assert clip.fps == 30


def test_a_failing_source_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"the old one")

    def broken():
        yield from sway(12, 64)
        raise RuntimeError("the model stopped")

    with pytest.raises(RuntimeError, match="the model stopped"):
        encode(broken(), tmp_path / "a.mp4", fps=24)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"the old one"


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frames"),
        ([np.zeros((32, 32, 3), np.float32)], "float32"),
        ([np.zeros((32, 32, 3), np.uint8), np.zeros((32, 34, 3), np.uint8)], "frame 1"),
        ([np.zeros((8, 32, 3), np.uint8)], "at least 16"),
    ],
)
def test_bad_frames_are_named(tmp_path, frames, message):
    with pytest.raises(ClipError, match=message):
        encode(frames, tmp_path / "a.mp4", fps=24)
    assert not list(tmp_path.iterdir())


def test_bad_arguments_are_named(tmp_path):
    frames = sway(2, 64)
    for fps in (0, -1, float("nan"), 1000):
        with pytest.raises(UsageError, match=r"1\.\.240"):
            encode(frames, tmp_path / "a.mp4", fps=fps)
    with pytest.raises(UsageError, match="crf"):
        encode(frames, tmp_path / "a.mp4", fps=24, crf=99)
    with pytest.raises(UsageError, match="preset"):
        encode(frames, tmp_path / "a.mp4", fps=24, preset="quickest")
    with pytest.raises(UsageError, match="cannot be written"):
        encode(frames, tmp_path / "away" / "a.mp4", fps=24)
    with pytest.raises(UsageError, match="folder"):
        encode(frames, tmp_path, fps=24)
    assert not list(tmp_path.iterdir())


def test_broken_files_are_clip_errors(tmp_path):
    encode(sway(24, 128), tmp_path / "a.mp4", fps=24)
    whole = (tmp_path / "a.mp4").read_bytes()
    for name, data in {"cut": whole[: len(whole) // 8], "empty": b"", "text": b"hello " * 99}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ClipError, match=name):
            decode(tmp_path / name)
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path / 'a.mp4'}\n")
    for path in (tmp_path, tmp_path / "none.mp4", tmp_path / "list.m3u8"):
        with pytest.raises(ClipError):
            decode(path)


def test_bounds_hold_before_decoding(tmp_path, monkeypatch):
    encode(sway(24, 128), tmp_path / "a.mp4", fps=24)
    monkeypatch.setattr(
        "coverloop.core.video.decode.to_srgb", lambda picture: pytest.fail("decoded before the bounds were checked")
    )
    with pytest.raises(ClipError, match="24 frames"):
        decode(tmp_path / "a.mp4", max_frames=20)
    with pytest.raises(ClipError, match="pixels"):
        decode(tmp_path / "a.mp4", max_pixels=100_000)


def test_damage_behind_the_first_frames_is_told_where_it_is_met(tmp_path):
    encode(sway(24, 128), tmp_path / "a.mp4", fps=24)
    with av.open(str(tmp_path / "a.mp4")) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        place, size = packets[12].pos, sum(p.size for p in packets[12:])
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    data[place : place + size] = b"\x00" * size
    (tmp_path / "b.mp4").write_bytes(data)
    seen = 0
    with opened(tmp_path / "b.mp4") as video:
        assert (video.fps, video.expected) == (24, 24)
        with pytest.raises(ClipError, match=r"b\.mp4.*damaged"):
            for frame in video.frames:
                assert frame.shape == (128, 128, 3)
                seen += 1
    assert 0 < seen < 24


def test_a_video_can_be_left_after_its_first_frame(tmp_path):
    encode(sway(24, 128), tmp_path / "a.mp4", fps=24)
    with opened(tmp_path / "a.mp4") as video:
        first = next(video.frames)
    assert np.array_equal(first, decode(tmp_path / "a.mp4").frames[0])
    assert next(video.frames, None) is None


def test_audio_is_ignored(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        picture, sound = (
            container.add_stream("ffv1", rate=25),
            container.add_stream("pcm_s16le", rate=48000, layout="mono"),
        )
        picture.width, picture.height, picture.pix_fmt = 101, 75, "yuv444p"
        for i in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((75, 101, 3), 40 * i, np.uint8), format="rgb24")
            container.mux(picture.encode(frame.reformat(format="yuv444p")))
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), format="s16", layout="mono")
            tone.sample_rate = 48000
            container.mux(sound.encode(tone))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
    assert decode(tmp_path / "a.mkv").frames.shape == (5, 75, 101, 3)


def test_the_best_quality_still_plays_everywhere(tmp_path):
    """crf 0 is lossless in x264, which makes a file of High 4:4:4 Predictive."""
    encode(sway(4, 64), tmp_path / "a.mp4", fps=24, crf=0)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.profile == "High"


def test_the_file_begins_at_zero_without_an_edit_list(tmp_path):
    encode(sway(24), tmp_path / "a.mp4", fps=24)
    data = (tmp_path / "a.mp4").read_bytes()
    offsets = data.index(b"ctts")
    assert b"elst" not in data and data[offsets + 4] == 1  # version 1: signed offsets
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.start_time == 0 and stream.duration * stream.time_base == 1
        assert [frame.pts * frame.time_base for frame in container.decode(stream)][:2] == [0, Fraction(1, 24)]


def written(path, planes, pixels, **tags):
    """Three pictures of one colour, lossless, with tags as a file of another program has them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = pixels
        codec = stream.codec_context
        for name, value in tags.items():
            setattr(codec, name, value)
        for number in range(3):
            kind = np.uint16 if "16" in pixels else np.uint8
            flat = np.ones((3, 64, 64), kind) * np.array(planes, kind)[:, None, None]
            flat = np.moveaxis(flat, 0, 2) if kind is np.uint16 else flat  # PyAV's own order
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(flat), pixels)
            picture.colorspace, picture.color_range, picture.pts = codec.colorspace, codec.color_range, number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return decode(path)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
def test_matrix_and_range_are_followed(tmp_path, matrix, full):
    red, blue = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}[matrix]
    colour = np.array([200.0, 30.0, 60.0])
    luma = colour @ (red, 1 - red - blue, blue)
    chroma = np.array([(colour[2] - luma) / (1 - blue), (colour[0] - luma) / (1 - red)]) / 2
    planes = [luma, *(chroma + 128)] if full else [16 + luma * 219 / 255, *(chroma * 224 / 255 + 128)]
    clip = written(tmp_path / "a.mkv", np.round(planes), "yuv444p", colorspace=matrix, color_range=2 if full else 1)
    assert np.abs(clip.frames[0, 9, 9] - colour).max() <= 2


@pytest.mark.parametrize("full", [False, True])
def test_ycgco_is_read(tmp_path, full):
    colour = np.array([200.0, 30.0, 60.0])
    planes = np.array([colour @ (1, 2, 1), colour @ (-1, 2, -1), colour @ (2, 0, -2)]) / 4
    planes = planes + np.array([0, 128, 128]) if full else planes * (219 / 255, 224 / 255, 224 / 255) + (16, 128, 128)
    clip = written(tmp_path / "a.mkv", np.round(planes), "yuv444p", colorspace=8, color_range=2 if full else 1)
    assert np.abs(clip.frames[0, 9, 9] - colour).max() <= 2


@pytest.mark.parametrize(("transfer", "white"), [(16, 0.5806), (18, 0.75)], ids=["PQ", "HLG"])
def test_high_dynamic_range_is_tone_mapped(tmp_path, transfer, white):
    """203 cd/m2 (BT.2408) is nearly white, the brightest is white, black is black."""

    def shown(signal):
        planes = np.round([4096 + signal * 56064, 32768, 32768])
        clip = written(
            tmp_path / "a.mkv",
            planes,
            "yuv444p16le",
            colorspace=9,
            color_range=1,
            color_primaries=9,
            color_trc=transfer,
        )
        assert clip.notes == ("high dynamic range was tone-mapped",)
        return clip.frames[0, 9, 9].astype(int)

    usual, bright, dark = shown(white), shown(1.0), shown(0.0)
    assert np.ptp(usual) <= 2 and 205 <= usual[0] <= 240
    assert bright.min() >= 253 and dark.max() == 0


def test_uneven_times_of_phones_are_put_right(tmp_path):
    """Thirty frames a second, two of them missing after the fourth, and one that lags a little."""
    ticks = [0, 1, 2, 3, 6, 7, 8, 9, 10.3, 11]
    frames = sway(12, 64)
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv444p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for tick in ticks:
            picture = av.VideoFrame.from_ndarray(frames[int(tick)], format="rgb24").reformat(format="yuv444p")
            picture.pts, picture.time_base = round(tick * 1000 / 30), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    clip = decode(tmp_path / "a.mkv")
    assert float(clip.fps) == pytest.approx(30, rel=0.02) and len(clip.frames) == 12
    assert "not evenly spaced" in clip.notes[0]
    assert np.array_equal(clip.frames[3], clip.frames[5]) and not np.array_equal(clip.frames[5], clip.frames[6])
    with pytest.raises(ClipError, match="12 frames"):
        decode(tmp_path / "a.mkv", max_frames=11)


def test_a_clip_that_a_phone_turned_stands_upright(tmp_path):
    frame = sway(1, 96)[0][:64]
    frame[:20, :20] = (250, 10, 10)  # where the top left is
    encode([frame] * 3, tmp_path / "a.mp4", fps=24)
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    matrix = data.index(b"tkhd") + 44
    quarter = [0, 1 << 16, 0, -1 << 16, 0, 0, 64 << 16, 0, 1 << 30]  # ISO 14496-12: a quarter turn clockwise
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in quarter)
    (tmp_path / "a.mp4").write_bytes(data)
    turned = decode(tmp_path / "a.mp4").frames[0]
    assert turned.shape == (96, 64, 3)
    assert np.abs(turned.astype(int) - np.rot90(frame, -1)).mean() < 6


def test_rates():
    assert frame_rate(29.97) == Fraction(30000, 1001)
    assert frame_rate(24.0) == 24
    assert frame_rate(Fraction(25, 2)) == Fraction(25, 2)


def test_poster_and_text(tmp_path):
    frame = sway(1)[0]
    write_poster(frame, tmp_path / "a.jpg")
    back = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1]
    assert cv2.PSNR(np.ascontiguousarray(back), frame) > 38
    write_text(tmp_path / "a.json", "{}")
    with pytest.raises(UsageError, match="cannot be written"):
        write_poster(frame, tmp_path / "away" / "a.jpg")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "a.json"]
