"""Put the command line's own help into the README, between its help markers (a test checks that it is up to date).

usage: readme_help.py
"""

import re
from pathlib import Path

import click
from click.testing import CliRunner

README = Path(__file__).resolve().parent.parent / "README.md"
MARKS = ("<!-- help:start -->", "<!-- help:end -->")


def help_text() -> str:
    from coverloop.orchestrator.cli.main import cli

    blocks = [_help(cli, [])]
    blocks += [_help(cli, [name]) for name in cli.list_commands(click.Context(cli))]
    return "\n\n".join(blocks)


def _help(command: click.Command, path: list[str]) -> str:
    result = CliRunner().invoke(command, [*path, "--help"], prog_name="coverloop", terminal_width=100)
    lines = [line.rstrip() for line in result.output.strip().splitlines()]
    return "```console\n$ " + " ".join(("coverloop", *path, "--help")) + "\n" + "\n".join(lines) + "\n```"


def with_help(readme: str) -> str:
    start, end = MARKS
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{help_text()}\n{end}", readme, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(with_help(README.read_text("utf-8")), encoding="utf-8", newline="\n")
