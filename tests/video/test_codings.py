import os
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.video.coding import Coding, Written
from coverloop.core.video.codings import avif, h264
from coverloop.core.video.facts import read_facts


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are a matter of Linux")
@pytest.mark.parametrize("count", [1, 30])
def test_avif_is_written_at_the_priority_of_everything_else(tmp_path, count):
    """Run as root, SVT-AV1 makes itself and the thread that opens it real-time: the machine stands still then."""
    seen: list[set[int]] = []

    def policies() -> set[int]:
        return {os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir()}

    def frames():
        for i in range(count):
            seen.append(policies())
            yield np.full((96, 96, 3), 5 * i, np.uint8)

    before = policies()
    avif.write(frames(), tmp_path / "a.avif", Coding("avif", "avif"), Written(Fraction(24)))
    assert os.SCHED_FIFO not in before | policies()
    assert not any(os.SCHED_FIFO in one for one in seen)


def test_a_rate_that_a_place_allows_is_not_exceeded(tmp_path):
    """A grainy loop that hardly moves is coded so finely that it takes more than some places allow."""
    grain = np.random.default_rng(1).integers(0, 255, (192, 192, 3), np.uint8)
    frames = [np.roll(grain, shift, axis=1) for shift in (0, 1, 2, 3, 2, 1) * 12]
    rates = []
    for most in (None, 1.0):
        path = tmp_path / f"{most}.mp4"
        h264.write(iter(frames), path, Coding("h264", "mp4", most_mbps=most), Written(Fraction(24)))
        rates.append(read_facts(path).mbps)
    assert rates[0] > 1.0 > rates[1] > 0.4
