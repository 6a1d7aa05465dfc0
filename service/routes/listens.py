"""What plays, told by a scrobbler that believes this to be ListenBrainz (https://listenbrainz.readthedocs.io)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from ..player import song_of
from .common import Trusted

router = APIRouter(prefix="/1", tags=["now playing"])


class Listens(BaseModel):
    listen_type: Literal["playing_now", "single", "import"]
    payload: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]


@router.post("/submit-listens")
def submit(listens: Listens, request: Request, trusted: Trusted) -> dict[str, str]:
    """What plays now. Songs that have ended are taken and not kept."""
    if not trusted:
        raise HTTPException(401, "the token is missing or wrong; send it as Authorization: Token TOKEN")
    if listens.listen_type == "playing_now":
        song = song_of(listens.payload[0])
        if not song.title or not song.artist:
            raise HTTPException(400, "track_metadata: give track_name and artist_name")
        request.app.state.player.play(song)
    return {"status": "ok"}


@router.get("/validate-token")
def validate(trusted: Trusted) -> dict[str, Any]:
    """Whether the token is right; scrobblers ask before they begin."""
    valid = "valid" if trusted else "invalid"
    return {"code": 200, "message": f"Token {valid}.", "valid": trusted, "user_name": "coverloop"}
