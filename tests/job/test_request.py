"""The request and its key."""

import dataclasses
import hashlib
import io
import subprocess
import sys
import uuid

import numpy as np
import pytest
from coverloop.core.errors import CoverError
from coverloop.core.image import decode_cover
from coverloop.orchestrator.job import request
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import Job, make_job, open_cover
from PIL import Image
from tiny import write_cover, write_workflows


def picture(mode="RGB", side=96) -> Image.Image:
    y, x = np.mgrid[0:side, 0:side]
    return Image.fromarray(np.stack([x * 2, y * 2, x + y], -1).astype(np.uint8)).convert(mode)


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGBA", "PNG", {}),
        ("P", "PNG", {}),
        ("CMYK", "JPEG", {}),
        ("I;16", "PNG", {}),
        ("L", "PNG", {}),
        ("RGB", "PNG", {}),
        ("RGB", "JPEG", {}),
        ("RGB", "WEBP", {"lossless": True}),
        ("RGB", "TIFF", {}),
    ],
)
def test_a_cover_goes_up_as_an_upright_8_bit_png(tmp_path, mode, kind, options):
    path = tmp_path / "cover"
    (picture("I").convert("I;16") if mode == "I;16" else picture(mode)).save(path, kind, **options)
    cover = open_cover(path)
    sent = Image.open(io.BytesIO(cover.upload))
    assert (sent.format, sent.mode) == ("PNG", "RGB") and cover.upload_name.endswith(".png")
    assert np.array_equal(np.asarray(sent), cover.image)
    assert cover.sha256 == hashlib.sha256(path.read_bytes()).hexdigest(), "the key is of what the user gave"
    Image.fromarray(cover.image).save(tmp_path / "same pixels", "BMP")
    assert open_cover(tmp_path / "same pixels").upload_name == cover.upload_name


def test_a_turned_photograph_goes_up_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(side=128).crop((0, 0, 128, 96)).save(tmp_path / "a.jpg", exif=exif)
    cover = open_cover(tmp_path / "a.jpg")
    assert cover.image.shape[:2] == (128, 96) == decode_cover(cover.upload).image.shape[:2] and cover.notes


def test_a_picture_too_large_to_send_is_reduced(tmp_path, monkeypatch):
    monkeypatch.setattr(request, "MAX_UPLOAD", 30_000)
    monkeypatch.setattr(request, "MAX_UPLOAD_SIDE", 80)
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    cover = open_cover(tmp_path / "a.png")
    assert decode_cover(cover.upload).image.shape == (80, 80, 3) and "reduced to 80 px" in cover.notes[0]
    monkeypatch.setattr(request, "MAX_UPLOAD", 10_000)
    with pytest.raises(CoverError, match="give a smaller picture"):
        open_cover(tmp_path / "a.png")


@pytest.fixture
def job(tmp_path) -> Job:
    workflow = load_workflow("tiny", write_workflows(tmp_path / "w"))
    return make_job(open_cover(write_cover(tmp_path / "a.png")), workflow, {"size": 128}, {"comfyui": "0.3.75"})


def test_every_part_of_a_request_changes_its_key(job):
    others = [
        {"cover_sha256": "0" * 64},
        {"workflow": "tiny_v1"},
        {"workflow_sha256": "0" * 64},
        {"values": (*job.values[:-1], ("strength", 0.3))},
        {"versions": (("comfyui", "0.3.76"),)},
    ]
    keys = {job.key, *(dataclasses.replace(job, **other).key for other in others)}
    assert len(keys) == len(others) + 1


def test_the_name_of_a_cover_is_no_part_of_the_request(tmp_path, job):
    workflow = load_workflow("tiny", tmp_path / "w")
    again = make_job(open_cover(write_cover(tmp_path / "b.png")), workflow, {"size": "128"}, {"comfyui": "0.3.75"})
    assert again == job


def test_ids_of_attempts_are_the_same_in_every_process(job):
    code = f"from coverloop.orchestrator.job.request import Job; print({job!r}.prompt_id(2))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == job.prompt_id(2) != job.prompt_id(1)
    assert str(uuid.UUID(other)) == other
