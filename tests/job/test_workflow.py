"""Workflow files, their manifest, and what is bound where."""

import hashlib
import json

import pytest
from coverloop.core.errors import UsageError
from coverloop.orchestrator.job.manifest import FOLDER, load_workflow, workflow_ids
from coverloop.orchestrator.verbs.workflows import workflow_facts, workflow_lines
from tiny import write_workflows


@pytest.fixture
def folder(tmp_path):
    return write_workflows(tmp_path)


def test_a_name_means_its_newest_version_and_an_id_that_one(folder):
    assert load_workflow("tiny", folder).id == "tiny_v2"
    assert load_workflow("tiny_v1", folder).version == 1
    assert workflow_ids(folder) == ["foreign_v1", "tiny_v1", "tiny_v2"]


def test_version_10_is_newer_than_9(folder):
    text = (folder / "manifest.toml").read_text()
    (folder / "manifest.toml").write_text(
        text + text.replace("_v2", "_v10").replace("_v1]", "_v9]").replace("_v1.", "_v9.")
    )
    for new, old in (("v10", "v2"), ("v9", "v1")):
        (folder / "api" / f"tiny_{new}.json").write_bytes((folder / "api" / f"tiny_{old}.json").read_bytes())
    assert load_workflow("tiny", folder).id == "tiny_v10"


def test_an_unknown_workflow_lists_the_known(folder):
    with pytest.raises(UsageError, match="unknown workflow moon; there are: foreign_v1, tiny_v1, tiny_v2"):
        load_workflow("moon", folder)


def test_values_are_bound_and_the_file_is_left_alone(folder):
    workflow = load_workflow("tiny", folder)
    values = workflow.read_values({"size": "129", "strength": "0.5"})
    assert values == {"fps": 24.0, "mode": "normal", "size": 128, "strength": 0.5}
    prompt = workflow.build(values, {"cover": "abc.png"})
    assert prompt["1"]["inputs"]["image"] == "abc.png" and prompt["2"]["inputs"]["width"] == 128
    assert prompt["4"]["inputs"]["blend_factor"] == 0.5 and prompt["8"]["inputs"]["fps"] == 24.0
    assert workflow.prompt == json.loads((folder / "api" / "tiny_v2.json").read_text())
    assert workflow.sha256 == hashlib.sha256((folder / "api" / "tiny_v2.json").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": "big"}, "size=big: must be a whole number"),
        ({"size": 96.5}, "size=96.5: must be a whole number"),
        ({"size": True}, "must be a whole number"),
        ({"size": 10}, "size=10: must be between 64 and 4096"),
        ({"size": 10**9}, "must be between"),
        ({"strength": "nan"}, "strength=nan: must be a number"),
        ({"strength": "inf"}, "must be a number"),
        ({"fps": "0"}, "fps=0: must be between 1.0 and 120.0"),
        ({"mode": "screen"}, "mode=screen: must be one of normal, multiply"),
        ({"cover": "x.png"}, "tiny_v2 has no parameter cover; it has fps, mode, size, strength"),
        ({"seed": 1}, "has no parameter seed"),
    ],
)
def test_values_that_cannot_be_bound(folder, given, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        load_workflow("tiny", folder).read_values(given)


FRAMES = """
[counted_v1]
title = "counts frames"
ui = "tiny_v1.json"
api = "api/tiny_v1.json"
output = { node = "9" }
[counted_v1.bind]
frames = { node = "2", input = "height", type = "int", default = 97, min = 17, max = 241, multiple_of = 4, plus = 1 }
fps = { node = "8", input = "fps", type = "float", default = 24.0 }
"""


def test_frames_follow_seconds_times_fps(folder):
    write_workflows(folder, extra=FRAMES)
    workflow = load_workflow("counted", folder)
    assert workflow.read_values({})["frames"] == 97
    assert workflow.read_values({"seconds": 3})["frames"] == 73
    assert workflow.read_values({"seconds": "2", "fps": "12"})["frames"] == 25
    assert workflow.read_values({"seconds": 3, "frames": 33})["frames"] == 33
    with pytest.raises(UsageError, match="a loop needs at least 2"):
        workflow.read_values({"seconds": 0.01})
    with pytest.raises(UsageError, match="must be numbers"):
        workflow.read_values({"seconds": "long"})


def test_a_picture_that_may_be_left_out_goes_with_what_read_it(folder):
    text = (folder / "manifest.toml").read_text()
    (folder / "manifest.toml").write_text(text.replace('type = "image" }', 'type = "image", optional = true }'))
    workflow = load_workflow("tiny", folder)
    values = workflow.read_values({})
    given, none = workflow.build(values, {"cover": "abc.png"}), workflow.build(values, {})
    assert given["1"]["inputs"]["image"] == "abc.png" and given["2"]["inputs"]["image"] == ["1", 0]
    assert "1" not in none and none["2"]["inputs"] == {k: v for k, v in given["2"]["inputs"].items() if k != "image"}
    assert {node: given[node] for node in given if node not in "12"} == {n: none[n] for n in none if n != "2"}
    assert workflow.prompt["2"]["inputs"]["image"] == ["1", 0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('node = "9" }', 'node = "99" }', "no node 99"),
        ('input = "width"', 'input = "depth"', "size: node 2 has no input depth"),
        ('type = "int"', 'type = "integer"', "unknown type integer"),
        ('api = "api/tiny_v1.json"', 'api = "api/gone.json"', "gone.json"),
        ("[tiny_v1]", "[tiny_v1", "cannot be read"),
    ],
)
def test_a_damaged_manifest_says_where(folder, old, new, message):
    text = (folder / "manifest.toml").read_text()
    assert old in text
    (folder / "manifest.toml").write_text(text.replace(old, new))
    with pytest.raises(UsageError, match=message):
        load_workflow("tiny_v1", folder)


def test_an_id_without_version_is_refused(folder):
    (folder / "manifest.toml").write_text("[tiny]")
    with pytest.raises(UsageError, match="tiny is not NAME_vN"):
        workflow_ids(folder)


def test_facts_are_json_and_lines_are_readable(folder):
    workflow = load_workflow("tiny", folder)
    facts = json.loads(json.dumps(workflow_facts(workflow)))
    assert facts["parameters"]["size"] == {"type": "int", "default": 64, "min": 64, "max": 4096, "help": ""}
    assert any("strength" in line and "0.2" in line and "much" in line for line in workflow_lines(workflow))


@pytest.mark.parametrize("id", workflow_ids())
def test_every_workflow_we_ship_loads_and_binds_what_it_takes(id):
    workflow = load_workflow(id)
    others = {
        "song": [],
        "train_style": [],
        "film_shot": ["picture"],
        "restyle": ["picture"],
        "pose": ["figure", "pose"],
    }
    images = others.get(workflow.name, others.get(workflow.name.partition("_")[0], ["cover"]))
    assert [b.name for b in workflow.bindings.values() if b.kind == "image"] == images
    values = workflow.read_values({})
    assert workflow.build(values, dict.fromkeys(images, "x.png"))
    assert workflow.ui_path.is_file() and workflow.ui_path.parent == FOLDER
    ours = {name for name in workflow.node_classes if name.startswith("CoverLoop")}
    assert ours <= {node for pack in workflow.packs for node in pack.nodes}
