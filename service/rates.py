"""How often one client may do what: token buckets in memory."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Mapping

KEPT = 10_000


def client_name(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the network that one house has of IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


class Rates:
    """limits: kind -> (calls a minute, calls at once)."""

    def __init__(self, limits: Mapping[str, tuple[float, float]], clock: Callable[[], float] = time.monotonic):
        self._limits, self._clock = limits, clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._mutex = threading.Lock()

    def wait(self, client: str, kind: str) -> float:
        """Count a call; returns 0, or the seconds until it may come again."""
        minute, burst = self._limits[kind]
        now = self._clock()
        with self._mutex:
            full, at = self._buckets.pop((client, kind), (burst, now))
            full = min(burst, full + (now - at) * minute / 60)
            self._buckets[client, kind] = (full - 1 if full >= 1 else full, now)
            if len(self._buckets) > KEPT:  # the one that was not heard of for longest
                del self._buckets[next(iter(self._buckets))]
        return 0.0 if full >= 1 else (1 - full) * 60 / minute
