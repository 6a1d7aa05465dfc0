"""Whether a file is what a place asks for, a rule at a time. Goes by the facts of the file alone, whoever made it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..limits import Range
from ..video.facts import Facts
from .preset import Format

_CODECS = {"vp9": "vp9", "hls": "h264", "h264": "h264", "prores": "prores"}
_KINDS = {"vp9": "webm", "hls": "hls", "h264": "mp4", "prores": "mov"}
_PIXELS = {"h264": ("yuv420p",), "hevc": ("yuv420p", "yuv420p10le"), "vp9": ("yuv420p", "yuva420p")}
_PIXELS["prores"] = ("yuv444p10le", "yuv444p12le", "yuva444p10le", "yuva444p12le", "yuv422p10le")
_REC709, _SRGB, _UNTOLD = 1, 13, 2
_SHAPE = 0.01
"""How far a shape may be off: 2048x2732 is not quite 3:4."""
_SLACK = 0.02
"""Seconds and frames a second: what rounding of time stamps makes."""


class Line(NamedTuple):
    """One rule. said: what the file has and what is wanted."""

    rule: str
    met: bool
    said: str


def check(facts: Facts, wanted: Format) -> list[Line]:
    """A line for each rule of the place, in a fixed order."""
    return [Line(name, met, said) for name, rule in _RULES.items() for met, said in rule(facts, wanted)]


Findings = Iterator[tuple[bool, str]]


def _container(facts: Facts, wanted: Format) -> Findings:
    kind = wanted.coding.kind
    kinds = (_KINDS.get(kind, kind), *wanted.kinds)
    yield facts.kind in kinds, f"{facts.kind}; {' or '.join(kinds)} is taken"


def _codec(facts: Facts, wanted: Format) -> Findings:
    kind = wanted.coding.kind
    codecs = (_CODECS.get(kind, kind), *wanted.codecs)
    what = f"{facts.codec} {facts.profile}".strip()
    yield facts.codec in codecs, f"{what}; {' or '.join(codecs)} is taken"


def _pixels(facts: Facts, wanted: Format) -> Findings:
    if wanted.video and facts.codec in _PIXELS:
        yield facts.pixels in _PIXELS[facts.codec], f"{facts.pixels}; players take {' or '.join(_PIXELS[facts.codec])}"


def _size(facts: Facts, wanted: Format) -> Findings:
    size = f"{facts.width}x{facts.height}"
    width = min(facts.width, facts.height) if wanted.own_shape else facts.width
    yield wanted.widths.holds(width), f"{size}; {_told(wanted.widths, 'px')} wide is taken"
    yield (facts.width % 2 == 0 and facts.height % 2 == 0) or not wanted.video, f"{size}; sides must be even"


def _shape(facts: Facts, wanted: Format) -> Findings:
    if not wanted.own_shape:
        off = abs(facts.width / facts.height / (wanted.width / wanted.height) - 1)
        yield off <= _SHAPE, f"{facts.width}x{facts.height}; the shape of {wanted.width}x{wanted.height} is asked for"
    yield (
        facts.square and not facts.turned,
        "pixels are square and nothing is turned"
        if (facts.square and not facts.turned)
        else f"pixels square: {facts.square}, turned by {facts.turned} degrees; encode it upright",
    )


def _length(facts: Facts, wanted: Format) -> Findings:
    seconds = float(facts.seconds)
    met = wanted.seconds.low - _SLACK <= seconds <= wanted.seconds.high + _SLACK and facts.frames > 1
    yield met, f"{seconds:.3f} s, {facts.frames} frames; {_told(wanted.seconds, 's')} is taken"


def _rate(facts: Facts, wanted: Format) -> Findings:
    met = wanted.fps.low - _SLACK <= facts.fps <= wanted.fps.high + _SLACK
    yield (
        met and facts.even,
        f"{facts.fps:.3f} frames a second{'' if facts.even else ', unevenly'}; "
        + (f"{_told(wanted.fps, '')} is taken".replace("  ", " ")),
    )


def _bits(facts: Facts, wanted: Format) -> Findings:
    if wanted.mbps.low > 0 or wanted.mbps.high < math.inf:
        yield wanted.mbps.holds(facts.mbps), f"{facts.mbps:.1f} Mbps; {_told(wanted.mbps, 'Mbps')} is taken"
    if wanted.most_bytes < math.inf:
        yield facts.bytes <= wanted.most_bytes, f"{facts.bytes / 1e6:.1f} MB; at most {wanted.most_bytes / 1e6:.0f} MB"


def _sound(facts: Facts, wanted: Format) -> Findings:
    if wanted.video:
        yield (
            not facts.other_streams,
            f"{', '.join(facts.other_streams) or 'the picture alone'}; no audio, nothing else",
        )


def _colour(facts: Facts, wanted: Format) -> Findings:
    if wanted.video and facts.colour is not None:
        told = facts.colour
        met = told.primaries == _REC709 and told.matrix == _REC709 and told.transfer in (_REC709, _SRGB)
        what = "Rec.709" if met else "not told" if _UNTOLD in told[:3] else f"H.273 {tuple(told[:3])}"
        yield (
            met and not told.full,
            f"{what}{', full range' if told.full else ''}; Rec.709 in limited range is asked for",
        )


def _order(facts: Facts, wanted: Format) -> Findings:
    if facts.kind in ("mp4", "mov"):
        yield (
            facts.index_first is True,
            "moov first" if facts.index_first else "moov last; it must come before the frames",
        )
        if wanted.no_edit_list:
            yield not facts.edit_list, "an edit list; it is ignored or refused" if facts.edit_list else "no edit list"


def _start(facts: Facts, wanted: Format) -> Findings:
    if facts.first_shown is not None:
        yield facts.first_shown == 0, f"the first frame is shown at {float(facts.first_shown):.3f} s; 0 is asked for"
    if wanted.zero and facts.first_decoded is not None:
        at = float(facts.first_decoded)
        yield facts.first_decoded == 0, f"the first frame is decoded at {at:.3f} s; 0 is asked for"


def _gop(facts: Facts, wanted: Format) -> Findings:
    if facts.closed is not None:
        yield facts.closed, "closed GOP" if facts.closed else "open GOP; a player that jumps back shows broken frames"


def _endless(facts: Facts, wanted: Format) -> Findings:
    if facts.endless is not None:
        yield facts.endless, "loops for ever" if facts.endless else "stops after some turns; it must loop for ever"


def _told(bounds: Range, unit: str) -> str:
    low, high = bounds
    if low == high:
        return f"{low:g} {unit}"
    if high == math.inf:
        return f"{low:g} {unit} or more" if low else "any"
    return f"{low:g} to {high:g} {unit}"


_RULES: dict[str, Callable[[Facts, Format], Findings]] = {
    "container": _container,
    "codec": _codec,
    "pixels": _pixels,
    "size": _size,
    "shape": _shape,
    "length": _length,
    "rate": _rate,
    "bits": _bits,
    "streams": _sound,
    "colour": _colour,
    "layout": _order,
    "start": _start,
    "gop": _gop,
    "loop": _endless,
}
