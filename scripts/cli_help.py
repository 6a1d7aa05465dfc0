"""Write the command line's own help into docs/cli.md (a test checks that it is up to date).

usage: cli_help.py
"""

from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
INTRODUCTION = """# Command line

Exit codes: 0 done, 1 a run failed, 2 the call or a file given is wrong, 130 stopped by Ctrl-C. Errors are one line on
standard error; `--debug` shows where they come from. With `--json`, standard output holds one JSON object and nothing
else, also when it failed.

| variable | what it sets |
|---|---|
| `COMFYUI_URL` | the ComfyUI to use where `--server` is not given |
| `COMFYUI_AUTH`, `COMFYUI_CA` | its Authorization header, its CA bundle |
| `COMFYUI_PATH` | folder of a ComfyUI (with `main.py`) to start, with its models, instead of the embedded one |
| `COMFYUI_PYTHON` | the Python to start it with; else `../python_embeded`, `.venv` or `venv` there, else ours |
| `COVERLOOP_STORE` | folder of the store |
| `COVERLOOP_WORKFLOWS` | a folder of workflows of your own, laid out as `workflows/` |
| `COVERLOOP_QUEUE` | address of the queue's PostgreSQL |

The tests run against another ComfyUI with `COMFYUI_PATH=/path/to/ComfyUI make test`.

This page is written by `scripts/cli_help.py`.
"""


def page() -> str:
    from coverloop.orchestrator.cli.main import cli

    return INTRODUCTION + "".join(f"\n## {' '.join(path)}\n\n{_help(cli, path[1:])}\n" for path in _paths(cli))


def _paths(command: click.Command, path: tuple[str, ...] = ("coverloop",)) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _paths(below, (*path, name))


def _help(command: click.Command, path: tuple[str, ...]) -> str:
    result = CliRunner().invoke(command, [*path, "--help"], prog_name="coverloop", terminal_width=100)
    lines = [line.rstrip() for line in result.output.strip().splitlines()]
    return "```console\n$ " + " ".join(("coverloop", *path, "--help")) + "\n" + "\n".join(lines) + "\n```"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
