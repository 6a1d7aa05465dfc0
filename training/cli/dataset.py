"""`coverloop dataset`: clips and captions for LoRA trainers."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.errors import UsageError
from ...orchestrator.cli.options import PATH, ToldOption, debug_option, echo_json, json_option, stderr


@click.group()
@debug_option
def dataset() -> None:
    """Clips and captions for LoRA trainers: prepare, caption, export."""


def _trainers() -> str:
    from ..registry import names

    return f"Who trains: {', '.join(names())}."


@dataset.command("caption")
@click.argument("folder", type=PATH)
@click.option("--token", required=True, metavar="WORD", help="The trigger of the LoRA, no word: m0t10n.")
@click.option(
    "--tokenizer",
    type=PATH,
    metavar="FILE",
    help="Whose words the trigger must not be one of: a text encoder of ComfyUI, spiece.model, vocab.json.",
)
@click.option("--backend", default="auto", show_default=True, metavar="B", help="Who describes, see coverloop prompt.")
@click.option("--estimate", is_flag=True, help="Say what would be asked, and do nothing.")
@click.option("--force", is_flag=True, help="Write captions anew that are there.")
@json_option
@debug_option
def caption_dataset(
    folder: Path, token: str, tokenizer: Path | None, backend: str, estimate: bool, force: bool, as_json: bool
) -> None:
    """A caption beside each clip of FOLDER: what is seen, what moves by measurement, and the trigger once.

    captions.html shows all of them. Without a model, captions say what was measured."""
    from ..caption import ASKED, caption, clips_of
    from ..trigger import checked_token

    if estimate:
        checked_token(token, tokenizer)
        left = [clip for clip in clips_of(folder) if force or not clip.with_suffix(".txt").exists()]
        told = {"clips": len(left), "questions": ASKED * len(left)}
        line = (
            f"{len(left)} clips, {told['questions']} questions with a picture of 896 px each, of a model; none without"
        )
        return echo_json(told) if as_json else click.echo(line)
    made = caption(
        folder, token, backend, tokenizer=tokenizer, force=force, each=lambda name: click.echo(name, err=True)
    )
    if as_json:
        return echo_json(made.to_dict())
    for line in made.told():
        click.echo(line)


@dataset.command("export")
@click.argument("folder", type=PATH)
@click.option("--trainer", required=True, metavar="NAME", cls=ToldOption, told=_trainers)
@click.option("--out", type=PATH, required=True, help="A new folder.")
@click.option("--name", default="coverloop", show_default=True, help="Name of the LoRA.")
@click.option("--token", default="", metavar="WORD", help="Its trigger, which every caption must have once.")
@click.option("--memory", type=int, default=24, show_default=True, help="GB of the graphics card: 24 or 80.")
@json_option
@debug_option
def export_dataset(folder: Path, trainer: str, out: Path, name: str, token: str, memory: int, as_json: bool) -> None:
    """Prepared and captioned clips of FOLDER as a trainer of Wan 2.2 5B reads them, with its settings and a README of
    two commands. For comfyui FOLDER holds an artist's pictures, with captions of the same name where there are any:
    they become squares, and a graph trains a style LoRA for Stable Diffusion 1.5 on them."""
    from ..export import export

    made = export(folder, out, trainer, name=name, token=token, memory=memory)
    if as_json:
        return echo_json(made.to_dict())
    for line in made.told():
        click.echo(line)


@dataset.command("prepare")
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="SOURCE...")
@click.option("--out", type=PATH, required=True, help="Folder for the clips; made if need be.")
@click.option("--frames", default=97, show_default=True, metavar="N", help="Of a clip: 4n + 1.")
@click.option(
    "--size", default="1280x704", show_default=True, metavar="WxH", help="As many pixels, in the source's shape."
)
@click.option("--loops-only", is_flag=True, help="Drop also what does not close.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Sources at a time.")
@json_option
@debug_option
def prepare_dataset(
    sources: tuple[Path, ...], out: Path, frames: int, size: str, loops_only: bool, workers: int, as_json: bool
) -> None:
    """Videos, or folders of them (wallpapers with their project.json, too), become clips of 24 frames a second in two
    sets: OUT/time, all frames, and OUT/resolution, few frames at full size. What is still, cut, dark, flickering,
    mostly lettering, filmed by a moving camera, or there twice is dropped; OUT/report.html says why, and OUT/keep.txt
    and OUT/drop.txt overrule it, a name a line. A run that was stopped goes on; the sources are only read."""
    from ..prepare import Asked, prepare

    wide, sign, high = size.partition("x")
    if not (sign and wide.isdecimal() and high.isdecimal()):
        raise UsageError(f"--size {size}: must be WIDTHxHEIGHT, such as 1280x704")
    asked = Asked(sources, out, frames, int(wide), int(high), workers, loops_only)
    told = prepare(asked, lambda line: stderr.print(line, markup=False))
    if as_json:
        return echo_json(told)
    click.echo(f"{told['kept']} clips kept, {told['dropped']} dropped, of {told['sources']} sources: {told['report']}")
