"""`coverloop render --song`: the song is heard here, and what a loop takes of it goes to the workflow as parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from ...core.limits import SECONDS
from ...core.song.follow import follow
from ...core.song.hear import hear
from ..job.manifest import load_workflow


def song_values(song: Path, section: str, workflow_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with the parameters that a song decides: `song`, `seconds` (whole bars nearest to what was given, or to
    the workflow's own), and title and artist of its tags where none are given.

    Raises:
        UsageError: the workflow follows no song, or the seconds are no number within bounds. SongError: as `hear` and
            `follow`.
    """
    workflow = load_workflow(workflow_id)
    if "song" not in workflow.bindings:
        raise UsageError(f"{workflow.id} follows no song; take ambient_loop or wan22_loop")
    wished = workflow.bindings["seconds"].read(given.get("seconds", workflow.bindings["seconds"].default))
    assert isinstance(wished, float) and SECONDS.holds(wished)
    following = follow(hear(song), wished, section)
    named = [name for name in ("title", "artist") if getattr(following, name) and name in workflow.bindings]
    tags = {name: getattr(following, name) for name in named}
    return {**tags, **given, "song": following.to_json(), "seconds": following.seconds}
