"""Negative prompts for Wan, version 1: each term with its reason, and the terms of Wan's own that are left out.

Wan's default negative prompt is written for clips in which much happens. Half of it works against this job: "static",
"still picture" and "motionless" fight a locked, calm picture; "style", "artwork", "painting" fight painted and drawn
covers; "subtitles" is not needed, as the plate carries no lettering.
"""

from __future__ import annotations

from ..form.answers import Medium, Mood

NEGATIVE_VERSION = 1

# term: why it is in every negative prompt
BASE: dict[str, str] = {
    "camera movement": "the lettering is laid back on top of a fixed view; a moving camera slides the picture under it",
    "zoom": "the commonest camera move of image-to-video models",
    "pan": "as zoom",
    "camera shake": "as zoom; handheld training clips bring it in",
    "scene change": "a cut cannot be closed into a loop",
    "cross-fade": "models hide a change of scene in one",
    "morphing": "the cover must be the same cover throughout",
    "deformed": "shape faults on faces, hands and objects (Wan: 畸形的, 毁容的)",
    "extra limbs": "Wan: 三条腿, 多余的手指; kept, as hands are common on covers",
    "new people": "figures that walk in (Wan: 背景人很多, a crowd in the background)",
    "new objects": "what enters must leave again before the loop closes",
    "flickering": "unsteady light is a visible pulse once a loop; stores refuse flashing",
    "sudden brightness change": "the luma jump after the first frame that the closing step would have to undo",
    "text": "models write letters where lettering was taken off",
    "watermark": "as text",
    "blurry": "Wan: 细节模糊不清; the plate is as sharp as the cover",
    "compression artifacts": "Wan: JPEG压缩残留",
    "low quality": "Wan: 最差质量, 低质量",
    "overexposed": "Wan: 过曝",
}

# Wan's default terms that are left out, each with the reason
LEFT_OUT: dict[str, str] = {
    "色调艳丽 (gaudy colours)": "covers are often saturated on purpose; it washes them out",
    "静态 (static)": "works against a locked, calm picture: it buys motion with camera moves",
    "静止 (still)": "as static",
    "静止不动的画面 (motionless picture)": "as static",
    "字幕 (subtitles)": "covered by 'text'",
    "风格 (style)": "works against every picture that has one",
    "作品 (artwork)": "works against painted and drawn covers",
    "画作 (painting)": "as artwork",
    "画面 (picture)": "as artwork",
    "整体发灰 (greyish overall)": "many covers are; it changes their colours",
    "丑陋的 (ugly)": "says nothing that 'deformed' does not, and pulls faces towards the usual",
    "残缺的 (incomplete)": "cropped figures are common on covers; it completes them",
    "画得不好的手部 (badly drawn hands)": "works against drawings; 'deformed' and 'extra limbs' remain",
    "画得不好的脸部 (badly drawn faces)": "as hands",
    "形态畸形的肢体 (malformed limbs)": "covered by 'deformed'",
    "手指融合 (fused fingers)": "covered by 'deformed'",
    "杂乱的背景 (cluttered background)": "the background is the cover's; it tidies collages away",
    "倒着走 (walking backwards)": "no one walks",
}

BY_MEDIUM: dict[Medium, dict[str, str]] = {
    "photo": {"cartoon": "keeps a photograph one", "plastic skin": "the usual fault on faces at low step counts"},
    "painting": {
        "photorealistic": "models repaint brushwork as a photograph",
        "smooth 3d render": "as photorealistic",
        "crawling brush strokes": "paint that boils from frame to frame",
    },
    "illustration": {
        "photorealistic": "models shade flat colour into a photograph",
        "gradient shading": "flat areas stay flat",
        "wobbling outlines": "line art that boils from frame to frame",
    },
    "3d": {"hand-drawn": "keeps a render one", "noisy texture": "render noise that boils"},
    "collage": {
        "merging cut-outs": "pieces of a collage flow into each other",
        "photorealistic depth": "a collage is flat on purpose",
    },
}

BY_MOOD: dict[Mood, dict[str, str]] = {
    "calm": {"fast motion": "a calm cover moves slowly"},
    "dreamy": {"fast motion": "as calm", "harsh light": "soft light is what makes it dreamy"},
    "warm": {"cold colours": "white balance drifts to blue in longer clips"},
    "melancholic": {"fast motion": "as calm", "cheerful mood": "models brighten sad faces"},
    "dark": {"bright light": "models lift dark pictures", "washed-out blacks": "as bright light"},
    "energetic": {"sluggish motion": "the one mood that may move more"},
    "playful": {"gloomy light": "keeps the colours up"},
    "majestic": {"fast motion": "large things move slowly", "small jitter": "as fast motion"},
}


def negative_prompt(mood: Mood, medium: Medium | None) -> str:
    """The negative prompt for a mood and a medium, every term once; None: the medium is not known."""
    return ", ".join(dict.fromkeys((*BASE, *(BY_MEDIUM[medium] if medium else ()), *BY_MOOD[mood])))
