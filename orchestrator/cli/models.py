"""`coverloop models`: the weights that make loops better where they are present, and how to get them."""

from __future__ import annotations

import click

from .options import debug_option, echo_json, json_option, stderr


@click.group(invoke_without_command=True)
@debug_option
@click.pass_context
def models(context: click.Context) -> None:
    """Tell which fillers and weights are there, and fetch what is missing."""
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list")
@json_option
@debug_option
def list_models(as_json: bool = False) -> None:
    """Every filler of the clean plate: whether it is ready, what it needs, its licence. And who reads Hangul, and
    whether figures are found and faces compared."""
    from ...core.lettering import hangul
    from ...core.plate.registry import fillers
    from ...core.views import faces, figures

    rows, reader, lacking = [filler._asdict() for filler in fillers()], hangul.reader(), figures.lacking()
    if as_json:
        echo_json({"fillers": rows, "hangul": reader, "pose": not lacking, "faces": not faces.lacking()})
    for row in [] if as_json else rows:
        click.echo(
            f"{row['name']:<10} {'ready' if row['ready'] else 'missing':<8} {row['licence']}; needs {row['needs']}"
        )
    if not as_json:
        read = f"read by {reader}" if reader else f"not read; fetch korean ({hangul.SIZE_MB} MB), or install Tesseract"
        click.echo(f"{'hangul':<10} {'ready' if reader else 'missing':<8} {read}")
        click.echo(f"{'pose':<10} {'missing' if lacking else 'ready':<8} Apache-2.0; {lacking or 'needs nothing'}")
        unmet = faces.lacking()
        click.echo(f"{'faces':<10} {'missing' if unmet else 'ready':<8} BSL-1.0, CC0-1.0; {unmet or 'needs nothing'}")


@models.command()
@click.argument("name")
@json_option
@debug_option
def fetch(name: str, as_json: bool) -> None:
    """Download weights, hash-checked, into coverloop's own model folder."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from ...core import weights
    from ...core.lettering import hangul
    from ...core.plate.registry import filler, names
    from ...core.views import figures

    there = {known: load for known in names() if (load := filler(known).fetch)}
    there["pose"] = lambda progress: [weights.fetch(file, progress=progress) for file in figures.FILES][-1].parent
    there["korean"] = lambda progress: weights.fetch(hangul.recogniser(), progress=progress)
    download = there.get(name)
    if download is None:
        raise click.UsageError(f"{name!r}: nothing to fetch; there are weights of {', '.join(there)}")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        path = download(lambda done, whole: bar.update(task, completed=done, total=whole or None))
    echo_json({"name": name, "path": str(path)}) if as_json else click.echo(str(path))
