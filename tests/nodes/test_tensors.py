"""ComfyUI's tensors and our arrays: values, and memory that is used again only when nobody looks at it any more."""

import importlib.util
from pathlib import Path

import coverloop
import numpy as np
import pytest
import torch
from coverloop.core.errors import ClipError

FOLDER = Path(coverloop.__file__).parent / "nodes"


@pytest.fixture
def tensors():
    """`nodes/tensors.py` alone: the nodes around it want a ComfyUI to be imported into."""
    spec = importlib.util.spec_from_file_location("coverloop.nodes_alone.tensors", FOLDER / "tensors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clip(tensors, level, count=5):
    return tensors.images_of((np.full((32, 48, 3), level, np.uint8) for _ in range(count)), count)


def test_memory_comes_back_when_the_last_view_of_it_is_gone(tensors):
    first = clip(tensors, 10)
    place, view = first.data_ptr(), first[2]
    del first
    second = clip(tensors, 20)
    assert second.data_ptr() != place and float(view.mean()) == pytest.approx(10 / 255)
    del view
    third = clip(tensors, 30)
    assert third.data_ptr() == place and float(second.mean()) == pytest.approx(20 / 255)


def test_memory_of_another_shape_is_given_back_and_two_clips_are_kept_at_most(tensors):
    several = [clip(tensors, level) for level in (1, 2, 3)]
    assert len(tensors.pool.held()) == 2 and len({images.data_ptr() for images in several}) == 3
    del several
    clip(tensors, 4, count=6)
    assert [shape[0] for shape in tensors.pool.held()] == [6]


def test_memory_nobody_takes_is_given_back_and_its_watch_ends(tensors):
    tensors.pool = pool = tensors.Pool(keep=0.02)
    kept = clip(tensors, 4)
    watch = pool._watch
    watch.join(0.1)
    assert len(pool.held()) == 1, "in use"
    del kept
    watch.join(5)
    assert pool.held() == [] and not watch.is_alive()


def test_a_clip_that_cannot_fit_is_refused_with_its_size(tensors):
    with pytest.raises(ClipError, match="100000 frames of 8000x8000 need"):
        tensors.empty_images((100_000, 8000, 8000, 3))


def test_frames_are_seen_one_by_one_as_bytes(tensors):
    images = torch.tensor([0.0, 0.5, 2.0, float("nan")])[:, None, None, None].expand(4, 8, 8, 3)
    seen = tensors.Frames(images)
    assert len(seen) == 4 and {frame.shape for frame in seen} == {(8, 8, 3)}
    assert [int(frame[0, 0, 0]) for frame in seen] == [0, 128, 255, 0]
    assert np.array_equal(np.stack(list(tensors.frames_of(images))), np.stack(list(seen)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_kind_of_image_is_rgb_bytes(tensors, channels, dtype):
    images = torch.full((2, 8, 9, channels), 0.5, dtype=dtype)
    for seen in (tensors.picture(images), tensors.clip_of(images)[1], tensors.Frames(images)[1]):
        assert seen.shape == (8, 9, 3) and seen.dtype == np.uint8
        assert abs(int(seen[0, 0, 0]) - (191 if channels == 4 else 128)) <= 1, "alpha lies over white"
    assert tensors.layer_of(images).shape == (8, 9, 4)
    exact = tensors.rgb_float(images[0])
    assert exact.shape == (8, 9, 3) and float(exact[0, 0, 0]) == (0.75 if channels == 4 else 0.5)


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (1, 0, 8, 3), (8, 8, 3), (1, 8, 8, 2)])
def test_what_is_no_image_is_refused_in_a_line(tensors, shape):
    for read in (tensors.picture, tensors.clip_of, tensors.Frames, tensors.layer_of, tensors.frames_of):
        with pytest.raises(ClipError, match="an IMAGE of shape"):
            read(torch.zeros(shape))
    with pytest.raises(ClipError, match="a MASK of shape"):
        tensors.array_of_mask(torch.zeros(0, 8, 8))
