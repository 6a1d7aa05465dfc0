"""What every call passes before the service answers it, and every answer before it leaves.

Asked in this order: is the host one of ours (no rebound name), does the client call too often, is the body within
bounds, does a page of another site ask (CSRF), does the client know the token. Works on the bare ASGI messages, so that
streams stay streams.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from .rates import Rates, client_name
from .settings import LOOPBACK, Settings

COOKIE = "coverloop"
UPLOAD = "/api/v1/covers"
OPEN = re.compile(r"/(login|static/.*|loop/[0-9a-f]{64}(/.*)?)")
"""What is answered without the token: whoever was given the address of a loop may watch it."""
SHARED = re.compile(r"/api/v1/artwork/search|/loop/[0-9a-f]{64}/(hls|tall)/.*")
"""What pages of other sites may read: players."""


def session_of(token: str) -> str:
    """What the browser keeps of the token: it opens this service and nothing else."""
    return hmac.new(token.encode(), b"coverloop session", hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


class Guard:
    """pictures, sounds: hosts whose pictures and previews the pages may show."""

    def __init__(self, app: Any, settings: Settings, rates: Rates, pictures: Iterable[str], sounds: Iterable[str]):
        self._app, self._settings, self._rates = app, settings, rates
        own = (*LOOPBACK, socket.gethostname(), f"{socket.gethostname()}.local", settings.host, *settings.names)
        self._names = {name.lower() for name in own}
        self._headers = _headers(pictures, sounds)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        request = Request(scope)
        scope["client_name"] = client_name(request.client.host if request.client else "")
        scope["trusted"] = self._knows_token(request) if self._settings.token else _is_loopback(request)
        dressed = self._dressed(request, send)
        limits = self._settings.limits
        limit = limits.upload_bytes if request.url.path == UPLOAD else limits.body_bytes
        answer = self._refusal(request, limit)
        if answer is not None:
            return await answer(scope, receive, dressed)
        try:
            await self._app(scope, _bounded(receive, limit), dressed)
        except _TooLarge:
            await _error(413, f"larger than {limit} bytes; send less")(scope, receive, dressed)

    def _refusal(self, request: Request, limit: int) -> Response | None:
        path = request.url.path
        if not self._is_ours(request.headers.get("host", "")):
            return _error(421, "this service is not known by that name; start it with --name")
        if not path.startswith("/static/") and (wait := self._rates.wait(request.scope["client_name"], "call")):
            return too_often(wait)
        announced = request.headers.get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            return _error(413, f"larger than {limit} bytes; send less")
        known = bool(self._settings.token) and request.scope["trusted"]
        by_header = known and "authorization" in request.headers  # no page of another site can set that
        if request.method not in ("GET", "HEAD", "OPTIONS") and not by_header and _is_foreign(request):
            return _error(403, "a page of another site asks for this; open the service itself")
        if self._settings.token and not known and not OPEN.fullmatch(path):
            if "text/html" in request.headers.get("accept", "") and request.method == "GET":
                return RedirectResponse("/login", 303)
            return _error(401, "the token is missing or wrong; send it as Authorization: Bearer TOKEN")
        return None

    def _is_ours(self, host: str) -> bool:
        """A plain address cannot have been rebound by anybody's name server; a name must be one we know."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
            ipaddress.ip_address(name)
        except ValueError:
            return "/" not in host and (urlsplit(f"//{host}").hostname or "").rstrip(".").lower() in self._names
        return True

    def _knows_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("bearer", "token") and same(given.strip(), self._settings.token):
            return True
        return same(request.cookies.get(COOKIE, ""), session_of(self._settings.token))

    def _dressed(self, request: Request, send: Any) -> Any:
        shared = SHARED.fullmatch(request.url.path)

        async def dressed(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if shared:
                    headers["Access-Control-Allow-Origin"] = "*"
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                if request.url.path == "/login" or "set-cookie" in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        return dressed


class _TooLarge(Exception):
    """The body goes on beyond what may be sent."""


def _bounded(receive: Any, limit: int) -> Any:
    """`receive` that counts: a length that was announced may be a lie, or none was announced."""
    seen = 0

    async def counted() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _TooLarge
        return message

    return counted


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _is_foreign(request: Request) -> bool:
    """Whether a browser says that another site's page sent this. Programs say nothing, and carry no cookie."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def _error(status: int, what: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": what}, status, headers=dict(headers or {}))


def too_often(wait: float) -> JSONResponse:
    seconds = int(wait) + 1
    return _error(429, f"too many calls; try again in {seconds} s", {"Retry-After": str(seconds)})


def _headers(pictures: Iterable[str], sounds: Iterable[str]) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": " ".join(("'self'", "blob:", "data:", *sorted(pictures))),
        "media-src": " ".join(("'self'", "blob:", *sorted(sounds))),
        "frame-src": "https://www.youtube-nocookie.com",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",  # YouTube's player wants to know who embeds it
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
