"""Which of some ways of making loops is steadiest, by the judge's figures, and how sure that is.

Knows neither LoRAs nor servers: rows are covers, columns are combinations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.judge.registry import rules
from .calibration import COMPARING

PARTS = ("join", "largest step", "flicker", "lettering")


def parts(judgement: Mapping[str, Any]) -> dict[str, float | None]:
    """What makes a loop unsteady, each 0 where there is nothing of it and 1 at the judge's limit; None where there was
    nothing to measure. judgement: as in a sidecar."""
    known = rules()
    seam, step, flicker = (known[name] for name in ("seam_ratio", "largest_step", "flicker"))
    seen = _figure(judgement, "visible_step")
    visible = seen is None or seen >= seam.seen_from  # steps that nobody sees are no fault, as for the judge
    join, largest = _figure(judgement, "seam_ratio"), _figure(judgement, "largest_step")
    quiver = _figure(judgement, "flicker")
    letters = [
        value / known[name].high
        for name in ("lettering_mean_diff", "lettering_moved")
        if (value := _figure(judgement, name)) is not None
    ]
    found = {
        "join": None if join is None else _off(join, seam.low, seam.high) * visible,
        "largest step": None if largest is None else (largest - 1) / (step.high - 1) * visible,
        "flicker": None if quiver is None else quiver / flicker.high,
        "lettering": max(letters, default=None),
    }
    return {name: value if value is None else min(max(value, 0.0), COMPARING.most) for name, value in found.items()}


def _figure(judgement: Mapping[str, Any], name: str) -> float | None:
    value = judgement.get(name)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _off(ratio: float, low: float, high: float) -> float:
    """A ratio's distance from 1: 0 there, 1 at `low` and at `high`. A join that stalls is as bad as one that jumps."""
    if ratio <= 0:
        return COMPARING.most
    return math.log(ratio) / math.log(high if ratio > 1 else low)


def hardly_moves(judgement: Mapping[str, Any]) -> bool:
    """A picture that stands still is steady, and no loop."""
    alive = _figure(judgement, "alive")
    return alive is not None and alive < rules()["alive"].low


def unrest(loops: Sequence[Mapping[str, float | None]]) -> list[float | None]:
    """Of the `parts` of one cover's loops: the mean of those that all of them have, so that they compare."""
    shared = [name for name in PARTS if loops and all(loop.get(name) is not None for loop in loops)]
    return [sum(loop[name] or 0.0 for name in shared) / len(shared) if shared else None for loop in loops]


def conclude(table: np.ndarray, labels: Sequence[str], moves: Sequence[bool]) -> dict[str, Any]:
    """table: (covers, combinations) of unrest, NaN where there is no loop; moves: of each combination, whether its
    loops move at all. A paired bootstrap over the covers that every such combination has a loop of."""
    tried = [column for column in range(len(labels)) if moves[column] and not np.isnan(table[:, column]).all()]
    whole = table[:, tried]
    whole = whole[~np.isnan(whole).any(1)]
    told: dict[str, Any] = {"covers": len(whole), "left_out": len(table) - len(whole), "steadiest": None, "sure": False}
    told |= {"still": [labels[column] for column in range(len(labels)) if not moves[column]], "against": []}
    if not tried or not len(whole):
        return {**told, "says": _nothing(bool(told["still"]) and not tried)}
    means = whole.mean(0)
    order = sorted(range(len(tried)), key=lambda place: (means[place], place))
    best, others = order[0], order[1:]
    told["steadiest"] = labels[tried[best]]
    told["unrest"] = {labels[tried[place]]: round(float(means[place]), 4) for place in order}
    if not others:
        return {**told, "says": f"{told['steadiest']} is all there is: nothing to compare it with."}
    away = whole[:, others] - whole[:, [best]]
    if len(whole) >= COMPARING.fewest:
        told |= _resampled(whole, best, others, [labels[tried[place]] for place in others])
    return {**told, "says": _says(told, away)}


def _resampled(whole: np.ndarray, best: int, others: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
    draws = np.random.default_rng(COMPARING.seed).integers(len(whole), size=(COMPARING.turns, len(whole)))
    means = whole[draws].mean(1)
    lowest = means <= means.min(1, keepdims=True) + 1e-9
    share = float((lowest[:, best] / lowest.sum(1)).mean())
    risk = COMPARING.risk / len(others)  # the one that looks best was chosen among all
    away = [whole[:, place] - whole[:, best] for place in others]
    ends = [_interval(one, draws, risk) for one in away]
    against = [
        {"than": name, "by": round(float(one.mean()), 4), "from_to": [round(low, 4), round(high, 4)]}
        for name, one, (low, high) in zip(names, away, ends, strict=True)
    ]
    return {"against": against, "resamples_won": round(share, 3), "sure": all(low > 1e-9 for low, _ in ends)}


def _interval(away: np.ndarray, draws: np.ndarray, risk: float) -> tuple[float, float]:
    """Of the mean of paired differences: the bootstrap-t (Efron and Tibshirani 1993, chapter 12). Quantiles of the
    resampled means alone are too narrow for few covers."""
    drawn, mean = away[draws], float(away.mean())
    error = drawn.std(1)  # each by the root of the number of covers, which cancels
    usable = error > 1e-12
    if not usable.any():
        return mean, mean
    off = (drawn.mean(1)[usable] - mean) / error[usable]
    low, high = np.quantile(off, [risk / 2, 1 - risk / 2])
    return mean - float(high * away.std()), mean - float(low * away.std())


def _nothing(all_still: bool) -> str:
    if all_still:
        return "Nothing is called steadiest: every combination hardly moves, and what stands still is steady."
    return "Nothing can be said: no cover has a loop of every combination."


def _says(told: Mapping[str, Any], away: np.ndarray) -> str:
    best, covers = told["steadiest"], told["covers"]
    many = f"{covers} cover{'s' if covers != 1 else ''}"
    if np.abs(away).max() < 1e-9:
        return f"All combinations have the same figures on {many}: LoRAs change nothing there, as with steps=1."
    if covers < COMPARING.fewest:
        return (
            f"{best} is steadiest on {many}. That says nothing about others: "
            f"at least {COMPARING.fewest} covers are needed to tell it from chance."
        )
    if told["sure"]:
        return f"{best} is steadiest, and surely so: less unrest than every other combination, on {many}."
    open_ = [row["than"] for row in told["against"] if row["from_to"][0] <= 1e-9]
    share = f"in {told['resamples_won']:.0%} of the resamples"
    return f"{best} looks steadiest on {many} ({share}), which is not sure: it may be no better than {_list(open_)}."


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
