"""Which words of a cover the judge of a deliverable watches, and what its sidecar says was seen."""

import numpy as np
import pytest
from coverloop.core.errors import ModelError
from coverloop.orchestrator.job import deliver
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import Job
from coverloop.orchestrator.server.events import Finished
from lettered import coverage, over, picture

SIDE = 384


@pytest.fixture(scope="module")
def cover():
    shares = [coverage(SIDE, text, 44, (SIDE // 2, y)) for text, y in (("SLOW RIVERS", 110), ("HOLLOW MOON", 290))]
    made = picture(SIDE)
    for share in shares:
        made = over(made, share, np.array([245.0, 240, 225]))
    return (made + 0.5).astype(np.uint8)


def watched(cover, **values):
    warnings = []
    words = deliver._words(cover, Job("", "", "", tuple(sorted(values.items()))), warnings)
    return [word.text.upper().replace(" ", "") for word in words], warnings


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ["SLOWRIVERS", "HOLLOWMOON"]),
        ({"keep_text": ""}, ["SLOWRIVERS", "HOLLOWMOON"]),
        ({"keep_text": "rivers"}, ["HOLLOWMOON"]),
        ({"keep_text": "1"}, ["SLOWRIVERS"]),
        ({"keep_text": "all"}, []),
        ({"keep_text": "all", "hold_text": "moon"}, ["HOLLOWMOON"]),
        ({"keep_text": "all", "lift_text": "rivers"}, ["SLOWRIVERS"]),
    ],
)
def test_what_is_to_go_with_the_picture_is_not_watched_and_the_rest_is(cover, values, told):
    assert watched(cover, **values) == (told, [])


def test_what_cannot_be_told_is_a_warning(cover, monkeypatch):
    words, (warning,) = watched(cover, keep_text="Sunflower")
    assert words == [] and "'Sunflower'" in warning and warning.startswith("words not watched: ")

    def no_weights(_picture):
        raise ModelError("weights: not found")

    monkeypatch.setattr(deliver, "find_text", no_weights)
    assert watched(cover) == ([], ["words not watched: weights: not found"])


SKY = {"name": "sky", "confidence": 0.8, "by": ""}


@pytest.mark.parametrize(
    ("shown", "seen"),
    [
        ({"9": {"text": ["..."], "seen": [SKY]}}, [SKY]),
        ({"9": {"seen": []}}, []),
        ({"9": {"text": ["..."]}}, None),  # a server with an older pack
        ({"10": {"seen": [SKY]}}, None),  # another node
        ({"9": {"seen": [{**SKY, "confidence": 8}]}}, None),
        ({"9": {"seen": [SKY] * 33}}, None),
        ({"9": {"seen": "sky"}}, None),
        ({"9": [SKY]}, None),
    ],
)
def test_what_was_seen_is_what_the_prompt_node_says_or_nothing(shown, seen):
    assert deliver._seen(load_workflow("ambient_loop_v3"), Finished((), 1.0, {}, shown)) == seen
