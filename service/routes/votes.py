"""Two loops of one cover, blind, and what people think of them."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import BaseModel, Field

from ..votes import Votes
from .common import AtDesk, Client, allow
from .files import answered
from .pages import page

router = APIRouter(tags=["votes"])


def votes_of(request: Request) -> Votes:
    return request.app.state.votes


def voter_of(client: str) -> str:
    """A voter is told from others, and not who it is."""
    return hashlib.sha256(f"voter {client}".encode()).hexdigest()[:16]


@router.get("/vote", response_class=HTMLResponse, include_in_schema=False)
def vote(request: Request, desk: AtDesk, client: Client) -> Response:
    loops: dict[str, list[str]] = {}
    whole = {entry.key for entry in desk.store.entries("done")}
    for done in desk.requests.done():
        if done.loop in whole and done.loop not in loops.setdefault(done.cover, []):
            loops[done.cover].append(done.loop)
    return page(request, "vote", pair=votes_of(request).draw(loops, voter_of(client)))


@router.get("/vote/{sealed}/{side}", response_class=FileResponse, include_in_schema=False)
def video(
    sealed: Annotated[str, Path(max_length=40)], side: Literal["left", "right"], request: Request, desk: AtDesk
) -> Response:
    pair = votes_of(request).pair(sealed)
    entry = desk.store.finished(getattr(pair, side)) if pair is not None else None
    if entry is None or entry.video is None:
        raise HTTPException(404, "that pair is gone; open the page again")
    return answered(request, entry.video, f'"{sealed}-{side}"')


class Choice(BaseModel):
    pair: str = Field(max_length=40)
    choice: Literal["left", "right", "tie", "bad"]


@router.post("/api/v1/votes", status_code=204)
def cast(choice: Choice, request: Request, client: Client) -> None:
    """Say which of a pair is better."""
    allow(request, "job")
    pair = votes_of(request).pair(choice.pair)
    if pair is None:
        raise HTTPException(404, "that pair is gone; open the page again")
    votes_of(request).cast(pair, choice.choice, voter_of(client))
