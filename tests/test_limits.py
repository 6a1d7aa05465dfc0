"""Bounds are written once: the parameters of every workflow stay within them, the inputs of every node are them."""

import pytest
import requests
from coverloop.core import limits
from coverloop.orchestrator.job.manifest import load_workflow, workflow_ids

PARAMETERS = {
    "size": limits.SIZE,
    "seconds": limits.SECONDS,
    "fps": limits.FPS,
    "seed": limits.SEED,
    "strength": limits.STRENGTH,
    "motion": limits.STRENGTH,
    "megapixels": limits.MEGAPIXELS,
    "spare": limits.SPARE,
    "trim_start": limits.TRIM,
    "trim_end": limits.TRIM,
    "crf": limits.CRF,
}
INPUTS = {
    "seconds": limits.SECONDS,
    "fps": limits.FPS,
    "seed": limits.SEED,
    "size": limits.SIZE,
    "crf": limits.CRF,
    "megapixels": limits.MEGAPIXELS,
    "spare": limits.SPARE,
    "start": limits.TRIM,
    "end": limits.TRIM,
}
STRENGTH = {"CoverLoopRecipe", "CoverLoopMotionPrompt"}  # that of a LoRA is another thing


@pytest.mark.parametrize("id", workflow_ids())
def test_a_workflow_takes_nothing_beyond_the_bounds(id):
    workflow = load_workflow(id)
    for name, bound in PARAMETERS.items():
        binding = workflow.bindings.get(name)
        foreign = name == "crf" and binding and not workflow.prompt[binding.node]["class_type"].startswith("CoverLoop")
        if binding and binding.kind in ("int", "float") and not foreign:
            given = (binding.minimum, binding.maximum, binding.default)
            assert all(value is None or bound.holds(value) for value in given), (name, given)


def test_nodes_have_the_bounds(comfyui):
    everything = requests.get(f"{comfyui.url}/object_info", timeout=60).json()
    seen = set()
    for name, info in everything.items():
        if not info["python_module"].endswith("coverloop"):
            continue
        for key, (_, options) in {**info["input"].get("required", {}), **info["input"].get("optional", {})}.items():
            bound = limits.STRENGTH if key == "strength" and name in STRENGTH else INPUTS.get(key)
            if bound and "min" in options:
                assert (options["min"], options["max"]) == bound, f"{name}.{key}"
                seen.add(key)
    assert seen == {*INPUTS, "strength"}
