"""A whole run with a key in the environment: a batch through ComfyUI, a model asked, and no file holds the key."""

import json
import os
import subprocess
import sys

import numpy as np
from coverloop.orchestrator.server import embedded
from PIL import Image, ImageDraw, ImageFont
from secret_scan import files_with
from vlm_server import VlmServer, openai, shape

KEY = "sk-live-7f3a9c1e5b2d4860-secret"


def write_cover(path):
    y, x = np.mgrid[0:256, 0:256]
    noise = np.random.default_rng(5).integers(0, 30, (256, 256))
    picture = Image.fromarray(np.stack([x // 2 + noise, 90 + y // 3, 200 - y // 2], -1).clip(0, 255).astype(np.uint8))
    ImageDraw.Draw(picture).text((40, 60), "EMBER", font=ImageFont.load_default(44), fill=(255, 250, 235))
    picture.save(path)


def test_no_file_of_a_whole_run_holds_the_key(tmp_path):
    """The model answers the first look and quotes the key back in an error at the next ones."""
    moved = shape("openai_good")["body"]["choices"][0]["message"]["content"]
    quoting = {"status": 401, "headers": {}, "body": {"error": {"message": f"wrong key {KEY}", "type": "auth"}}}
    covers, out, base = tmp_path / "covers", tmp_path / "out", tmp_path / "base"
    covers.mkdir()
    write_cover(covers / "ember.png")
    model = VlmServer(openai(moved), quoting)
    keys = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{model.url}/v1",
        "COVERLOOP_VLM_MODEL": "any",
        "COVERLOOP_VLM_TIMEOUT": "10",
        "COVERLOOP_STORE": str(tmp_path / "store"),
    }
    with embedded.start(base=base, environment=keys) as server:
        command = [sys.executable, "-m", "coverloop.orchestrator.cli", "--debug", "batch", str(covers), "--json"]
        command += ["--out", str(out), "--server", server.url, "--set", "size=256", "--set", "seconds=0.5"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **keys}, timeout=180)
        (tmp_path / "printed.txt").write_text(done.stdout + done.stderr, "utf-8")
        (tmp_path / "server.log").write_bytes(server.log_path.read_bytes())
    assert (out / "ember.mp4").exists(), done.stderr
    assert any(f"Bearer {KEY}" == headers.get("authorization") for _, headers, _ in model.requests), "never asked"
    assert json.loads((out / "ember.json").read_text("utf-8"))["workflow"]["id"] == "ambient_loop_v4"
    assert len(list(tmp_path.rglob("*"))) > 20
    assert files_with(KEY, tmp_path) == []
