"""What people install: the registry's archive, alone in a ComfyUI, and the wheel, alone in an environment."""

import ast
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import requests
from coverloop.orchestrator.server import embedded
from PIL import Image
from test_house import ROOT

if not (ROOT / ".git").exists():
    pytest.skip("not a git checkout: what ships is told by git and .comfyignore", allow_module_level=True)


def git_files(*options: str) -> set[str]:
    done = subprocess.run(["git", "ls-files", "-z", *options], cwd=ROOT, capture_output=True, check=True)
    return {name for name in done.stdout.decode().split("\0") if name and (ROOT / name).exists()}


def shipped() -> list[str]:
    """The files of the registry's archive, as its publisher picks them: tracked, less what .comfyignore names."""
    untracked = git_files("--others", "--exclude-standard")
    ignored = git_files("--cached", "--others", "--ignored", "--exclude-from=.comfyignore")
    return sorted((git_files() | untracked) - ignored)


def copied(names, target: Path) -> Path:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target / name)
    return target


def test_the_archive_holds_the_pack_and_nothing_else():
    tops = {name.split("/")[0] for name in shipped()}
    files = {"__init__.py", "install.py", "pyproject.toml", "requirements.txt", "LICENSE", "README.md"}
    assert tops - {"CHANGELOG.md", "CONTRIBUTING.md"} == {
        *files,
        *("assets", "core", "locales", "nodes", "prompts", "web", "workflows"),
    }
    size = sum((ROOT / name).stat().st_size for name in shipped())
    assert size < 5_000_000, f"{size / 1e6:.1f} MB"


FORBIDDEN = {"eval", "exec", "compile", "__import__"}
NETWORK = {"requests", "urllib", "urllib3", "http", "socket", "websocket", "httpx", "aiohttp", "google", "openai"}


@pytest.mark.parametrize("name", [name for name in shipped() if name.endswith(".py") and name != "install.py"])
def test_what_ships_runs_no_programs_and_reaches_no_network_at_import(name):
    """The registry bans versions for it. `install.py` is run by ComfyUI-Manager, not by the pack."""
    tree = ast.parse((ROOT / name).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert "subprocess" not in imported(node), name
        if isinstance(node, ast.Call):
            called = node.func
            assert not (isinstance(called, ast.Name) and called.id in FORBIDDEN), f"{name}:{node.lineno}"
            assert not (isinstance(called, ast.Attribute) and called.attr in ("system", "popen")), name
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert not imported(node) & NETWORK, f"{name}:{node.lineno} reaches the network when it is imported"


def imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        return set() if node.level else {(node.module or "").split(".")[0]}
    return {alias.name.split(".")[0] for alias in node.names}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A ComfyUI with nothing of this project but the registry's archive."""
    base = tmp_path_factory.mktemp("archive")
    (base / "custom_nodes").mkdir()
    pack = copied(shipped(), base / "custom_nodes" / "coverloop")
    with embedded.start(base=base) as server:
        assert not pack.is_symlink()
        yield server


def test_the_archive_alone_gives_nodes_templates_and_the_extension(archive):
    nodes = json.loads((ROOT / "tests" / "data" / "nodes.json").read_text("utf-8"))
    assert set(nodes) <= set(requests.get(f"{archive.url}/object_info", timeout=60).json())
    templates = requests.get(f"{archive.url}/workflow_templates", timeout=30).json()["coverloop"]
    assert {"ambient_loop_v4", "wan22_loop_v4"} <= set(templates)
    assert "/extensions/coverloop/texts.js" in requests.get(f"{archive.url}/extensions", timeout=30).json()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = copied(git_files() | git_files("--others", "--exclude-standard"), folder / "source")
    build = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", *build, str(source)], check=True)
    return next(folder.glob("coverloop-*.whl"))


def test_the_wheel_holds_the_pack(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    apart = {"README.md", "LICENSE", "pyproject.toml", "CHANGELOG.md", "CONTRIBUTING.md"}
    missing = [name for name in shipped() if name not in apart and f"coverloop/{name}" not in names]
    assert missing == [], "name them in pyproject.toml"
    assert not [name for name in names if name.startswith(("coverloop/tests", "coverloop/benchmarks"))]


@pytest.fixture(scope="module")
def command(wheel, tmp_path_factory):
    """`coverloop` of the wheel in an environment of its own, which sees what is installed here but this project and
    the ComfyUI of the registry."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", with_pip=False)
    bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(bin / "python"), "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    others = folder / "others"
    others.mkdir()
    for place in (Path(entry) for entry in sys.path if entry.endswith("site-packages")):
        for entry in place.iterdir():
            ours = entry.name.startswith(("coverloop", "__editable__", "horde")) or entry.suffix == ".pth"
            if not ours and not (others / entry.name).exists():
                (others / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    site = next((folder / "venv").glob("[Ll]ib/**/site-packages"))
    (site / "others.pth").write_text(f"{others}\n", "utf-8")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("COMFYUI", "PYTHONPATH"))}
        clean |= {"XDG_DATA_HOME": str(folder / "data"), **environment}
        command = [str(bin / "coverloop"), *arguments]
        return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300)

    return run


def test_the_wheel_renders_on_the_archive_and_its_other_commands_work(command, archive, tmp_path):
    cover = tmp_path / "cover.png"
    with Image.open(ROOT / "assets" / "cover.png") as picture:
        picture.resize((256, 256)).save(cover)
    small = ("--set", "size=256", "--set", "seconds=0.5")
    rendered = command("render", str(cover), "--out", str(tmp_path / "out"), "--server", archive.url, *small)
    assert rendered.returncode in (0, 1) and (tmp_path / "out" / "cover.mp4").is_file(), rendered.stderr
    assert list((archive.base / "output" / "coverloop").glob("*.mp4"))
    for arguments in (
        ("prompt", str(cover), "--plate", str(cover)),
        ("score", str(tmp_path / "out" / "cover.mp4")),
        ("close", str(tmp_path / "out" / "cover.mp4"), "--out", str(tmp_path / "closed.mp4")),
        ("text", str(cover), "--out", str(tmp_path / "text")),
        ("workflows", "list"),
    ):
        done = command(*arguments)
        assert done.returncode in (0, 1) and "Traceback" not in done.stderr, (arguments, done.stderr)
        assert done.stdout.strip(), arguments


def test_the_wheel_without_a_comfyui_says_how_to_get_one(command, tmp_path):
    done = command("render", str(ROOT / "assets" / "cover.png"), "--out", str(tmp_path))
    assert done.returncode == 1 and "no ComfyUI found" in done.stderr and "pip install" in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3 and "Traceback" not in done.stderr
