"""Lettering as a mask: regions -> what is lifted, to the stroke, and what is held.

A glyph mask says two things in one picture, so that it survives a MASK socket and an 8-bit PNG: above 0.5 the
lettering (with its outline, shadow and glow) changed the pixel visibly, and 2 * mask - 1 is its opacity there. Below
lies the fading end of a shadow or glow: nothing to see, but the plate must lose it too. See `styles.opacity_of`.

A line is lifted whole or held whole: `proof` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

import cv2
import numpy as np

from ..parallel import in_order
from .border import border_mask, border_of
from .calibration import PROOF
from .find import doubtful, looks
from .line import Line, Scene, Words, as_seen, filled, with_style, words_of
from .proof import IN_DOUBT, edges_of, evidence, fails, held_shape
from .regions import TextRegion
from .rigid import find_rigid, rigid_mask


@dataclass(frozen=True)
class Glyphs:
    """mask: (H, W) float32, as `glyph_mask` returns it; held: (H, W) bool, where the cover stays as it is and nothing
    moves: lettering that is not lifted, and picture that cannot be told from it; regions: as given, each with what was
    decided, and those that a person painted."""

    mask: np.ndarray
    held: np.ndarray
    regions: tuple[TextRegion, ...]


class _Fate(Enum):
    LIFT = "lifted, if its mask leaves nothing over"
    INSIST = "lifted, whatever its mask leaves over"
    PROVE = "lifted if its mask leaves nothing over, else not lettering at all"
    HOLD = "held"
    LEAVE = "left to the picture, and moves with it"


class _Tried(NamedTuple):
    """What became of a line: its words, and the mask of each in its window."""

    line: Line
    fate: _Fate
    words: list[Words]
    masks: list[np.ndarray]

    def lay(self, mask: np.ndarray) -> None:
        for words, one in zip(self.words, self.masks, strict=True):
            np.maximum(mask[words.window], one, out=mask[words.window])


def glyph_mask(cover: np.ndarray, regions: Sequence[TextRegion]) -> np.ndarray:
    """The glyph mask of the regions that are lifted.

    cover: (H, W, 3) uint8 sRGB. Returns (H, W) float32 in 0..1: 0 where the picture is untouched; above 0.5 where the
    lettering changed it by more than 10 grey levels, with 2 * mask - 1 its opacity (1 inside the strokes, less on
    their soft edges and in shadow and glow); between them the fading ends. Letters near a region that are of its very
    ink are masked too, though no region holds them: the detector loses the end of a word, or one letter of a stack.
    """
    return find_glyphs(cover, regions).mask


def find_glyphs(
    cover: np.ndarray, regions: Sequence[TextRegion], hold: np.ndarray | None = None, lift: np.ndarray | None = None
) -> Glyphs:
    """The glyph mask, and what is held instead.

    cover: (H, W, 3) uint8 sRGB. hold, lift: (H, W) bool, painted by a person: what lies under `hold` stays as it is,
    regions that lie mostly under `lift` are lifted whatever their mask leaves out.
    """
    size = cover.shape[:2]
    lines = [Line.of(region, size) for region in _with_painted(regions, lift, size)]
    fates = [_fate(line, hold, lift) for line in lines]
    maybe = _maybe(cover, lines)
    mask, held = np.zeros(size, np.float32), _rigid(cover, regions)
    if hold is not None:
        held |= hold
    if not lines and not maybe:
        return Glyphs(mask, held, ())
    scene = _scene(cover, lines + maybe)
    edges = edges_of(cover)
    tried = _tried(scene, [*zip(lines, fates, strict=True), *((line, _Fate.PROVE) for line in maybe)])
    whole = np.zeros(size, np.float32)
    for one in tried:
        one.lay(whole)
    reasons = [_why_not(one, scene, edges, whole) for one in tried]
    doubted = [number for number, why in enumerate(reasons) if why == IN_DOUBT]
    for number in doubted if len(doubted) <= PROOF.doubted_most else ():
        if clear := _without_look_alikes(scene, edges, tried, number):
            tried[number], reasons[number] = clear, ""
    held |= _around_held(scene, edges, tried, reasons)
    decided = []
    for one, why in zip(tried, reasons, strict=True):
        if not why and one.fate is not _Fate.INSIST and float(held[one.line.area].mean()) > PROOF.within_held:
            why = "it lies in what is held"
            held |= held_shape(scene, one.line, edges)
        if not why:
            one.lay(mask)
            for words in one.words:
                held[words.window] |= words.doubt
        if one.fate is not _Fate.PROVE:
            changed = why and one.line.region.lift
            decided.append(replace(one.line.region, lift=False, reason=why) if changed else one.line.region)
    return Glyphs(mask, held, tuple(decided))


def _around_held(scene: Scene, edges: np.ndarray, tried: Sequence[_Tried], reasons: Sequence[str]) -> np.ndarray:
    """What is held of lines that are not lifted, (H, W) bool. The margin around one ends where one begins that is."""
    held, outlines, lifted = np.zeros((3, *edges.shape), bool)
    for one, why in zip(tried, reasons, strict=True):
        outline = filled(one.line.region, edges.shape)
        if not why:
            lifted |= outline
        elif one.fate in (_Fate.LIFT, _Fate.INSIST, _Fate.HOLD):
            held |= held_shape(scene, one.line, edges)
            outlines |= outline
    return held & ~(lifted & ~outlines)


def _without_look_alikes(scene: Scene, edges: np.ndarray, tried: Sequence[_Tried], number: int) -> _Tried | None:
    """A line in doubt with what the detector takes for strokes alone, where that leaves nothing of it over.

    Of hair lines alone: these it sees whole, and of thick strokes the rims."""
    one = tried[number]
    words = [as_seen(scene, each) for each in words_of(scene, one.line, hair=True)]
    whole = np.count_nonzero(one.line.area)
    doubted = sum(np.count_nonzero(each.doubt & one.line.area[each.window]) for each in words)
    if (
        sum(np.count_nonzero(each.alpha) for each in words) > PROOF.hair * whole
        or doubted > PROOF.still_doubted * whole
    ):
        return None
    others = np.zeros(edges.shape, np.float32)
    for other in tried:
        if other is not one:
            other.lay(others)
    masks = [with_style(scene, each, others > 0.5) for each in words]
    clear = one._replace(words=words, masks=masks)
    clear.lay(others)
    found = replace(evidence(scene, one.line, words, edges, others), doubt=0.0)  # what is in doubt still is held
    return None if fails(found, doubtful=one.fate is _Fate.PROVE) else clear


def _rigid(cover: np.ndarray, regions: Sequence[TextRegion]) -> np.ndarray:
    """Badges, stickers, codes and a border round the picture, (H, W) bool: they stay as they are, with their print."""
    return rigid_mask(find_rigid(cover, regions), cover.shape) | border_mask(border_of(cover), cover.shape)


def _why_not(one: _Tried, scene: Scene, edges: np.ndarray, whole: np.ndarray) -> str:
    """Why a line is not lifted; "" where it is."""
    if one.fate in (_Fate.HOLD, _Fate.LEAVE):
        return one.fate.value
    if not one.words:
        return "no strokes of it are made out"
    if one.fate is _Fate.INSIST:
        return ""
    return fails(evidence(scene, one.line, one.words, edges, whole), doubtful=one.fate is _Fate.PROVE)


def _fate(line: Line, hold: np.ndarray | None, lift: np.ndarray | None) -> _Fate:
    if _mostly(line, lift):
        return _Fate.INSIST
    if _mostly(line, hold):
        return _Fate.HOLD
    if line.region.lift:
        return _Fate.LIFT
    return _Fate.LEAVE if line.region.moves else _Fate.HOLD


def _mostly(line: Line, painted: np.ndarray | None) -> bool:
    return painted is not None and bool(line.area.any()) and float(painted[line.area].mean()) > 0.5


def _with_painted(regions: Sequence[TextRegion], lift: np.ndarray | None, size: tuple[int, int]) -> list[TextRegion]:
    """The regions, and one for each painted place where none is."""
    found = list(regions)
    if lift is None or not lift.any():
        return found
    known = np.zeros(size, bool)
    for region in regions:
        known |= filled(region, size)
    for outline in cv2.findContours(lift.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        points = outline[:, 0].astype(float)
        if len(points) < 3:
            continue
        region = TextRegion(tuple((x, y) for x, y in points.tolist()), 1.0, reason="painted")
        if not (filled(region, size) & known).any():
            found.append(region)
    return found


def _maybe(cover: np.ndarray, lines: Sequence[Line]) -> list[Line]:
    """Lines of which the detector is not sure, where no other line is."""
    size = cover.shape[:2]
    lettered = np.zeros(size, bool)
    for line in lines:
        lettered |= line.area
    maybe = [Line.of(region, size) for region in doubtful(cover)]
    return [line for line in maybe if line.area.any() and float(lettered[line.area].mean()) < 0.3]


def _scene(cover: np.ndarray, lines: Sequence[Line]) -> Scene:
    claims = np.asarray(np.sum([line.area for line in lines], axis=0, dtype=np.uint8))
    small, *_, large = (
        cv2.resize(seen.strokes, cover.shape[1::-1], interpolation=cv2.INTER_LINEAR) for seen in looks(cover)
    )
    return Scene(cover.astype(np.float32), large, small, claims)


def _tried(scene: Scene, lines: Sequence[tuple[Line, _Fate]]) -> list[_Tried]:
    """Every line with its words and their masks; none of what is not to be lifted."""

    def words(one: tuple[Line, _Fate]) -> list[Words]:
        return [] if one[1] in (_Fate.HOLD, _Fate.LEAVE) else words_of(scene, one[0])

    def masks(found: list[Words]) -> list[np.ndarray]:
        return [with_style(scene, one, strokes) for one in found]

    found = list(in_order(words, lines))
    strokes = np.zeros(scene.claims.shape, bool)
    for one in (words for line in found for words in line):
        strokes[one.window] |= one.alpha > 0
    styled = in_order(masks, found)
    return [_Tried(*one, words, made) for one, words, made in zip(lines, found, styled, strict=True)]
