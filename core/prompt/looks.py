"""Three looks at a cover: which lettering comes off, is any missing, and then, seeing the clean plate, what moves.

Each look asks the backend at hand and falls back on what can be measured, saying so in its report. The rules around the
answers are in `guard.py`, `words.py` and `directed.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from ..errors import CoverLoopError
from ..lettering.find import find_text
from ..lettering.regions import TextRegion, Which, decide_lift
from ..motion.recipe import Recipe, derive_recipe
from .ask.put import Asking, Given, put
from .calibration import PLACES
from .directed import ambient_recipe, stand_ins
from .form import questions
from .form.answers import FindAnswer, JudgeAnswer
from .form.boxes import BadAnswer, Box, area, bounds, iou, to_pixels
from .form.orders import reads_like_an_order
from .measured import measured_answer, measured_words
from .words.negatives import NEGATIVE_VERSION
from .words.wan import steer, tame, wan_prompt
from .words.wish import Wish

Detector = Callable[[np.ndarray], list[TextRegion]]


@dataclass(frozen=True)
class Lettering:
    """regions: with the decision in each; report: JSON-safe, who decided what and why."""

    regions: list[TextRegion]
    report: dict[str, Any]


@dataclass(frozen=True)
class MotionPrompt:
    """What the generators need: the two prompts for Wan, the recipe for the ambient engine, and a JSON-safe report."""

    positive: str
    negative: str
    recipe: Recipe
    report: dict[str, Any]


def judge_text(
    cover: np.ndarray,
    regions: Sequence[TextRegion],
    asking: Asking,
    *,
    find: bool = True,
    keep: Which = None,
    lift: Which = None,
    hold: Which = None,
    detect: Detector = find_text,
) -> Lettering:
    """Keep or lift every piece of lettering, after a model, if there is one, had a look for pieces the detector missed.

    cover: (H, W, 3) uint8. keep, lift, hold: a person's word, as for `decide_lift`; it wins over any model's.
    detect: draws what a model adds; a box in which it finds nothing is reported and not used.
    """
    warnings = list(asking.remarks)
    if find and asking.backend is not None:
        regions, notes = _find_missed(cover, list(regions), asking, detect)
        warnings += notes
    decided = decide_lift(cover, regions, keep=keep, lift=lift, hold=hold)
    given: Given = Given(None, "offline")
    if regions and asking.backend is not None:
        boxes = [(bounds(region.polygon), region.text) for region in regions]
        given = put(questions.judge_question(cover, boxes), asking)
        warnings += given.warnings
    orders = [region.text for region in regions if reads_like_an_order(region.text)]
    if orders:
        warnings.append(f"{len(orders)} pieces of lettering read like an order to a model; they were not passed on")
    if given.answer is not None:
        decided = _apply(decided, given.answer)
    report = {
        "by": given.by if given.answer else "offline",
        "cached": given.cached,
        "question": questions.JUDGE_VERSION,
    }
    listing = [{"text": r.text, "lift": r.lift, "reason": r.reason} for r in decided]
    return Lettering(decided, {**report, "regions": listing, "warnings": warnings})


def _apply(decided: list[TextRegion], answer: JudgeAnswer) -> list[TextRegion]:
    """The model's verdicts over the offline ones; a person's word, and a region it left out, stay as they are."""
    verdicts = {verdict.index: verdict for verdict in answer.regions}
    result = []
    for index, region in enumerate(decided):
        verdict = verdicts.get(index)
        if verdict is not None and not region.reason.endswith("as asked"):
            reason = ": ".join(part for part in (verdict.kind, verdict.reason) if part) or "as the model says"
            region = replace(region, lift=verdict.action == "lift", reason=reason)
        result.append(region)
    return result


def _find_missed(
    cover: np.ndarray, regions: list[TextRegion], asking: Asking, detect: Detector
) -> tuple[list[TextRegion], list[str]]:
    """The regions with those added, and named, that the model sees and the detector can draw on a closer look."""
    assert asking.backend is not None
    question = questions.find_question(cover, asking.backend.boxes)
    given = put(question, asking)
    notes = list(given.warnings)
    if given.answer is None:
        return regions, notes
    answer: FindAnswer = given.answer
    assert question.picture is not None, "it asks about a cover"
    sent, size = question.picture.shape[1::-1], cover.shape[1::-1]
    known = [bounds(region.polygon) for region in regions]
    try:
        outlines, repair = to_pixels(answer.outlines, asking.backend.boxes, sent, size, known)  # type: ignore[arg-type]
    except BadAnswer as fault:
        return regions, [*notes, f"lettering the model pointed at was not used: {fault}"]
    notes += [repair] if repair else []
    result = list(regions)
    for found, outline in zip(answer.regions, outlines, strict=True):
        box = bounds(outline)
        same = [i for i, other in enumerate(known) if _same_place(box, other)]
        if same:
            if len(same) == 1 and result[same[0]].text is None and found.text:
                result[same[0]] = replace(result[same[0]], text=found.text)
            continue
        drawn = _draw(cover, box, detect)
        named = [replace(region, text=region.text or (found.text if len(drawn) == 1 else None)) for region in drawn]
        result += named
        notes.append(
            f"lettering at {[round(v) for v in box]}: " + ("added" if drawn else "the detector sees none; left")
        )
    return result, notes


def _same_place(box: Box, known: Box) -> bool:
    """Whether two boxes are about the same lettering: they overlap well, or most of one lies in the other."""
    overlap = iou(box, known)
    shared = overlap * (area(box) + area(known)) / (1 + overlap)
    return overlap > PLACES.overlap or shared > PLACES.inside * max(1e-6, min(area(box), area(known)))


def _draw(cover: np.ndarray, box: Box, detect: Detector) -> list[TextRegion]:
    """What the detector finds on a closer look at a box: its outlines in cover pixels."""
    height, width = cover.shape[:2]
    margin = PLACES.margin * max(box[2] - box[0], box[3] - box[1]) + PLACES.margin_least
    x0, y0 = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    x1, y1 = min(width, int(box[2] + margin) + 1), min(height, int(box[3] + margin) + 1)
    crop = cover[y0:y1, x0:x1]
    zoom = float(np.clip(PLACES.closer / max(1, min(crop.shape[:2])), 1, PLACES.most_zoom))
    closer = cv2.resize(crop, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    try:
        regions = detect(closer)
    except CoverLoopError:
        return []
    moved = [replace(r, polygon=tuple((x / zoom + x0, y / zoom + y0) for x, y in r.polygon)) for r in regions]
    return [region for region in moved if _same_place(bounds(region.polygon), box)]


def motion_prompt(
    plate: np.ndarray,
    asking: Asking,
    *,
    wish: Wish | None = None,
    triggers: Sequence[str] = (),
    seed: int = 0,
    strength: float = 1.0,
) -> MotionPrompt:
    """What moves in a clean plate, as prompts for Wan and as a recipe, from one answer.

    plate: (H, W, 3) uint8. wish: from `read_wish`; triggers: from `guard.read_triggers`; strength: 0 (still) .. 2.
    The same arguments, with the same answer, give the same result.
    """
    wish = wish or Wish()
    warnings = [*asking.remarks, *wish.warnings]
    measured = derive_recipe(plate, seed=seed, strength=1.0)
    warnings += [f"{one.name}: {one.by}" for one in measured.seen if one.by.startswith("no detector")]
    offline = measured_answer(plate, measured)
    question = questions.move_question(plate, wish.words, measured_words(plate, offline))
    given = put(question, asking)
    warnings += given.warnings
    answer = given.answer
    if answer is None:
        answer = offline
        if wish.not_understood:
            warnings.append(f"without a model these words are not understood: {', '.join(wish.not_understood[:8])}")
    filled = answer.model_copy(update={"mood": answer.mood or offline.mood, "medium": answer.medium or offline.medium})
    if given.answer is not None and None in (answer.mood, answer.medium):
        warnings.append("the model left out mood or medium; measured instead")
    told = given.answer is not None
    directed = tame(steer(filled, wish, told=told), strength)
    wan = wan_prompt(directed, triggers)
    warnings += stand_ins(wan.movements)
    report = {
        "by": given.by if told else "offline",
        "cached": given.cached,
        "question": questions.MOVE_VERSION,
        "negative": NEGATIVE_VERSION,
        "mood": directed.mood,
        "medium": directed.medium,
        "movements": [movement.model_dump(mode="json", exclude_none=True) for movement in wan.movements],
        "removed": [str(removal) for removal in (*wish.removed, *wan.removed)],
        "warnings": warnings,
    }
    return MotionPrompt(wan.positive, wan.negative, ambient_recipe(wan.movements, measured, strength), report)
