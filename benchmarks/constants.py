"""Each number of a room at half and at double: what do the figures of its benchmark do?

usage: python benchmarks/constants.py COVERS_DIR [--pictures DIR] [--rooms lettering plate motion loop]
           [--only WORD ...] [--workers 8] [--minutes 60] [--out DIR]

COVERS_DIR as `benchmarks/covers.py` writes it; --pictures: what motion is derived for, else the covers without their
lettering. Numbers are those with a name: fields of the frozen dataclasses and constants of modules in core/ROOM. Each
is changed by itself, in a process of its own. Writes ROOM.md (a table: figures as it is, at half and at double) and
ROOM.json to --out, and prints what moves nothing. A number moves the room when one of its figures changes by more than
`constants_rooms.py` says is noise, or when the room fails; "a little" when only pixels change.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import json
import multiprocessing
import os
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read when numpy and OpenCV are imported

import cv2  # noqa: E402
from constants_rooms import ROOMS, Figures, Outputs, Room  # noqa: E402

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Number:
    """module: of coverloop.core; path: names, keys and places from the module to the number."""

    module: str
    path: Path_
    value: float

    @property
    def name(self) -> str:
        inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return self.module.removeprefix("coverloop.core.") + inner

    def times(self, factor: float) -> float:
        scaled = self.value * factor
        return max(1, round(scaled)) if isinstance(self.value, int) and self.value > 0 else type(self.value)(scaled)


def numbers_of(room: str) -> Iterator[Number]:
    """Every number with a name that is written in core/ROOM."""
    package = importlib.import_module(f"coverloop.core.{room}")
    names = [package.__name__, *(m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))]
    for name in names:
        if ROOMS[room].left_out.isdisjoint(name.split(".")):
            module = importlib.import_module(name)
            for key in _written_in(module):
                if key not in ROOMS[room].left_out:
                    yield from _within(name, (key,), getattr(module, key))


@cache
def _written_in(module: ModuleType) -> tuple[str, ...]:
    """Names that a module itself gives a value."""
    body = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8")).body
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    return tuple(node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def _within(module: str, path: Path_, value: Any) -> Iterator[Number]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value not in (0, 0.0):
            yield Number(module, path, value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _within(module, (*path, field.name), getattr(value, field.name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _within(module, (*path, key), inner)
    elif isinstance(value, tuple) and len(value) < 12:  # longer ones are fitted tables
        for place, inner in enumerate(value):
            yield from _within(module, (*path, place), inner)


def put(number: Number, value: float) -> None:
    """Give the number another value wherever it is bound."""
    name = str(number.path[0])
    old = getattr(sys.modules[number.module], name)
    new = _replaced(old, number.path[1:], value)
    for key, module in list(sys.modules.items()):
        takes_it = key == number.module or (key.startswith("coverloop.core.") and name not in _written_in(module))
        if takes_it and vars(module).get(name) is old:
            setattr(module, name, new)


def _replaced(holder: Any, path: Path_, value: Any) -> Any:
    """`holder` with another number in it: dataclasses and dicts are changed in place, whoever else holds them."""
    if not path:
        return value
    key = path[0]
    if isinstance(holder, dict):
        holder[key] = _replaced(holder[key], path[1:], value)
        return holder
    if isinstance(holder, tuple):
        parts = list(holder)
        parts[int(key)] = _replaced(parts[int(key)], path[1:], value)
        return type(holder)(*parts) if hasattr(holder, "_fields") else tuple(parts)
    object.__setattr__(holder, str(key), _replaced(getattr(holder, str(key)), path[1:], value))
    return holder


@dataclass(frozen=True)
class Job:
    room: str
    number: Number | None  # None: as it is
    factor: float = 1.0


def together(work: Callable[[Any], Any], jobs: Sequence[Any], workers: int, until: float) -> Iterator[tuple[Any, Any]]:
    """(job, what `work` returned or the exception) as they are done, each in a fork of its own; none begins after
    `until`."""
    fork = multiprocessing.get_context("fork")

    def run(job: Any, end: Connection) -> None:
        try:
            end.send(work(job))
        except Exception as error:
            end.send(error if isinstance(error, MemoryError) else RuntimeError(f"{type(error).__name__}: {error}"))
        end.close()
        os._exit(0)

    ahead = list(reversed(jobs))
    running: dict[Any, tuple[Any, Any]] = {}
    while (ahead and time.monotonic() < until) or running:
        while ahead and len(running) < workers and time.monotonic() < until:
            job = ahead.pop()
            end, other = fork.Pipe(duplex=False)
            process = fork.Process(target=run, args=(job, other))
            process.start()
            other.close()
            running[end] = job, process
        for end in wait(list(running), timeout=1.0):
            assert isinstance(end, Connection)
            job, process = running.pop(end)
            try:
                made = end.recv()
            except EOFError:
                made = RuntimeError("the process ended")
            process.join()
            yield job, made


class Measured(NamedTuple):
    """outputs: only of a room as it is; differs: how far those of a changed one are from them; seconds: of CPU."""

    figures: Figures
    outputs: Outputs
    differs: Figures
    seconds: float


def measure(job: Job, rooms: dict[str, Room]) -> Measured:
    began = time.process_time()
    if job.number is not None:
        put(job.number, job.number.times(job.factor))
    room = rooms[job.room]
    figures, outputs = room.measure("" if job.number is None else job.number.name)
    if job.number is None:
        return Measured(figures, outputs, {}, time.process_time() - began)
    return Measured(figures, {}, room.differences(outputs), time.process_time() - began)


def verdict(room: Room, usual: Figures, found: Measured | Exception | None) -> tuple[str, str]:
    """How a room is moved ("no", "a little", "yes", "fails", "not tried") and what changed, in words."""
    if found is None:
        return "not tried", ""
    if isinstance(found, Exception):
        return "fails", str(found)[:60]
    changed = [name for name, value in found.figures.items() if abs(value - usual[name]) > room.noise[name]]
    if changed:
        return "yes", ", ".join(f"{name} {found.figures[name]:.4g}" for name in changed)
    differs = {name: value for name, value in found.differs.items() if value}
    return ("a little" if differs else "no"), ", ".join(f"{name} {value:.2g}" for name, value in differs.items())


ORDER = ("no", "not tried", "a little", "yes", "fails")


def table(room: Room, usual: Figures, tried: dict[Number, dict[float, Any]]) -> tuple[str, dict[str, Any]]:
    rows, data = [], {}
    for number, by in tried.items():
        halves, doubles = (verdict(room, usual, by.get(factor)) for factor in (0.5, 2.0))
        moves = max((halves[0], doubles[0]), key=ORDER.index)
        if "not tried" in (halves[0], doubles[0]) and moves != "yes":
            moves = "not tried"
        rows.append((ORDER.index(moves), number.name, number.value, halves, doubles, moves))
        data[number.name] = {"value": number.value, "moves": moves, "half": halves, "double": doubles}
    lines = [f"as it is: {', '.join(f'{name} {value:.4g}' for name, value in usual.items())}", ""]
    lines += ["| number | value | moves | at half | at double |", "|---|---|---|---|---|"]
    for _, name, value, halves, doubles, moves in sorted(rows, key=lambda row: row[:2]):
        cells = " | ".join(f"{how}: {words}" if words else how for how, words in (halves, doubles))
        lines.append(f"| {name} | {value:g} | {moves} | {cells} |")
    return "\n".join(lines) + "\n", {"as it is": usual, "numbers": data}


def _made(made: Any) -> Any:
    if isinstance(made, Exception):
        raise made
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("covers", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--rooms", nargs="*", default=list(ROOMS), choices=list(ROOMS))
    parser.add_argument("--only", nargs="*", default=[], help="words, one of which is in a number's name")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=60.0, help="after these no number is begun")
    parser.add_argument("--out", type=Path, default=Path("out/constants"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    os.cpu_count = lambda: 1  # one thread in each process: `parallel` and onnxruntime go by this
    until = time.monotonic() + 60 * given.minutes
    given.out.mkdir(parents=True, exist_ok=True)
    rooms = {name: ROOMS[name](given.covers, given.pictures) for name in given.rooms}
    jobs: list[Job] = []
    for name in rooms:
        for number in numbers_of(name):
            if not given.only or any(word in number.name for word in given.only):
                jobs += [Job(name, number, f) for f in (0.5, 2.0) if number.times(f) != number.value]
    # What a number does not reach is worked out once for all: it is in memory when the processes are forked.
    parts = [(name, part) for name, room in rooms.items() for part in room.parts]
    for (name, part), made in together(lambda one: rooms[one[0]].prepared(one[1]), parts, given.workers, until):
        rooms[name].keep(part, _made(made))
    usual: dict[str, Figures] = {}
    as_it_is = [Job(name, None) for name in rooms]
    for job, made in together(lambda job: measure(job, rooms), as_it_is, given.workers, until):
        found: Measured = _made(made)
        usual[job.room], rooms[job.room].usual = found.figures, found.outputs
        print(json.dumps({"room": job.room, "seconds": round(found.seconds, 1), **found.figures}), flush=True)
    tried: dict[str, dict[Number, dict[float, Any]]] = {name: {} for name in rooms}
    for job in jobs:
        tried[job.room].setdefault(job.number, {})  # type: ignore[arg-type]
    for job, made in together(lambda job: measure(job, rooms), jobs, given.workers, until):
        tried[job.room][job.number][job.factor] = made
        said = f"fails: {made}" if isinstance(made, Exception) else f"{made.seconds:.1f} s"
        print(f"{job.number.name} x{job.factor:g}: {said}", flush=True)
    for name, room in rooms.items():
        text, data = table(room, usual[name], tried[name])
        (given.out / f"{name}.md").write_text(text, encoding="utf-8")
        (given.out / f"{name}.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
        still = [number for number, one in data["numbers"].items() if one["moves"] == "no"]
        print(json.dumps({"room": name, "tried": len(data["numbers"]), "moves nothing": still}))


if __name__ == "__main__":
    main()
