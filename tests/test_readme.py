"""The README says what is so."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_files_it_names_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    tree = re.search(r"## How it is built\n\n```\n(.*?)```", README, re.S)[1]
    for line in tree.splitlines():
        folder = "core/" if line.startswith("  ") else ""
        for name in re.findall(r"^(?:  )?((?:[\w/]+\.?\w*[ ]?)+?)(?:  |$)", line):
            for part in name.split():
                assert (ROOT / folder / part).exists(), part
