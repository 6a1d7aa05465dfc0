"""One registry of effects: one of one's own in one file is known to the recipe, the words, the CLI and the node."""

import importlib
import json
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.motion import effects
from coverloop.core.motion.effect import EFFECTS, FAMILIES, Said, Tone
from coverloop.core.motion.recipe import Recipe
from coverloop.core.motion.stage import ambient
from coverloop.core.prompt.words.wish import read_wish
from coverloop.orchestrator.cli.main import cli

WOBBLE = '''
from typing import Annotated, Literal

from pydantic import Field

from ..effect import Named, Placed, Said, effect


@effect
class Wobble(Placed):
    """A region rocks from side to side."""

    kind: Literal["wobble"] = "wobble"
    reach: Annotated[float, Field(ge=0, le=20)] = 6.0

    dial = "reach"
    families = ("sway",)
    named = (Named("jelly", r"jell(?:y|ies)", r"젤리", Said("sway", "the jelly", "wobbles to and fro")),)

    def draw(self, canvas, mask, rng):
        canvas.shift.add(1, (1.0, 0.0), mask * self.reach, 0 * mask)

    def says(self, tone):
        return Said("sway", "the jelly", "wobbles to and fro")
'''


@pytest.fixture
def wobble(tmp_path, monkeypatch):
    (tmp_path / "wobble.py").write_text(textwrap.dedent(WOBBLE), "utf-8")
    monkeypatch.setattr(effects, "__path__", [*effects.__path__, str(tmp_path)])
    importlib.import_module(f"{effects.__name__}.wobble")
    yield tmp_path
    EFFECTS.pop("wobble")
    sys.modules.pop(f"{effects.__name__}.wobble")


def plate(side=96):
    noise = np.random.default_rng(0).uniform(0, 255, (side, side, 3)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 3).astype(np.uint8)


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_every_effect_says_what_it_is(kind):
    made = EFFECTS[kind]
    effect = made.fresh()
    assert effect.kind == kind and made.dial in made.model_fields and set(made.families) <= set(FAMILIES)
    assert getattr(effect.scaled(1e9), made.dial) >= getattr(effect, made.dial)  # bounded by its schema
    said = effect.says(Tone(dark=False, warm=True, green=False))
    assert said is None or (isinstance(said, Said) and said.family in made.families)
    for named in made.named:
        Recipe.parse({"effects": [made.fresh(named).model_dump(mode="json")]})
        assert named.said.family in made.families
    assert made.__doc__


def test_an_effect_of_its_own_plays_and_is_understood(wobble):
    recipe = Recipe.parse({"effects": [{"kind": "wobble", "reach": 9}]})
    assert Recipe.parse(recipe.to_json()) == recipe
    frames = list(ambient(plate(), recipe, frames=6, fps=6))
    assert (frames[0] == plate()).all() and (frames[2] != plate()).any()
    for words in ("jelly", "젤리가"):
        assert [movement.subject for movement in read_wish(words).movements] == ["the jelly"]


def test_an_effect_of_its_own_through_the_command_line(wobble, monkeypatch):
    monkeypatch.setenv("COVERLOOP_VLM", "offline")
    cv2.imwrite(str(wobble / "cover.png"), plate())
    call = ["prompt", str(wobble / "cover.png"), "--plate", str(wobble / "cover.png"), "--intent", "jelly", "--json"]
    made = json.loads(CliRunner().invoke(cli, call, standalone_mode=False).stdout)
    assert "wobble" in [effect["kind"] for effect in made["recipe"]["effects"]]
    assert "The jelly wobbles to and fro" in made["positive"]


NODE = """
import importlib, os, sys, torch
from coverloop.core.motion import effects
effects.__path__.append(sys.argv[1])
importlib.import_module(effects.__name__ + ".wobble")
from coverloop.nodes.motion import CoverLoopAmbient
plate = torch.rand(1, 64, 64, 3)
made = CoverLoopAmbient.execute(plate, '{"effects": [{"kind": "wobble"}]}', 1.0, 6.0)
assert made.result[0].shape == (6, 64, 64, 3) and not torch.equal(made.result[0][0], made.result[0][2])
print("played", flush=True)
os._exit(0)  # memory kept for the next run would hold the process
"""


def test_an_effect_of_its_own_through_the_node(wobble):
    """In a process of its own: the nodes import ComfyUI, which reads the command line."""
    from coverloop.orchestrator.server import embedded

    code = f"import sys; sys.path.insert(0, {str(embedded.find_comfyui())!r})\n"
    code += "import comfy.options, comfy.cli_args; comfy.cli_args.args.cpu = True\n" + NODE
    done = subprocess.run([sys.executable, "-c", code, str(wobble)], capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("played\n"), done.stderr[-2000:]
