"""Finished loops: their files, what is made of them, what is said of them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from ...core.video.playlist import MEDIA, PLAYLIST, package
from ..loops import Loop, find_loop
from ..making import kept, run_verb, unmade
from .common import AtDesk, Client, Key, Trusted, allow
from .files import answered

router = APIRouter(tags=["loops"])
YOUTUBE = re.compile(
    r"(?:https?://)?(?:www\.|m\.|music\.)?(?:youtube\.com/(?:watch\?(?:[^#\s]*&)?v=|shorts/|embed/|live/)|youtu\.be/)"
    r"([A-Za-z0-9_-]{11})(?:[?&#/].*)?"
)


def wanted(key: Key, desk: AtDesk) -> Loop:
    found = find_loop(desk, key)
    if found is None:
        raise HTTPException(404, "no such loop; it was deleted, or never made")
    return found


Wanted = Annotated[Loop, Depends(wanted)]


class Made(BaseModel):
    """A finished loop. `problems`: the judge's limits that it misses, in words; `files`: where its files are."""

    key: str
    title: str
    artist: str
    passed: bool
    problems: list[str]
    parameters: dict[str, Any]
    files: dict[str, str]


@router.get("/api/v1/loops/{key}", response_model=Made)
def look(loop: Wanted) -> Any:
    """A finished loop."""
    record = loop.record()
    place = f"/loop/{loop.key}"
    assert loop.entry.video is not None
    video = f"{place}/video{loop.entry.video.suffix}"
    return {
        "key": loop.key,
        "title": loop.title,
        "artist": loop.artist,
        "passed": loop.entry.passed,
        "problems": record["judgement"]["problems"],
        "parameters": record["parameters"],
        "files": {
            "video": video,
            "poster": f"{place}/poster.jpg",
            "sidecar": f"{place}/sidecar.json",
            "plot": f"{place}/plot.png",
            "hls": f"{place}/hls/{PLAYLIST}",
        },
    }


@router.get("/loop/{key}/plot.png", response_class=FileResponse)
def plot(loop: Wanted, request: Request, desk: AtDesk) -> Response:
    """The judge's picture of a loop: the steps around the ring, the frames at the join."""
    target = desk.settings.folder / "made" / loop.key / "plot.png"
    if not target.exists():
        allow(request, "job")
    cover = ("--cover", str(desk.covers.path(loop.cover))) if loop.cover is not None else ()
    kept(target, lambda part: run_verb(("score", str(loop.entry.video), *cover, "--plot", str(part)), good=(0, 1)))
    return answered(request, target, f'"{loop.key[:24]}-plot"')


@router.get("/loop/{key}/{name}", response_class=FileResponse)
def file(
    loop: Wanted,
    name: Annotated[str, Path(pattern=r"^(video\.\w{3,4}|poster\.jpg|sidecar\.json)$")],
    request: Request,
    save: bool = False,
) -> Response:
    """The video, the poster or the sidecar of a loop, in ranges if asked; `save` makes a browser keep it."""
    kind = name.partition(".")[0]
    path = getattr(loop.entry, kind)
    if path.suffix != "." + name.partition(".")[2]:
        raise HTTPException(404, f"its {kind} is a {path.suffix}")
    filename = f"{loop.name or loop.key[:12]}{path.suffix}" if save else ""
    return answered(request, path, f'"{path.stem[:32]}"', filename)


@router.get("/loop/{key}/hls/{name}", response_class=FileResponse)
def hls(
    loop: Wanted,
    name: Annotated[str, Path(pattern=f"^({re.escape(PLAYLIST)}|{re.escape(MEDIA)})$")],
    request: Request,
    desk: AtDesk,
) -> Response:
    """The loop as HLS."""
    folder = desk.settings.folder / "made" / loop.key / "hls"
    video = loop.entry.video
    assert video is not None
    kept(folder, lambda part: package(video, part))
    if not (folder / name).is_file():
        raise HTTPException(404, "no such part of it")
    return answered(request, folder / name, f'"{loop.key[:24]}-{name}"')


@router.delete("/api/v1/loops/{key}", status_code=204)
def delete(loop: Wanted, desk: AtDesk, client: Client, trusted: Trusted) -> None:
    """Delete a loop and its files."""
    if not trusted and (loop.request is None or loop.request.client != client):
        raise HTTPException(403, "somebody else asked for it")
    desk.forget(loop.key)
    unmade(desk.settings.folder / "made" / loop.key)


class Song(BaseModel):
    """A video on YouTube by its address; "" for none."""

    youtube: str = Field(max_length=300)


@router.put("/api/v1/loops/{key}/song", status_code=204)
def song(loop: Wanted, song: Song, desk: AtDesk, client: Client, trusted: Trusted) -> None:
    """Say which video has the song."""
    if loop.cover is None or loop.request is None:
        raise HTTPException(409, "it was made on the command line; the service does not know its cover")
    if not trusted and loop.request.client != client:
        raise HTTPException(403, "somebody else asked for it")
    match = YOUTUBE.fullmatch(song.youtube.strip())
    if song.youtube.strip() and match is None:
        raise HTTPException(422, "that is no address of a video on YouTube; paste one such as https://youtu.be/...")
    desk.covers.play(loop.cover.id, match[1] if match else "")
