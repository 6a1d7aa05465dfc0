"""Submits covers to a ComfyUI and brings back loops that can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .verbs.render import Result

__all__ = ["render"]


def render(
    covers: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    workflow: str = "ambient_loop",
    server: str | None = None,
    force: bool = False,
    **parameters: Any,
) -> list[Result]:
    """Render covers into seamless loops, as `coverloop render` does.

        from coverloop.orchestrator import render

        for result in render(["night.jpg", "sea.png"], "loops", size=720, seconds=4):
            print(result.cover, result.error or result.deliverable.video)

    covers: one path or several. out: folder for `<stem>.mp4`, `.jpg` and `.json`, made if need be. workflow: NAME (its
    newest version) or NAME_vN; parameters: what it binds, see `coverloop workflows show NAME`. server: address of a
    ComfyUI; None means `COMFYUI_URL`, else one is started for as long as this call takes. force: render also what is
    in the store already; without it, that is given back at once (`Result.reused`).

    Returns one `Result` per cover, in order: `deliverable` (video, poster, sidecar, passed, problems) or `error`.

    Raises:
        CoverError, UsageError: a cover or a parameter is wrong; nothing was rendered. ServerError: no usable ComfyUI.
    """
    from rich.console import Console

    from .verbs.render import render_all

    paths = [covers] if isinstance(covers, (str, Path)) else list(covers)
    quiet = Console(quiet=True)
    return render_all([Path(path) for path in paths], Path(out), workflow, server, parameters, quiet, force)
