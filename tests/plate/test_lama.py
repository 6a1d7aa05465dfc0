"""LaMa as a .safetensors checkpoint, through the real spandrel: its own architecture, with random weights."""

import dataclasses
import hashlib

import numpy as np
import pytest
from coverloop.core.errors import ModelError
from coverloop.core.plate.fillers import lama

spandrel = pytest.importorskip("spandrel", reason="spandrel comes with ComfyUI")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    import torch
    from safetensors.torch import save_file
    from spandrel.architectures.LaMa import LaMa

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("models") / "random_lama.safetensors"
    state = {key: value.contiguous() for key, value in LaMa(in_nc=4, out_nc=3).state_dict().items()}
    save_file({key.replace("model.model.", "generator.model."): value for key, value in state.items()}, path)
    return path


def test_a_checkpoint_fills_the_hole_and_nothing_else(checkpoint, monkeypatch):
    monkeypatch.setenv("COVERLOOP_LAMA", str(checkpoint))
    assert lama.locate() == checkpoint
    picture = np.random.default_rng(0).integers(0, 255, (74, 90, 3), np.uint8)
    hole = np.zeros((74, 90), bool)
    hole[30:44, 40:61] = True
    filled = lama.fill_lama(picture, hole, checkpoint, device="cpu")
    assert filled.shape == picture.shape and np.array_equal(filled[~hole], picture[~hole])
    assert not np.array_equal(filled[hole], picture[hole])
    assert np.array_equal(filled, lama.fill_lama(picture, hole, checkpoint, device="cpu"))


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    import torch
    from safetensors.torch import save_file

    other, torn = tmp_path / "other_lama.safetensors", tmp_path / "torn_lama.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    torn.write_bytes(other.read_bytes()[:20])
    for path in (other, torn):
        with pytest.raises(ModelError, match=f"{path.name}: is not a model"):
            lama.fill_lama(np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), bool), path, device="cpu")


def test_torchscript_is_loaded_from_an_open_file_whatever_its_folder_is_called(tmp_path, monkeypatch):
    """By its name torch does not find it under C:\\Users\\Fran\u00e7ois."""
    import torch

    class Grey(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return torch.where(mask > 0, torch.full_like(image, 0.5), image)

    path = tmp_path / "Fran\u00e7ois" / lama.BIG_LAMA.name
    path.parent.mkdir()
    torch.jit.script(Grey()).save(str(path))
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(lama, "BIG_LAMA", dataclasses.replace(lama.BIG_LAMA, digest=digest))
    load, given = torch.jit.load, []
    monkeypatch.setattr(torch.jit, "load", lambda file, **options: given.append(file) or load(file, **options))
    hole = np.zeros((64, 64), bool)
    hole[20:40, 20:40] = True
    filled = lama.fill_lama(np.zeros((64, 64, 3), np.uint8), hole, path, device="cpu")
    assert (filled[hole] == 128).all() and (filled[~hole] == 0).all() and hasattr(given[0], "read")
