"""What a server lacks for the Wan graphs is told by name, and where to get it."""

import json

import pytest
import tiny_wan
from click.testing import CliRunner
from coverloop.core.errors import ServerError
from coverloop.orchestrator.cli.main import cli
from coverloop.orchestrator.job import check
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.server.client import Comfy

NAMES = ("wan22_loop_v1", "wan22_loop_v2", "wan22_loop_v3", "wan22_loop_v4", "wan22_loop_turbo_v1", "film_shot_v1")
PACKS = {
    "whiterabbit": 6,
    "comfyui-frame-interpolation": 1,
    "comfyui-videohelpersuite": 1,
    "comfyui-kjnodes": 1,
    "rgthree-comfy": 1,
}


@pytest.mark.parametrize(
    ("name", "nodes", "models"),
    [("wan22_loop_v1", sum(PACKS.values()), 3), ("wan22_loop", 0, 3), ("wan22_loop_turbo", 0, 4), ("film_shot", 0, 3)],
)
def test_check_names_each_missing_node_and_model(comfyui, name, nodes, models):
    workflow = load_workflow(name)
    with Comfy(comfyui.url) as bare:
        missing = check.missing(bare, workflow, check.ask(bare), check.interfaces(bare, workflow))
        with pytest.raises(ServerError, match=f"cannot run {workflow.id}, it lacks .*wan2.2_ti2v_5B_fp16.safetensors"):
            check.require(bare, workflow)
        assert not bare.queue().running
    assert [item.kind for item in missing] == ["node"] * nodes + ["model"] * models
    where = [item.where.split(":")[0] for item in missing[:nodes]]
    assert {pack: where.count(pack) for pack in set(where)} == (PACKS if nodes else {})
    for item in missing[nodes:]:
        assert "https://huggingface.co/" in item.where and "models/" in item.where


@pytest.mark.parametrize("name", NAMES)
def test_check_finds_nothing_missing_where_everything_is(wan_comfyui, name):
    workflow = load_workflow(name)
    with Comfy(wan_comfyui.url) as comfy:
        assert check.missing(comfy, workflow, check.ask(comfy), check.interfaces(comfy, workflow)) == []


def test_the_command_line_names_what_is_missing(comfyui):
    done = CliRunner().invoke(cli, ["check", "--server", comfyui.url, "--workflow", "wan22_loop", "--json"])
    report = json.loads(done.stdout)
    names = [item["name"] for item in report["missing"]["wan22_loop_v4"]]
    assert names == [tiny_wan.UNET, tiny_wan.TEXT_ENCODER, tiny_wan.VAE] and not report["complete"]


@pytest.mark.parametrize("name", NAMES)
def test_models_are_named_the_same_in_the_graphs_and_the_manifest(name):
    """ComfyUI offers a download only where `properties.models` names the value of a widget."""
    workflow = load_workflow(name)
    graph = json.loads(workflow.ui_path.read_text("utf-8"))
    offered = {}
    for node in graph["nodes"]:
        for model in node["properties"].get("models", ()):
            assert model["name"] in node["widgets_values"]
            offered[model["name"]] = (model["directory"], model["url"])
    assert offered == {model.name: (model.directory, model.url) for model in workflow.models}
    assert all(model.bytes and len(model.sha256) == 64 for model in workflow.models)
