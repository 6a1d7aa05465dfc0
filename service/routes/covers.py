"""Pictures that are given, and looked at."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from ..covers import Cover, Words
from ..desk import Desk
from .common import AtDesk, Key, Trusted, allow
from .files import answered

router = APIRouter(tags=["covers"])
Text = Annotated[str, Query(max_length=300)]
BODY = {"requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}}


class Known(BaseModel):
    """A loop that there is of a picture that looks the same. A person says whether it is."""

    cover: str
    title: str
    artist: str
    loop: str


class Given(BaseModel):
    """A picture as it was taken. `id` is told by its pixels. `concerns`: why it may be no cover. `loops`: of this
    picture, the latest first; `alike`: of pictures that look the same."""

    id: str
    width: int
    height: int
    title: str
    artist: str
    album: str
    concerns: list[str]
    loops: list[str]
    alike: list[Known]


@router.post("/api/v1/covers", status_code=201, response_model=Given, openapi_extra=BODY)
async def give(request: Request, desk: AtDesk, title: Text = "", artist: Text = "", album: Text = "") -> Any:
    """Give a picture: the body is the file, JPEG, PNG, WebP or AVIF."""
    allow(request, "upload")
    data = await request.body()
    return await asyncio.to_thread(taken, desk, data, Words(title.strip(), artist.strip(), album.strip()))


def taken(desk: Desk, data: bytes, words: Words) -> dict[str, Any]:
    return told(desk, desk.covers.take(data, words))


def told(desk: Desk, cover: Cover) -> dict[str, Any]:
    alike = []
    for other in desk.covers.alike(cover.id):
        if loops := loops_of(desk, other.id):
            words = other.words
            alike.append({"cover": other.id, "title": words.title, "artist": words.artist, "loop": loops[0]})
    return {
        "id": cover.id,
        "width": cover.width,
        "height": cover.height,
        "title": cover.words.title,
        "artist": cover.words.artist,
        "album": cover.words.album,
        "concerns": list(cover.concerns),
        "loops": loops_of(desk, cover.id),
        "alike": alike,
    }


def loops_of(desk: Desk, cover: str) -> list[str]:
    keys = dict.fromkeys(request.loop for request in desk.requests.of_cover(cover) if request.loop)
    return [key for key in keys if desk.store.finished(key) is not None]


class Told(BaseModel):
    """What a cover is of."""

    title: Annotated[str, Field(max_length=300)] = ""
    artist: Annotated[str, Field(max_length=300)] = ""
    album: Annotated[str, Field(max_length=300)] = ""


@router.put("/api/v1/covers/{key}", response_model=Given)
def tell(key: Key, told_of_it: Told, desk: AtDesk, trusted: Trusted) -> Any:
    """Say what a cover is of. Whoever is not trusted fills in what is not known yet, and changes nothing."""
    if desk.covers.find(key) is None:
        raise HTTPException(404, "no such cover")
    desk.covers.tell(key, Words(**told_of_it.model_dump()), over=trusted)
    desk.renamed(key)
    cover = desk.covers.find(key)
    assert cover is not None
    return told(desk, cover)


@router.get("/cover/{key}", response_class=FileResponse, tags=["covers"])
def picture(key: Key, request: Request, desk: AtDesk) -> Response:
    """A cover as it was given."""
    cover = desk.covers.find(key)
    if cover is None:
        raise HTTPException(404, "no such cover")
    return answered(request, desk.covers.path(cover), f'"{key[:32]}"')
