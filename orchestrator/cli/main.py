"""`coverloop`: the command line. Reads arguments and prints; the work is done elsewhere.

Exit codes: 0 done, 1 a run failed, 2 the call must be mended, 130 stopped by Ctrl-C. Errors are one line on standard
error; with `--json`, standard output holds one JSON object and nothing else, also when it failed.

A verb is a file in a folder named `cli`, of this room or of another one, that holds a command of the file's name. Only
the one that was called is imported, and what it works with only when it runs, so that help comes at once.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from ... import __version__
from ...core.errors import CoverLoopError
from .options import debug_option, echo_json

NO_VERBS = frozenset({"main", "options", "__main__"})


class Verbs(click.Group):
    """The verbs of all rooms, by file name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_verbs())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _verbs().get(cmd_name)
        return getattr(importlib.import_module(module), cmd_name) if module else None


def _verbs() -> dict[str, str]:
    """Verb -> the module that holds it."""
    house = Path(__file__).resolve().parents[2]
    top = (__package__ or "").removesuffix(".orchestrator.cli")
    rooms = [f"{top}.{init.parts[-3]}.cli" for init in sorted(house.glob("*/cli/__init__.py"))]
    folders = {room: importlib.import_module(room).__path__ for room in rooms}
    found = {
        file.name: f"{room}.{file.name}" for room, path in folders.items() for file in pkgutil.iter_modules(list(path))
    }
    return {name: module for name, module in found.items() if name not in NO_VERBS}


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="coverloop")
@debug_option
def cli() -> None:
    """Turn still album covers into seamless loops that keep their lettering sharp."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; never raises for a bad call or a failed run."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(format="coverloop: %(message)s", level=logging.WARNING, stream=sys.stderr)
    debug = "--debug" in words
    try:
        result = cli.main(words, prog_name="coverloop", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        return _fail(f"{error.format_message()}; see coverloop --help", 2, "--json" in words)
    except (KeyboardInterrupt, click.Abort):
        return _fail("stopped", 130, "--json" in words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except CoverLoopError as error:
        if debug:
            traceback.print_exc()
        return _fail(str(error), error.exit_code, "--json" in words)
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _fail(
            f"unexpected {type(error).__name__}: {error}; run it again with --debug and report it", 1, "--json" in words
        )


def _fail(message: str, code: int, as_json: bool) -> int:
    if as_json:
        echo_json({"error": message, "exit_code": code})
    click.echo(f"coverloop: {message}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
