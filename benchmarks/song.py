"""Hearing measured on made songs of 60 to 180 beats a minute, in three and in four, beside librosa where it is there.

    python benchmarks/song.py [--step BPM] [--seeds N] [--seconds S]

Prints one JSON line for each kind of song: clicks, songs played closely, loosely, and with a tempo that wanders.
`tempo`: share within 1 %; `beats`: share of songs of which 95 % of the beats were heard within 40 ms, and 95 % of what
was heard is one; `bars`: the same of first beats; `metre`, `key`: share that is right; `chorus`: share whose loudest
section is the chorus, within 40 ms at both ends; `ms`: median distance of beats; `cpu`: seconds of CPU for a minute of
sound. librosa (its own environment: it brings 300 MB) tells tempo and beats alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import songs
from coverloop.core.errors import SongError
from coverloop.core.song.hear import hear_samples

NEAR = 0.04
KINDS = {
    "clicks": None,
    "close": {"loose": 0.004},
    "loose": {"loose": 0.02},
    "wandering": {"loose": 0.01, "drift": 0.04},
}


def made_songs(kind: str, step: float, seeds: int, seconds: float) -> Iterator[songs.Made]:
    for tempo in np.arange(60, 180 + step / 2, step):
        for metre in (3, 4):
            if KINDS[kind] is None:
                yield songs.clicks(float(tempo), metre, seconds)
            else:
                yield from (songs.make(float(tempo), metre, seed, seconds, **KINDS[kind]) for seed in range(seeds))


def off(times: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How far each of `times` is from the nearest of `truth`, s."""
    return np.abs(times[:, None] - truth[None]).min(1) if len(truth) else np.full(len(times), np.inf)


def told(heard: np.ndarray, truth: np.ndarray, made: songs.Made) -> bool:
    inside = heard[(heard > made.beats[0] - 0.1) & (heard < made.beats[-1] + 0.1)]
    return bool((off(truth, inside) <= NEAR).mean() >= 0.95 and (off(inside, truth) <= NEAR).mean() >= 0.95)


def ours(made: songs.Made) -> dict[str, float | bool]:
    try:
        heard = hear_samples(made.sound[None], songs.RATE)
    except SongError:
        return {"refused": True, "tempo": False, "beats": False, "bars": False, "metre": False}
    found: dict[str, float | bool] = {
        "tempo": abs(heard.tempo / made.tempo - 1) <= 0.01,
        "beats": told(heard.beats, made.beats, made),
        "bars": told(heard.bars, made.bars, made),
        "metre": heard.metre == made.metre,
        "ms": 1000 * float(np.median(off(made.beats, heard.beats))),
        "confidence": heard.beat_confidence,
    }
    if made.key:
        best = heard.loudest
        found["key"] = heard.key == made.key
        found["chorus"] = max(abs(best.start - made.chorus[0]), abs(best.end - made.chorus[1])) <= NEAR
    return found


def librosas(made: songs.Made) -> dict[str, float | bool]:
    import librosa  # type: ignore[import-not-found]

    tempo, beats = librosa.beat.beat_track(y=made.sound, sr=songs.RATE, units="time")
    return {
        "tempo": abs(float(np.ravel(tempo)[0]) / made.tempo - 1) <= 0.01,
        "beats": told(np.asarray(beats), made.beats, made),
        "ms": 1000 * float(np.median(off(made.beats, np.asarray(beats)))),
    }


def ways() -> dict[str, Callable[[songs.Made], dict[str, float | bool]]]:
    try:
        import librosa  # noqa: F401  # type: ignore[import-not-found]
    except ImportError:
        return {"coverloop": ours}
    return {"coverloop": ours, "librosa": librosas}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=float, default=5, help="beats a minute from one tempo to the next")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    for kind in KINDS:
        for way, listen in ways().items():
            figures: dict[str, list[float]] = defaultdict(list)
            count, cpu = 0, 0.0
            for made in made_songs(kind, args.step, args.seeds, args.seconds):
                begun = time.process_time()
                for name, value in listen(made).items():
                    figures[name].append(float(value))
                cpu += time.process_time() - begun
                count += 1
            means = {name: round(float(np.mean(values)), 3) for name, values in figures.items()}
            row = {"kind": kind, "way": way, "songs": count, **means, "cpu": round(cpu / count / args.seconds * 60, 2)}
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
