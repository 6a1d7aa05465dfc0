import io
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition
from coverloop.core.errors import CoverError, UsageError
from coverloop.core.video.facts import read_facts
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.verbs.beside import album_of
from PIL import Image
from tiny import write_workflows


def jpeg() -> bytes:
    """A sky over a dark ground with some texture."""
    y = np.linspace(0, 1, 128)[:, None, None]
    picture = np.where(y < 0.6, (90, 130, 190), (40, 50, 40)) + np.random.default_rng(4).normal(0, 6, (128, 128, 3))
    file = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


def song(path, picture=b"", **words):
    """A second of silence as an audio file with tags and, if given, a picture inside."""
    with av.open(str(path), "w") as file:
        file.metadata.update(words)
        sound = file.add_stream("libmp3lame", rate=44100)
        if picture:
            inside = file.add_stream("mjpeg", rate=Fraction(1))
            inside.width = inside.height = 128
            inside.pix_fmt = "yuvj420p"
            inside.disposition = Disposition.attached_pic
            file.start_encoding()
            packet = av.Packet(picture)
            packet.stream, packet.pts, packet.dts = inside, 0, 0
            file.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        for packet in [*sound.encode(frame), *sound.encode(None)]:
            file.mux(packet)


def test_an_album_gets_its_cover_moving_beside_its_songs(tmp_path, capsys, comfyui, monkeypatch):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    album = tmp_path / "Night (2024)"
    album.mkdir()
    song(album / "01.mp3", jpeg(), album="Night", artist="Someone")
    before = (album / "01.mp3").read_bytes()
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    server = ["--server", comfyui.url] if comfyui else []
    code = main(["render", "--beside", str(album), "--workflow", "tiny", "--size", "64", "--fps", "12", *server])
    told = capsys.readouterr()
    assert code == 0, told.err
    assert sorted(path.name for path in album.iterdir()) == ["01.mp3", "cover.mp4", "cover.webm"]
    assert (album / "01.mp3").read_bytes() == before and "cover.webm" in told.out
    video, web = read_facts(album / "cover.mp4"), read_facts(album / "cover.webm")
    assert video.width == video.height and web.kind == "webm"
    assert (
        (video.words["title"], video.words["artist"])
        == ("Night", "Someone")
        == tuple({name.lower(): value for name, value in web.words.items()}[name] for name in ("title", "artist"))
    )


def test_a_picture_in_the_folder_goes_before_one_in_a_song(tmp_path):
    song(tmp_path / "b.mp3", jpeg(), album="Night")
    song(tmp_path / "a.mp3", artist="Someone")
    (tmp_path / "Front.PNG").write_bytes(b"")
    (tmp_path / "Folder.jpg").write_bytes(b"")
    (tmp_path / "back.jpg").write_bytes(b"")
    album = album_of(tmp_path, tmp_path)
    assert (album.picture.name, album.title, album.artist) == ("Folder.jpg", "Night", "Someone")
    (tmp_path / "Folder.jpg").unlink(), (tmp_path / "Front.PNG").unlink()
    assert album_of(tmp_path, tmp_path).picture.read_bytes() == jpeg()


def test_a_folder_that_is_no_album_is_told(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    song(tmp_path / "bare" / "a.mp3")
    (tmp_path / "bare" / "b.mp3").write_bytes(b"no sound")
    with pytest.raises(UsageError, match="has no audio files"):
        album_of(tmp_path / "empty", tmp_path)
    with pytest.raises(UsageError, match="takes the folder of an album"):
        album_of(tmp_path / "away", tmp_path)
    with pytest.raises(CoverError, match=r"no cover \(cover.jpg, .* none inside its audio files"):
        album_of(tmp_path / "bare", tmp_path)
    assert main(["render", "a.png", "--beside", str(tmp_path)]) == 2 and "leave out COVERs" in capsys.readouterr().err
    assert main(["render"]) == 2 and "give COVERs and --out" in capsys.readouterr().err
