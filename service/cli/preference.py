"""`coverloop preference`: what people's votes say."""

from __future__ import annotations

import click

from ...orchestrator.cli.options import debug_option, echo_json, json_option


@click.group()
@debug_option
def preference() -> None:
    """What people's votes say of loops: report."""


@preference.command("report")
@click.option("--by", default="workflow", show_default=True, metavar="NAME", help="workflow, or a parameter of it.")
@json_option
@debug_option
def report_votes(by: str, as_json: bool) -> None:
    """Which workflow, or which value of a parameter, people prefer, how sure that is, and whether they agree with the
    judge."""
    from ..preference import preferences

    told = preferences(by)
    if as_json:
        return echo_json(told)
    click.echo(f"{told['votes']} votes, {told['ties']} ties, {told['both_bad']} both bad")
    for name, row in sorted(told["strengths"].items(), key=lambda item: -item[1]["log"]):
        between = "  95 %: {:+.2f} to {:+.2f}".format(*row["from_to"]) if row["from_to"] else ""
        click.echo(f"  {name:24} {row['log']:+.2f}{between}")
    for row in told["pairs"]:
        needed = f"; {row['needed']} votes would be sure of it" if row["needed"] else ""
        click.echo(f"  {row['a']} over {row['b']}: {row['a_wins']:.0%} of {row['votes']}{needed}")
    judge = told["judge"]
    if judge["votes"]:
        click.echo(f"  people take the one that the judge passes: {judge['agree']:.0%} of {judge['votes']}")
