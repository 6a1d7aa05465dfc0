"""A vision-language model is one file: dropped into `vlms/`, the command line and the node have it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "vlms"
    folder.mkdir()
    (folder / "parrot.py").write_text(PARROT, "utf-8")
    monkeypatch.setattr(vlms, "__path__", [*vlms.__path__, str(folder)])
    yield folder
    sys.modules.pop(f"{vlms.__name__}.parrot", None)


@pytest.fixture
def cover(tmp_path):
    path = tmp_path / "cover.png"
    Image.new("RGB", (96, 96), (40, 90, 60)).save(path)
    return str(path)


def test_it_is_a_choice_and_its_key_is_a_key(folder):
    assert registry.names() == ("auto", "gemini", "openai", "parrot", "qwen", "offline")
    settings = Settings.read(registry.setting_names(), environ={"PARROT_API_KEY": "squawk-123", "GEMINI_API_KEY": "k"})
    assert settings.scrub("refused squawk-123") == "refused [key]"
    assert settings.public() == {"GEMINI_API_KEY": "set", "PARROT_API_KEY": "set"}
    assert registry.open_backend("auto", settings).name == "parrot"


def test_the_command_line_has_it(folder, cover):
    done = CliRunner().invoke(cli, ["prompt", cover, "--plate", cover, "--backend", "parrot", "--json"])
    made = json.loads(done.stdout)
    assert made["positive"].startswith("Green feathers ruffle softly.") and made["report"]["by"] == "parrot grey"


def test_the_node_has_it(folder):
    probe = Path(__file__).parents[1] / "vlm_probe.py"
    command = [sys.executable, str(probe), str(find_comfyui()), str(folder), "parrot"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert "parrot" in said["offered"] and said["report"]["by"] == "parrot grey"
