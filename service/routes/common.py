"""What several routes ask first."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request

from ..desk import Desk

KEY = re.compile("[0-9a-f]{64}")


def desk_of(request: Request) -> Desk:
    return request.app.state.desk


AtDesk = Annotated[Desk, Depends(desk_of)]
Key = Annotated[str, Path(pattern=f"^{KEY.pattern}$", description="The key of a loop, or the id of a cover.")]


def client_of(request: Request) -> str:
    return request.scope["client_name"]


def allow(request: Request, kind: str) -> None:
    """Count a costly call; refused with 429 when the client makes too many."""
    wait = desk_of(request).rates.wait(client_of(request), kind)
    if wait:
        seconds = int(wait) + 1
        raise HTTPException(429, f"too many calls; try again in {seconds} s", {"Retry-After": str(seconds)})


def is_trusted(request: Request) -> bool:
    """Whether the client knows the token or, where there is none, sits at this machine."""
    return request.scope["trusted"]


Client = Annotated[str, Depends(client_of)]
Trusted = Annotated[bool, Depends(is_trusted)]
