from typing import Any

import comfy.patcher_extension
import torch
from comfy_api.latest import io

from ..core.wan import ring as core
from .known import known

KEY = "coverloop_ring"


class CoverLoopLatentShift(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopLatentShift",
            display_name="Latent Shift (loop in generation)",
            category="CoverLoop",
            description="Turns the clip around a ring while it is sampled, so that Wan never sees where it ends. "
            "Decode with Cyclic Decode. Experimental: sampling takes 'cuts' times as long, and past 'release' the "
            "first frame may leave the cover.",
            **known(io.Schema, search_aliases=["seamless loop", "cyclic latent", "roll latent", "loop sampling"]),
            inputs=[
                io.Model.Input("model", tooltip="Wan 2.2, after its LoRAs and ModelSamplingSD3."),
                io.Int.Input(
                    "cuts",
                    default=2,
                    min=1,
                    max=8,
                    tooltip="Places where the ring is opened in every step. 1 is as fast as without, but with few "
                    "steps it only moves the seam.",
                ),
                io.Float.Input(
                    "release",
                    **known(io.Float.Input, advanced=True),
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Part of the sampling after which the first frame is no longer held to the cover, so that "
                    "it can join the ring. 1 holds it to the end.",
                ),
            ],
            outputs=[io.Model.Output(display_name="ring_model", tooltip="The model with the shift in it.")],
            is_experimental=True,
        )

    @classmethod
    def execute(cls, model: Any, cuts: int, release: float) -> io.NodeOutput:
        patched = model.clone()
        free_below = patched.get_model_object("model_sampling").percent_to_sigma(release) if release < 1 else 0.0
        ring = _Ring(cuts, float(free_below))
        patched.add_wrapper_with_key(comfy.patcher_extension.WrappersMP.APPLY_MODEL, KEY, ring.apply_model)
        patched.set_model_denoise_mask_function(ring.mask)
        return io.NodeOutput(patched)


class _Ring:
    """The wrapper around the model. Wan 2.2 takes its per-frame timesteps from the mask, so they turn with it."""

    def __init__(self, cuts: int, free_below: float):
        self.cuts, self.free_below = cuts, free_below

    def apply_model(
        self, model, x, t, c_concat=None, c_crossattn=None, control=None, transformer_options=None, **conditioning
    ):
        options = transformer_options or {}
        sigma = float(options["sigmas"].flatten()[0])
        if conditioning.get("denoise_mask") is not None:
            conditioning["denoise_mask"] = self.mask(sigma, conditioning["denoise_mask"])
        cuts = core.cuts_at(core.step_of(sigma, options["sample_sigmas"].tolist()), x.shape[2], self.cuts)

        def call(latent, c_concat, **turned):
            return model(latent, t, c_concat, c_crossattn, control, options, **turned)

        return core.on_ring(call, x, {**conditioning, "c_concat": c_concat}, cuts)

    def mask(self, sigma, denoise_mask, extra_options=None):
        """1 where the model may change the clip: the first frame too, once the noise is below the release."""
        free = float(torch.as_tensor(sigma).flatten()[0]) < self.free_below
        return torch.ones_like(denoise_mask) if free else denoise_mask


class CoverLoopCyclicDecode(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopCyclicDecode",
            display_name="Cyclic Decode",
            category="CoverLoop",
            description="Decodes a clip made with Latent Shift as a ring: 4 frames for every latent frame, the first "
            "one included. Experimental.",
            **known(io.Schema, search_aliases=["vae decode loop", "seamless decode"]),
            inputs=[
                io.Latent.Input("samples", tooltip="From the sampler."),
                io.Vae.Input("vae", tooltip="The Wan VAE."),
                io.Int.Input(
                    "lead",
                    **known(io.Int.Input, advanced=True),
                    default=4,
                    min=1,
                    max=64,
                    tooltip="Latent frames from the end that go before the first to warm the decoder up.",
                ),
            ],
            outputs=[io.Image.Output(display_name="frames", tooltip="One turn of the ring.")],
            is_experimental=True,
        )

    @classmethod
    def execute(cls, samples: dict[str, torch.Tensor], vae: Any, lead: int) -> io.NodeOutput:
        frames = core.cyclic_decode(vae.decode, samples["samples"], lead)
        return io.NodeOutput(frames.reshape(-1, *frames.shape[-3:]))
