"""Search words and rare inputs reach a ComfyUI that knows them, and one that does not is not asked."""

import importlib
import sys
from dataclasses import dataclass, field, make_dataclass
from types import SimpleNamespace
from unittest.mock import MagicMock


@dataclass
class Schema:
    """The fields that io.Schema of ComfyUI 0.3.75 has and the nodes use."""

    node_id: str
    display_name: str
    category: str
    inputs: list
    outputs: list
    description: str = ""
    is_output_node: bool = False
    is_experimental: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False
    hidden: list = field(default_factory=list)


NewerSchema = make_dataclass("NewerSchema", [("search_aliases", list, field(default_factory=list))], bases=(Schema,))


class Input:
    def __init__(
        self, id, default=None, min=None, max=None, step=None, tooltip=None, optional=False, control_after_generate=None
    ):
        self.id = id


class NewerInput(Input):
    def __init__(self, id, advanced=None, **others):
        super().__init__(id, **others)
        self.advanced = advanced


def given_to(monkeypatch, schema, widget):
    """The schemas of all nodes as they are told to a ComfyUI with this Schema and this class of number inputs. The
    interface alone is a stand-in, and the nodes are imported afresh for it."""
    io = MagicMock(Schema=schema, ComfyNode=object)
    io.Int, io.Float = (SimpleNamespace(Input=widget, Output=MagicMock()) for _ in range(2))
    latest = SimpleNamespace(io=io, ui=MagicMock(), ComfyExtension=object)
    for name in list(sys.modules):
        if name == "coverloop.nodes" or name.startswith("coverloop.nodes."):
            monkeypatch.delitem(sys.modules, name)
    comfy = ("cli_args", "lora", "lora_convert", "model_management", "model_patcher", "patcher_extension", "utils")
    others = ("comfy_api", "comfy_execution", "comfy_execution.graph_utils", "folder_paths")
    for name in ("comfy", *others, *(f"comfy.{name}" for name in comfy)):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    monkeypatch.setitem(sys.modules, "comfy_api.latest", latest)
    sys.modules["folder_paths"].get_filename_list.return_value = []
    sys.modules["folder_paths"].get_input_directory.return_value = "."
    try:
        return [node.define_schema() for node in importlib.import_module("coverloop.nodes").NODES]
    finally:
        for name in [name for name in sys.modules if name.split(".")[:2] == ["coverloop", "nodes"]]:
            del sys.modules[name]


def test_a_newer_comfyui_is_told_search_words_of_every_node_and_rare_inputs(monkeypatch):
    schemas = given_to(monkeypatch, NewerSchema, NewerInput)
    for schema in schemas:
        words = schema.search_aliases
        assert words and len(set(words)) == len(words), schema.node_id
        assert schema.display_name.lower() not in words, schema.node_id
    rare = {
        f"{schema.node_id}.{widget.id}"
        for schema in schemas
        for widget in schema.inputs
        if isinstance(widget, NewerInput) and widget.advanced
    }
    assert {"CoverLoopSave.crf", "CoverLoopFitWan.spare", "CoverLoopClose.near"} <= rare
    assert not {name for name in rare if name.endswith((".fps", ".seconds", ".size", ".seed", ".strength"))}


def test_an_older_comfyui_is_told_only_what_it_knows(monkeypatch):
    schemas = given_to(monkeypatch, Schema, Input)
    assert not any(hasattr(schema, "search_aliases") for schema in schemas)
