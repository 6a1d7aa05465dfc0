"""`coverloop`: the command line. Reads arguments and prints; the work is done elsewhere.

Exit codes: 0 done, 1 a run failed, 2 the call must be mended, 130 stopped by Ctrl-C. Errors are one line on standard
error; with `--json`, standard output holds one JSON object and nothing else, also when it failed.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from ... import __version__
from ...core.errors import CoverLoopError, UsageError
from .close import close
from .jobs import jobs
from .models import models
from .options import (
    PATH,
    covers_argument,
    debug_option,
    echo_json,
    force_option,
    json_option,
    keep_text_option,
    lift_text_option,
    out_option,
    read_settings,
    report,
    server_option,
    settings_option,
    stderr,
    workflow_option,
)
from .prompt import prompt
from .queue import enqueue, queue, worker


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="coverloop")
@debug_option
def cli() -> None:
    """Turn still album covers into seamless loops that keep their lettering sharp."""


for _command in (prompt, close, models, jobs, enqueue, worker, queue):
    cli.add_command(_command)


@cli.command()
@covers_argument
@out_option
@workflow_option
@server_option
@click.option("--size", type=int, help="Shorter side in pixels; the aspect is kept.  [default: the workflow's, 1080]")
@click.option("--seconds", type=float, help="Length of one turn.  [default: the workflow's, 4]")
@click.option("--fps", type=float, help="Frames per second.  [default: the workflow's, 24]")
@click.option("--seed", type=int, help="Another seed, another motion.  [default: the workflow's]")
@keep_text_option
@lift_text_option
@settings_option
@force_option
@json_option
@debug_option
def render(covers, out, workflow, server, settings, force, as_json, **named) -> None:
    """Render COVERs: <stem>.mp4, <stem>.jpg (poster) and <stem>.json (sidecar with the judgement) in --out.

    What was rendered before, from the same cover with the same parameters, is copied from the store at once.
    """
    from ..verbs.render import render_all

    given = {**read_settings(settings), **{name: value for name, value in named.items() if value is not None}}
    results = render_all(covers, out, workflow, server, given, stderr, force)
    if as_json:
        echo_json({"loops": [result.to_dict() for result in results]})
    else:
        for result in results:
            click.echo(result.line())
    if any(result.error for result in results):
        raise SystemExit(max(result.exit_code for result in results))


@cli.command()
@click.argument("source")
@out_option
@workflow_option
@click.option(
    "--server", "servers", multiple=True, metavar="URL", help="A running ComfyUI; may be given several times."
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the workflow, for all covers."
)
@click.option("--resume", is_flag=True, help="Go on with an earlier run: covers it set aside stay aside.")
@force_option
@json_option
@debug_option
def batch(source, out, workflow, servers, settings, resume, force, as_json) -> None:
    """Render every cover of SOURCE: a folder, a pattern, or a .txt, .csv or .jsonl list. Ends with a report in --out.

    Finished covers are kept in a store and never rendered twice; a run that was stopped or killed goes on where it was.
    Ctrl-C once finishes what runs, twice interrupts it. Exit code 0 means that every cover has a loop that passes.
    """
    from ..verbs.batch import run_batch

    summary = run_batch(source, out, workflow, servers, read_settings(settings), stderr, force=force, resume=resume)
    echo_json(summary.to_dict()) if as_json else click.echo(summary.line())
    if summary.exit_code:
        raise SystemExit(summary.exit_code)


@cli.command()
@covers_argument
@out_option
@keep_text_option
@lift_text_option
@json_option
@debug_option
def text(covers, out, keep_text, lift_text, as_json) -> None:
    """Find the lettering of COVERs: <stem>.mask.png (0/255), <stem>.plate.png and <stem>.text.json in --out. No
    server."""
    from ..verbs.text import write_text

    report(write_text(covers, out, keep_text, lift_text), "covers", as_json, _text_line)


def _text_line(row: dict[str, Any]) -> str:
    return f"{row['mask']}  {row['regions']} pieces of lettering, plate filled by {row['filler']}"


@cli.command()
@click.argument("video", type=PATH)
@click.option("--cover", type=PATH, help="The cover the loop must keep; its lettering is judged too.")
@click.option("--plot", type=PATH, help="Write a picture of the steps around the ring and the frames at the join.")
@json_option
@debug_option
def score(video, cover, plot, as_json) -> None:
    """Judge a loop: seam, jumps, stalls, flicker, motion; with --cover also what it kept. No server."""
    from ..verbs.score import judge_file, judgement_lines

    judgement = judge_file(video, cover, plot)
    if as_json:
        echo_json({"video": str(video), **judgement.to_dict()})
    else:
        click.echo("\n".join(judgement_lines(judgement)))


@cli.group(invoke_without_command=True)
@debug_option
@click.pass_context
def workflows(context) -> None:
    """List the workflows, show one, or export its graph for ComfyUI's editor."""
    if context.invoked_subcommand is None:
        context.invoke(list_workflows)


@workflows.command("list")
@json_option
@debug_option
def list_workflows(as_json: bool = False) -> None:
    """Every workflow and version there is."""
    from ..job.workflow import load_workflow, workflow_ids

    rows = [{"id": w.id, "title": w.title} for w in map(load_workflow, workflow_ids())]
    report(rows, "workflows", as_json, lambda row: f"{row['id']:24} {row['title']}")


@workflows.command("show")
@click.argument("id")
@json_option
@debug_option
def show_workflow(id, as_json) -> None:
    """What a workflow binds and needs."""
    from ..job.workflow import load_workflow, workflow_facts, workflow_lines

    found = load_workflow(id)
    echo_json(workflow_facts(found)) if as_json else click.echo("\n".join(workflow_lines(found)))


@workflows.command("export")
@click.argument("id")
@click.argument("file", type=PATH)
@debug_option
def export_workflow(id, file) -> None:
    """Write a workflow's graph to FILE, to open in ComfyUI."""
    from ..job.workflow import load_workflow

    source = load_workflow(id).ui_path
    if file.is_dir():
        raise UsageError(f"{file}: is a folder; give a file name, such as {source.name}")
    try:
        file.write_bytes(source.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror}); give another place") from error
    click.echo(str(file))


@cli.command()
@server_option
@click.option("--workflow", "workflow_id", metavar="ID", help="Only this one.  [default: all]")
@json_option
@debug_option
def check(server, workflow_id, as_json) -> None:
    """Tell whether a server can run the workflows: its version, missing nodes and models, each with where to get it."""
    from ..verbs.check import check_server

    found = check_server(server, workflow_id, stderr)
    echo_json(found.to_dict()) if as_json else click.echo("\n".join(found.lines()))
    if not found.complete:
        raise SystemExit(1)


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
