"""Loops of some covers with some LoRAs at some strengths, side by side: what is rendered, and what is written of it."""

from __future__ import annotations

import itertools
import json
import random
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ..core.errors import JobError, ServerError, UsageError
from ..orchestrator.batch.crew import Batch
from ..orchestrator.batch.display import Display
from ..orchestrator.batch.row import Row
from ..orchestrator.batch.tasks import Outcome, OutcomeState
from ..orchestrator.disk.files import write_whole
from ..orchestrator.disk.names import portable, same_name
from ..orchestrator.job import check
from ..orchestrator.job.manifest import load_workflow
from ..orchestrator.job.request import Job
from ..orchestrator.job.run import output_folder
from ..orchestrator.job.workflow import Workflow
from ..orchestrator.server.client import Comfy
from ..orchestrator.store.entry import Entry
from ..orchestrator.store.restore import read_sidecar
from ..orchestrator.store.store import Store
from ..orchestrator.verbs.batch import open_servers
from .calibration import COMPARING
from .side_by_side import page
from .steadiness import conclude, hardly_moves, parts, unrest

WORKFLOW = "wan22_loop"


@dataclass(frozen=True)
class Combination:
    """LoRAs with their strengths, none of them 0; empty is the model alone. `label`: as people are told."""

    loras: tuple[tuple[str, float], ...]
    label: str

    def values(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, (name, strength) in enumerate(self.loras, 1):
            found |= {f"lora_{number}": name, f"lora_{number}_strength": strength}
        return found


@dataclass(frozen=True)
class Asked:
    """loras, strengths: as given, between commas. together: LoRAs also with each other. given: parameters of all."""

    covers: Sequence[Path]
    out: Path
    loras: str
    strengths: str
    together: bool
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    told: Mapping[str, Any]
    exit_code: int

    def lines(self) -> list[str]:
        figures = [f"{name:40} unrest {value:.3f}" for name, value in self.told.get("unrest", {}).items()]
        failed = f"{self.told['failed']} of {self.told['loops']} loops failed; " if self.told["failed"] else ""
        return [*figures, self.told["says"], f"{failed}{self.told['page']}"]


def compare(asked: Asked, servers: Sequence[str], console: Console, *, force: bool = False) -> Made:
    """Render the grid and write compare.html, compare.jsonl, compare.json and pairs.jsonl into `asked.out`.

    Raises:
        UsageError: the call must be mended. ServerError: a server lacks a model or a LoRA; names it. What goes wrong
            with one loop is in its row.
    """
    workflow = load_workflow(WORKFLOW)
    if own := [name for name in asked.given if name.startswith("lora_")]:
        raise UsageError(f"--set {own[0]}: the comparison decides it; use --lora and --strengths")
    workflow.read_values(asked.given)
    strengths = _strengths(asked.strengths, workflow)
    loras = _loras(asked.loras)
    covers = _covers(asked.covers)
    _bound(len(covers), len(loras), strengths, asked.together, workflow)
    with Store() as store, ExitStack() as stack:
        addresses = stack.enter_context(open_servers(servers))
        loras, versions = _there(addresses, workflow, loras)
        grid = combinations(loras, strengths, asked.together)
        rows = _rows(covers, grid)
        folder = output_folder(asked.out)
        known = [None if force else _known(store, workflow, row, asked.given, versions) for row in rows]
        console.print(announced(len(covers), len(grid), known), markup=False)
        display = stack.enter_context(Display(console, len(rows), workflow.id, name=lambda row: row.out))
        outcomes = Batch(
            rows,
            folder,
            workflow,
            addresses,
            store,
            asked.given,
            force=force,
            on_outcome=display.ended,
            on_event=display.event,
        ).run()
        cells = [_cell(outcome, grid, folder) for outcome in outcomes]
    return write(folder, cells, [combination.label for combination in grid], workflow.id)


def _strengths(text: str, workflow: Workflow) -> list[float]:
    bound = workflow.bindings["lora_1_strength"]
    found: list[float] = []
    for word in (word.strip() for word in text.split(",")):
        try:
            value = bound.read(word)
        except UsageError as error:
            raise UsageError(f"--strengths: {str(error).partition('=')[2]}") from None
        if float(value) in found:
            raise UsageError(f"--strengths: {word} is there twice")
        found.append(float(value) + 0.0)  # -0 is 0
    return found


def _loras(text: str) -> list[str]:
    names = [unicodedata.normalize("NFC", word.strip()) for word in text.split(",")]
    if bad := [name for name in names if name in ("", "none")]:
        raise UsageError(f"--lora: {bad[0]!r} is no LoRA; give names of files in models/loras, between commas")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--lora: {twice} is there twice")
    return names


def _covers(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Each cover with the name of its folder of loops. Raises UsageError when one is there twice."""
    found: dict[str, Path] = {}
    for path in paths:
        if path.resolve() in (other.resolve() for other in found.values()):
            raise UsageError(f"{path}: is given twice; a cover counts once")
        name = plain = portable(path.stem) or "untitled"
        taken = {same_name(other) for other in found}
        number = itertools.count(2)
        while same_name(name) in taken:
            name = f"{plain} {next(number)}"
        found[name] = path
    return list(found.items())


def _bound(covers: int, loras: int, strengths: Sequence[float], together: bool, workflow: Workflow) -> None:
    most = sum(f"lora_{number}" in workflow.bindings for number in range(1, 10))
    if together and loras > most:
        raise UsageError(f"--combinations: {workflow.id} takes {most} LoRAs together, {loras} are given")
    used, zero = len([value for value in strengths if value]), 0.0 in strengths
    count = covers * (((used + 1) ** loras if together else loras * used + 1) - (not zero))
    if count > COMPARING.renders:
        raise UsageError(f"that makes {count} loops; at most {COMPARING.renders}: fewer covers, LoRAs or strengths")


def _there(
    addresses: Sequence[str], workflow: Workflow, loras: Sequence[str]
) -> tuple[list[str], Mapping[str, Mapping[str, str]]]:
    """The LoRAs as the servers spell them, and what each server says of its versions.

    Raises:
        ServerError: a server lacks models or LoRAs, or does not answer.
    """
    spelled, versions = list(loras), {}
    for address in addresses:
        with Comfy(address) as comfy:
            _, versions[address] = check.require(comfy, workflow)
            listed = {_same(name): name for name in comfy.models("loras")}
            lacking = [name for name in loras if _same(name) not in listed]
            if lacking:
                raise ServerError(f"{comfy.url}: has no LoRA {', '.join(lacking)}; put it in its models/loras")
            spelled = [listed[_same(name)] for name in loras]
    return spelled, versions


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def combinations(loras: Sequence[str], strengths: Sequence[float], together: bool) -> list[Combination]:
    """Each once: a LoRA at strength 0 is as if it were not there. LoRAs stand in the order of their names, so that
    naming them in another order renders nothing anew."""
    plain = [Path(_same(name)).stem for name in loras]
    names = dict(zip(loras, plain if len(set(plain)) == len(plain) else map(_same, loras), strict=True))
    found = [()] if 0.0 in strengths else []
    used = [value for value in strengths if value]
    for size in range(1, len(loras) + 1 if together else 2):
        for chosen in itertools.combinations(sorted(loras), size):
            found += [tuple(zip(chosen, values, strict=True)) for values in itertools.product(used, repeat=size)]
    return [
        Combination(one, " + ".join(f"{names[name]} {strength:g}" for name, strength in one) or "no LoRA")
        for one in found
    ]


def _rows(covers: Sequence[tuple[str, Path]], grid: Sequence[Combination]) -> list[Row]:
    pairs = itertools.product(covers, grid)
    return [
        Row(number, path, f"{name}/{portable(one.label.replace('/', '_'))}", values=one.values())
        for number, ((name, path), one) in enumerate(pairs, 1)
    ]


def _known(
    store: Store, workflow: Workflow, row: Row, given: Mapping[str, Any], versions: Mapping[str, Mapping[str, str]]
) -> Entry | None:
    """The loop, where the store has it for one of the servers."""
    values = tuple(sorted(workflow.read_values({**given, **row.values}).items()))
    try:
        digest = store.cover_hash(row.cover)
    except OSError:
        return None  # its row will say so
    jobs = (Job(digest, workflow.id, workflow.sha256, values, tuple(sorted(one.items()))) for one in versions.values())
    return next((entry for job in jobs if (entry := store.finished(job.key))), None)


def announced(covers: int, grid: int, known: Sequence[Entry | None]) -> str:
    """How many renders it will be; how long, where loops of this grid tell."""
    done = [entry.seconds for entry in known if entry]
    left = len(known) - len(done)
    line = f"{covers} cover{'s' * (covers != 1)} x {grid} combination{'s' * (grid != 1)}: {left} renders"
    if not done:
        return line
    took = left * sum(done) / len(done)
    about = f", about {took / 60:.0f} min on one server" if took > 90 else f", about {took:.0f} s on one server"
    return f"{line}{about if left else ''}; {len(done)} are there already"


def _cell(outcome: Outcome, grid: Sequence[Combination], folder: Path) -> dict[str, Any]:
    """One loop as compare.jsonl tells it; paths are relative to `folder`."""
    row, entry, combination = outcome.row, outcome.entry, grid[(outcome.row.number - 1) % len(grid)]
    cell: dict[str, Any] = {
        "cover": row.out.partition("/")[0],
        "file": str(row.cover),
        "combination": combination.label,
        "loras": dict(combination.loras),
        "state": outcome.state.value,
        "error": outcome.error,
        "reused": outcome.reused,
        "job": entry.key if entry else None,
    }
    if outcome.state is not OutcomeState.DONE or not (outcome.stem and entry and entry.video):
        return cell
    judgement = read_sidecar(entry).get("judgement") or {}
    if not judgement:
        raise JobError(f"{entry.sidecar}: has no judgement; run it again with --force")
    stem = outcome.stem.relative_to(folder).as_posix()
    cell |= {"video": stem + entry.video.suffix, "poster": f"{stem}.jpg", "sidecar": f"{stem}.json"}
    cell |= {"passed": entry.passed, "problems": list(outcome.problems), "hardly_moves": hardly_moves(judgement)}
    return {**cell, "parts": parts(judgement), "motion_mean": judgement.get("motion_mean")}


def write(folder: Path, cells: Sequence[dict[str, Any]], labels: Sequence[str], workflow: str) -> Made:
    """The page, the figures and the pairs."""
    told = {"workflow": workflow, "page": str(folder / "compare.html"), "loops": len(cells)}
    done = [cell for cell in cells if cell["state"] == "done"]
    names = list(dict.fromkeys(cell["cover"] for cell in cells))
    table = np.full((len(names), len(labels)), np.nan)
    for row, name in enumerate(names):
        of_cover = [cell for cell in done if cell["cover"] == name]
        for cell, value in zip(of_cover, unrest([cell["parts"] for cell in of_cover]), strict=True):
            cell["unrest"] = value
            table[row, labels.index(cell["combination"])] = np.nan if value is None else value
    still = {label: [c["hardly_moves"] for c in done if c["combination"] == label] for label in labels}
    moves = [2 * sum(still[label]) <= len(still[label]) for label in labels]
    told |= {"failed": len(cells) - len(done), **conclude(table, labels, moves)}
    lines = (json.dumps(cell, ensure_ascii=False) + "\n" for cell in cells)
    write_whole(folder / "compare.jsonl", "".join(lines))
    write_whole(folder / "pairs.jsonl", "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs(done)))
    write_whole(folder / "compare.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "compare.html", page(cells, labels, told))
    stopped = any(cell["state"] == "stopped" for cell in cells)
    return Made(told, 130 if stopped else 1 if told["failed"] else 0)


def pairs(done: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Every two loops of a cover by their keys in the store, in an order and at sides drawn at random and the same each
    time. Nothing here tells which is which; compare.jsonl does, by `job`."""
    draw = random.Random(COMPARING.seed)
    found = []
    for one, other in itertools.combinations(done, 2):
        if one["cover"] == other["cover"] and one["job"] != other["job"]:
            left, right = draw.sample((one["job"], other["job"]), 2)
            found.append({"cover": one["cover"], "left": left, "right": right})
    return draw.sample(found, len(found))
