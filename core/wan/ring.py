"""A latent clip as a ring: shifts for loop in generation, and a decode without a first frame.

A video model sees a line of latent frames and knows nothing of the wrap from the last to the first. Rolling the line
by another amount at every sampling step moves that blind spot around, so that each neighbourhood, the wrap included,
is denoised as an interior one most of the time (Mobius, Bi et al., arXiv 2502.20307). Two things are added to the
paper: the golden-ratio sequence, which covers the ring evenly in any number of steps, and several cuts a step, each
frame weighted by its distance from that cut, because with few steps plain rolling only moves the seam.

Experimental: exact on the ring, but never measured on real weights. Knows neither ComfyUI nor a model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ClipError, ModelError

if TYPE_CHECKING:
    from torch import Tensor

GOLDEN = (5**0.5 - 1) / 2
FRAMES_PER_LATENT = 4  # Wan's causal VAE: the first latent frame of a line is 1 frame, every other one is 4


def step_of(sigma: float, schedule: Sequence[float]) -> int:
    """The sampling step a model call at noise level `sigma` belongs to.

    schedule: descending noise levels of the whole run, as the sampler was given them. A call between two levels (a
        second-order sampler makes such calls) belongs to the step it started from.
    """
    return sum(level > sigma * (1 + 1e-5) + 1e-9 for level in schedule)


def cuts_at(step: int, frames: int, cuts: int) -> list[int]:
    """Where the ring of `frames` latent frames is cut open at `step`: `cuts` places, evenly apart, in 0..frames-1."""
    if frames < 1:
        raise ClipError(f"a latent clip of {frames} frames has no ring; generate at least 5 frames")
    first = int(step * GOLDEN * frames)
    return sorted({(first + n * frames // cuts) % frames for n in range(cuts)})


def roll_time(value: Any, by: int, frames: int) -> Any:
    """A tensor (B, C, T, h, w) with T = `frames` rolled along T; anything else as it is."""
    shape = getattr(value, "shape", ())
    return value.roll(by, dims=2) if len(shape) == 5 and shape[2] == frames else value


def on_ring(
    model: Callable[..., Tensor], latent: Tensor, conditioning: Mapping[str, Any], cuts: Sequence[int]
) -> Tensor:
    """`model(latent, **conditioning)` with the ring opened at each of `cuts` and the results joined.

    latent: (B, C, T, h, w). conditioning: whatever is laid out along T (mask, reference latents) turns with it.
    With one cut this is exactly roll(model(roll(latent))). With more, each frame of each result weighs as much as
    it is far from that result's cut. Returns (B, C, T, h, w). Costs len(cuts) model calls.
    """
    frames = latent.shape[2]
    total = weight = None
    for cut in cuts:
        turned = {name: roll_time(value, -cut, frames) for name, value in conditioning.items()}
        result = roll_time(model(roll_time(latent, -cut, frames), **turned), cut, frames)
        if len(cuts) == 1:
            return result
        share = _distance_from_cut(result, cut)
        total = result * share if total is None else total + result * share
        weight = share if weight is None else weight + share
    if total is None:
        raise ClipError("no cut was given; use at least 1")
    return total / weight


def _distance_from_cut(result: Tensor, cut: int) -> Tensor:
    import torch

    frames = result.shape[2]
    place = torch.arange(frames, device=result.device, dtype=result.dtype)
    return (torch.minimum(place, frames - 1 - place) + 0.5).roll(cut).view(1, 1, -1, 1, 1)


def cyclic_decode(decode: Callable[[Tensor], Tensor], latent: Tensor, lead: int) -> Tensor:
    """Decode a ring of T latent frames into 4T frames, where a plain decode gives 4(T - 1) + 1.

    latent: (B, C, T, h, w). decode: (B, C, n, h, w) -> (B, 4(n - 1) + 1, H, W, 3), causal in time.
    lead: how many latent frames from the end of the ring go before the first, so that the decoder's memory holds at
        frame 0 what it would hold on the second turn. They may be more than T; at least 1.

    Raises:
        ModelError: the VAE makes another number of frames, so it is not one of Wan's.
    """
    count = latent.shape[2]
    order = [i % count for i in range(-lead, count)]
    frames = decode(latent[:, :, order])
    expected = FRAMES_PER_LATENT * (len(order) - 1) + 1
    if frames.ndim != 5 or frames.shape[1] != expected:
        raise ModelError(
            f"the VAE made {tuple(frames.shape)} out of {len(order)} latent frames where {expected} frames were due; "
            "use a Wan VAE, or the plain VAE Decode"
        )
    return frames[:, -FRAMES_PER_LATENT * count :]
