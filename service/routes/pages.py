"""The pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from ..desk import Desk
from ..guard import COOKIE, same, session_of, too_often
from ..loops import Loop, all_loops, find_loop
from ..words import LANGUAGES, language_of, stages_of, words_of
from .common import AtDesk, Client, Key, Trusted, desk_of

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(Path(__file__).resolve().parent.parent / "templates")
PAGE = 24
YEAR = 365 * 86400
# What the page folds away: parameter of the workflow -> its word on the page, when the workflow has it.
FOLDED = {"size": "size", "seconds": "seconds", "seed": "seed", "hold_text": "hold", "lift_text": "lift"}


def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    language = language_of(request)
    desk = desk_of(request)
    words = words_of(language)
    told = {**words, "stages": stages_of(language), "upload.bytes": desk.settings.limits.upload_bytes}
    script_words = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    base = str(request.base_url).rstrip("/")
    common = {"t": words, "language": language, "path": request.url.path, "base": base}
    safe = templates.env.filters["safe"](script_words)
    made = templates.TemplateResponse(request, f"{name}.html", {**common, "script_words": safe, **values}, status)
    if request.query_params.get("lang") in LANGUAGES:
        made.set_cookie("lang", language, max_age=YEAR, samesite="lax")
    return made


@router.get("/", response_class=HTMLResponse)
def home(request: Request, desk: AtDesk) -> Response:
    sources = request.app.state.search.sources
    return page(request, "home", sources=sources, fields=_fields(desk), parameters={v: k for k, v in FOLDED.items()})


def _fields(desk: Desk) -> list[tuple[str, str, Any, Any, Any]]:
    fields = []
    for parameter, word in FOLDED.items():
        if (binding := desk.workflow.bindings.get(parameter)) is not None:
            kind = "text" if binding.kind == "string" else "number"
            step = binding.multiple_of if binding.kind == "int" else "any"
            fields.append((word, kind, binding.minimum, binding.maximum, step))
    return fields


@router.get("/loop/{key}", response_class=HTMLResponse)
def watch(key: Key, request: Request, desk: AtDesk, client: Client, trusted: Trusted) -> Response:
    loop = find_loop(desk, key)
    if loop is None:
        return page(request, "gone", 404)
    record = loop.record()
    given = dict(loop.request.given) if loop.request else {}
    assert loop.entry.video is not None
    video = f"/loop/{key}/video{loop.entry.video.suffix}"
    known = not desk.settings.token or trusted  # who only has the link may watch, and see nothing else
    newer, older = _beside(desk, key) if known else ("", "")
    words = words_of(language_of(request))
    downloads = [
        (f"{words['video']} ({loop.entry.video.suffix[1:].upper()})", f"{video}?save=1"),
        (words["poster"], f"/loop/{key}/poster.jpg?save=1"),
        (words["sidecar"], f"/loop/{key}/sidecar.json?save=1"),
    ]
    return page(
        request,
        "loop",
        loop=loop,
        video=video,
        problems=record["judgement"]["problems"],
        given=json.dumps(given),
        wish=given.get("motion", ""),
        downloads=downloads,
        newer=newer,
        older=older,
        may_ask=known,
        may_change=_may_change(loop, client, trusted),
        may_find=bool(request.app.state.youtube) and known and bool(loop.name),
    )


def _may_change(loop: Loop, client: str, trusted: bool) -> bool:
    return trusted or (loop.request is not None and loop.request.client == client)


def _beside(desk: Desk, key: str) -> tuple[str, str]:
    keys = [loop.key for loop in all_loops(desk)]
    place = keys.index(key) if key in keys else 0
    return keys[place - 1] if place else "", keys[place + 1] if place + 1 < len(keys) else ""


@router.get("/gallery", response_class=HTMLResponse)
def gallery(
    request: Request,
    desk: AtDesk,
    client: Client,
    trusted: Trusted,
    artist: str = "",
    judged: str = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    loops = all_loops(desk)
    artists = sorted({loop.artist for loop in loops if loop.artist}, key=str.casefold)
    if artist:
        loops = [loop for loop in loops if loop.artist == artist]
    if judged in ("yes", "no"):
        loops = [loop for loop in loops if loop.entry.passed == (judged == "yes")]
    shown = loops[(page_number - 1) * PAGE : page_number * PAGE]
    return page(
        request,
        "gallery",
        loops=shown,
        artists=artists,
        artist=artist,
        judged=judged,
        page=page_number,
        more=len(loops) > page_number * PAGE,
        query=urlencode({"artist": artist, "judged": judged}),
        mine={loop.key for loop in shown if _may_change(loop, client, trusted)},
    )


@router.get("/now", response_class=HTMLResponse)
def now(request: Request) -> Response:
    return page(request, "now")


@router.get("/login", response_class=HTMLResponse)
def login(request: Request) -> Response:
    return page(request, "login")


@router.post("/login", response_class=HTMLResponse)
async def enter(request: Request, desk: AtDesk, client: Client) -> Response:
    if wait := desk.rates.wait(client, "login"):
        return too_often(wait)
    body = (await request.body()).decode("utf-8", "replace")  # a form of one field needs no library
    given = parse_qs(body).get("token", [""])[0]
    token = desk.settings.token
    if not token or not same(given, token):
        return page(request, "login", 401, wrong=True)
    answer = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, session_of(token), max_age=YEAR, httponly=True, samesite="lax", secure=secure)
    return answer
