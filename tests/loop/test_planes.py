"""Drawing on a device gives what drawing on the host gives. Here the device is torch's CPU, and a GPU where one is."""

import cv2
import numpy as np
import pytest
import torch
from coverloop.core.loop.between import FlowWarp, Gap
from coverloop.core.loop.close import close
from coverloop.core.loop.grain import Grain
from coverloop.core.loop.planes import OnDevice, OnHost
from coverloop.core.pixels import resized
from moving import circle

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
HOST = OnHost()


@pytest.fixture(scope="module", params=DEVICES)
def device(request):
    return OnDevice(request.param)


@pytest.fixture(scope="module")
def planes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    picture = rng.uniform(0, 255, (60, 75, 3)).astype(np.float32)
    return picture, (rng.normal(size=(60, 75, 2)) * 6).astype(np.float32)


@pytest.mark.parametrize(
    "work",
    [
        lambda on, picture, _: on.blurred(picture, 0),
        lambda on, picture, _: on.blurred(picture, 0.8),
        lambda on, picture, _: on.blurred(picture[..., 0], 12.0),
        lambda on, picture, _: on.fitted(picture, 15, 18),
        lambda on, picture, _: on.fitted(picture, 31, 37),
        lambda on, picture, _: on.fitted(picture, 101, 140),
        lambda on, picture, offset: on.sampled(picture, offset),
        lambda on, picture, offset: on.sampled(picture[..., 0], offset),
        lambda on, picture, offset: on.redrawn(picture, offset),
    ],
)
def test_what_drawing_asks_for(device, planes, work):
    """Places that fall between two thirty-seconds of a pixel may be rounded the other way."""
    wanted = work(HOST, *planes)
    made = work(device, *map(device.put, planes)).cpu().numpy()
    assert made.shape == wanted.shape
    apart = np.abs(made - wanted)
    assert np.median(apart) < 1e-3
    assert (apart > 0.01).mean() < 1e-3


@pytest.mark.parametrize("size", [(160, 160), (81, 97), (48, 40)])
def test_scaling(device, size):
    frame = circle(1)[0][:72, :80]
    wanted = resized(frame, *size)
    made = device.resized(device.put(frame), *size).round().clip(0, 255).cpu().numpy()
    assert np.abs(made - wanted).max() <= 1


def test_in_betweens(device):
    a, b = (cv2.resize(frame, (96, 96)) for frame in circle(12)[:2])
    gap, grain = Gap(a, b, (0.2, 0.5), 3), Grain((1, 1, 1), 0.6)
    (wanted,), (made,) = (FlowWarp(on).fill([gap], grain) for on in (HOST, device))
    for one, other in zip(wanted, made, strict=True):
        apart = np.abs(one.astype(int) - other)
        assert apart.max() <= 1
        assert (apart > 0).mean() < 1e-3


def test_a_closed_loop(device):
    clip = np.stack([cv2.resize(frame, (96, 96)) for frame in circle(30, 24.0)[:21]])
    (wanted, told), (made, told_there) = (close(clip, FlowWarp(on), length=24) for on in (HOST, device))
    assert (told.inserted, told.repaired, told.dropped) == (
        told_there.inserted,
        told_there.repaired,
        told_there.dropped,
    )
    assert told.inserted == 3
    assert np.abs(wanted.astype(int) - made).max() <= 1
