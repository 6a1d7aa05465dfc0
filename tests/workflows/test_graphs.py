"""The graphs people open: they load in ComfyUI's real front end, and say the same as the API graphs we submit."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest
import requests
from coverloop.orchestrator.job.manifest import FOLDER, load_workflow, workflow_ids
from published import as_published

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("export_workflows", ROOT / "scripts" / "export_workflows.py")
export = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(export)

GRAPHS = sorted(path.stem for path in FOLDER.glob("*.json"))
# Third-party packs are not installed here: their nodes are checked against recorded interfaces (test_wan.py).
OURS = [name for name in GRAPHS if not name.startswith("wan22_loop_v1")]


def ui_graph(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


NEWEST = [name for name in GRAPHS if "linearData" in ui_graph(name)["extra"]]
BOXES = """() => window.app.graph.nodes.map(node => {
  const element = document.querySelector(`[data-node-id="${node.id}"]`), scale = window.app.canvas.ds.scale;
  if (element) {
    const box = element.getBoundingClientRect();
    return [node.id, box.left / scale, box.top / scale, box.right / scale, box.bottom / scale];
  }
  const [left, top, width, height] = node.getBounding(), title = LiteGraph.NODE_TITLE_HEIGHT;
  return [node.id, left, top, left + width, top + Math.max(height, node.computeSize()[1] + title)];
})"""


SETTLED = f"""() => {{
  const told = JSON.stringify(({BOXES})()), same = told === window.toldBefore;
  window.toldBefore = told;
  return same && [...document.images].every(image => image.complete);
}}"""


def boxes(page):
    """[id, left, top, right, bottom] of every node, once pictures on nodes are there and sizes have followed."""
    page.evaluate("() => { window.toldBefore = ''; }")
    page.wait_for_function(SETTLED, polling=150, timeout=20_000)
    return page.evaluate(BOXES)


def overlaps(drawn):
    found = []
    for number, (one, left, top, right, bottom) in enumerate(drawn):
        for other, other_left, other_top, other_right, other_bottom in drawn[number + 1 :]:
            wide = min(right, other_right) - max(left, other_left)
            high = min(bottom, other_bottom) - max(top, other_top)
            if wide > 1 and high > 1:
                found.append(f"nodes {one} and {other} overlap by {wide:.0f}x{high:.0f}")
    return found


@pytest.fixture(scope="module")
def page(comfyui):
    if not export.CHROMIUM:
        pytest.skip("chromium is not installed: the graphs were not opened in the front end (apt install chromium)")
    with export.front_end(comfyui.url) as page:
        yield page


@pytest.mark.parametrize("name", OURS)
def test_graph_opens_without_errors_and_exports_to_the_api_graph(page, comfyui, name):
    exported = export.to_api(page, ui_graph(name))
    assert export.missing_nodes(page) == []
    assert export.complaints(page) == []
    if name in NEWEST:
        assert overlaps(boxes(page)) == []
    committed = json.loads((FOLDER / "api" / f"{name}.json").read_text("utf-8"))
    assert as_published(exported, committed, comfyui.url) == committed


def test_a_node_that_is_not_there_is_told_from_a_file_that_is_not(page):
    graph = ui_graph("ambient_loop_v3")
    for node in graph["nodes"]:
        if node["type"] == "CoverLoopLoadCover":
            node["widgets_values"] = ["gone.png", *node["widgets_values"][1:]]
    stranger = {**graph["nodes"][0], "id": 999, "type": "NobodyKnows", "inputs": [], "outputs": []}
    export.to_api(page, {**graph, "nodes": [*graph["nodes"], stranger]})
    assert export.missing_nodes(page) == ["NobodyKnows"]


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


@pytest.fixture(scope="module")
def nodes_2(page):
    show(page, True)
    yield
    show(page, False)


def show(page, nodes_2: bool):
    page.evaluate("on => window.app.ui.settings.setSettingValue('Comfy.VueNodes.Enabled', on)", nodes_2)
    page.wait_for_timeout(500)


@pytest.mark.parametrize("name", NEWEST)
def test_nodes_2_do_not_overlap(page, nodes_2, name):
    graph = ui_graph(name)
    page.evaluate("graph => window.app.loadGraphData(graph)", graph)
    drawn = f"() => document.querySelectorAll('[data-node-id]').length === {len(graph['nodes'])}"
    page.wait_for_function(drawn, timeout=20_000)
    assert overlaps(boxes(page)) == []


@pytest.mark.parametrize("name", NEWEST)
def test_app_mode_shows_what_is_bound(name):
    """As an app: cover, size, wish and seconds, and the loop that is saved; of a shot, its words, length and seed;
    of singing, cover and voice; of a picture redrawn, what it is made of; of views, cover and angles; of training,
    the pictures and for how long."""
    graph, workflow = ui_graph(name), load_workflow(name)
    bound = {(binding.node, binding.input): binding.name for binding in workflow.bindings.values()}
    shown = [bound[str(node), widget] for node, widget in graph["extra"]["linearData"]["inputs"]]
    wanted = {"film_shot": ["prompt", "frames", "seed"], "sing": ["cover", "voice", "section", "seed"]}
    wanted |= {"restyle": ["picture", "words", "strength", "seed"], "pose": ["figure", "pose", "words", "seed"]}
    wanted |= {"views": ["cover", "angles", "seed"], "train_style": ["folder", "steps", "rank", "seed"]}
    wanted |= {"ambient_formats": ["cover", "size", "preset", "intent", "seconds"]}
    kind = next((kind for kind in wanted if workflow.name.startswith(kind)), "")
    assert shown == wanted.get(kind, ["cover", "size", "intent", "seconds"])
    assert graph["extra"]["linearData"]["outputs"] == [int(workflow.output_node)]


@pytest.mark.parametrize("renderer", ["classic", "Nodes 2.0"])
def test_what_a_node_reports_is_shown_on_it(page, renderer):
    show(page, renderer == "Nodes 2.0")
    prompt = {
        "1": {"class_type": "CoverLoopLoadCover", "inputs": {"image": "cover.png"}},
        "2": {"class_type": "CoverLoopFitCover", "inputs": {"image": ["1", 0], "size": 64, "multiple": 2}},
        "3": {"class_type": "CoverLoopRecipe", "inputs": {"plate": ["2", 0], "seed": len(renderer), "strength": 1.0}},
        "4": {"class_type": "PreviewAny", "inputs": {"source": ["3", 0]}},
    }
    page.evaluate("prompt => window.app.loadApiJson(prompt, 'texts')", prompt)
    page.evaluate("() => { window.app.canvas.ds.reset(); window.app.canvas.setDirty(true, true); }")
    page.evaluate("() => window.app.queuePrompt(0)")
    node = "window.app.graph.nodes.find(node => node.type === 'CoverLoopRecipe')"
    page.wait_for_function(f"() => {node}.widgets.find(widget => widget.name === 'shown').value", timeout=60_000)
    visible = """() => [...document.querySelectorAll('textarea')].some(
        area => area.offsetParent && area.readOnly && area.value.includes('"effects"'))"""
    page.wait_for_function(visible, timeout=20_000)
    saved = page.evaluate(f"() => {node}.serialize().widgets_values")
    assert not any('"effects"' in str(value) for value in saved), "not saved with the graph"
    sent = page.evaluate("async () => Object.values((await window.app.graphToPrompt()).output)")
    assert all("shown" not in node["inputs"] for node in sent)


def test_every_node_that_reports_has_a_box_for_it():
    listed = set(re.findall(r'"(CoverLoop\w+)"', (ROOT / "web" / "texts.js").read_text("utf-8")))
    reporting = set()
    for path in (ROOT / "nodes").glob("*.py"):
        for part in re.split(r"\nclass ", path.read_text("utf-8"))[1:]:
            if "ui.PreviewText" in part:
                reporting.add(re.match(r"\w+", part)[0])
    assert listed == reporting


def test_manifest_holds_the_hashes_and_every_graph():
    assert sorted(workflow_ids()) == GRAPHS
    manifest = (FOLDER / "manifest.toml").read_text("utf-8")
    for name in GRAPHS:
        for path in (FOLDER / f"{name}.json", FOLDER / "api" / f"{name}.json"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() in manifest, f"run scripts/export_workflows.py: {path}"


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_of_a_graph_is_named_by_a_pack_or_is_stock(comfyui, name):

    workflow = load_workflow(name)
    stock = set(requests.get(f"{comfyui.url}/object_info", timeout=60).json())
    packed = {node for pack in workflow.packs for node in pack.nodes}
    assert set(workflow.node_classes) <= packed | {c for c in stock if not c.startswith("CoverLoop")}
