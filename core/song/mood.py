"""Key and mood. The key by its notes (profiles of Albrecht and Shanahan 2013); the mood is a guess from key, tempo,
brightness and loudness, and says how sure it is: words or a person know better."""

from __future__ import annotations

import numpy as np

from ..prompt.form.answers import Mood
from .calibration import KEYS, MOODS
from .spectrum import Spectrum

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
_MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)


def key_of(chroma: np.ndarray, opening: np.ndarray) -> tuple[str, float]:
    """chroma: (n, 12), C first, of the song; opening: (m, 12), of its first bar, whose chord says which of keys that
    fit alike it is, as songs begin at home. The key ("A minor") and 0..1, how much better it fits than the next
    that is not its relative."""
    mean = chroma.mean(0, dtype=np.float64)
    if mean.std() <= 1e-9:
        return "C major", 0.0
    fits = {
        f"{NOTES[note]} {kind}": float(np.corrcoef(np.roll(profile, note), mean)[0, 1])
        for kind, profile in (("major", _MAJOR), ("minor", _MINOR))
        for note in range(12)
    }
    best = max(fits, key=lambda key: fits[key])
    rest = max(fit for key, fit in fits.items() if key not in (best, relative(best)))
    alike = [key for key, fit in fits.items() if fit > fits[best] - KEYS.alike]
    if fits[relative(best)] > fits[best] - KEYS.same_notes:
        alike.append(relative(best))
    best = max(alike, key=lambda key: _chord(opening, key))
    return best, float(np.clip((max(fits[best], fits[relative(best)]) - rest) * KEYS.margin, 0, 1))


def _chord(opening: np.ndarray, key: str) -> float:
    """How strong the home chord of a key is in the notes of some bar."""
    note, kind = key.split()
    chord = [(NOTES.index(note) + step) % 12 for step in (0, 3 if kind == "minor" else 4, 7)]
    return float(opening.mean(0)[chord].sum())


def relative(key: str) -> str:
    """The key of the same notes: C major of A minor."""
    note, kind = key.split()
    moved = NOTES.index(note) + (3 if kind == "minor" else -3)
    return f"{NOTES[moved % 12]} {'major' if kind == 'minor' else 'minor'}"


def mood_of(heard: Spectrum, tempo: float, key: str, key_confidence: float) -> tuple[Mood, float]:
    """A mood and 0..1 of confidence, never more than a half: sound says how lively a song is, and little of what it
    means. Loudness is taken by how much it varies, since its height is a matter of mastering."""
    loud = heard.loudness > float(heard.loudness.max()) - 20
    bright = float(np.median(heard.brightness[loud]))
    attacks = float((heard.accent > 0.5).mean())
    quick, light = np.log2(tempo / MOODS.tempo), np.log2(bright / MOODS.bright)
    lively = np.tanh(quick + light / 2 + (attacks / MOODS.attacks - 1) / 2)
    glad = (0.5 if key.endswith("major") else -0.5) * (0.5 + key_confidence)
    places: dict[Mood, tuple[float, float]] = {  # lively, glad
        "energetic": (0.8, 0.0),
        "playful": (0.5, 0.5),
        "majestic": (0.1, 0.5),
        "warm": (-0.3, 0.4),
        "calm": (-0.7, 0.3),
        "dreamy": (-0.5, -0.1),
        "melancholic": (-0.6, -0.5),
        "dark": (0.1, -0.6),
    }
    glad += 0.2 * np.tanh(light)
    away: dict[Mood, float] = {mood: (lively - a) ** 2 + (glad - b) ** 2 for mood, (a, b) in places.items()}
    (mood, least), (_, second) = sorted(away.items(), key=lambda item: item[1])[:2]
    return mood, float(0.5 * (1 - least / max(second, 1e-9)))
