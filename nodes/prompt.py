import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import comfy.model_management
import comfy.model_patcher
import folder_paths
import torch
from comfy_api.latest import io, ui

from ..core.lettering.regions import TextRegion, named
from ..core.limits import SEED, STRENGTH
from ..core.motion.beats import on_beats
from ..core.motion.manner import read_manner
from ..core.prompt import looks
from ..core.prompt.ask.protocol import Host
from ..core.prompt.ask.put import Asking
from ..core.prompt.ask.registry import names, open_or_offline, read_settings
from ..core.prompt.ask.settings import Settings
from ..core.prompt.words.guard import read_triggers, with_triggers
from ..core.prompt.words.safety import refuse_unsafe
from ..core.prompt.words.wan import forbidden
from ..core.prompt.words.wish import read_wish
from ..core.song.follow import Following
from .find import Regions
from .known import known
from .song import SONG
from .tensors import picture

_REPORT = "Who answered, what was decided and why, what was left out, as JSON."


def _backend() -> io.Combo.Input:
    return io.Combo.Input(
        "backend",
        options=list(names()),
        default="auto",
        tooltip="Who looks at the picture. auto: what is configured, else offline. Keys and addresses come from the "
        "environment or ComfyUI's settings, never from a widget. A model on a server is sent the picture.",
    )


