"""How a person says at once how much should move: calm, alive, or a wish in words."""

from __future__ import annotations

from typing import NamedTuple

MANNERS = {"calm": 0.55, "alive": 1.35}


class Manner(NamedTuple):
    """strength: what everything that moves is multiplied by; wish: words to be read as a request."""

    strength: float = 1.0
    wish: str = ""

    def added_to(self, intent: str) -> str:
        return ", ".join(part for part in (intent, self.wish) if part)


def read_manner(text: str) -> Manner:
    """ "calm" or "alive", or else a wish in any language; nothing said changes nothing."""
    words = " ".join(text.split())
    return Manner(MANNERS[words.lower()]) if words.lower() in MANNERS else Manner(1.0, words)
