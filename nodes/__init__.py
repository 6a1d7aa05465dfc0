"""ComfyUI nodes, in the order of the way of a cover. Each is an argument list and a call into `core`."""

from comfy_api.latest import ComfyExtension, io

from .cover import CoverLoopFitCover, CoverLoopLoadCover, put_example
from .find import CoverLoopFindText
from .format import CoverLoopFormat
from .judge import CoverLoopScore
from .loop import CoverLoopClose, CoverLoopFindCut, CoverLoopRetime, CoverLoopToneMatch, CoverLoopTrim
from .mask import CoverLoopGlyphMask, CoverLoopTextLayer, CoverLoopTextOver
from .motion import CoverLoopAmbient, CoverLoopMotionPreview, CoverLoopRecipe
from .plate import CoverLoopCleanPlate, CoverLoopTextPreview
from .pose import CoverLoopPose
from .prompt import CoverLoopJudgeText, CoverLoopMotionPrompt, CoverLoopPromptEdit
from .redraw import CoverLoopCutOut, CoverLoopFitPicture, CoverLoopStyleWords
from .ring import CoverLoopCyclicDecode, CoverLoopLatentShift
from .sing import CoverLoopFitVoice, CoverLoopSing
from .song import CoverLoopLyrics, CoverLoopSong
from .video import CoverLoopSave
from .views import CoverLoopCamera, CoverLoopConsistency
from .wan import CoverLoopFitShot, CoverLoopFitWan, CoverLoopLora, CoverLoopScaleToCover

NODES: list[type[io.ComfyNode]] = [
    CoverLoopLoadCover,
    CoverLoopFitCover,
    CoverLoopFindText,
    CoverLoopJudgeText,
    CoverLoopGlyphMask,
    CoverLoopCleanPlate,
    CoverLoopTextLayer,
    CoverLoopTextPreview,
    CoverLoopMotionPrompt,
    CoverLoopPromptEdit,
    CoverLoopRecipe,
    CoverLoopMotionPreview,
    CoverLoopAmbient,
    CoverLoopLora,
    CoverLoopLatentShift,
    CoverLoopFitWan,
    CoverLoopCyclicDecode,
    CoverLoopTrim,
    CoverLoopToneMatch,
    CoverLoopFindCut,
    CoverLoopClose,
    CoverLoopRetime,
    CoverLoopScaleToCover,
    CoverLoopTextOver,
    CoverLoopScore,
    CoverLoopSave,
    CoverLoopFormat,
    CoverLoopSong,
    CoverLoopLyrics,
    CoverLoopFitShot,
    CoverLoopFitVoice,
    CoverLoopSing,
    CoverLoopPose,
    CoverLoopCamera,
    CoverLoopConsistency,
    CoverLoopStyleWords,
    CoverLoopFitPicture,
    CoverLoopCutOut,
]


class CoverLoopExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        put_example()
        return NODES
