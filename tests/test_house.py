"""The house keeps its own rules: packages listed, arrows one way, requirements as ComfyUI-Manager reads them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "nodes", "orchestrator")


def modules():
    for package in PACKAGES:
        yield from sorted((ROOT / package).glob("**/*.py"))


def test_every_package_is_listed():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = set(re.search(r"packages = \[(.*?)\]", project, re.S)[1].split('"')[1::2])
    tree = {
        ".".join(("coverloop", *path.parent.relative_to(ROOT).parts))
        for path in (*modules(), ROOT / "__init__.py")
        if path.name == "__init__.py"
    }
    assert listed == tree


ALLOWED = {"core": {"core"}, "nodes": {"nodes", "core"}, "orchestrator": {"orchestrator", "core"}}


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_go_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            levels = path.relative_to(ROOT).parts[: -node.level]
            target = (*levels, *(node.module or "").split("."))[0] or package
            names = {alias.name for alias in node.names} if not node.module and not levels else {target}
            assert names - {"__version__"} <= ALLOWED[package], f"{path.name}:{node.lineno} imports {sorted(names)}"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            top = {name.split(".")[0] for name in names}
            assert "coverloop" not in top, f"{path.name}:{node.lineno} imports itself by name"
            if package != "nodes":
                outside = top & {"comfy", "comfy_api", "folder_paths", "execution", "server"}
                assert not outside, f"{path.name}:{node.lineno} imports {sorted(outside)} of ComfyUI"
            if package == "core":
                assert not top & {"requests", "websocket", "urllib3", "aiohttp"} or path.name in HTTP_IN_CORE


# Weights and answers of a model are fetched where they are used; no picture or clip passes through HTTP in core.
HTTP_IN_CORE = {"lama.py", "vlm.py"}


def test_requirements_are_what_comfyui_manager_reads():
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+([<>=!~]=?[0-9.*]+,?)*(<[0-9.]+)?", line), line
        name = re.split(r"[<>=!~]", line)[0].lower()
        assert name not in {"torch", "torchvision", "torchaudio", "numpy", "easyocr"} and "opencv" not in name, line


def test_only_versioned_graphs_show_as_templates():
    for path in (ROOT / "workflows").glob("*.json"):
        assert re.fullmatch(r"[a-z0-9_]+_v\d+\.json", path.name), path.name
        assert (ROOT / "workflows" / "api" / path.name).exists(), f"{path.name} has no API graph"
    assert not [name for name in ("example_workflows", "example", "examples", "workflow") if (ROOT / name).exists()]


def test_root_imports_nothing_heavy():
    code = "import sys, coverloop; print([m for m in ('torch', 'cv2', 'numpy', 'comfy_api') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
