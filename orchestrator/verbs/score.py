"""`coverloop score`: a judgement of a video file, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from ...core.errors import UsageError
from ...core.image import read_cover
from ...core.judge.judgement import Judgement
from ...core.judge.plot import plot
from ...core.judge.score import score
from ...core.lettering.find import find_text
from ...core.pixels import middle
from ...core.video.decode import decode


def judge_file(path: Path, cover: Path | None, plot_file: Path | None) -> Judgement:
    """Decode `path` and judge it, against `cover` and every word on it when one is given; write the plot if asked.

    Raises:
        ClipError, CoverError: a file cannot be read. UsageError: the plot cannot be written.
    """
    if plot_file is not None and (plot_file.suffix.lower() not in (".png", ".jpg", ".jpeg") or plot_file.is_dir()):
        raise UsageError(f"{plot_file}: give a file name that ends in .png or .jpg for --plot")
    clip = decode(path)
    fitted = None if cover is None else fitted_cover(cover, clip.frames.shape[1:3])
    words = () if fitted is None else find_text(fitted)
    judgement = score(clip.frames, fps=clip.fps, cover=fitted, words=words)
    if plot_file is not None:
        _write(plot_file, plot(judgement, clip.frames))
    return judgement


def fitted_cover(cover: Path, size: tuple[int, int]) -> np.ndarray:
    """The cover at the (height, width) of its video, (H, W, 3) uint8.

    Where the video has another shape, it is taken to show the middle of the cover.

    Raises:
        CoverError: it cannot be read.
    """
    return middle(read_cover(cover).image, *size)


def _write(path: Path, picture) -> None:
    done, encoded = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    try:
        if not done:
            raise OSError(0, "it cannot be encoded")
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); give another place for --plot") from error


def judgement_lines(judgement: Judgement) -> list[str]:
    """The judgement for a person: the verdict, what misses its limit, every figure."""
    facts = judgement.to_dict()
    figures = {name: value for name, value in facts.items() if isinstance(value, (int, float)) and name != "passed"}
    verdict = "passed" if judgement.passed else "does not pass"
    lost = [
        f"    {word['text'] or 'unread lettering'!r} at {word['box'][:2]}: {word['moved']:.0%} of its edges"
        for word in judgement.details.get("lost_words", ())
    ]
    otherwise = [f"    {word['text']!r} reads {word['reads']!r}" for word in judgement.details.get("misread_words", ())]
    return [verdict, *(f"  ! {problem}" for problem in judgement.problems), *lost, *otherwise, *_table(figures)]


def _table(figures: Mapping[str, float]) -> list[str]:
    width = max(map(len, figures), default=0)
    return [f"  {name.replace('_', ' '):{width}}  {value:.4g}" for name, value in figures.items()]
