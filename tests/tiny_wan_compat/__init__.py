"""Test-only ComfyUI pack: lets CLIPLoader (type wan) and VAELoader take the narrow files of `tiny_wan.py`.

ComfyUI infers the sizes of a diffusion model from its file, but takes those of UMT5 and of the Wan 2.2 VAE for
granted. This reads them from the weights. Files of the official size pass through untouched. It has no nodes.
"""

import functools

import comfy.ldm.wan.vae2_2 as vae2_2
import comfy.sd

NODE_CLASS_MAPPINGS = {}


def _encoder_sizes(weights):
    block = "encoder.block.0.layer"
    heads = weights[f"{block}.0.SelfAttention.relative_attention_bias.weight"].shape[1]
    return {
        "num_layers": 1,
        "num_heads": heads,
        "d_kv": weights[f"{block}.0.SelfAttention.q.weight"].shape[0] // heads,
        "d_model": weights["shared.weight"].shape[1],
        "d_ff": weights[f"{block}.1.DenseReluDense.wi_0.weight"].shape[0],
        "vocab_size": weights["shared.weight"].shape[0],
    }


def _read_encoder_sizes(load):
    @functools.wraps(load)
    def wrapped(state_dicts, *args, model_options=None, **kwargs):
        options = dict(model_options or {})
        vocabulary = state_dicts[0].get("shared.weight") if len(state_dicts) == 1 else None
        if vocabulary is not None and vocabulary.shape[0] < 10_000:
            options["umt5xxl_model_config"] = _encoder_sizes(state_dicts[0])
        return load(state_dicts, *args, model_options=options, **kwargs)

    return wrapped


def _read_vae_sizes(init):
    @functools.wraps(init)
    def wrapped(self, sd=None, *args, **kwargs):
        first = (sd or {}).get("encoder.conv1.weight")
        if first is None or first.shape[0] >= 96 or "decoder.upsamples.0.upsamples.0.residual.2.weight" not in sd:
            return init(self, sd, *args, **kwargs)
        narrow = {"dim": first.shape[0], "dec_dim": sd["decoder.head.0.gamma"].shape[0]}
        full = vae2_2.WanVAE
        vae2_2.WanVAE = lambda **sizes: full(**{**sizes, **narrow})
        try:
            return init(self, sd, *args, **kwargs)
        finally:
            vae2_2.WanVAE = full

    return wrapped


comfy.sd.load_text_encoder_state_dicts = _read_encoder_sizes(comfy.sd.load_text_encoder_state_dicts)
comfy.sd.VAE.__init__ = _read_vae_sizes(comfy.sd.VAE.__init__)
