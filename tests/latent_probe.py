"""Runs inside ComfyUI's own modules (a process of its own) on the tiny Wan files, and prints what it found as JSON.

usage: latent_probe.py COMFYUI MODELS
"""

import json
import sys
from pathlib import Path

COMFYUI, MODELS = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:0] = [str(COMFYUI)]

from comfy.cli_args import args  # noqa: E402

args.cpu = True

import comfy.samplers  # noqa: E402
import comfy.sd  # noqa: E402
import comfy.utils  # noqa: E402
import torch  # noqa: E402
from coverloop.core.wan import ring as core  # noqa: E402
from coverloop.nodes.ring import CoverLoopCyclicDecode, CoverLoopLatentShift, _Ring  # noqa: E402

sys.path[:0] = [str(Path(__file__).parent)]
import tiny_wan  # noqa: E402
import tiny_wan_compat  # noqa: E402, F401

FRAMES, SIDE = 6, 4


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = comfy.sd.load_diffusion_model(str(MODELS / "diffusion_models" / tiny_wan.UNET))
    comfy.model_management.load_models_gpu([model])
    vae = comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(MODELS / "vae" / tiny_wan.VAE)))
    with torch.inference_mode():
        json.dump({**of_the_model(model.model), **of_a_run(model), **of_the_decode(vae)}, sys.stdout)


def of_the_model(base) -> dict:
    """One model call, rolled by hand against rolled by the wrapper; and the timesteps the network saw."""
    x = torch.randn(1, 48, FRAMES, SIDE, SIDE)
    mask = torch.ones(1, 48, FRAMES, SIDE, SIDE)
    mask[:, :, 0] = 0
    text = torch.randn(1, 7, 4096)
    sigmas = torch.tensor([1.0, 0.9, 0.7, 0.4, 0.0])
    seen: list[torch.Tensor] = []
    hook = base.diffusion_model.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[1].clone()))

    def call(latent, mask, step, cuts=None, free_below=0.0):
        options = {"sample_sigmas": sigmas, "sigmas": sigmas[step : step + 1]}
        if cuts is None:
            return base._apply_model(latent, sigmas[step : step + 1], None, text, None, options, denoise_mask=mask)
        ring = _Ring(cuts, free_below)
        t = sigmas[step : step + 1]
        return ring.apply_model(base._apply_model, latent, t, None, text, None, options, denoise_mask=mask)

    cut = core.cuts_at(2, FRAMES, 1)[0]
    by_hand = call(x.roll(-cut, 2), mask.roll(-cut, 2), 2).roll(cut, 2)
    by_wrapper = call(x, mask, 2, cuts=1)
    times = [step.flatten().tolist() for step in seen]
    seen.clear()
    whole = call(x, mask, 2, cuts=FRAMES)
    turned = [call(x.roll(k, 2), mask.roll(k, 2), 2, cuts=FRAMES).roll(-k, 2) for k in range(FRAMES)]
    plain, plain_turned = call(x, mask, 2), call(x.roll(2, 2), mask.roll(2, 2), 2).roll(-2, 2)
    seen.clear()
    call(x, mask, 3, cuts=1, free_below=0.5)
    hook.remove()
    return {
        "cut": cut,
        "wrapper_is_roll": bool(torch.equal(by_hand, by_wrapper)),
        "differs_from_plain": float((by_wrapper - plain).abs().max()),
        "timesteps": times[1],
        "timesteps_by_hand": times[0],
        "equivariance": max(float((other - whole).abs().max()) for other in turned),
        "plain_equivariance": float((plain_turned - plain).abs().max()),
        "released_timesteps": seen[0].flatten().tolist(),
    }


def of_a_run(model) -> dict:
    """A whole sampling run through ComfyUI's sampler, with the anchor held and released."""
    latent = torch.randn(1, 48, FRAMES, SIDE, SIDE)
    mask = torch.ones(1, 1, FRAMES, SIDE, SIDE)
    mask[:, :, 0] = 0
    text = [[torch.randn(1, 7, 4096), {}]]

    def run(patched):
        sampler = comfy.samplers.KSampler(patched, 4, "cpu", "euler", "simple", 1.0)
        noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(1))
        return sampler.sample(noise, text, text, 1.0, latent_image=latent, denoise_mask=mask, seed=1)

    def shifted(**options):
        return run(CoverLoopLatentShift.execute(model, **options).args[0])

    plain, held, freed = run(model), shifted(cuts=1, release=1.0), shifted(cuts=2, release=0.5)
    return {
        "anchor_moved_plain": float((plain[:, :, 0] - latent[:, :, 0]).abs().max()),
        "anchor_moved_held": float((held[:, :, 0] - latent[:, :, 0]).abs().max()),
        "anchor_moved_freed": float((freed[:, :, 0] - latent[:, :, 0]).abs().max()),
        "run_differs": float((held - plain).abs().max()),
        "again": float((run(model) - plain).abs().max()),
    }


def of_the_decode(vae) -> dict:
    latent = torch.randn(1, 48, FRAMES, SIDE, SIDE)

    def decode(z, lead):
        return CoverLoopCyclicDecode.execute({"samples": z}, vae, lead).args[0]

    turned = {}
    for lead in (1, 4, 42):
        straight, rolled = decode(latent, lead), decode(latent.roll(2, 2), lead)
        turned[lead] = float((rolled.roll(-8, 0) - straight).abs().max())
    return {"decoded": list(decode(latent, 4).shape), "turned": turned, "plain": list(vae.decode(latent).shape)}


main()
