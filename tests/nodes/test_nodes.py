"""What a person sees of the nodes: ids that never change, a tooltip on every input, help and Korean names for all."""

import ast
import importlib.util
import json
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("export_workflows", ROOT / "scripts" / "export_workflows.py")
export = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(export)


@pytest.fixture(scope="module")
def nodes(comfyui):
    everything = requests.get(f"{comfyui.url}/object_info", timeout=60).json()
    return {name: info for name, info in everything.items() if info["python_module"].endswith("coverloop")}


def inputs(info):
    return {**info["input"].get("required", {}), **info["input"].get("optional", {})}


def test_the_pack_registers_all_its_nodes(nodes):
    listed = ast.parse((ROOT / "nodes" / "__init__.py").read_text("utf-8"))
    names = [
        element.id
        for node in ast.walk(listed)
        if isinstance(node, ast.AnnAssign) and node.target.id == "NODES"
        for element in node.value.elts
    ]
    assert sorted(nodes) == sorted(names) and len(names) >= 11


def test_every_input_has_a_tooltip_and_every_node_a_description(nodes):
    for name, info in nodes.items():
        assert name.startswith("CoverLoop") and info["category"].startswith("CoverLoop") and info["description"], name
        for key, spec in inputs(info).items():
            assert spec[1].get("tooltip"), f"{name}.{key}"
        assert all(info["output_tooltips"]), name


def test_ids_and_types_are_the_recorded_ones(nodes):
    """A renamed input breaks every graph that people saved: change tests/data/nodes.json only with a new node id."""
    seen = {name: export.shape(info) for name, info in sorted(nodes.items())}
    recorded = json.loads((ROOT / "tests" / "data" / "nodes.json").read_text("utf-8"))
    assert seen == recorded


def test_help_and_korean_names_for_every_node(nodes):
    korean = json.loads((ROOT / "locales" / "ko" / "nodeDefs.json").read_text("utf-8"))
    assert set(korean) == set(nodes)
    for name, info in nodes.items():
        assert set(korean[name]["inputs"]) == set(inputs(info)), name
        assert len(korean[name]["outputs"]) == len(info["output"]), name
        text = (ROOT / "web" / "docs" / f"{name}.md").read_text("utf-8")
        assert text.startswith(f"# {info['display_name']}\n"), name
        translated = (ROOT / "web" / "docs" / name / "ko.md").read_text("utf-8")
        assert translated.startswith(f"# {korean[name]['display_name']}\n"), name


def test_nodes_are_an_argument_list_and_a_call():
    for path in sorted((ROOT / "nodes").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "execute":
                lines = node.end_lineno - node.body[0].lineno + 1
                assert lines <= 15, f"{path.name}: execute has {lines}"


def test_execute_of_every_node_is_annotated(nodes):
    found = [
        function
        for path in sorted((ROOT / "nodes").glob("*.py"))
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef) and function.name == "execute"
    ]
    assert len(found) == len(nodes)
    for function in found:
        taken = function.args
        given = [*taken.posonlyargs, *taken.args[1:], *taken.kwonlyargs, *filter(None, (taken.vararg, taken.kwarg))]
        bare = [argument.arg for argument in given if argument.annotation is None]
        assert not bare and function.returns is not None, (function.lineno, ast.unparse(function.args))


def test_help_is_served_by_comfyui(comfyui, nodes):
    for name in nodes:
        answer = requests.get(f"{comfyui.url}/extensions/coverloop/docs/{name}.md", timeout=30)
        assert answer.status_code == 200 and answer.text.startswith("# "), name
    answer = requests.get(f"{comfyui.url}/extensions/coverloop/docs/CoverLoopSave/ko.md", timeout=30)
    assert "포스터" in answer.content.decode("utf-8")
