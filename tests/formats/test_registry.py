"""A place is a file; what is asked for is found by name, and told when it is not there."""

import math
import re
import sys

import pytest
from coverloop.core.errors import UsageError
from coverloop.core.formats import presets, registry
from coverloop.core.limits import SIZE
from coverloop.core.video.write import kinds

ALL = [one for name in registry.names() for one in registry.wanted(name)]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_every_format_is_one_that_can_be_written(one):
    asked = one.format
    assert asked.coding.kind in kinds()
    assert asked.width % 2 == asked.height % 2 == 0 and asked.widths.holds(asked.width)
    assert max(asked.width, asked.height) <= SIZE.high
    assert all(asked.fps.holds(rate) for rate in asked.rates) and asked.seconds.low < asked.seconds.high
    assert asked.coding.mbps is None or asked.mbps.holds(asked.coding.mbps)
    if asked.most_bytes < math.inf and asked.coding.mbps:
        assert asked.coding.mbps * 1e6 / 8 * asked.seconds.high < asked.most_bytes
    assert asked.safe.left + asked.safe.right < 0.5 and asked.safe.top + asked.safe.bottom < 0.6
    assert len(registry.preset(one.preset).source) > 20


def test_names_of_files_never_collide():
    names = [one.file_name("cover") for one in ALL]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"cover\.[a-z0-9.-]+", name) for name in names)


def test_one_format_of_a_preset_may_be_asked_for():
    assert [one.id for one in registry.wanted("canvas, web.gif")] == ["canvas", "web.gif"]
    assert [one.id for one in registry.wanted(["apple-album"])] == ["apple-album.square", "apple-album.tall"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("canvass", r"'canvass': no such preset; there are .*canvas.*square"),
        ("web.jpg", r"'web.jpg': no such format; web has webp, avif, webm, gif"),
        ("canvas.tall", r"canvas has only one file"),
        ("canvas,square,canvas", r"canvas is asked for twice"),
        ("web,web.gif", r"web.gif is asked for twice"),
        (" , ", r"no preset is named; there are .*canvas"),
    ],
)
def test_what_is_not_there_is_told(words, said):
    with pytest.raises(UsageError, match=said):
        registry.wanted(words)


STAGE = """
from coverloop.core.formats.preset import Format, Preset
from coverloop.core.video.coding import Coding

PRESET = Preset("Stage", "the hall's technician, by telephone", (Format(Coding("h264", "mp4"), 640, 160),))
"""


def test_a_place_is_a_file_and_two_of_one_name_are_told(tmp_path, monkeypatch):
    (tmp_path / "stage.py").write_text(STAGE, "utf-8")
    monkeypatch.setattr(presets, "__path__", [*presets.__path__, str(tmp_path)])
    try:
        assert "stage" in registry.names() and registry.wanted("stage")[0].format.width == 640
        (tmp_path / "Canvas.py").write_text(STAGE, "utf-8")
        with pytest.raises(UsageError, match=r"two presets are called canvas \((C|c)anvas.py and (C|c)anvas.py\)"):
            registry.names()
    finally:
        sys.modules.pop(f"{presets.__name__}.stage", None)
