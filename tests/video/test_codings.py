import os
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.video.coding import Coding, Written
from coverloop.core.video.codings import avif


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
