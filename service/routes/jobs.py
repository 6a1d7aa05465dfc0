"""Asking for loops and following them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from ..requests import Request as Asked
from ..requests import State
from .common import AtDesk, Client, Trusted, allow

router = APIRouter(prefix="/api/v1", tags=["jobs"])
FRESH = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
KINDS = ("job", "queue", "status", "now")


class Wish(BaseModel):
    """What is to be made. `cover`: id of a cover that was given. `parameters`: any of the workflow's, see
    `coverloop workflows show`; `wish` is how it shall move, in any language."""

    model_config = ConfigDict(extra="forbid")
    cover: str = Field(pattern="^[0-9a-f]{64}$")
    wish: str = Field("", max_length=500)
    workflow: str | None = Field(None, max_length=80)
    parameters: dict[str, str | int | float] = Field({}, max_length=30)


class Job(BaseModel):
    """`state`: queued, running, done, failed or cancelled; `position`: 1 runs next; `stage`, `doing`: what works
    on it, by id and in words; `left`: seconds, as far as can be
    told; `loop`: key of the loop, once done; `passed`: by the judge."""

    id: str
    state: str
    cover: str
    title: str
    artist: str
    fraction: float
    stage: str
    doing: str
    left: float | None
    loop: str | None
    passed: bool
    error: str
    position: int | None = None


@router.post("/jobs", status_code=202, response_model=Job)
def ask(
    wish: Wish,
    request: Request,
    response: Response,
    desk: AtDesk,
    client: Client,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Any:
    """Ask for a loop. 200 when there is one already, 202 when it has to be made. The same `Idempotency-Key` gives the
    same job, however often it comes."""
    allow(request, "job")
    cover = desk.covers.find(wish.cover)
    if cover is None:
        raise HTTPException(404, "no such cover; POST the picture to /api/v1/covers first")
    given = dict(wish.parameters)
    names = desk.workflow.bindings if wish.workflow is None else wish.parameters
    for name, value in (("title", cover.words.title), ("artist", cover.words.artist)):
        if value and name in names:
            given.setdefault(name, value)
    if wish.wish.strip():
        given["motion"] = wish.wish.strip()
    made = desk.ask(client, cover, given, wish.workflow, idempotency_key)
    response.status_code = 200 if made.state is State.DONE else 202
    return _told(desk, made)


def asked(ticket: str, desk: AtDesk) -> Asked:
    found = desk.requests.find(ticket)
    if found is None:
        raise HTTPException(404, "no such job")
    return found


Which = Annotated[Asked, Depends(asked)]


@router.get("/jobs/{ticket}", response_model=Job)
def look(job: Which, desk: AtDesk) -> Any:
    """A job as it is now."""
    return _told(desk, job)


@router.post("/jobs/{ticket}/cancel", response_model=Job)
def cancel(job: Which, desk: AtDesk, client: Client, trusted: Trusted) -> Any:
    """Take a job off the queue, or interrupt it."""
    if not trusted and job.client != client:
        raise HTTPException(403, "somebody else asked for it")
    return _told(desk, desk.cancel(job))


def _told(desk: AtDesk, job: Asked) -> dict[str, Any]:
    order = [other.id for other in desk.requests.order()] if job.state is State.QUEUED else []
    return {**desk.view(job), "position": order.index(job.id) + 1 if job.id in order else None}


def counted(request: Request, desk: AtDesk, client: Client) -> None:
    limits, of_client = desk.settings.limits, request.app.state.streams
    if desk.board.followers >= limits.streams or of_client.get(client, 0) >= limits.streams_of_client:
        raise HTTPException(503, "too many event streams are open; close a page", {"Retry-After": "10"})


class Events(StreamingResponse):
    """Server-sent events. Sent as they are written, once for all who follow; FastAPI's own would pass each of them
    through several tasks for each who follows."""

    media_type = "text/event-stream"


STREAM: Any = {"response_class": Events, "dependencies": [Depends(counted)]}


@router.get("/events", **STREAM)
def events(request: Request, desk: AtDesk, client: Client) -> Events:
    """Everything that happens, as server-sent events: first how things stand, then what changes. `job`: a job, as
    above; `queue`: the order of those that wait; `status`: of ComfyUI; `now`: what plays."""
    return Events(_following(request, desk, client, None), headers=FRESH)


@router.get("/jobs/{ticket}/events", **STREAM)
def events_of(job: Which, request: Request, desk: AtDesk, client: Client) -> Events:
    """The events of one job and of the queue."""
    desk.show(job)
    return Events(_following(request, desk, client, job.ticket), headers=FRESH)


async def _following(request: Request, desk: AtDesk, client: Client, ticket: str | None) -> AsyncIterator[bytes]:
    streams: dict[str, int] = request.app.state.streams
    streams[client] = streams.get(client, 0) + 1
    try:
        async for events in desk.board.follow(KINDS, ticket):
            yield events
    finally:
        streams[client] -= 1
        if not streams[client]:
            del streams[client]
