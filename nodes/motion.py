import comfy.utils
import torch
from comfy_api.latest import io, ui

from ..core.limits import FPS, SECONDS, SEED, STRENGTH
from ..core.motion import stage
from ..core.motion.beats import on_beats
from ..core.motion.manner import read_manner
from ..core.motion.preview import preview as seen
from ..core.motion.recipe import Recipe, derive_recipe
from ..core.pixels import LUMA
from ..core.song.follow import Following
from .known import known
from .song import SONG
from .tensors import array_of_mask, image_of, images_of, picture

_STILL = io.Mask.Input(
    "still",
    optional=True,
    tooltip="Where nothing may move: 'held' of Glyph Mask, or what you painted. Motion comes up softly around it.",
)
_MASK = io.Mask.Input(
    "mask",
    optional=True,
    tooltip="Painted: where things may move. Effects with the region 'painted' act here; when the recipe has none, "
    "all of it is kept to this mask.",
)
_DEPTH = io.Image.Input(
    "depth",
    optional=True,
    tooltip="A depth picture from any depth node, near is light: near parts drift further than far ones.",
)
_EDITED = io.String.Input(
    "edited",
    multiline=True,
    default="",
    optional=True,
    tooltip="Your own recipe (JSON): copy the one shown below after a run and change it. When it is "
    "not empty it is used instead of the one connected.",
)


def _given(still, mask, depth) -> stage.Given:
    held, painted = (None if given is None else array_of_mask(given) for given in (still, mask))
    return stage.Given(held, painted, None if depth is None else picture(depth) @ LUMA / 255)


class CoverLoopRecipe(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopRecipe",
            display_name="Motion Recipe",
            category="CoverLoop",
            description="Says what moves and how, as a small JSON document derived from the picture. To change "
            "it, paste it into 'edited' of Ambient Motion.",
            **known(io.Schema, search_aliases=["motion settings", "what moves", "effects"]),
            inputs=[
                io.Image.Input("plate", tooltip="The clean plate: what will move."),
                io.Int.Input(
                    "seed",
                    default=0,
                    **SEED.ends(),
                    tooltip="Another seed gives other particles, phases and directions.",
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    **STRENGTH.ends(),
                    step=0.05,
                    tooltip="How much everything moves; 1 is gentle, 0 is still.",
                ),
                io.String.Input(
                    "motion",
                    default="",
                    optional=True,
                    tooltip="calm or alive: half of it, or a third more. Wishes in words are for Motion Prompt.",
                ),
                SONG,
            ],
            outputs=[io.String.Output(display_name="recipe", tooltip="The recipe (JSON) for Ambient Motion.")],
        )

    @classmethod
    def execute(
        cls, plate: torch.Tensor, seed: int, strength: float, motion: str = "", song: Following | None = None
    ) -> io.NodeOutput:
        strength = min(2.0, strength * read_manner(motion).strength * (song.strength if song else 1.0))
        derived = derive_recipe(picture(plate), seed=seed, strength=strength)
        recipe = (on_beats(derived, song.accents) if song else derived).to_json()
        return io.NodeOutput(recipe, ui=ui.PreviewText(recipe))


class CoverLoopAmbient(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopAmbient",
            display_name="Ambient Motion",
            category="CoverLoop",
            description="Brings the plate gently alive on the CPU. Periodic by construction: after the last frame "
            "comes the first, exactly, and that is the plate itself.",
            **known(
                io.Schema,
                search_aliases=["cinemagraph", "animate still", "parallax", "living picture", "seamless loop"],
            ),
            inputs=[
                io.Image.Input("plate", tooltip="The clean plate. Of a batch, the first picture is used."),
                io.String.Input(
                    "recipe", force_input=True, tooltip="What moves (JSON), from Motion Prompt or Motion Recipe."
                ),
                io.Float.Input(
                    "seconds", default=4.0, **SECONDS.ends(), step=0.1, tooltip="Length of one turn of the loop."
                ),
                io.Float.Input("fps", default=24.0, **FPS.ends(), step=0.001, tooltip="Frames per second."),
                _EDITED,
                _STILL,
                _MASK,
                _DEPTH,
            ],
            outputs=[
                io.Image.Output(display_name="frames", tooltip="One turn of the loop."),
                io.Float.Output(display_name="rate", tooltip="The frames per second, for the nodes that follow."),
            ],
        )

    @classmethod
    def execute(
        cls,
        plate: torch.Tensor,
        recipe: str,
        seconds: float,
        fps: float,
        edited: str = "",
        still: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        depth: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        used = Recipe.parse(edited if edited.strip() else recipe)
        count = max(2, round(seconds * fps))
        progress = comfy.utils.ProgressBar(count)
        frames = stage.ambient(
            picture(plate),
            used,
            frames=count,
            fps=fps,
            given=_given(still, mask, depth),
            progress=lambda done, total: progress.update_absolute(done, total),
        )
        return io.NodeOutput(images_of(frames, count), fps, ui=ui.PreviewText(used.to_json()))


class CoverLoopMotionPreview(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopMotionPreview",
            display_name="Motion Preview",
            category="CoverLoop",
            description="Shows a motion recipe over the plate before it is played: where each effect acts in colours, "
            "which way things move as arrows, what is held still hatched.",
            **known(io.Schema, search_aliases=["preview motion", "show recipe", "motion arrows"]),
            inputs=[
                io.Image.Input("plate", tooltip="The clean plate. Of a batch, the first picture is used."),
                io.String.Input(
                    "recipe", force_input=True, tooltip="What moves (JSON), from Motion Prompt or Motion Recipe."
                ),
                _EDITED,
                _STILL,
                _MASK,
                _DEPTH,
            ],
            outputs=[
                io.Image.Output(display_name="preview", tooltip="The plate with regions, arrows and words on it.")
            ],
            is_output_node=True,
        )

    @classmethod
    def execute(
        cls,
        plate: torch.Tensor,
        recipe: str,
        edited: str = "",
        still: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        depth: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        used = Recipe.parse(edited if edited.strip() else recipe)
        shown = image_of(seen(picture(plate), used, _given(still, mask, depth)))
        return io.NodeOutput(shown, ui=ui.PreviewImage(shown, cls=cls))
