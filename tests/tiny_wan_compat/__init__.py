"""Test-only ComfyUI pack: lets CLIPLoader (type wan), VAELoader and AudioEncoderLoader take the narrow files of
`tiny_wan.py` and `tiny_s2v.py`.

ComfyUI infers the sizes of a diffusion model from its file, but takes those of UMT5, of the Wan 2.2 VAE and of wav2vec2
for granted. This reads them from the weights. Files of the official size pass through untouched. It has no nodes.
"""

import functools

import comfy.audio_encoders.audio_encoders as hearing
import comfy.audio_encoders.wav2vec2 as wav2vec2
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


class _OneLayer(wav2vec2.Wav2Vec2Model):
    """As many results as the full model has layers: the last one again and again."""

    def __init__(self, num_layers, **sizes):
        super().__init__(num_layers=1, **sizes)
        self.results = num_layers + 1

    def forward(self, *args, **kwargs):
        last, each = super().forward(*args, **kwargs)
        return last, (*each, *[each[-1]] * (self.results - len(each)))


def _read_hearing_sizes(load):
    @functools.wraps(load)
    def wrapped(sd, *args, **kwargs):
        width = sd["feature_extractor.conv_layers.0.conv.weight"].shape[0]
        if width == 512:
            return load(sd, *args, **kwargs)
        full = hearing.Wav2Vec2Model, wav2vec2.ConvFeatureEncoder, wav2vec2.FeatureProjection
        hearing.Wav2Vec2Model = _OneLayer
        wav2vec2.ConvFeatureEncoder = lambda conv_dim, **rest: full[1](width, **rest)
        wav2vec2.FeatureProjection = lambda conv_dim, *rest, **more: full[2](width, *rest, **more)
        try:
            return load(sd, *args, **kwargs)
        finally:
            hearing.Wav2Vec2Model, wav2vec2.ConvFeatureEncoder, wav2vec2.FeatureProjection = full

    return wrapped


hearing.load_audio_encoder_from_sd = _read_hearing_sizes(hearing.load_audio_encoder_from_sd)
comfy.sd.load_text_encoder_state_dicts = _read_encoder_sizes(comfy.sd.load_text_encoder_state_dicts)
comfy.sd.VAE.__init__ = _read_vae_sizes(comfy.sd.VAE.__init__)
