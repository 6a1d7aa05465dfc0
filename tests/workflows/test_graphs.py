"""The graphs people open: they load in ComfyUI's real front end, and say the same as the API graphs we submit."""

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
from coverloop.orchestrator.job.manifest import FOLDER, load_workflow, workflow_ids

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("export_workflows", ROOT / "scripts" / "export_workflows.py")
export = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(export)

GRAPHS = sorted(path.stem for path in FOLDER.glob("*.json"))
# Third-party packs are not installed here: their nodes are checked against recorded interfaces (test_wan.py).
OURS = [name for name in GRAPHS if not name.startswith("wan22_loop_v1")]


def ui_graph(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def page(comfyui):
    if not export.CHROMIUM:
        pytest.skip("chromium is not installed: the graphs were not opened in the front end (apt install chromium)")
    with export.front_end(comfyui.url) as page:
        yield page


@pytest.mark.parametrize("name", OURS)
def test_graph_opens_without_errors_and_exports_to_the_api_graph(page, name):
    exported = export.to_api(page, ui_graph(name))
    assert export.missing_nodes(page) == []
    assert export.complaints(page) == []
    committed = json.loads((FOLDER / "api" / f"{name}.json").read_text("utf-8"))
    assert exported == committed


@pytest.mark.parametrize("name", GRAPHS)
def test_graph_is_laid_out_for_people(name):
    graph = ui_graph(name)
    groups = graph["groups"]
    assert len(groups) >= 5 and all(group["title"] for group in groups)
    lefts = [group["bounding"][0] for group in groups]
    assert lefts == sorted(lefts), "groups run left to right along the way of a cover"
    for node in graph["nodes"]:
        (x, y), (width, height) = node["pos"], node["size"]
        assert any(
            gx <= x and gy <= y and x + width <= gx + gw and y + height <= gy + gh
            for gx, gy, gw, gh in (group["bounding"] for group in groups)
        ), f"{node['type']} {node['id']} lies outside every group"
    assert any(node["type"] in ("MarkdownNote", "Note") for node in graph["nodes"])


def test_manifest_holds_the_hashes_and_every_graph():
    assert sorted(workflow_ids()) == GRAPHS
    manifest = (FOLDER / "manifest.toml").read_text("utf-8")
    for name in GRAPHS:
        for path in (FOLDER / f"{name}.json", FOLDER / "api" / f"{name}.json"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() in manifest, f"run scripts/export_workflows.py: {path}"


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_of_a_graph_is_named_by_a_pack_or_is_stock(comfyui, name):
    import requests

    workflow = load_workflow(name)
    stock = set(requests.get(f"{comfyui.url}/object_info", timeout=60).json())
    packed = {node for pack in workflow.packs for node in pack.nodes}
    assert set(workflow.node_classes) <= packed | {c for c in stock if not c.startswith("CoverLoop")}
