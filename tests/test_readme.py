"""The README says what is so."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text("utf-8")
CHECKOUT = (ROOT / ".git").exists()  # an installed copy has no list of its files


def tree() -> set[str]:
    """Every path that the annotated tree names, from the root of the repository."""
    found, folders = set(), [""]
    for line in re.search(r"## How it is built\n\n```\n(.*?)```", README, re.S)[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = [folders[depth] + name for name in re.split(r" {2,}", line.strip())[0].split()]
        folders[depth + 1 :] = [names[0]]
        found |= set(names)
    return found


def test_what_the_pages_link_to_exists():
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_tree_is_the_tree():
    named = tree()
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    tops = ("core", "nodes", "orchestrator", "service", "training")
    inits = [path for top in tops for path in (ROOT / top).glob("**/__init__.py")]
    rooms = {f"{init.parent.relative_to(ROOT).as_posix()}/" for init in inits}
    assert rooms - named == set()
    assert {f"core/{path.name}" for path in (ROOT / "core").glob("*.py")} - {"core/__init__.py"} - named == set()


def test_every_folder_of_the_repository_is_in_the_tree():
    if CHECKOUT:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        folders = {line.split("/")[0] + "/" for line in listed.splitlines() if "/" in line} - {".ci/", ".github/"}
        assert folders - tree() == set()


def test_paths_that_the_recipes_name_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for name in re.findall(r"`([\w/]+/[\w./]*)`", text):
        if "NAME" not in name and not name.endswith("<node>.md"):
            assert (ROOT / name).exists(), name
