"""Whether a file is what a place asks for is read from the file: each way of getting it wrong is told by its rule."""

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest
from coverloop.core.errors import ClipError
from coverloop.core.formats.registry import wanted
from coverloop.core.formats.rules import check
from coverloop.core.video.coding import Coding
from coverloop.core.video.facts import read_facts
from coverloop.core.video.playlist import write_playlist
from coverloop.core.video.write import write
from coverloop.orchestrator.cli.main import main

SMALL = {"canvas": (720, 1280), "square": (320, 320), "web.gif": (96, 96), "web.webp": (96, 96), "web.avif": (96, 96)}


def frames(width, height, count=12):
    """A wave that moves by its width in `count` of them."""
    x, y = np.linspace(0, 2 * np.pi, width, endpoint=False)[None, :, None], np.linspace(0, 6, height)[:, None, None]
    wave = np.uint8(128 + 60 * np.sin(x + y + np.array([0, 1, 2])))
    for i in range(count):
        yield np.roll(wave, -round(width * i / count), axis=1)


def missed(path, preset):
    (one,) = wanted(preset)
    return {line.rule for line in check(read_facts(path), one.format) if not line.met}


@pytest.mark.parametrize("preset", ["canvas", "square", "web.gif", "web.webp", "web.avif", "web.webm"])
def test_what_we_write_is_what_the_place_asks_for(tmp_path, preset):
    (one,) = wanted(preset)
    path = tmp_path / one.file_name("a")
    write(frames(*SMALL.get(preset, (96, 96)), 80 if one.format.video else 12), path, one.format.coding, fps=25)
    assert missed(path, preset) == set()


def test_hls_is_a_playlist_beside_its_one_file(tmp_path):
    media, playlist = tmp_path / "a.hls.mp4", tmp_path / "a.hls.m3u8"
    write(frames(96, 96, 50), media, Coding("hls", "mp4", b_frames=False), fps=25)
    write_playlist(media, playlist, Fraction(2))
    assert missed(playlist, "hls") == set()
    media.rename(tmp_path / "b.mp4")
    with pytest.raises(ClipError, match=r"a.hls.mp4, which it names, is not beside it"):
        read_facts(playlist)


def foreign(path, *, size=(720, 1280), pixels="yuv420p", rate=25, count=80, options=None, layout=None, audio=False):
    """A file as others make them: B-frames, an edit list, the index last, no tags."""
    with av.open(str(path), "w", options=layout or {}) as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.options = {"preset": "ultrafast", "bf": "2", "crf": "30", **(options or {})}
        sound = container.add_stream("aac", rate=44100) if audio else None
        for frame in frames(*size, count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)))
        container.mux(stream.encode(None))
        if sound:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 44100
            container.mux(sound.encode(silence))
            container.mux(sound.encode(None))


@pytest.mark.parametrize(
    ("made", "rules"),
    [
        ({}, {"layout", "start", "colour"}),
        ({"size": (640, 1136)}, {"size", "layout", "start", "colour"}),
        ({"size": (1280, 720)}, {"size", "shape", "layout", "start", "colour"}),
        ({"count": 40}, {"length", "layout", "start", "colour"}),
        ({"rate": 15}, {"rate", "layout", "start", "colour"}),
        ({"pixels": "yuv444p"}, {"pixels", "layout", "start", "colour"}),
        ({"audio": True}, {"streams", "layout", "start", "colour"}),
        ({"options": {"bf": "0"}, "layout": {"movflags": "+faststart", "use_editlist": "0"}}, {"colour"}),
        (
            {"options": {"x264-params": "open-gop=1:keyint=20:bframes=2"}},
            {"gop", "layout", "start", "colour"},
        ),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_files_of_others_are_told_what_they_miss(tmp_path, made, rules):
    foreign(tmp_path / "a.mp4", **made)
    assert missed(tmp_path / "a.mp4", "canvas") == rules


def test_uneven_times_and_a_turned_picture_are_seen(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 96, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for frame, at in zip(frames(96, 96), np.cumsum([0] + 11 * [40, 90]), strict=False):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = int(at), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    assert "rate" in missed(tmp_path / "a.mp4", "square")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a video"),
        (b"GIF89a\0\0", "not a picture that can be read, or is damaged"),
        (b"#EXTM3U\n#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n", "its segments lie in 2 files"),
        (b"hello " * 40, "not a video"),
    ],
)
def test_what_is_no_loop_is_one_clear_line(tmp_path, content, said, capsys):
    (tmp_path / "a.mp4").write_bytes(content)
    assert main(["verify", str(tmp_path / "a.mp4"), "--preset", "square"]) == 2
    out, err = capsys.readouterr()
    assert not out and said in err and err.count("\n") == 1


def test_a_file_cut_short_is_told(tmp_path):
    write(frames(96, 96), tmp_path / "a.mp4", Coding("h264", "mp4"), fps=25)
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(ClipError, match="damaged or cut short"):
        read_facts(tmp_path / "a.mp4")


def test_the_verb_says_a_line_for_each_rule(tmp_path, capsys):
    foreign(tmp_path / "a.mp4")
    assert main(["verify", str(tmp_path / "a.mp4"), "--preset", "canvas"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("canvas: misses 4 of 16 rules") and "  !  layout     moov last" in "\n".join(lines)


def test_of_several_formats_the_nearest_is_told(tmp_path, capsys):
    foreign(tmp_path / "a.mp4", size=(720, 960))
    assert main(["verify", str(tmp_path / "a.mp4"), "--preset", "now-playing"]) == 1
    assert "now-playing.tall: misses 4" in capsys.readouterr().out


def test_ffprobe_of_a_package_agrees(tmp_path):
    """Another reader than ours: the ffmpeg of imageio-ffmpeg."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    write(frames(96, 96, 24), tmp_path / "a.mp4", Coding("h264", "mp4", b_frames=False), fps=24, words={"title": "Sea"})
    write(frames(96, 96, 4), tmp_path / "a.mov", Coding("prores", "mov"), fps=24)
    said = {
        end: subprocess.run([ffmpeg, "-i", str(tmp_path / f"a.{end}")], capture_output=True, text=True).stderr
        for end in ("mp4", "mov")
    }
    assert "h264 (High)" in said["mp4"] and "yuv420p(tv, bt709, progressive)" in said["mp4"] and "Sea" in said["mp4"]
    assert "prores (4444) (ap4h" in said["mov"] and "bt709" in said["mov"] and "yuv444p1" in said["mov"]
