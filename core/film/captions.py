"""Words as type over a picture: which font has their signs, where they stand, and readable over any ground."""

from __future__ import annotations

import importlib.util
import os
import sys
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..errors import UsageError

FONT = "NanumGothic.ttf"
VARIABLE = "COVERLOOP_FONT"
_SIZE = 0.064  # of the picture's height
_SAFE = 0.1  # of each side: television's title-safe area (EBU R 95 names a tenth in its older form)
_ROWS = 2
_LEADING = 1.28
SHADE = 0.64
"""How much of the ground is taken behind the words: over pure white, white words have a contrast of 6 to 1 then."""
_FADE = 2  # frames; a line is gone before the next one comes, or two would be read at once


def find_font(given: Path | None = None) -> Path:
    """The font to set words in: the one given, that of `COVERLOOP_FONT`, or NanumGothic (OFL; Hangul, Latin, Greek,
    Cyrillic, kana and common Han), as the package koreanize-matplotlib carries it.

    Raises:
        UsageError: none is there, or it is no font.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        wheel = importlib.util.find_spec("koreanize_matplotlib")  # not imported: it would change matplotlib
        folders = [Path(place) / "fonts" for place in (wheel.submodule_search_locations or ())] if wheel else []
        places = [folder / FONT for folder in (*folders, Path(sys.prefix) / "weights")]
        named = next((place for place in places if place.is_file()), None)
    if named is None:
        raise UsageError(
            f"no font to set the words in; pip install 'coverloop[film]', or give --font FILE ({VARIABLE})"
        )
    try:
        ImageFont.truetype(str(named), 20)
    except OSError:
        raise UsageError(f"{named}: is no font that can be read; give a .ttf or .otf file") from None
    return named


def settable(text: str, font: Path) -> tuple[str, tuple[str, ...]]:
    """The text without what is no word and has no sign in the font (emoji, marks of direction), and what was taken out.

    Raises:
        UsageError: letters that the font has no signs for; names their script.
    """
    has = _signs(font)
    kept, out, missing = [], [], []
    for char in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(char)
        if char.isspace():
            kept.append(char)
        elif kind in ("Cc", "Cf", "Cs", "Co", "Cn") or char in "\ufe0e\ufe0f":
            continue
        elif has(char):
            kept.append(char)
        else:
            (missing if kind[0] in "LMN" else out).append(char)
    if missing:
        shown = " ".join(list(dict.fromkeys(missing))[:8])
        scripts = ", ".join(dict.fromkeys(unicodedata.name(char, "unknown").split()[0].title() for char in missing))
        raise UsageError(f"{font.name} has no signs for {shown} ({scripts}); give --font FILE with one that has them")
    return "".join(kept), tuple(dict.fromkeys(out))


@lru_cache(maxsize=8)
def _signs(font: Path):
    """Whether a font has a sign: what it has none for is drawn as its empty box."""
    drawn = ImageFont.truetype(str(font), 32, layout_engine=ImageFont.Layout.BASIC)
    empty = _look(drawn, "\uffff")
    return lru_cache(maxsize=None)(lambda char: _look(drawn, char) != empty)


def _look(font: ImageFont.FreeTypeFont, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(char)
    return mask.size, bytes(mask)  # pyright: ignore[reportArgumentType, reportCallIssue]


@dataclass(frozen=True)
class Setting:
    """Type for pictures of a size. card: in the middle and larger, for a picture that is nothing but its words."""

    font: Path
    width: int
    height: int
    card: bool = False

    @cached_property
    def _size(self) -> int:
        return max(8, round(_SIZE * (1.25 if self.card else 1.0) * self.height))

    @cached_property
    def _drawn(self) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(self.font), self._size)

    def split(self, text: str) -> list[str]:
        """A line in parts that fit the picture at once, in order; joined by spaces they are the line, but for white
        space. Rows end at spaces; a word longer than a row is broken."""
        rows = self._rows(text)
        return [" ".join(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]

    def _rows(self, text: str) -> list[str]:
        widest = (1 - 2 * _SAFE) * self.width
        rows: list[str] = []
        for word in text.split():
            if rows and self._drawn.getlength(f"{rows[-1]} {word}") <= widest:
                rows[-1] += f" {word}"
                continue
            while self._drawn.getlength(word) > widest:
                fits = next(n for n in range(len(word), 0, -1) if n == 1 or self._drawn.getlength(word[:n]) <= widest)
                rows.append(word[:fits])
                word = word[fits:]
            rows += [word] if word else []
        return rows

    def stamp(self, text: str) -> Stamp:
        """The text, as `split` gave it, ready to be laid over pictures."""
        rows, size = self._balanced(text), self._size
        leading = round(_LEADING * size)
        tall = leading * len(rows)
        top = round((self.height - tall) / 2) if self.card else round((1 - _SAFE) * self.height) - tall
        signs = Image.new("L", (self.width, self.height))
        draw = ImageDraw.Draw(signs)
        for number, row in enumerate(rows):
            at = (self.width / 2, top + (number + 0.5) * leading)
            draw.text(at, row, 255, self._drawn, anchor="mm", stroke_width=max(0, size // 48))
        x0, y0, x1, y1 = signs.getbbox() or (0, 0, 2, 2)
        shade = np.zeros((self.height, self.width), np.float32)
        pad = round(0.9 * size)
        shade[max(0, y0 - pad) : y1 + pad, max(0, x0 - pad) : x1 + pad] = SHADE
        shade = cv2.GaussianBlur(shade, (0, 0), 0.35 * size, borderType=cv2.BORDER_REPLICATE)
        rim = pad + size
        box = np.s_[max(0, y0 - rim) : min(self.height, y1 + rim), max(0, x0 - rim) : min(self.width, x1 + rim)]
        return Stamp(box, np.asarray(signs, np.float32)[box] / 255, np.ascontiguousarray(shade[box]))

    def _balanced(self, text: str) -> list[str]:
        """Rows of like length, where there are two."""
        rows, words = self._rows(text), text.split()
        if len(rows) != 2 or len(words) < 2:
            return rows
        pairs = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
        return list(min(pairs, key=lambda pair: max(map(self._drawn.getlength, pair))))


@dataclass(frozen=True)
class Stamp:
    """box: where in the picture; signs, shade: (h, w) float32 0..1."""

    box: tuple[slice, slice]
    signs: np.ndarray
    shade: np.ndarray

    def over(self, frame: np.ndarray, share: float = 1.0) -> None:
        """Lay the words over a frame, (H, W, 3) uint8, in place. share: 0 (nothing) .. 1."""
        ground = 1 - self.shade * share
        signs = self.signs * share
        made = frame[self.box].astype(np.float32) * (ground * (1 - signs))[..., None] + (255 * signs)[..., None]
        frame[self.box] = np.clip(made + 0.5, 0, 255).astype(np.uint8)


def share_at(frame: int, first: int, last: int, cut: int) -> float:
    """How much of a line is there. first, last: the frames of its beginning and end; at `cut`, where the scene ends,
    it does not fade."""
    begun = (frame - first + 1) / _FADE
    gone = 1.0 if last >= cut else (last - frame) / _FADE
    return float(np.clip(min(begun, gone), 0, 1))
