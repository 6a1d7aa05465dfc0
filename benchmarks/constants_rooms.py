"""What `constants.py` measures of each room: figures, what of a change in them is noise, and the pictures behind them.

A room prepares its parts (covers, pictures, clips) once; what the numbers do not reach is kept in memory then, as what
the networks see of a cover. It knows nothing of numbers and processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import clips
import cv2
import numpy as np
from coverloop.core.image import read_cover
from coverloop.core.judge.score import score
from coverloop.core.lettering import find, ppocr
from coverloop.core.lettering.calibration import STROKES
from coverloop.core.lettering.hold import Hold
from coverloop.core.lettering.layer import text_layer
from coverloop.core.lettering.mask import Glyphs, find_glyphs
from coverloop.core.lettering.regions import decide_lift
from coverloop.core.loop.ring import close_clip
from coverloop.core.loop.tone import tone_match
from coverloop.core.motion.recipe import derive_recipe
from coverloop.core.motion.stage import Given, Stage
from coverloop.core.plate.clean import clean_plate

Figures = dict[str, float]
Outputs = dict[str, np.ndarray]
_TEXT_FREE = 5  # pictures without lettering that are looked at, too


class Room(Protocol):
    """parts: what is prepared, each by itself; noise: the most that each figure changes without meaning anything;
    usual: outputs with all numbers as they are. `left_out` of its class: modules and names that are not tried."""

    parts: Sequence[Any]
    noise: ClassVar[Figures]
    usual: Outputs

    def prepared(self, part: Any) -> Any: ...

    def keep(self, part: Any, made: Any) -> None: ...

    def measure(self, number: str) -> tuple[Figures, Outputs]: ...

    def differences(self, outputs: Outputs) -> Figures: ...


class _Base:
    parts: Sequence[Any] = ()
    noise: ClassVar[Figures] = {}
    left_out: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.usual: Outputs = {}
        self.kept: dict[Any, Any] = {}

    def keep(self, part: Any, made: Any) -> None:
        self.kept[part] = made

    def differences(self, outputs: Outputs) -> Figures:
        """Mean difference of each output from the usual one, in parts of its range; 1 where the sizes differ."""
        found = {}
        for name, made in outputs.items():
            usual = self.usual[name]
            same = made.shape == usual.shape
            found[name] = float(cv2.absdiff(made, usual).mean()) / 255 if same else 1.0
        return found


def _key(picture: np.ndarray) -> str:
    return hashlib.sha1(np.ascontiguousarray(picture).tobytes() + repr(picture.shape).encode()).hexdigest()


class _Seen:
    """What the networks see, kept by picture: they are the slow part, and hardly a number reaches them."""

    def __init__(self) -> None:
        self.known: dict[Any, Any] = {}
        self._see, self._read = ppocr.see, ppocr.read_lines

    def see(self, cover: np.ndarray, side: int) -> ppocr.Seen:
        return self._once((_key(cover), side, STROKES.bias), lambda: self._see(cover, side))

    def read(self, lines: Sequence[np.ndarray]) -> list[ppocr.Reading]:
        return [self._once((_key(line), ppocr.LINE_HEIGHT), lambda line=line: self._read([line])[0]) for line in lines]

    def _once(self, key: Any, work: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = work()
        return self.known[key]


class Lettering(_Base):
    """Finding, masking, lifting and holding on made covers, on covers (.jpg) without truth, and on pictures without
    lettering.

    recall: share of the lettering that is masked or held; iou: of mask and lettering where nothing is held; lifted,
    held: lines; apart: share of the covers' other pixels that is held; false: share of the pictures without lettering
    that is masked or held; opaque: share of the layer that is; tone: grey levels that a held patch is off.
    """

    noise: ClassVar[Figures] = {
        "recall": 0.002,
        "iou": 0.003,
        "lifted": 0.5,
        "held": 0.5,
        "apart": 0.001,
        "false": 0.0005,
        "opaque": 0.002,
        "tone": 0.02,
    }
    left_out = frozenset({"sheet", "hangul", "HANGUL", "_LONGEST_LINE", "_STRIDE", "_WIDTHS", "LINE_HEIGHT", "_ONES"})

    def __init__(self, covers: Path, pictures: Path | None) -> None:
        super().__init__()
        self._seen = _Seen()
        ppocr.see, ppocr.read_lines = self._seen.see, self._seen.read
        names = sorted(path.name.removesuffix(".mask.png") for path in covers.glob("*.mask.png"))
        plain = [name for name in names if not _area(covers, name, "held").any()][:_TEXT_FREE]
        self._covers = covers
        self._real = [path.stem for path in sorted(covers.glob("*.jpg")) if path.suffixes == [".jpg"]]
        self._real = [name for name in self._real if name not in names]
        self.parts = [*((name, True) for name in [*names, *self._real]), *((name, False) for name in plain)]

    def prepared(self, part: tuple[str, bool]) -> Any:
        found = self._one(part)
        return self._seen.known, found

    def keep(self, part: Any, made: Any) -> None:
        known, found = made
        self._seen.known.update(known)
        self.kept[part] = found

    def _one(self, part: tuple[str, bool], number: str = "") -> tuple[Any, Any, Glyphs]:
        """(lines, doubtful ones, glyphs) of a cover, or of its clean picture."""
        cover = _picture(self._covers, *part)
        regions = decide_lift(cover, find.find_text(cover, read=False))
        maybe = find.doubtful(cover)
        only_finds = "FINDING" in number and "sides" not in number
        if only_finds and part in self.kept and (regions, maybe) == self.kept[part][:2]:
            return self.kept[part]
        return regions, maybe, find_glyphs(cover, regions)

    def measure(self, number: str) -> tuple[Figures, Outputs]:
        rows, masks, helds = [], [], []
        for part in self.parts:
            cover = _picture(self._covers, *part)
            _, _, glyphs = self._one(part, number) if number else self.kept[part]
            mask = np.round(glyphs.mask * 255).astype(np.uint8)
            masks.append(mask.ravel())
            helds.append(glyphs.held.astype(np.uint8).ravel() * 255)
            hard, name = mask > 127, part[0]
            if name in self._real:
                lifted = float(sum(region.lift for region in glyphs.regions))
                rows.append({"lifted": lifted, "held": len(glyphs.regions) - lifted})
                continue
            if not part[1]:
                rows.append({"false": float((hard | glyphs.held).mean())})
                continue
            truth, held = _area(self._covers, name, "mask"), glyphs.held
            near = cv2.dilate((hard | held).astype(np.uint8), np.ones((3, 3))) > 0
            free = ~held
            clean = _picture(self._covers, name, False)
            layer = text_layer(cover, clean, glyphs.mask)[..., 3]
            there = layer > 0
            rows.append(
                {
                    "recall": float(near[truth].mean()),
                    "iou": float((hard & truth & free).sum() / max(1, ((hard | truth) & free).sum())),
                    "lifted": float(sum(region.lift for region in glyphs.regions)),
                    "held": float(sum(not region.lift for region in glyphs.regions)),
                    "apart": float((held & ~truth & ~_area(self._covers, name, "held")).mean()),
                    "opaque": float((layer == 255).sum() / max(1, there.sum())),
                    "tone": _tone(cover, held),
                }
            )
        whole = ("lifted", "held")
        figures = {
            name: float((np.sum if name in whole else np.mean)([row[name] for row in rows if name in row]))
            for name in self.noise
        }
        return figures, {"mask": np.concatenate(masks), "hold": np.concatenate(helds)}


def _tone(cover: np.ndarray, held: np.ndarray) -> float:
    """Mean change by laying what is held over a frame that is brighter to the right."""
    frame = np.clip(cover * np.linspace(1, 1.2, cover.shape[1], dtype=np.float32)[None, :, None], 0, 255)
    return float(np.abs(Hold(cover, held).over(frame) - frame).mean())


def _picture(folder: Path, name: str, lettered: bool) -> np.ndarray:
    stem = name if lettered else f"{name}.clean"
    return read_cover(next(p for end in (".png", ".jpg") if (p := folder / f"{stem}{end}").exists())).image


def _area(folder: Path, name: str, kind: str) -> np.ndarray:
    picture = cv2.imread(str(folder / f"{name}.{kind}.png"), cv2.IMREAD_GRAYSCALE)
    return picture > 127 if picture is not None else np.zeros((1, 1), bool)


class Plate(_Base):
    """Plates of made covers, of their glyph masks. auto, texture: dB against the picture under the lettering."""

    noise: ClassVar[Figures] = {"auto": 0.05, "texture": 0.05}
    left_out = frozenset({"lama", "FILLER"})

    def __init__(self, covers: Path, pictures: Path | None) -> None:
        super().__init__()
        names = sorted(path.name.removesuffix(".mask.png") for path in covers.glob("*.mask.png"))
        self._covers, self.parts = covers, names[::2]  # its numbers are few, and texture is slow

    def prepared(self, part: str) -> np.ndarray:
        """The glyph mask: its opacities are what is seen through."""
        cover = _picture(self._covers, part, True)
        return find_glyphs(cover, decide_lift(cover, find.find_text(cover, read=False))).mask

    def measure(self, number: str) -> tuple[Figures, Outputs]:
        rows, made = [], []
        for name in self.parts:
            cover, clean = (_picture(self._covers, name, lettered) for lettered in (True, False))
            hole = cv2.dilate((self.kept[name] > 0).astype(np.uint8), np.ones((7, 7))) > 0
            row = {}
            for filler in ("auto", "texture"):
                plate = clean_plate(cover, self.kept[name], filler).image
                row[filler] = _db(plate, clean, hole & _area(self._covers, name, "mask"))
                made.append(plate.ravel())
            rows.append(row)
        return {name: float(np.mean([row[name] for row in rows])) for name in self.noise}, {
            "plate": np.concatenate(made)
        }


def _db(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    error = ((a.astype(np.float64) - b) ** 2)[where]
    return 60.0 if error.size == 0 else float(10 * np.log10(255**2 / max(error.mean(), 0.065)))


class Motion(_Base):
    """Recipes and a few frames of pictures of 256 px. effects: how many there are, over all pictures; others: pictures
    for which other effects are chosen; moved: grey levels that frames differ from the picture."""

    noise: ClassVar[Figures] = {"effects": 0.5, "others": 0.5, "moved": 0.02}
    left_out = frozenset({"preview", "effects", "MANNERS", "MAX_TEXT", "TURN", "STYLES"})  # what is asked for, or drawn

    def __init__(self, covers: Path, pictures: Path | None) -> None:
        super().__init__()
        ends = (".jpg", ".jpeg", ".png", ".webp")
        found = sorted(pictures.iterdir()) if pictures else sorted(covers.glob("*.clean.*"))
        self.parts = [path for path in found if path.suffix.lower() in ends]

    def prepared(self, part: Path) -> np.ndarray:
        picture = read_cover(part).image
        scale = 256 / min(picture.shape[:2])
        return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    def measure(self, number: str) -> tuple[Figures, Outputs]:
        effects, kinds, moved, made = 0, [], [], []
        for path in self.parts:
            picture = self.kept[path]
            recipe = derive_recipe(picture)
            still = np.zeros(picture.shape[:2], np.float32)
            still[picture.shape[0] // 3 : picture.shape[0] // 2, picture.shape[1] // 4 : picture.shape[1] // 2] = 1
            stage = Stage(picture, recipe, 24, 4.0, Given(still))
            effects += len(recipe.effects)
            kinds.append(_short(effect.kind for effect in recipe.effects))
            for frame in (stage.frame(i) for i in (5, 16)):
                made.append(frame.ravel())
                moved.append(float(cv2.absdiff(frame, picture).mean()))
        usual = self.usual.get("kinds", np.array(kinds))
        others = int((usual != np.array(kinds)).any(-1).sum())
        figures = {"effects": effects, "others": others, "moved": float(np.mean(moved))}
        return figures, {"frames": np.concatenate(made), "kinds": np.array(kinds, np.uint8)}


def _short(words: Iterable[str]) -> list[int]:
    """A list of words as four numbers 0..255."""
    return list(hashlib.sha1(" ".join(words).encode()).digest()[:4])


class Loop(_Base):
    """Small clips, their tone matched, and closed, as they close by themselves and some to 72 frames. Means of what the
    judge measures; frames: how many come out, over all clips; made: how many of them were drawn."""

    noise: ClassVar[Figures] = {
        "seam": 0.01,
        "largest": 0.01,
        "smallest": 0.01,
        "tile": 0.02,
        "sharp": 0.005,
        "frames": 0.5,
        "made": 0.5,
    }
    left_out = frozenset({"rife", "MIN_FRAMES", "_RIFE_TIMES", "_BATCH_PIXELS", "STEP_SIDE", "_FINE_OF_WHITE"})
    to_length = ("sway, odd period", "pan", "corner jumps")

    def __init__(self, covers: Path, pictures: Path | None) -> None:
        super().__init__()
        self.parts = [name for name in clips.MAKERS if name != "sway, calm"]

    def prepared(self, part: str) -> np.ndarray:
        frames = clips.make(part).frames
        return np.stack([cv2.resize(frame, (128, 128), interpolation=cv2.INTER_AREA) for frame in frames])

    def measure(self, number: str) -> tuple[Figures, Outputs]:
        rows, made = [], []
        for name, count in [*((name, None) for name in self.parts), *((name, 72) for name in self.to_length)]:
            closed, report = close_clip(tone_match(self.kept[name])[0], 24, max_start=0, count=count)
            judged = score(closed, fps=24)
            made.append(closed.ravel())
            rows.append(
                {
                    "seam": judged.seam_ratio,
                    "largest": judged.largest_step,
                    "smallest": judged.smallest_step,
                    "tile": judged.tile_seam,
                    "sharp": judged.sharpness,
                    "frames": len(closed),
                    "made": report.inserted + report.repaired + report.led_over,
                }
            )
        whole = ("frames", "made")
        figures = {
            name: float(
                (np.sum if name in whole else np.mean)([getattr(row[name], "value", row[name]) for row in rows])
            )
            for name in self.noise
        }
        return figures, {"frames": np.concatenate(made)}


ROOMS: dict[str, Any] = {"lettering": Lettering, "plate": Plate, "motion": Motion, "loop": Loop}
