"""What is said of a loop: its figures, and what is wrong with them in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .registry import rules
from .rules import Rule, Verdict


@dataclass(frozen=True)
class Judgement:
    """Figures of one loop. Each is an attribute, too: `judgement.seam_ratio`. What they are: `registry.rules()`."""

    frames: int
    fps: float
    width: int
    height: int
    figures: Mapping[str, float | None]
    """By the name of the rule; None when there was nothing to measure against (no cover, no lettering)."""
    steps: tuple[float, ...]
    """Every step / median step; the last one is the join."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What measures tell beside figures, JSON-safe: `lost_words`, `misread_words`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "figures" or name not in self.figures:
            raise AttributeError(f"a judgement has no figure {name!r}")
        return self.figures[name]

    def _told(self, verdict: Verdict) -> Iterator[tuple[Rule, float]]:
        for name, rule in rules().items():
            value = self.figures.get(name)
            if value is not None and rule.verdict(value, self.figures) is verdict:
                yield rule, value

    @property
    def problems(self) -> list[str]:
        """What is wrong, in plain words with value and limit, and what to do."""
        return [f"{rule.words(value)}; {rule.advice(value)}" for rule, value in self._told(Verdict.OUTSIDE)]

    @property
    def near(self) -> list[str]:
        """What is outside its limit by no more than another encode would change: told, not a problem."""
        return [f"{rule.words(value)}; within {rule.margin:g} of noise" for rule, value in self._told(Verdict.NEAR)]

    @property
    def passed(self) -> bool:
        return not self.problems

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> Judgement:
        """Of what `to_dict` gave, to its four decimals. Raises KeyError, TypeError: it is none."""
        names = {"passed", "problems", "near", "frames", "fps", "width", "height", "steps"}
        figures = {name: told.get(name) for name in rules()}
        details = {name: value for name, value in told.items() if name not in names and name not in figures}
        size = {name: told[name] for name in ("frames", "fps", "width", "height")}
        return cls(**size, figures=figures, steps=tuple(told["steps"]), details=details)

    def to_dict(self) -> dict[str, object]:
        """JSON-safe, with `passed` and `problems` first."""
        size = {"frames": self.frames, "fps": round(self.fps, 4), "width": self.width, "height": self.height}
        figures = {k: round(v, 4) if isinstance(v, float) else v for k, v in self.figures.items()}
        steps = [round(step, 3) for step in self.steps]
        told = {"passed": self.passed, "problems": self.problems, "near": self.near}
        return {**told, **size, **figures, **self.details, "steps": steps}