class CoverLoopJudgeText(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopJudgeText",
            display_name="Judge Lettering",
            category="CoverLoop",
            description="Decides for each piece of lettering whether it comes off the picture: titles and credits do, "
            "a neon sign or a label that belongs to the scene stays. A model may also add lettering that was missed.",
            **known(io.Schema, search_aliases=["keep text", "which text to lift", "title and artist"]),
            inputs=[
                io.Image.Input("cover", tooltip="The cover the regions were found on."),
                Regions.Input("regions", tooltip="From Find Lettering."),
                _backend(),
                io.Boolean.Input(
                    "find",
                    default=True,
                    tooltip="Let the model also look for lettering the detector missed. Offline nothing is added.",
                ),
                io.String.Input(
                    "keep",
                    default="",
                    optional=True,
                    tooltip="Your own word: 'all', or numbers of regions or strings to leave in, with commas.",
                ),
                io.String.Input(
                    "lift",
                    default="",
                    optional=True,
                    tooltip="Your own word: 'all', or numbers of regions or strings to take off, with commas.",
                ),
                io.String.Input(
                    "hold",
                    default="",
                    optional=True,
                    tooltip="Your own word: 'all', or numbers of regions or strings to leave in and hold still.",
                ),
            ],
            outputs=[
                Regions.Output(display_name="regions", tooltip="The regions, each marked lift or keep, with a reason."),
                io.String.Output(display_name="report", tooltip=_REPORT),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return _configured()

    @classmethod
    def execute(
        cls,
        cover: torch.Tensor,
        regions: list[TextRegion],
        backend: str,
        find: bool,
        keep: str = "",
        lift: str = "",
        hold: str = "",
    ) -> io.NodeOutput:
        asking, kept, lifted, held = _asking(backend), named(keep), named(lift), named(hold)
        judged = looks.judge_text(picture(cover), regions, asking, find=find, keep=kept, lift=lifted, hold=held)
        report = _json(judged.report)
        return io.NodeOutput(judged.regions, report, ui=ui.PreviewText(report))


class CoverLoopMotionPrompt(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        line = {"default": "", "optional": True}
        return io.Schema(
            node_id="CoverLoopMotionPrompt",
            display_name="Motion Prompt",
            category="CoverLoop",
            description="Looks at the clean plate and says what moves: as prompts for Wan and as a recipe for Ambient "
            "Motion, from one answer. Camera moves, scene changes and the like are left out and reported.",
            **known(io.Schema, search_aliases=["image to video prompt", "caption cover", "prompt from image"]),
            inputs=[
                io.Image.Input(
                    "plate", tooltip="The clean plate: what will move. Of a batch, the first picture is used."
                ),
                _backend(),
                io.String.Input(
                    "intent", multiline=True, tooltip="What you wish for, in any language: 'rain, slow'.", **line
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    **STRENGTH.ends(),
                    step=0.05,
                    tooltip="How much everything moves; capped so that the cover is kept.",
                ),
                io.Int.Input("seed", default=0, **SEED.ends(), tooltip="Another seed, other particles and phases."),
                io.String.Input(
                    "triggers",
                    tooltip="Trigger words of the LoRAs in use, comma-separated; each is put in once.",
                    **line,
                ),
                io.String.Input("title", tooltip="The title: a hint at mood and motion.", **line),
                io.String.Input("artist", tooltip="The artist: a hint for a model, not used offline.", **line),
                io.String.Input("genre", tooltip="The genre: a hint at the mood.", **line),
                io.String.Input("lyrics", multiline=True, tooltip="A few lines: a hint at mood and motion.", **line),
                io.String.Input(
                    "motion", tooltip="calm or alive: half of it, or a third more; else read as a wish.", **line
                ),
                SONG,
            ],
            outputs=[
                io.String.Output(display_name="positive", tooltip="For Wan: motion first, at most 100 words."),
                io.String.Output(display_name="negative", tooltip="For Wan, by mood and medium."),
                io.String.Output(display_name="recipe", tooltip="For Ambient Motion (JSON)."),
                io.String.Output(display_name="report", tooltip=_REPORT),
            ],
            is_output_node=True,  # so that what was seen, which sidecars keep, is told also when it is cached
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return _configured()

    @classmethod
    def execute(
        cls,
        plate: torch.Tensor,
        backend: str,
        strength: float,
        seed: int,
        intent: str = "",
        triggers: str = "",
        motion: str = "",
        song: Following | None = None,
        **tags: str,
    ) -> io.NodeOutput:
        manner, phrases = read_manner(motion), read_triggers(triggers)
        wish, strength = read_wish(manner.added_to(intent), **tags), min(2.0, strength * manner.strength)
        if song:
            wish, strength = wish.heard(song.words(), song.mood), min(2.0, strength * song.strength)
        asking = _asking(backend)
        made = looks.motion_prompt(picture(plate), asking, wish=wish, triggers=phrases, seed=seed, strength=strength)
        shown = f"{made.positive}\n\n{_json(made.report)}"
        recipe = (on_beats(made.recipe, song.accents) if song else made.recipe).to_json()
        told = {**ui.PreviewText(shown).as_dict(), "seen": made.recipe.model_dump(mode="json")["seen"]}
        return io.NodeOutput(made.positive, made.negative, recipe, _json(made.report), ui=told)


class CoverLoopPromptEdit(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopPromptEdit",
            display_name="Edit Prompt",
            category="CoverLoop",
            description="Takes over the prompt: what you write here is used as it stands, also when the prompt before "
            "it is made anew. Empty fields let the suggestion through, which is shown below.",
            **known(io.Schema, search_aliases=["change prompt", "positive negative"]),
            inputs=[
                io.String.Input("positive", force_input=True, tooltip="The suggestion, from Motion Prompt."),
                io.String.Input("negative", force_input=True, tooltip="The suggestion, from Motion Prompt."),
                io.String.Input(
                    "edited_positive",
                    multiline=True,
                    default="",
                    tooltip="Your own; when empty, the suggestion is used.",
                ),
                io.String.Input(
                    "edited_negative",
                    multiline=True,
                    default="",
                    tooltip="Your own; when empty, the suggestion is used.",
                ),
                io.String.Input(
                    "triggers",
                    default="",
                    optional=True,
                    tooltip="Trigger words of the LoRAs in use, comma-separated; each is put into your own once.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="positive", tooltip="What goes to the text encoder."),
                io.String.Output(display_name="negative", tooltip="What goes to the text encoder."),
            ],
        )

    @classmethod
    def execute(
        cls, positive: str, negative: str, edited_positive: str, edited_negative: str, triggers: str = ""
    ) -> io.NodeOutput:
        refuse_unsafe("edited prompt", edited_positive)
        own = edited_positive.strip()
        used = with_triggers(own, read_triggers(triggers)) if own else positive
        fights = [f"'{fault.words}' may fight the cover ({fault.why})" for fault in forbidden(own)]
        shown = "\n".join(["Used: " + ("your own" if own else "the suggestion"), *fights, "", "Suggested:", positive])
        return io.NodeOutput(used, edited_negative.strip() or negative, ui=ui.PreviewText(shown))


def _asking(backend: str) -> Asking:
    asking = open_or_offline(backend, _settings(), Host(Path(folder_paths.models_dir), _place))
    folder = Path(folder_paths.get_system_user_directory("coverloop")) / "answers"
    return replace(asking, cache=folder, poll=comfy.model_management.throw_exception_if_processing_interrupted)


def _settings() -> Settings:
    return read_settings(Path(folder_paths.get_user_directory()) / "default" / "comfy.settings.json")


def _configured() -> str:
    """What a change of makes the node run again: the choice of model, never a key."""
    return json.dumps(_settings().public(), sort_keys=True)


def _place(model: torch.nn.Module) -> torch.device:
    """Where ComfyUI's model management puts the model for the next question."""
    patcher = _patcher(model)
    comfy.model_management.load_models_gpu([patcher], force_full_load=True)
    return patcher.load_device


@lru_cache(maxsize=1)
def _patcher(model: torch.nn.Module) -> comfy.model_patcher.ModelPatcher:
    # In a holder, as ModelPatcher sets attributes that a transformers model has as read-only properties.
    holder = torch.nn.Module()
    holder.add_module("model", model)
    device = comfy.model_management.text_encoder_device()
    rest = comfy.model_management.text_encoder_offload_device()
    return comfy.model_patcher.ModelPatcher(holder, load_device=device, offload_device=rest)


def _json(report: dict) -> str:
    return json.dumps(report, ensure_ascii=False, indent=1)
