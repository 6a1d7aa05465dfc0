"""Test-only ComfyUI pack: lets UNETLoader and CLIPLoader (type qwen_image) take the narrow files of `tiny_edit.py`.

ComfyUI reads from the files of Qwen-Image how many blocks it has, but takes its width and all sizes of Qwen 2.5 VL for
granted. This reads the first from the weights and makes the second those of `tiny_edit.py`. Large pictures are encoded
at an eighth of their sides: the nodes scale all to a megapixel, which takes a processor half a minute. It has no nodes.
"""

import functools

import comfy.model_detection
import comfy.sd
import comfy.text_encoders.llama as llama
import comfy.text_encoders.qwen_vl as qwen_vl
import torch

NODE_CLASS_MAPPINGS = {}
LARGE = 500_000  # px


def _read_widths(detect):
    @functools.wraps(detect)
    def wrapped(state_dict, key_prefix, *args, **kwargs):
        found = detect(state_dict, key_prefix, *args, **kwargs)
        if found and found.get("image_model") == "qwen_image":
            found["num_attention_heads"] = state_dict[f"{key_prefix}img_in.weight"].shape[0] // 128
            found["joint_attention_dim"] = state_dict[f"{key_prefix}txt_norm.weight"].shape[0]
        return found

    return wrapped


comfy.model_detection.detect_unet_config = _read_widths(comfy.model_detection.detect_unet_config)
llama.Qwen25_7BVLI_Config = functools.partial(
    llama.Qwen25_7BVLI_Config,
    hidden_size=64,
    intermediate_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    num_key_value_heads=4,
)
_Sight = qwen_vl.Qwen2VLVisionTransformer
qwen_vl.Qwen2VLVisionTransformer = lambda hidden_size, **rest: _Sight(
    hidden_size=64, intermediate_size=64, num_heads=2, num_layers=1, **rest
)


def _at_an_eighth(encode):
    @functools.wraps(encode)
    def wrapped(self, pixels):
        if pixels.shape[1] * pixels.shape[2] < LARGE:
            return encode(self, pixels)
        small = torch.nn.functional.interpolate(pixels.movedim(-1, 1), scale_factor=1 / 8, mode="area")
        return encode(self, small.movedim(1, -1))

    return wrapped


comfy.sd.VAE.encode = _at_an_eighth(comfy.sd.VAE.encode)
