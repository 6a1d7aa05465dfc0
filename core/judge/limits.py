"""What is said of a loop: its figures, what each may be, and what is wrong in plain words. `score` measures them.

The limits come from measurements on published loops and from the human-calibrated ones of worldloom (MIT).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

LIMITS: dict[str, tuple[float, float]] = {
    "seam_ratio": (0.5, 1.6),
    "largest_step": (0.0, 2.0),
    "smallest_step": (0.15, math.inf),
    "tile_seam": (0.0, 2.0),
    "seam_residual": (0.0, 1.4),
    "duplicates": (0, 0),
    "palindrome": (0.1, math.inf),
    "flicker": (0.0, 1.5),
    "luma_jump": (0.0, 1.0),
    "drift": (0.0, 4.0),
    "sharpness": (0.85, math.inf),
    "first_frame_ssim": (0.97, 1.0),
    "first_frame_psnr": (30.0, math.inf),
    "first_frame_colour": (0.0, 3.0),
    "lettering_mean_diff": (0.0, 2.0),
    "lettering_max_diff": (0.0, 24.0),
    "motion_p95": (6.0, 60.0),
    "active_area": (0.2, 1.0),
}
"""What each figure may be, both ends allowed. `passed` is that all of them that were measured are inside."""
_WORDS = {
    "seam_ratio": ("the loop stalls at the join", "the join jumps"),
    "largest_step": ("", "a step on the ring jumps"),
    "smallest_step": ("the loop stalls", ""),
    "tile_seam": ("", "part of the picture jumps at the join"),
    "seam_residual": ("", "the picture at the join does not follow from the motion"),
    "duplicates": ("", "frames are repeated"),
    "palindrome": ("the clip plays forth and back", ""),
    "flicker": ("", "still parts flicker"),
    "luma_jump": ("", "brightness jumps at the join"),
    "drift": ("", "brightness drifts from the start to the end"),
    "sharpness": ("frames are blurred against their neighbours, as by a cross-fade", ""),
    "first_frame_ssim": ("the first frame does not keep the cover", ""),
    "first_frame_psnr": ("the first frame differs from the cover", ""),
    "first_frame_colour": ("", "the first frame's colour is off the cover's"),
    "lettering_mean_diff": ("", "the lettering changes"),
    "lettering_max_diff": ("", "the lettering moves"),
    "motion_p95": ("hardly anything moves", "the fastest parts are hurried"),
    "active_area": ("too little of the picture moves", ""),
}


@dataclass(frozen=True)
class Judgement:
    """Figures of one loop. Steps: mean absolute grey difference of neighbouring frames, shorter side 256 px.

    A figure is None when there was nothing to measure it against (no cover, no lettering). Limits: `LIMITS`.
    """

    frames: int
    fps: float
    width: int
    height: int
    seam_ratio: float
    """Step from the last frame to the first / median step. Lower is not better: a repeated frame has 0, a stall."""
    largest_step: float
    """Largest step anywhere on the ring / median step."""
    largest_step_at: int
    """Index of the frame that the largest step starts from."""
    smallest_step: float
    """Smallest step / median step; under 0.15 the eye sees a stall."""
    median_step: float
    """Grey levels."""
    tile_seam: float
    """Worst of 4x4 tiles: its seam step / max(p95 of its other steps, half the median step of the picture)."""
    seam_residual: float
    """What flow (DIS) cannot explain at the join / the same at other places of the ring (median)."""
    seam_acceleration: float
    """Change of flow across the join / the same elsewhere (median). No limit: it tells a turn of the motion."""
    duplicates: int
    """Frames that are equal to an earlier one."""
    palindrome: float
    """Distance to the clip played backwards, best centre / mean distance of two frames. 0 is a ping-pong."""
    flicker: float
    """RMS of a frame against the mean of its neighbours, grey levels, where the slow course of the pixel is still."""
    luma_jump: float
    """Change of mean grey at the join beyond what is usual (p95) elsewhere, grey levels."""
    drift: float
    """Worst of 3x4 cells: mean of the last three frames against the first three, grey levels."""
    sharpness: float
    """Lowest Laplacian variance of a frame / that of its neighbourhood, at 512 px; cross-fades dip to 0.5 - 0.9."""
    motion_mean: float
    """px/s for a shorter side of 1080 px, over the picture and the ring."""
    motion_p95: float
    """px/s at 1080, 95th percentile over the picture, of each pixel's mean speed over the ring."""
    active_area: float
    """Share of the picture whose mean speed is at least 2 px/s at 1080."""
    first_frame_ssim: float | None
    """SSIM (Wang 2004, grey) of frame 0 and the cover, outside the lettering."""
    first_frame_psnr: float | None
    """dB, RGB, outside the lettering; 100 when equal."""
    first_frame_colour: float | None
    """Largest difference of a channel's mean, levels, outside the lettering."""
    lettering_mean_diff: float | None
    """Mean absolute grey difference to the cover (to frame 0 without one) inside the glyph cores, worst frame."""
    lettering_max_diff: float | None
    """Largest such difference of a pixel. At most 2 before encoding; coding noise adds to it."""
    steps: tuple[float, ...]
    """Every step / median step; the last one is the join."""

    @property
    def problems(self) -> list[str]:
        """What is wrong, in plain words with value and limit."""
        found = []
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                words = _WORDS[name][0 if value < low else 1]
                limit = f"at least {low:g}" if value < low else f"at most {high:g}"
                found.append(f"{words}: {name} is {value:.3g}, should be {limit}")
        return found

    @property
    def passed(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, object]:
        """JSON-safe, with `passed` and `problems` first."""
        figures = {k: round(v, 4) if isinstance(v, float) else v for k, v in dataclasses.asdict(self).items()}
        figures["steps"] = [round(step, 3) for step in self.steps]
        return {"passed": self.passed, "problems": self.problems, **figures}
