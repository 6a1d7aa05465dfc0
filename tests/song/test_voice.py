"""A voice in chunks: what is shown lies where it is heard, and what is made is as long as what is heard."""

import numpy as np
import pytest
from coverloop.core.errors import SongError
from coverloop.core.limits import SING_CHUNKS, SING_SECONDS
from coverloop.core.song.voice import CHUNK, FPS, LENGTH, SPOILT, blocks, chunks_of, fit_voice

RATE = 16000


@pytest.mark.parametrize(
    ("seconds", "frames", "chunks"),
    [(1.0, 16, 1), (4.875, 78, 1), (4.9, 78, 1), (4.95, 79, 2), (10.0, 160, 3), (60.0, 960, 13), (120.0, 1920, 25)],
)
def test_as_many_chunks_as_the_frames_need(seconds, frames, chunks):
    assert chunks_of(seconds) == (frames, chunks)
    decoded = 4 * ((LENGTH + 3) // 4 * chunks) + 1  # of latent frames with the first one twice, which is one frame more
    assert frames + SPOILT <= decoded < frames + SPOILT + CHUNK


def test_what_may_be_asked_is_what_the_node_takes():
    assert chunks_of(SING_SECONDS.high)[1] == SING_CHUNKS.high and chunks_of(SING_SECONDS.low)[1] == SING_CHUNKS.low


def test_a_sound_is_heard_with_the_frame_that_shows_it():
    """Decoded frame 1 + k belongs to frame k of the padded sound; decoded frame SPOILT is the first that is shown."""
    sound = np.zeros((2, 3 * RATE), np.float32)
    sound[:, RATE : RATE + 100] = 1.0  # a click at frame 16
    voice = fit_voice(sound, RATE)
    at = np.flatnonzero(voice.padded[0])[0] / RATE * FPS
    assert 1 + at - SPOILT == 16
    assert voice.padded.shape == (2, 5 * RATE) and not voice.padded[:, -RATE:].any()
    assert np.array_equal(voice.sound, sound) and (voice.frames, voice.chunks) == (48, 1)


def test_a_section_is_cut_out():
    sound = np.arange(20 * RATE, dtype=np.float32)[None] / RATE
    voice = fit_voice(sound, RATE, "0:05-12.5")
    assert voice.sound[0, [0, -1]] == pytest.approx([5, 12.5], abs=0.001) and voice.frames == 120
    assert fit_voice(sound, RATE, "12-20.05").frames == 128


@pytest.mark.parametrize(
    ("seconds", "section", "says"),
    [
        (0.5, "", "0.5 s of song: 1..120 s can be sung"),
        (150, "", "150.0 s of song: 1..120 s can be sung; choose a section"),
        (20, "chorus", "section chorus: give from-to in seconds"),
        (20, "12-30", "the song has 20.0 s"),
        (20, "9-5", "section 9-5"),
        (20, "3-3.5", "0.5 s of song"),
    ],
)
def test_what_cannot_be_sung(seconds, section, says):
    with pytest.raises(SongError, match=says):
        fit_voice(np.zeros((1, int(seconds * RATE)), np.float32), RATE, section)


def test_a_sound_of_another_kind():
    for rate, channels in ((4000, 1), (RATE, 9), (RATE, 0)):
        with pytest.raises(SongError, match="Hz"):
            fit_voice(np.zeros((channels, 8 * rate), np.float32), rate)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_sound_becomes_stereo_at_another_rate(channels):
    tone = np.sin(np.arange(3 * RATE) / RATE * 2 * np.pi * 440).astype(np.float32) * 0.5
    made = np.concatenate(list(blocks(np.stack([tone] * channels), RATE, 44100)), axis=1)
    wanted = np.sin(np.arange(3 * 44100) / 44100 * 2 * np.pi * 440) * 0.5
    assert made.shape == (2, 3 * 44100)
    assert np.abs(made[:, 500:-500] - wanted[500:-500]).max() < 0.01


def test_one_channel_is_as_loud_as_two():
    tone = np.full((1, RATE), 0.5, np.float32)
    assert np.concatenate(list(blocks(tone, RATE, RATE)), axis=1).mean() == pytest.approx(0.5, abs=0.01)
