"""A vision-language model or a filler is one file: dropped into its folder, the command line and the node have it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.plate import clean, fillers
from coverloop.core.plate import registry as plates
from coverloop.core.prompt.ask import registry, vlms
from coverloop.core.prompt.ask.settings import Settings
from coverloop.orchestrator.cli.main import cli
from coverloop.orchestrator.server.embedded import find_comfyui
from PIL import Image

PARROT = """
import json
from coverloop.core.prompt.ask.protocol import Vlm
from coverloop.core.prompt.form.boxes import RELATIVE


class Parrot:
    name, model, boxes, in_process, sees = "parrot", "grey", RELATIVE, True, True

    def ask(self, request):
        movement = {"subject": "green feathers", "motion": "ruffle softly", "kind": "sway", "strength": 0.4}
        return json.dumps({"movements": [movement], "mood": "playful", "medium": "photo"})


VLM = Vlm(
    open=lambda settings, host: Parrot(),
    configured=lambda settings: bool(settings.get("PARROT_API_KEY")),
    rank=0,
    settings=("PARROT_API_KEY",),
    library="json",
    install="it is there",
)
"""


VIOLET = """
from coverloop.core.plate.filler import Filler


def paint(picture, hole, *, seed, folders):
    picture = picture.copy()
    picture[hole] = (120, 60, 200)
    return picture


FILLER = Filler(fill=paint, licence="CC0-1.0", size_rule="any", rank=9)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for package, name, text in ((vlms, "parrot", PARROT), (fillers, "violet", VIOLET)):
        folder = tmp_path / package.__name__.rpartition(".")[2]
        folder.mkdir()
        (folder / f"{name}.py").write_text(text, "utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    yield tmp_path
    for name in (f"{vlms.__name__}.parrot", f"{fillers.__name__}.violet"):
        sys.modules.pop(name, None)


def test_a_vlm_is_a_choice_and_its_key_is_a_key(folder):
    first, *names, last = registry.names()
    assert (first, last) == ("auto", "offline") and "parrot" in names
    settings = Settings.read(registry.setting_names(), environ={"PARROT_API_KEY": "squawk-123", "GEMINI_API_KEY": "k"})
    assert settings.scrub("refused squawk-123") == "refused [key]"
    assert settings.public() == {"GEMINI_API_KEY": "set", "PARROT_API_KEY": "set"}
    assert registry.open_backend("auto", settings).name == "parrot"


def test_a_filler_fills(folder):
    assert "violet" in plates.names()
    mask = np.zeros((64, 64), np.float32)
    mask[20:40, 20:40] = 1
    plate = clean.clean_plate(np.full((64, 64, 3), 128, np.uint8), mask, "violet")
    assert plate.filler == "violet" and plate.image[30, 30].tolist() == [120, 60, 200]


def test_the_command_line_has_them(folder, tmp_path):
    cover = str(tmp_path / "cover.png")
    Image.new("RGB", (96, 96), (40, 90, 60)).save(cover)
    done = CliRunner().invoke(cli, ["prompt", cover, "--plate", cover, "--backend", "parrot", "--json"])
    made = json.loads(done.stdout)
    assert made["positive"].startswith("Green feathers ruffle softly.") and made["report"]["by"] == "parrot grey"
    listed = json.loads(CliRunner().invoke(cli, ["models", "list", "--json"]).stdout)["fillers"]
    assert {"name": "violet", "licence": "CC0-1.0", "needs": "nothing", "size_rule": "any", "ready": True} in listed


def test_the_nodes_have_them(folder):
    probe = Path(__file__).parent / "node_probe.py"
    command = [sys.executable, str(probe), str(find_comfyui()), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert "parrot" in seen["vlms"] and seen["report"]["by"] == "parrot grey"
    assert "violet" in seen["fillers"] and seen["plate"] == [120, 60, 200]
