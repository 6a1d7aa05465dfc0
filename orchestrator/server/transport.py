"""HTTP to one server: an address, a login, bounds on every answer, and one line for everything that goes wrong.

Every call has a timeout, an answer is read up to a bound, and nothing is followed to another host. Knows nothing of
ComfyUI but its name.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import requests

from ...core.errors import ServerError, UsageError
from .wire import ServerAway

MAX_JSON = 256_000_000
CHUNK = 1 << 20


class Transport:
    """A session with one server; see `Comfy` for the arguments."""

    def __init__(self, url: str, auth: str | None, ca: str | None, timeout: float):
        self.url, login = _address(url)
        self.timeout = timeout
        self.auth = auth or login or os.environ.get("COMFYUI_AUTH")
        self.ca = ca or os.environ.get("COMFYUI_CA")
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "coverloop"
        if urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1"):
            self.session.trust_env = False  # a proxy from the environment has no business with loopback
        if self.auth:
            self.session.headers["Authorization"] = self.auth
            self.session.trust_env = False  # or a netrc entry would replace our header
        if self.ca:
            self.session.verify = self.ca

    def close(self) -> None:
        self.session.close()

    def call(
        self, method: str, path: str, *, accept: tuple[int, ...] = (200,), timeout: float | None = None, **body: Any
    ) -> requests.Response:
        """The answer, not read yet. Raises ServerError for every status but those in `accept`, ServerAway for none."""
        try:
            response = self.session.request(
                method,
                self.url + path,
                timeout=(min(10.0, self.timeout), timeout or self.timeout),
                allow_redirects=False,
                stream=True,
                **body,
            )
        except requests.exceptions.SSLError as error:
            raise ServerError(
                f"{self.url}: its TLS certificate is not accepted ({_last(error)}); set COMFYUI_CA"
            ) from error
        except requests.exceptions.Timeout as error:
            raise ServerAway(
                f"{self.url}: no answer for {timeout or self.timeout:.0f} s; is it busy or stopped?"
            ) from error
        except requests.exceptions.ConnectionError as error:
            refused = "refused" in str(error).lower()
            raise ServerAway(
                f"{self.url}: cannot be reached ({_last(error)}); is ComfyUI running there?", refused
            ) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise ServerError(f"{self.url}: {_last(error)}; check the address") from error
        if response.status_code not in accept:
            with response:
                raise self._refused(path, response)
        return response

    def _refused(self, path: str, response: requests.Response) -> ServerError:
        status, place = response.status_code, path.partition("?")[0]
        if status in (301, 302, 303, 307, 308):
            return ServerError(
                f"{self.url}: redirects to {response.headers.get('Location')}; give that address if you trust it"
            )
        if status in (401, 403, 407):
            return ServerError(f"{self.url}: refuses us ({status}); set COMFYUI_AUTH to its Authorization header")
        if status == 413:
            return ServerError(
                f"{self.url}: the file is too large for it (413); start it with a larger --max-upload-size"
            )
        if status in (502, 503, 504):
            return ServerAway(f"{self.url}: the proxy in front of it finds no ComfyUI ({status}); is it running?")
        return ServerError(f"{self.url}: answered {place} with {status}; is this a ComfyUI? Its log may say more")

    def json(self, method: str, path: str, **body: Any) -> Any:
        return self.parse(self.call(method, path, **body), path)

    def parse(self, response: requests.Response, path: str) -> Any:
        parts, size = [], 0
        with response:
            for chunk in self.chunks(response, f"answering {path}"):
                size += len(chunk)
                if size > MAX_JSON:
                    raise ServerError(f"{self.url}: answers {path} with over {MAX_JSON} bytes; is this a ComfyUI?")
                parts.append(chunk)
        try:
            return json.loads(b"".join(parts))
        except (ValueError, RecursionError) as error:
            kind = response.headers.get("Content-Type", "no content type")
            raise ServerError(f"{self.url}: answers {path} with {kind}, not JSON; is this a ComfyUI?") from error

    def chunks(self, response: requests.Response, doing: str) -> Iterator[bytes]:
        deadline = time.monotonic() + 3600.0  # bytes that trickle for ever would keep every read timeout happy
        try:
            for chunk in response.iter_content(CHUNK):
                if time.monotonic() > deadline:
                    raise ServerAway(f"{self.url}: took over an hour {doing}")
                yield chunk
        except requests.exceptions.RequestException as error:
            raise ServerAway(f"{self.url}: broke off while {doing} ({_last(error)})") from error


def _address(url: str) -> tuple[str, str | None]:
    """A clean base address and the Authorization value its user:password part asks for."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        raise UsageError(f"{url}: is not a server address; give http://HOST:PORT") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{url}: is not a server address; give http://HOST:PORT")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    login = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = "Basic " + base64.b64encode(pair.encode()).decode()
    clean = urlunsplit((parts.scheme, f"{host}:{port}" if port else host, parts.path.rstrip("/"), "", ""))
    return clean, login


def _last(error: BaseException) -> str:
    """The innermost reason of a chain of wrapped connection errors, in one line."""
    reason: Any = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (arg for arg in getattr(reason, "args", ()) if isinstance(arg, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = getattr(reason, "strerror", None) or str(reason).rpartition(": ")[2] or type(reason).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", " ".join(str(text).split()))
