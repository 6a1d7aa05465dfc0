"""Fetching from hosts that are on a list, and from nowhere else.

Every hop of a redirect is checked as the first address was, and the address that a name resolves to is checked where
the connection is made, so that it cannot be another one a moment later. Proxies of the environment are not used: behind
one, nobody could tell where a call goes.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpcore

from .. import __version__
from ..core.errors import CoverLoopError

AGENT = f"coverloop/{__version__} (https://github.com/coverloop/coverloop)"
REDIRECTS = 4
SECONDS = 12.0


class FetchError(CoverLoopError):
    """It could not be fetched, or may not be."""


@dataclass(frozen=True)
class Fetched:
    status: int
    type: str
    body: bytes

    def json(self) -> Any:
        """Raises FetchError when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise FetchError("answered with something else than JSON") from None


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast


class _Checked(httpcore.SyncBackend):
    """Connects to addresses that `allowed` lets pass."""

    def __init__(self, allowed: Callable[[str], bool]):
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(self._allowed(address.partition("%")[0]) for address in addresses):
            raise FetchError(f"{host} is at an address of a private network, which is not fetched from")
        return super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)


class Fetcher:
    """allowed: which addresses may be connected to; schemes: of URLs. Both are wider only in tests."""

    def __init__(self, allowed: Callable[[str], bool] = is_public, schemes: Collection[str] = ("https",)):
        self._schemes = schemes
        self._pool = httpcore.ConnectionPool(network_backend=_Checked(allowed), max_connections=8, keepalive_expiry=20)

    def close(self) -> None:
        self._pool.close()

    def get(
        self, url: str, hosts: Collection[str], query: Mapping[str, Any] | None = None, limit: int = 4_000_000
    ) -> Fetched:
        """What is at `url`, or where it redirects to, as long as that is on one of `hosts` ("name", "name:port", or
        ".name" for everything below it); at most `limit` bytes.

        Raises:
            FetchError: it is elsewhere, larger, or away.
        """
        address = f"{url}?{urlencode(query)}" if query else url
        deadline = time.monotonic() + SECONDS
        for _ in range(REDIRECTS + 1):
            self._check(address, hosts)
            answer, target = self._once(address, limit, deadline)
            if target is None:
                return answer
            address = _joined(address, target)
        raise FetchError(f"{urlsplit(url).hostname} redirects more than {REDIRECTS} times")

    def _check(self, address: str, hosts: Collection[str]) -> None:
        parts = urlsplit(address)
        name, port = parts.hostname or "", parts.port
        place = f"{name}:{port}" if port not in (None, 443) else name
        listed = any(place == host or (host.startswith(".") and place.endswith(host)) for host in hosts)
        if parts.scheme not in self._schemes or parts.username or not listed:
            raise FetchError(f"{parts.scheme}://{place} is not on the list of what is fetched from")

    def _once(self, address: str, limit: int, deadline: float) -> tuple[Fetched, str | None]:
        host = urlsplit(address).hostname
        headers = [("User-Agent", AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
        timeout = {"connect": 5.0, "read": 8.0, "write": 5.0, "pool": 5.0}
        try:
            with self._pool.stream("GET", address, headers=headers, extensions={"timeout": timeout}) as answer:
                told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                if answer.status in (301, 302, 303, 307, 308) and "location" in told:
                    return Fetched(answer.status, "", b""), told["location"]
                body = bytearray()
                for chunk in answer.iter_stream():
                    body += chunk
                    if len(body) > limit:
                        raise FetchError(f"{host} sends more than {limit} bytes")
                    if time.monotonic() > deadline:
                        raise FetchError(f"{host} takes longer than {SECONDS:.0f} s")
                return Fetched(answer.status, told.get("content-type", ""), bytes(body)), None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise FetchError(f"{host} gives no answer ({type(error).__name__})") from error


def _joined(address: str, target: str) -> str:
    try:
        joined = urljoin(address, target)
        _ = urlsplit(joined).port
    except ValueError:
        raise FetchError(f"{urlsplit(address).hostname} redirects to what is no address") from None
    return joined
