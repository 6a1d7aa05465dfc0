"""Animated artwork for other players: Aonsoku's and its relatives' way of asking."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel

from ...core.video.playlist import PLAYLIST
from ..places import TALL, Places, PlaceState
from ..player import Song, matching
from .common import AtDesk

router = APIRouter(prefix="/api/v1/artwork", tags=["artwork"])


class Artwork(BaseModel):
    """`url`: an HLS playlist of the cover that moves; `tall`: of a taller one, 3:4, null while there is none."""

    url: str
    tall: str | None
    artist: str
    album: str


@router.get("/search", response_model=Artwork)
def search(
    request: Request,
    desk: AtDesk,
    artist: Annotated[str, Query(min_length=1, max_length=300)],
    album: Annotated[str, Query(min_length=1, max_length=300)],
    tall: bool = False,
) -> Artwork:
    """The loop of an album, by its exact name, or 404. `tall`: one that is not there is made in the background, for the
    next time."""
    loop = matching(desk, Song(artist=artist, album=album))
    if loop is None:
        raise HTTPException(404, "there is no loop of that album")
    base = str(request.base_url).rstrip("/")
    places: Places = request.app.state.places
    made = tall or places.of(loop, TALL).state is PlaceState.THERE
    there = f"{base}/loop/{loop.key}/tall/{PLAYLIST}" if made and places.tall(loop) is not None else None
    return Artwork(url=f"{base}/loop/{loop.key}/hls/{PLAYLIST}", tall=there, artist=artist, album=album)
