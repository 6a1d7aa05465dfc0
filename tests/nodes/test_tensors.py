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
    yield module
    module._Memory._forget()


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
    del several
    assert len(tensors._Memory._spare) == 2
    clip(tensors, 4, count=6)
    assert [values.shape[0] for values in tensors._Memory._spare] == [6]


def test_memory_nobody_takes_is_given_back(tensors, monkeypatch):
    monkeypatch.setattr(tensors._Memory, "KEPT", 0.01)
    clip(tensors, 4)
    tensors._Memory._end.join(5)
    assert tensors._Memory._spare == []


def test_a_clip_that_cannot_fit_is_refused_with_its_size(tensors):
    with pytest.raises(ClipError, match="100000 frames of 8000x8000 need"):
        tensors.empty_images((100_000, 8000, 8000, 3))


def test_frames_are_seen_one_by_one_as_bytes(tensors):
    images = torch.tensor([0.0, 0.5, 2.0, float("nan")])[:, None, None, None].expand(4, 8, 8, 3)
    seen = tensors.Frames(images)
    assert len(seen) == 4 and {frame.shape for frame in seen} == {(8, 8, 3)}
    assert [int(frame[0, 0, 0]) for frame in seen] == [0, 128, 255, 0]
    assert np.array_equal(np.stack(list(tensors.frames_of(images))), np.stack(list(seen)))
