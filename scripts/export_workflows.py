"""Export each workflows/*.json that is new or changed to workflows/api/ through ComfyUI's real front end; the hashes go
to the manifest. A graph whose hash is there already is left alone: what is published stays byte for byte.

usage: export_workflows.py        (needs chromium and the environment of `make test`)

The graph people edit is the source; run this after changing one. A test holds the two together the same way.
"""

import hashlib
import json
import re
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = ROOT / "workflows"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]

BOUND = ("LoraLoaderModelOnly", "CoverLoopLoadCover", "UpscaleModelLoader", "ImageUpscaleWithModel")


@contextmanager
def front_end(url: str) -> Iterator:
    """A page with ComfyUI's front end loaded and ready; `page.problems` collects what it complained about."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 960, "height": 600})
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
            page.problems = problems
            page.goto(url, wait_until="domcontentloaded")
            page.wait_for_function("window.app && window.app.graph && window.app.canvas", timeout=60_000)
            page.wait_for_function("Object.keys(LiteGraph.registered_node_types).length > 300", timeout=60_000)
            yield page
        finally:
            browser.close()


def to_api(page, graph: dict) -> dict:
    """The UI graph in ComfyUI's API format, as the front end itself converts it. Bypassed loaders of LoRAs and of
    pictures, and upscaling (the graph runs without) are switched on: the manifest binds them, and those that nothing
    is given for are taken out."""
    nodes = [{**node, "mode": 0} if node["type"] in BOUND else node for node in graph["nodes"]]
    page.evaluate("graph => window.app.loadGraphData(graph)", {**graph, "nodes": nodes})
    return page.evaluate("async () => (await window.app.graphToPrompt()).output")


def complaints(page) -> list[str]:
    """What the front end says in its alerts and logs: an invalid graph is only told there."""
    page.wait_for_timeout(200)
    return page.problems + page.locator(".p-toast-message, .comfy-missing-nodes").all_inner_texts()


def missing_nodes(page) -> list[str]:
    """Types of nodes in the loaded graph that the front end does not know; `has_errors` may mean a missing file."""
    types = page.evaluate("() => window.app.graph.nodes.map(node => node.type)")
    known = set(page.evaluate("() => Object.keys(window.LiteGraph.registered_node_types)"))
    return [type for type in types if type not in known]


def main() -> None:
    from coverloop.orchestrator.server.embedded import start  # late: the test only wants the functions above

    manifest = WORKFLOWS / "manifest.toml"
    with tempfile.TemporaryDirectory() as base:
        packs = Path(base) / "custom_nodes"
        packs.mkdir()
        (packs / "recorded_packs").symlink_to(ROOT / "tests" / "recorded_packs", target_is_directory=True)
        with start(base=Path(base)) as server, front_end(server.url) as page:
            for path in filter(is_new, sorted(WORKFLOWS.glob("*.json"))):
                api = to_api(page, json.loads(path.read_text(encoding="utf-8")))
                target = WORKFLOWS / "api" / path.name
                text = json.dumps(api, indent=1, ensure_ascii=False) + "\n"
                target.write_text(text, encoding="utf-8", newline="\n")
                hashed = with_hashes(manifest.read_text(encoding="utf-8"), path, target)
                manifest.write_text(hashed, encoding="utf-8", newline="\n")
                print(f"{path.name}: {len(api)} nodes")
            record_nodes(server.url)


def is_new(path: Path) -> bool:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f'ui_sha256 = "{digest}"' not in (WORKFLOWS / "manifest.toml").read_text(encoding="utf-8")


def record_nodes(url: str) -> None:
    """Keep the ids and types of our nodes in tests/data/nodes.json: saved graphs depend on them."""
    with urllib.request.urlopen(f"{url}/object_info", timeout=60) as answer:
        everything = json.load(answer)
    ours = {name: shape(info) for name, info in sorted(everything.items()) if name.startswith("CoverLoop")}
    text = json.dumps(ours, indent=1) + "\n"
    (ROOT / "tests" / "data" / "nodes.json").write_text(text, encoding="utf-8", newline="\n")


def shape(info: dict) -> dict:
    inputs = {**info["input"].get("required", {}), **info["input"].get("optional", {})}
    return {
        "inputs": {key: spec[0] if isinstance(spec[0], str) else "COMBO" for key, spec in inputs.items()},
        "outputs": dict(zip(info["output_name"], info["output"], strict=True)),
    }


def with_hashes(manifest: str, ui: Path, api: Path) -> str:
    for key, path in (("ui_sha256", ui), ("api_sha256", api)):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        pattern = rf'(\[{re.escape(ui.stem)}\](?:(?!\n\[).)*?\n{key} = ")[0-9a-f]*(")'
        manifest = re.sub(pattern, rf"\g<1>{digest}\g<2>", manifest, flags=re.DOTALL)
    return manifest


if __name__ == "__main__":
    main()
