"""The ring of a latent clip: pure arithmetic, then the same inside ComfyUI's own model, sampler and VAE."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_wan
import torch
from coverloop.core.errors import ClipError, ModelError
from coverloop.core.wan import ring
from coverloop.orchestrator.server.locate import find_comfyui


def test_a_call_belongs_to_the_step_it_started_from():
    schedule = [1.0, 0.9, 0.5, 0.0]
    assert [ring.step_of(sigma, schedule) for sigma in (1.0, 0.9, 0.7, 0.5, 0.0)] == [0, 1, 2, 2, 3]


@pytest.mark.parametrize("frames", [2, 5, 24, 25])
@pytest.mark.parametrize("steps", [4, 20])
def test_cuts_cover_the_ring_evenly(frames, steps):
    first = [ring.cuts_at(step, frames, 1)[0] for step in range(steps)]
    gaps = sorted({*first, frames})
    widest = max((b - a for a, b in zip([gaps[-1] - frames, *gaps[:-1]], gaps, strict=True)), default=frames)
    assert widest <= max(1, 2.7 * frames / min(steps, frames))


def test_cuts_of_one_step_are_apart():
    assert ring.cuts_at(0, 24, 2) == [0, 12]
    assert ring.cuts_at(0, 3, 8) == [0, 1, 2]
    with pytest.raises(ClipError, match="no ring"):
        ring.cuts_at(0, 0, 1)


def causal(clip, gain):
    """Stands for a model that knows where the line begins: every frame sees the ones before it."""
    return torch.cumsum(clip * gain, dim=2)


@pytest.mark.parametrize("cut", range(5))
def test_one_cut_is_a_roll_and_the_conditioning_turns_with_it(cut):
    clip, gain = torch.randn(1, 3, 5, 2, 2), torch.rand(1, 1, 5, 2, 2)
    rolled = causal(clip.roll(-cut, 2), gain.roll(-cut, 2)).roll(cut, 2)
    assert torch.equal(ring.on_ring(causal, clip, {"gain": gain}, [cut]), rolled)


def test_every_cut_at_once_leaves_no_seam():
    clip, gain = torch.randn(1, 3, 6, 2, 2), torch.rand(1, 1, 6, 2, 2)
    straight = ring.on_ring(causal, clip, {"gain": gain}, range(6))
    turned = ring.on_ring(causal, clip.roll(2, 2), {"gain": gain.roll(2, 2)}, range(6))
    torch.testing.assert_close(turned.roll(-2, 2), straight)
    assert not torch.allclose(causal(clip.roll(2, 2), gain.roll(2, 2)).roll(-2, 2), causal(clip, gain))


def test_what_is_not_laid_out_in_time_stays():
    text, mask, other = torch.randn(1, 6, 8), torch.rand(1, 1, 6, 2, 2), torch.rand(1, 1, 1, 2, 2)
    assert ring.roll_time(text, 1, 6) is text
    assert ring.roll_time(other, 1, 6) is other
    assert ring.roll_time(None, 1, 6) is None
    assert torch.equal(ring.roll_time(mask, 1, 6), mask.roll(1, 2))


def test_the_ring_needs_a_cut():
    with pytest.raises(ClipError, match="at least 1"):
        ring.on_ring(causal, torch.zeros(1, 1, 4, 1, 1), {"gain": 1}, [])


def four_frames_each(clip):
    """Stands for Wan's VAE: (B, C, n, h, w) -> (B, 4(n - 1) + 1, h, w, C), each frame remembering the one before."""
    remembered = clip + 0.5 * torch.cat([torch.zeros_like(clip[:, :, :1]), clip[:, :, :-1]], 2)
    return remembered.repeat_interleave(4, 2)[:, :, 3:].movedim(1, -1)


@pytest.mark.parametrize("lead", [1, 4, 11])
def test_a_ring_decodes_to_four_frames_each(lead):
    clip = torch.randn(1, 3, 6, 2, 2)
    frames = ring.cyclic_decode(four_frames_each, clip, lead)
    assert frames.shape == (1, 24, 2, 2, 3)
    torch.testing.assert_close(ring.cyclic_decode(four_frames_each, clip.roll(1, 2), lead), frames.roll(4, 1))


def test_another_kind_of_vae_is_told():
    with pytest.raises(ModelError, match="use a Wan VAE"):
        ring.cyclic_decode(lambda clip: clip.movedim(1, -1), torch.zeros(1, 3, 6, 2, 2), 4)


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    models = tmp_path_factory.mktemp("tiny")
    tiny_wan.make(models)
    script = Path(__file__).parents[1] / "latent_probe.py"
    command = [sys.executable, str(script), str(find_comfyui()), str(models)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=models)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_in_comfyui_the_wrapper_is_exactly_a_roll(probe):
    assert probe["wrapper_is_roll"] and probe["differs_from_plain"] > 0.01


def test_in_comfyui_the_timesteps_follow_the_anchor(probe):
    anchor = -probe["cut"] % 6
    assert probe["timesteps"] == probe["timesteps_by_hand"] == [0.0 if i == anchor else 700.0 for i in range(6)]
    assert probe["released_timesteps"] == [400.0] * 6


def test_in_comfyui_all_cuts_together_know_no_beginning(probe):
    assert probe["equivariance"] < 1e-5 < 0.01 < probe["plain_equivariance"]


def test_in_comfyui_the_anchor_is_held_until_it_is_released(probe):
    assert probe["anchor_moved_plain"] < 1e-5 and probe["anchor_moved_held"] < 1e-5
    assert probe["anchor_moved_freed"] > 0.1
    assert probe["run_differs"] > 0.01 and probe["again"] == 0.0  # the shift works on a clone only


def test_in_comfyui_a_ring_decodes_to_4t_frames(probe):
    assert probe["plain"][1] == 21 and probe["decoded"][0] == 24
    assert probe["turned"]["42"] < 1e-4 < probe["turned"]["1"]  # a long lead makes frame 0 like any other
