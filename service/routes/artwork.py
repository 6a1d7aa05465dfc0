"""Animated artwork for other players: Aonsoku's and its relatives' way of asking."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel

from ...core.video.playlist import PLAYLIST
from ..player import Song, matching
from .common import AtDesk

router = APIRouter(prefix="/api/v1/artwork", tags=["artwork"])


class Artwork(BaseModel):
    """`url`: an HLS playlist of the cover that moves."""

    url: str
    artist: str
    album: str


@router.get("/search", response_model=Artwork)
def search(
    request: Request,
    desk: AtDesk,
    artist: Annotated[str, Query(min_length=1, max_length=300)],
    album: Annotated[str, Query(min_length=1, max_length=300)],
) -> Artwork:
    """The loop of an album, by its exact name, or 404."""
    loop = matching(desk, Song(artist=artist, album=album))
    if loop is None:
        raise HTTPException(404, "there is no loop of that album")
    base = str(request.base_url).rstrip("/")
    return Artwork(url=f"{base}/loop/{loop.key}/hls/{PLAYLIST}", artist=artist, album=album)
