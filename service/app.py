"""The application: what answers which address, behind the guard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as RoutingError

from .. import __version__
from ..core.errors import CoverError, CoverLoopError, UsageError
from .desk import Desk, public
from .fetch import Fetcher
from .guard import Guard
from .mpris import follow_mpris
from .places import Places, PlacesFull
from .player import Player, follow_listenbrainz
from .requests import KeyReused, QueueFull
from .routes import artwork, covers, jobs, listens, loops, pages, search, votes
from .search import Search
from .settings import Settings
from .sources.source import Source, sources
from .votes import Votes
from .youtube import YouTube

log = logging.getLogger(__name__)

STATUSES = {QueueFull: 429, PlacesFull: 429, KeyReused: 409, CoverError: 422, UsageError: 422}


def make_app(settings: Settings, asked: list[Source] | None = None, fetcher: Fetcher | None = None) -> FastAPI:
    """asked, fetcher: sources and what fetches from them, where they are not those of the settings.

    Raises:
        UsageError: as `Desk`; or a source that is named is none.
    """
    desk = Desk(settings)
    chosen = _sources(settings) if asked is None else asked
    app = FastAPI(
        title="coverloop",
        version=__version__,
        description="Still album covers into seamless loops.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.desk = desk
    fetching = fetcher or Fetcher()
    app.state.search = Search(desk.tables, chosen, fetching)
    app.state.youtube = YouTube(settings.youtube_key, desk.tables, fetching)
    app.state.player = Player(desk, app.state.search, settings.make_playing)
    app.state.votes = Votes(desk.tables)
    app.state.places = Places(settings.folder / "made")
    app.state.streams = {}
    for routes in (jobs, search, covers, loops, artwork, listens, votes, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    for kind in (CoverLoopError, HTTPException, RoutingError, RequestValidationError, Exception):
        app.add_exception_handler(kind, _told)
    pictures = [host for source in chosen for host in source.pictures]
    sounds = [host for source in chosen for host in source.sounds]
    app.add_middleware(Guard, settings=settings, rates=desk.rates, pictures=pictures, sounds=sounds)
    return app


def _sources(settings: Settings) -> list[Source]:
    known = sources()
    names = tuple(known) if settings.sources is None else settings.sources
    for name in names:
        if name not in known:
            raise UsageError(f"--sources {name}: must be of {', '.join(known)}, or none")
    return [known[name] for name in names]


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    desk: Desk = app.state.desk
    desk.board.attach(asyncio.get_running_loop())
    desk.open()
    ends = threading.Event()
    if user := desk.settings.listenbrainz:
        listening = (user, app.state.player, Fetcher(), ends)
        threading.Thread(target=follow_listenbrainz, args=listening, daemon=True).start()
    players = asyncio.create_task(follow_mpris(app.state.player.play)) if desk.settings.mpris else None
    try:
        yield
    finally:
        ends.set()
        if players is not None:
            players.cancel()
        app.state.search.close()
        await asyncio.to_thread(desk.close)


async def _told(request: Request, error: Exception) -> JSONResponse:
    """Every error in one shape, with nothing in it that is not for everybody."""
    headers: dict[str, Any] = {}
    if isinstance(error, RoutingError):
        status, what = error.status_code, str(error.detail)
        headers = dict(error.headers or {})
    elif isinstance(error, RequestValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        status, what = 422, f"{place or 'the body'}: {first['msg']}"
    elif isinstance(error, CoverLoopError):
        status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 502)
        what = public(str(error), request.app.state.desk.settings.folder)
    else:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        status, what = 500, "something went wrong here; the service's log says what"
    return JSONResponse({"error": what}, status, headers=headers)
