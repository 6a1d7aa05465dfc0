"""The README says what is so."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("readme_help", ROOT / "scripts" / "readme_help.py")
readme_help = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(readme_help)
README = (ROOT / "README.md").read_text("utf-8")


def test_help_is_up_to_date():
    assert readme_help.with_help(README) == README, "run scripts/readme_help.py"


def test_files_it_names_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    tree = re.search(r"## How it is built\n\n```\n(.*?)```", README, re.S)[1]
    for line in tree.splitlines():
        folder = "core/" if line.startswith("  ") else ""
        for name in re.findall(r"^(?:  )?((?:[\w/]+\.?\w*[ ]?)+?)(?:  |$)", line):
            for part in name.split():
                assert (ROOT / folder / part).exists(), part
