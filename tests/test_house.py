"""The house keeps its own rules: packages listed, arrows one way and never in a circle, requirements as written."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "nodes", "orchestrator", "service", "training")


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


class Import(NamedTuple):
    """line: where it stands, also inside functions and under TYPE_CHECKING; target: parts of a path in the repository
    for an import of ours, else the dotted parts of a library; names: what is taken from it."""

    line: int
    ours: bool
    target: tuple[str, ...]
    names: tuple[str, ...] = ()


def imports(path: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = tuple((node.module or "").split(".")) if node.module else ()
            base = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            yield Import(node.lineno, bool(node.level), base + module, tuple(alias.name for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (Import(node.lineno, False, tuple(alias.name.split("."))) for alias in node.names)


ALLOWED = {
    "core": {"core"},
    "nodes": {"nodes", "core"},
    "orchestrator": {"orchestrator", "core"},
    "service": {"service", "orchestrator", "core"},
    "training": {"training", "orchestrator", "core"},
}
COMFYUI = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "execution", "server"}
HTTP = {"requests", "websocket", "urllib", "urllib3", "aiohttp", "httpx", "http", "google", "openai"}
# Weights are fetched and models on servers asked where they are used; nothing else in core goes over a network.
HTTP_IN_CORE = {"core/weights.py", "core/prompt/ask/vlms/gemini.py", "core/prompt/ask/vlms/openai.py"}


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_go_one_way(path):
    package, name = path.relative_to(ROOT).parts[0], path.relative_to(ROOT).as_posix()
    for line, ours, target, names in imports(path):
        where = f"{name}:{line} imports {'.'.join(target)}"
        if ours:
            taken = {target[0]} if target else set(names) - {"__version__"}
            assert taken <= ALLOWED[package], where
            continue
        assert target[0] != "coverloop", where
        assert package == "nodes" or target[0] not in COMFYUI, where
        assert package != "core" or name in HTTP_IN_CORE or target[0] not in HTTP, where


def files_taken(path: Path) -> Iterator[tuple[str, ...]]:
    """The files of ours that a file imports, as parts of a path in the repository, without ".py"."""
    for _, ours, target, names in imports(path):
        for name in names if ours else ():
            if (ROOT.joinpath(*target, f"{name}.py")).exists():
                yield (*target, name)
            elif (ROOT.joinpath(*target, name, "__init__.py")).exists():
                yield (*target, name, "__init__")
            elif target and (ROOT.joinpath(*target).with_suffix(".py")).exists():
                yield target
            elif target:
                yield (*target, "__init__")


def circles(arrows: dict[str, set[str]]) -> set[frozenset[str]]:
    """Sets of names that all reach each other (strongly connected components of more than one)."""

    def reached(start: str) -> set[str]:
        seen, ahead = set(), [start]
        while ahead:
            fresh = arrows.get(ahead.pop(), set()) - seen
            seen |= fresh
            ahead += fresh
        return seen

    reach = {name: reached(name) for name in arrows}
    found = {frozenset(other for other in reach[name] if name in reach.get(other, ())) for name in arrows}
    return {circle for circle in found if len(circle) > 1}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_files_import_each_other_in_a_circle(package):
    arrows = {
        path.relative_to(ROOT).with_suffix("").as_posix(): {"/".join(taken) for taken in files_taken(path)}
        for path in (ROOT / package).glob("**/*.py")
    }
    assert circles(arrows) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_rooms_import_each_other_in_a_circle(package):
    """In each folder, whatever lies in it (a file, or a folder with all it holds) is one room."""
    found = set()
    for folder in (init.parent for init in (ROOT / package).glob("**/__init__.py")):
        depth = len(folder.relative_to(ROOT).parts)
        arrows: dict[str, set[str]] = {}
        for path in folder.glob("**/*.py"):
            own = path.relative_to(ROOT).with_suffix("").parts
            taken = {other for other in files_taken(path) if other[:depth] == own[:depth]}
            arrows.setdefault("/".join(own[: depth + 1]), set()).update("/".join(o[: depth + 1]) for o in taken)
        found |= circles({name: others - {name} for name, others in arrows.items()})
    assert not found


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
