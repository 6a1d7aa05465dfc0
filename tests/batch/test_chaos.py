"""The short version of chaos.py: each kind of fault at least once, on fewer covers."""

import json
import sys

import pytest
from chaos import Faults, chaos


@pytest.mark.skipif(sys.platform == "win32", reason="faults are brought about by signals")
def test_a_batch_survives_kills_stops_cuts_and_a_deletion(tmp_path):
    faults = Faults(server_kills=1, client_kills=1, stops=1, stop_seconds=6, cuts=4, deletions=1)
    result = chaos(tmp_path, covers=40, seed=1, faults=faults, minutes=4)
    assert result["chaos"] == "passed", json.dumps(result, default=str)
