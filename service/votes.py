"""Which loop of a cover people would rather have: pairs, votes, and what the votes say.

A pair is blind: the page knows it by a seal that tells neither loop, and sides are drawn at random.
"""

from __future__ import annotations

import math
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..orchestrator.store.database import Database

KEPT = 2000
CHOICES = ("left", "right", "tie", "bad")


@dataclass(frozen=True)
class Pair:
    cover: str
    left: str
    right: str
    sealed: str


@dataclass(frozen=True)
class Vote:
    """choice: "one", "other", "tie" or "bad" (both); one < other are keys of loops."""

    cover: str
    one: str
    other: str
    choice: str
    voter: str


class Votes:
    def __init__(self, tables: Database):
        self._db = tables
        self._pairs: dict[str, Pair] = {}
        self._mutex = threading.Lock()

    def draw(self, loops: Mapping[str, Sequence[str]], voter: str) -> Pair | None:
        """A pair that the voter has not seen, out of cover -> keys of its loops; None when there is none. Pairs with
        few votes come first."""
        counts, seen = self._counts(voter)
        open_pairs = [
            (counts.get((one, other), 0), random.random(), cover, one, other)
            for cover, keys in loops.items()
            for place, first in enumerate(keys)
            for second in keys[place + 1 :]
            for one, other in (sorted((first, second)),)
            if (one, other) not in seen
        ]
        if not open_pairs:
            return None
        _, _, cover, one, other = min(open_pairs)
        left, right = random.sample((one, other), 2)
        pair = Pair(cover, left, right, secrets.token_urlsafe(12))
        with self._mutex:
            self._pairs[pair.sealed] = pair
            if len(self._pairs) > KEPT:
                del self._pairs[next(iter(self._pairs))]
        return pair

    def _counts(self, voter: str) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
        rows = self._db.rows(
            "SELECT one, other, COUNT(*) AS n, MAX(voter = ?) AS mine FROM votes GROUP BY 1, 2", (voter,)
        )
        counts = {(row["one"], row["other"]): row["n"] for row in rows}
        return counts, {(row["one"], row["other"]) for row in rows if row["mine"]}

    def pair(self, sealed: str) -> Pair | None:
        return self._pairs.get(sealed)

    def cast(self, pair: Pair, choice: str, voter: str) -> None:
        """choice: of `CHOICES`. A second vote of one voter on one pair takes the place of the first."""
        one, other = sorted((pair.left, pair.right))
        flipped = one != pair.left
        named = {"left": "other" if flipped else "one", "right": "one" if flipped else "other"}.get(choice, choice)
        values = (pair.cover, one, other, named, flipped, voter, time.time())
        with self._db.change():
            insert = "INSERT OR REPLACE INTO votes (cover, one, other, choice, flipped, voter, created)"
            self._db.execute(f"{insert} VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def all(self) -> list[Vote]:
        return [Vote(*row) for row in self._db.rows("SELECT cover, one, other, choice, voter FROM votes ORDER BY id")]


def strengths(games: Sequence[tuple[str, str, float, float]]) -> dict[str, float]:
    """Bradley-Terry by minorisation-maximisation (Hunter 2004), as log strengths of mean 0, with half a game against
    everybody so that whoever never lost stays finite. games: (a, b, weight, share won by a)."""
    names = sorted({name for game in games for name in game[:2]})
    score = dict.fromkeys(names, 1.0)
    pairs = [*games, *((a, b, 0.5, 0.5) for place, a in enumerate(names) for b in names[place + 1 :])]
    wins = dict.fromkeys(names, 0.0)
    for a, b, weight, won in pairs:
        wins[a] += weight * won
        wins[b] += weight * (1 - won)
    for _ in range(500):
        met = dict.fromkeys(names, 0.0)
        for a, b, weight, _won in pairs:
            share = weight / (score[a] + score[b])
            met[a] += share
            met[b] += share
        fresh = {name: wins[name] / met[name] for name in names}
        mean = math.exp(sum(map(math.log, fresh.values())) / len(names))
        fresh = {name: value / mean for name, value in fresh.items()}
        moved = max(abs(math.log(fresh[name] / score[name])) for name in names)
        score = fresh
        if moved < 1e-9:
            break
    return {name: math.log(value) for name, value in score.items()}


def votes_needed(share: float) -> int | None:
    """Votes until a true `share` is told from a half (two-sided 5 %, power 80 %, with continuity correction; Fleiss
    1981); None for a half."""
    away = abs(share - 0.5)
    if away < 0.005:
        return None
    plain = ((1.959964 * 0.5 + 0.841621 * math.sqrt(share * (1 - share))) / away) ** 2
    return math.ceil(plain / 4 * (1 + math.sqrt(1 + 2 / (plain * away))) ** 2)


def report(
    votes: Sequence[Vote], labels: Mapping[str, str], passed: Mapping[str, bool], turns: int = 400
) -> dict[str, Any]:
    """What the votes say: strengths of labels (a setting, a workflow) with 95 % intervals by a bootstrap over covers
    and voters, and how often people prefer the loop that the judge passes. labels, passed: by key of a loop."""
    known = [vote for vote in votes if vote.one in labels and vote.other in labels]
    told = [vote for vote in known if vote.choice != "bad"]
    games = [vote for vote in told if labels[vote.one] != labels[vote.other]]
    draw = random.Random(0)
    covers, voters = sorted({vote.cover for vote in games}), sorted({vote.voter for vote in games})
    samples: list[dict[str, float]] = []
    for _ in range(turns if games else 0):
        of_cover, of_voter = (Counter(draw.choices(names, k=len(names))) for names in (covers, voters))
        weights = [(vote, of_cover[vote.cover] * of_voter[vote.voter]) for vote in games]
        if any(weight for _, weight in weights):
            samples.append(strengths([_game(vote, labels, weight) for vote, weight in weights if weight]))
    best = strengths([_game(vote, labels, 1) for vote in games]) if games else {}
    judged = [vote for vote in told if vote.one in passed and passed[vote.one] != passed.get(vote.other)]
    agree = sum(_share(vote) if passed[vote.one] else 1 - _share(vote) for vote in judged)
    share = agree / len(judged) if judged else None
    return {
        "votes": len(known),
        "both_bad": sum(vote.choice == "bad" for vote in known),
        "ties": sum(vote.choice == "tie" for vote in known),
        "strengths": {name: {"log": value, "from_to": _interval(samples, name)} for name, value in best.items()},
        "pairs": _pairs(games, labels),
        "judge": {"votes": len(judged), "agree": share, "needed": votes_needed(share) if share is not None else None},
    }


def _share(vote: Vote) -> float:
    return {"one": 1.0, "other": 0.0}.get(vote.choice, 0.5)


def _game(vote: Vote, labels: Mapping[str, str], weight: float) -> tuple[str, str, float, float]:
    return labels[vote.one], labels[vote.other], weight, _share(vote)


def _interval(samples: Sequence[Mapping[str, float]], name: str) -> list[float] | None:
    values = sorted(sample[name] for sample in samples if name in sample)
    return [values[int(0.025 * len(values))], values[int(0.975 * (len(values) - 1))]] if len(values) > 20 else None


def _pairs(games: Sequence[Vote], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    won: dict[tuple[str, str], list[float]] = {}
    for vote in games:
        a, b = labels[vote.one], labels[vote.other]
        won.setdefault((min(a, b), max(a, b)), []).append(_share(vote) if a < b else 1 - _share(vote))
    rows = []
    for (a, b), shares in sorted(won.items()):
        share = sum(shares) / len(shares)
        rows.append({"a": a, "b": b, "votes": len(shares), "a_wins": share, "needed": votes_needed(share)})
    return rows
