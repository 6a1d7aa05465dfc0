"""Finding covers."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field

from ..search import Search, words_of
from ..sources.source import Find
from .common import AtDesk, allow
from .covers import Given, taken

router = APIRouter(prefix="/api/v1", tags=["search"])


def search_of(request: Request) -> Search:
    return request.app.state.search


@router.get("/search")
def search(request: Request, q: Annotated[str, Query(min_length=1, max_length=200)]) -> dict[str, Any]:
    """Covers of songs and albums. `problems`: sources that gave no answer, and why."""
    allow(request, "search")
    finds, troubles = search_of(request).find(q)
    return {"finds": [_told(find) for find in finds], "problems": [trouble._asdict() for trouble in troubles]}


def _told(find: Find) -> dict[str, Any]:
    told = dataclasses.asdict(find)
    del told["artwork"]
    return {**told, "title": find.title or find.album}


class Choice(BaseModel):
    """One of what was found."""

    source: str = Field(max_length=40)
    id: str = Field(max_length=80)


@router.post("/covers/found", status_code=201, response_model=Given)
def take(choice: Choice, request: Request, desk: AtDesk) -> Any:
    """Take a cover that was found. Its picture is fetched from where the source said it is."""
    allow(request, "upload")
    find = search_of(request).found(choice.source, choice.id)
    if find is None:
        raise HTTPException(404, "nothing like that was found; search again")
    given = taken(desk, search_of(request).picture(find), words_of(find))
    concerns = dict.fromkeys([*filter(None, [find.concern]), *given["concerns"]])
    return {**given, "concerns": list(concerns)}
