"""Sources of covers, played by a local server that speaks their recorded shapes."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from coverloop.service.fetch import Fetcher
from coverloop.service.sources.deezer import Deezer
from coverloop.service.sources.itunes import ITunes
from coverloop.service.sources.musicbrainz import MusicBrainz
from serving import picture

SHAPES = Path(__file__).resolve().parent / "data" / "sources"


class Played:
    """A local server. `answers`: path -> (status, headers, body); a path that is not in it is 404."""

    def __init__(self):
        self.answers, self.calls = {}, []
        played = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True  # else a body waits 40 ms for the other side to have taken the head

            def log_message(self, *_):
                pass

            def do_GET(self):
                parts = urlsplit(self.path)
                played.calls.append((parts.path, parse_qs(parts.query), dict(self.headers)))
                status, headers, body = played.answers.get(parts.path, (404, {}, b"{}"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def shape(self, path: str, name: str, status: int = 200) -> None:
        """A recorded answer; its addresses of pictures lead here."""
        text = (SHAPES / f"{name}.json").read_text("utf-8").replace("@HERE@", self.url)
        self.answers[path] = (status, {"Content-Type": "application/json"}, text.encode())

    def sources(self) -> list:
        """iTunes, Deezer and MusicBrainz as they are, but asked here, at /itunes, /deezer, /mb and /caa."""
        archive = MusicBrainz(f"{self.url}/mb", f"{self.url}/caa")
        return [at(source, self) for source in (ITunes(f"{self.url}/itunes"), Deezer(f"{self.url}/deezer"), archive)]

    def find_all(self) -> None:
        """Every source finds "Night Drive", with its pictures."""
        for path, name in (("/itunes", "itunes"), ("/deezer", "deezer"), ("/mb", "musicbrainz")):
            self.shape(path, name)
        self.shape("/caa/11111111-1111-4111-8111-111111111111", "coverart")
        pictures = {
            "/image/thumb/Music/a.jpg": ("300x300bb.jpg", "1500x1500bb.jpg"),
            "/image/thumb/Music/b.jpg": ("300x300bb.jpg", "1500x1500bb.jpg"),
            "/images/cover/2e01": ("250x250-000000-80-0-0.jpg", "1000x1000-000000-80-0-0.jpg"),
            "/pictures": ("250.jpg", "1200.jpg"),
        }
        for number, (folder, names) in enumerate(pictures.items()):
            for name in names:
                self.answers[f"{folder}/{name}"] = (
                    200,
                    {"Content-Type": "image/jpeg"},
                    picture(80 + number, 600, "JPEG"),
                )

    def close(self):
        self._http.shutdown()
        self._http.server_close()


def at(source, played: Played):
    """A source that is asked, and fetched from, at the local server."""
    source.hosts, source.pictures, source.calls = frozenset({played.host}), (played.url,), 1000
    return source


def local() -> Fetcher:
    return Fetcher(allowed=lambda address: address == "127.0.0.1", schemes=("http",))
