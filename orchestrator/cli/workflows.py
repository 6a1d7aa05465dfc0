"""`coverloop workflows`: what can be rendered with."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.errors import UsageError
from .options import PATH, debug_option, echo_json, json_option, report


@click.group(invoke_without_command=True)
@debug_option
@click.pass_context
def workflows(context: click.Context) -> None:
    """List the workflows, show one, or export its graph for ComfyUI's editor."""
    if context.invoked_subcommand is None:
        context.invoke(list_workflows)


@workflows.command("list")
@json_option
@debug_option
def list_workflows(as_json: bool = False) -> None:
    """Every workflow and version there is."""
    from ..job.manifest import load_workflow, workflow_ids

    rows = [{"id": w.id, "title": w.title} for w in map(load_workflow, workflow_ids())]
    report(rows, "workflows", as_json, lambda row: f"{row['id']:24} {row['title']}")


@workflows.command("show")
@click.argument("id")
@json_option
@debug_option
def show_workflow(id: str, as_json: bool) -> None:
    """What a workflow binds and needs."""
    from ..job.manifest import load_workflow
    from ..verbs.workflows import workflow_facts, workflow_lines

    found = load_workflow(id)
    echo_json(workflow_facts(found)) if as_json else click.echo("\n".join(workflow_lines(found)))


@workflows.command("export")
@click.argument("id")
@click.argument("file", type=PATH)
@debug_option
def export_workflow(id: str, file: Path) -> None:
    """Write a workflow's graph to FILE, to open in ComfyUI."""
    from ..job.manifest import load_workflow

    source = load_workflow(id).ui_path
    if file.is_dir():
        raise UsageError(f"{file}: is a folder; give a file name, such as {source.name}")
    try:
        file.write_bytes(source.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror}); give another place") from error
    click.echo(str(file))
