from typing import Any

from comfy_api.latest import io, ui

from ..core.limits import SECONDS
from ..core.song.follow import Following, follow
from ..core.song.hear import hear_samples
from ..core.song.lyrics import singable
from .known import known
from .tensors import samples_of

Song = io.Custom("COVERLOOP_SONG")
SONG = Song.Input(
    "song",
    optional=True,
    tooltip="From Song: light goes with its beats, how much moves with its loudness, the mood with its sound.",
)


class CoverLoopSong(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopSong",
            display_name="Song",
            category="CoverLoop",
            description="Listens to a song and says what a loop takes from it: whole bars, the accent of each "
            "beat, how much moves, the mood. Without a song the length goes through and nothing else changes.",
            **known(io.Schema, search_aliases=["beat", "bpm", "tempo", "audio reactive", "music"]),
            inputs=[
                io.Float.Input(
                    "seconds",
                    default=4.0,
                    **SECONDS.ends(),
                    step=0.1,
                    tooltip="Wished length of one turn; with a song, the whole bars nearest to it.",
                ),
                io.Audio.Input("audio", optional=True, tooltip="The song, from Load Audio."),
                io.String.Input(
                    "section",
                    default="",
                    optional=True,
                    tooltip="Which part: empty is the loudest; a number from 1, or from-to as 62-80 or 1:02-1:20.",
                ),
                io.String.Input(
                    "heard",
                    multiline=True,
                    default="",
                    optional=True,
                    tooltip="What this node showed before (JSON), instead of listening again. coverloop render --song "
                    "puts it here.",
                ),
            ],
            outputs=[
                Song.Output(display_name="song", tooltip="Bars, tempo, accents and mood, for Motion Prompt or Recipe."),
                io.Float.Output(display_name="length", tooltip="Length of one turn, s: whole bars of the song."),
                io.String.Output(display_name="report", tooltip="What was heard and what a loop takes of it, as JSON."),
            ],
        )

    @classmethod
    def execute(
        cls, seconds: float, audio: dict[str, Any] | None = None, section: str = "", heard: str = ""
    ) -> io.NodeOutput:
        song = _song(seconds, audio, section, heard)
        report = "" if song is None else song.to_json()
        return io.NodeOutput(song, seconds if song is None else song.seconds, report, ui=ui.PreviewText(report))


def _song(seconds: float, audio: dict[str, Any] | None, section: str, heard: str) -> Following | None:
    if heard.strip():
        return Following.parse(heard)
    if audio is None:
        return None
    return follow(hear_samples(*samples_of(audio)), seconds, section)


class CoverLoopLyrics(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopLyrics",
            display_name="Lyrics",
            category="CoverLoop",
            description="Writes lyrics as ACE-Step reads them: sections marked, a line of Hangul in Latin letters "
            "behind [ko]. Hangul itself it cannot sing.",
            **known(io.Schema, search_aliases=["hangul", "korean", "romanize", "ace-step"]),
            inputs=[
                io.String.Input(
                    "lyrics",
                    multiline=True,
                    tooltip="Lines in Hangul and Latin letters, or LRC; [verse], [chorus], [1절], [후렴] begin a part.",
                ),
            ],
            outputs=[io.String.Output(display_name="lyrics", tooltip="For TextEncodeAceStepAudio.")],
        )

    @classmethod
    def execute(cls, lyrics: str) -> io.NodeOutput:
        text = singable(lyrics)
        return io.NodeOutput(text, ui=ui.PreviewText(text))
