"""Finished loops: their files, what is made of them, what is said of them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from ...core.video.playlist import MEDIA, PLAYLIST, package
from ..desk import public
from ..loops import Loop, find_loop
from ..making import kept, run_verb, unmade
from ..places import Place as OfPlace
from ..places import Places, formats
from ..youtube import YouTube
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


def known_format(id: str) -> str:
    if id not in formats():
        raise HTTPException(404, f"no such format; there are {', '.join(formats())}")
    return id


Wanted = Annotated[Loop, Depends(wanted)]
Format = Annotated[str, Depends(known_format)]
Part = Annotated[str, Path(pattern=f"^({re.escape(PLAYLIST)}|{re.escape(MEDIA)})$")]


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
    name: Part,
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


@router.get("/loop/{key}/tall/{name}", response_class=FileResponse)
def tall_hls(loop: Wanted, name: Part, request: Request, desk: AtDesk) -> Response:
    """The tall loop as HLS, once it was made."""
    folder = desk.settings.folder / "made" / loop.key / "hls-tall"
    if not (folder / name).is_file():
        raise HTTPException(404, "it was not made yet; ask /api/v1/artwork/search?tall=true for it")
    return answered(request, folder / name, f'"{loop.key[:24]}-tall-{name}"')


class Place(BaseModel):
    """The loop for a place. `height`: null where the cover keeps its shape, and `width` is of its shorter side;
    `state`: none, making, there or failed; `url`: of the file, once it is there; `problems`: what the place would
    refuse; `notes`: what had to be changed; `error`: why it could not be made."""

    id: str
    title: str
    width: int
    height: int | None
    ending: str
    state: str
    url: str | None
    problems: list[str]
    notes: list[str]
    error: str


def _places(request: Request) -> Places:
    return request.app.state.places


def _told(place: OfPlace, loop: Loop, desk: AtDesk) -> dict[str, Any]:
    url = f"/loop/{loop.key}/for/{place.id}" if place.file else None
    told = {name: getattr(place, name) for name in ("id", "title", "width", "height", "ending", "problems", "notes")}
    return {**told, "state": place.state.value, "url": url, "error": public(place.error, desk.settings.folder)}


@router.get("/api/v1/loops/{key}/places", response_model=list[Place])
def places(loop: Wanted, request: Request, desk: AtDesk) -> Any:
    """The places that the loop can be written for, and those that it was."""
    return [_told(place, loop, desk) for place in _places(request).all_of(loop)]


@router.post("/api/v1/loops/{key}/places/{id}", status_code=202, response_model=Place)
def make_for(loop: Wanted, id: Format, request: Request, desk: AtDesk) -> Any:
    """Have the loop written for a place. It is made in the background."""
    allow(request, "job")
    return _told(_places(request).make(loop, id), loop, desk)


@router.get("/loop/{key}/for/{id}", response_class=FileResponse)
def file_for(loop: Wanted, id: Format, request: Request) -> Response:
    """The loop as it was written for a place; a browser keeps it."""
    place = _places(request).of(loop, id)
    if place.file is None:
        raise HTTPException(404, "it was not made yet")
    return answered(
        request, place.file, f'"{loop.key[:24]}-{id}"', f"{loop.name or loop.key[:12]} ({id}).{place.ending}"
    )


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


class Film(BaseModel):
    id: str
    title: str
    channel: str


@router.get("/api/v1/loops/{key}/videos", response_model=list[Film])
def videos(loop: Wanted, request: Request) -> Any:
    """Videos on YouTube that may have the song, where the service has a key."""
    allow(request, "search")
    youtube: YouTube = request.app.state.youtube
    if not youtube:
        raise HTTPException(404, "YouTube is not searched here; set YOUTUBE_API_KEY")
    if not loop.name:
        raise HTTPException(409, "say first what it is called")
    return [video._asdict() for video in youtube.find(loop.name)]


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
