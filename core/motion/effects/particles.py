"""Small lights that live and drift: dust, snow, stars, embers, and what is nearest to them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..particles import Swarm
from ..region import Colour, Unit

_SAID = {
    "dust": Said("particles", "specks of dust", "drift slowly through the light"),
    "snow": Said("particles", "the snow", "falls softly and evenly"),
    "stars": Said("particles", "the stars", "glimmer softly"),
    "embers": Said("particles", "glowing embers", "rise slowly"),
}


@effect
class Particles(Placed):
    """Small lights that live and drift. `size`: px, `brightness`: 0..1 of white, `speed`: px a second, `colour`:
    #rrggbb (the style's own without it). blend: "light" adds it, "shade" tints what is light."""

    kind: Literal["particles"] = "particles"
    style: Literal["dust", "snow", "stars", "embers"] = "dust"
    count: Annotated[int, Field(ge=0, le=500)] = 40
    size: Annotated[float, Field(ge=0.5, le=20)] = 3.0
    brightness: Unit = 0.2
    speed: Annotated[float, Field(ge=0, le=300)] = 18.0
    colour: Colour | None = None
    blend: Literal["light", "shade"] = "light"

    dial = "count"
    families = ("particles",)
    # Brightness stays at 0.5 or less: what shows in frame 0 is taken off every frame, and above that the marks this
    # leaves were seen as dark dots.
    named = (
        Named(
            "snow",
            r"snow\w*",
            r"눈(?=이|을|발|보라|송이|,|\s|$)|함박눈",
            Said("particles", "the snow", "falls softly and evenly"),
            direction="down",
            strength=0.45,
            fields={"style": "snow", "speed": 60.0, "size": 5.5, "count": 170, "brightness": 0.5},
        ),
        Named(
            "petals",
            r"petals?|blossoms?|cherry",
            r"꽃잎|벚꽃",
            Said("particles", "loose petals", "drift down on the breeze"),
            direction="down",
            strength=0.45,
            fields={"style": "snow", "speed": 50.0, "size": 9.0, "count": 60, "brightness": 0.5, "colour": "#ff9fc4"},
            stand_in="tinted falling flakes",
        ),
        Named(
            "leaves",
            r"(?:falling|autumn) leaves",
            r"낙엽|단풍",
            Said("particles", "loose leaves", "drift down on the breeze"),
            direction="down",
            strength=0.45,
            fields={"style": "snow", "speed": 50.0, "size": 9.0, "count": 45, "brightness": 0.45, "colour": "#c8641e"},
            stand_in="tinted falling flakes",
        ),
        Named(
            "embers",
            r"embers?|sparks?",
            r"불씨",
            Said("particles", "glowing embers", "rise slowly"),
            direction="up",
            strength=0.45,
            fields={"style": "embers", "speed": 60.0, "size": 4.0, "count": 80, "brightness": 0.5},
        ),
        Named(
            "fireflies",
            r"firefl\w+",
            r"반딧불\w*",
            Said("particles", "fireflies", "hover and glow softly"),
            fields={
                "style": "embers",
                "speed": 12.0,
                "size": 5.0,
                "count": 40,
                "brightness": 0.5,
                "colour": "#f4ff8a",
            },
        ),
        Named(
            "stars",
            r"stars?|starry|twinkl\w+|galaxy|milky way",
            r"별(?=이|빛|들|,|\s|$)|은하수",
            Said("particles", "the stars", "glimmer softly"),
            place="sky",
            fields={"style": "stars", "speed": 0.0, "size": 2.5, "count": 110, "brightness": 0.5},
        ),
        Named(
            "dust",
            r"dust|motes?|particles?",
            r"먼지|입자",
            Said("particles", "specks of dust", "drift through the light"),
            direction="up",
            strength=0.35,
            fields={"style": "dust", "count": 60, "size": 4.0, "brightness": 0.3},
        ),
    )

    def draw(self, canvas, mask, rng):
        canvas.overlays.append(Swarm(self, canvas.shape, mask, canvas.scene.textured, canvas.seconds, rng))

    def says(self, tone):
        return _SAID[self.style]
