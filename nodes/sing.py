from typing import Any

from comfy_api.latest import io
from comfy_execution.graph_utils import GraphBuilder

from ..core.limits import SEED, SING_CHUNKS
from ..core.song import voice as core
from .known import known
from .tensors import audio_of, samples_of

LINK = {"rawLink": True}
"""The input arrives as the link itself, to be passed on to the nodes of the chunks."""


class CoverLoopFitVoice(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFitVoice",
            display_name="Fit Voice",
            category="CoverLoop",
            description="Chooses what of a song is sung, and pads it to whole chunks of five seconds: past the end of "
            "the sound Wan 2.2 S2V would sing to nothing.",
            **known(io.Schema, search_aliases=["pad audio", "trim audio", "s2v audio", "lip sync"]),
            inputs=[
                io.Audio.Input(
                    "audio", tooltip="A voice, from Load Audio. A voice alone keeps lips in time; a whole mix does not."
                ),
                io.String.Input(
                    "section",
                    default="",
                    tooltip="From-to, as 62-80 or 1:02-1:20; empty is all of it. Two minutes at most.",
                ),
            ],
            outputs=[
                io.Audio.Output(display_name="sound", tooltip="What is heard in the film, for Save Loop."),
                io.Audio.Output(display_name="padded", tooltip="The same in whole chunks, for AudioEncoderEncode."),
                io.Int.Output(display_name="chunks", tooltip="How many chunks Wan makes, for Sing in Chunks."),
                io.Int.Output(display_name="frames", tooltip="Frames of the film, sixteen a second."),
                io.Int.Output(display_name="spoilt", tooltip="Frames at the beginning that are not shown."),
            ],
        )

    @classmethod
    def execute(cls, audio: dict[str, Any], section: str) -> io.NodeOutput:
        samples, rate = samples_of(audio)
        voice = core.fit_voice(samples, rate, section)
        sound, padded = audio_of(voice.sound, rate), audio_of(voice.padded, rate)
        return io.NodeOutput(sound, padded, voice.chunks, voice.frames, core.SPOILT)


class CoverLoopSing(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopSing",
            display_name="Sing in Chunks",
            category="CoverLoop",
            description="Wan 2.2 S2V for a song of any length: the nodes of ComfyUI's own graph, one sampling for each "
            "five seconds, each going on from the chunk before.",
            **known(io.Schema, search_aliases=["s2v", "sound to video", "lip sync", "talking", "extend"]),
            enable_expand=True,
            inputs=[
                io.Model.Input("model", extra_dict=LINK, tooltip="Wan 2.2 S2V 14B, from ModelSamplingSD3."),
                io.Conditioning.Input("positive", extra_dict=LINK, tooltip="Who sings, and how."),
                io.Conditioning.Input("negative", extra_dict=LINK, tooltip="What is not to be seen."),
                io.Vae.Input("vae", extra_dict=LINK, tooltip="Wan 2.1's VAE, which S2V works with."),
                io.AudioEncoderOutput.Input(
                    "voice", extra_dict=LINK, tooltip="From AudioEncoderEncode, of the padded sound of Fit Voice."
                ),
                io.Image.Input("picture", extra_dict=LINK, tooltip="Who sings: a picture at the size of the clip."),
                io.Int.Input("width", default=640, min=64, max=2048, step=16, tooltip="Width of the clip."),
                io.Int.Input("height", default=640, min=64, max=2048, step=16, tooltip="Height of the clip."),
                io.Int.Input("chunks", default=2, **SING_CHUNKS.ends(), tooltip="From Fit Voice."),
                io.Int.Input("seed", default=0, **SEED.ends(), control_after_generate=True, tooltip="Of the noise."),
                io.Int.Input("steps", default=20, min=1, max=100, tooltip="Of each chunk: 20, with a fast LoRA 4."),
                io.Float.Input(
                    "cfg",
                    default=6.0,
                    min=1.0,
                    max=20.0,
                    step=0.1,
                    tooltip="How strictly words and voice are followed: 6, with a fast LoRA 1.",
                ),
            ],
            outputs=[
                io.Latent.Output(
                    display_name="latent", tooltip="All chunks, the first latent frame twice; for VAE Decode."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        model: list[Any],
        positive: list[Any],
        negative: list[Any],
        vae: list[Any],
        voice: list[Any],
        picture: list[Any],
        width: int,
        height: int,
        chunks: int,
        seed: int,
        steps: int,
        cfg: float,
    ) -> io.NodeOutput:
        seen = {"positive": positive, "negative": negative, "vae": vae, "audio_encoder_output": voice}
        seen |= {"ref_image": picture, "length": core.LENGTH}
        how = {"model": model, "steps": steps, "cfg": cfg, "sampler_name": "uni_pc", "scheduler": "simple"}
        graph = GraphBuilder()
        begun = graph.node("WanSoundImageToVideo", width=width, height=height, batch_size=1, **seen)
        done = _sampled(graph, begun, seed, how)
        for number in range(1, chunks):
            begun = graph.node("WanSoundImageToVideoExtend", video_latent=done, **seen)
            done = _joined(graph, done, _sampled(graph, begun, seed + number, how))
        first = graph.node("LatentCut", samples=done, dim="t", index=0, amount=1).out(0)
        return io.NodeOutput(_joined(graph, first, done), expand=graph.finalize())


def _sampled(graph: GraphBuilder, begun: Any, seed: int, how: dict[str, Any]) -> list[Any]:
    ends = {"positive": begun.out(0), "negative": begun.out(1), "latent_image": begun.out(2)}
    return graph.node("KSampler", seed=seed % (SEED.high + 1), denoise=1.0, **how, **ends).out(0)


def _joined(graph: GraphBuilder, one: list[Any], other: list[Any]) -> list[Any]:
    return graph.node("LatentConcat", samples1=one, samples2=other, dim="t").out(0)
