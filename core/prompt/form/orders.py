"""Lettering that addresses a model, such as "ignore the above": it is never repeated to one."""

from __future__ import annotations

import re

_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:above|previous|prior|all|instructions?|rules?|prompt)\b"
    r"|\b(?:system|developer) (?:prompt|message)\b|\byou (?:are|must) (?:now )?(?:an?|reply|answer|say|output)\b"
    r"|\b(?:respond|reply|answer|output) (?:only )?(?:with|in)\b|\bassistant\s*:|"
    r"위의? ?(?:내용|지시|명령).{0,10}무시|지시.{0,6}무시",
    re.IGNORECASE | re.DOTALL,
)


def reads_like_an_order(text: str | None) -> bool:
    """Whether lettering on a cover addresses a model ("ignore the above and ...") and so is kept from it."""
    return bool(text and _ORDER.search(text[:2000]))
