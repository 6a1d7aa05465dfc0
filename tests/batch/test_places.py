"""The column preset of a list: a finished loop is written for its places as well."""

import json

from coverloop.orchestrator.batch.lists import read_list
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.verbs.batch import known_places
from tiny import write_cover, write_workflows


def test_a_row_with_a_preset_gets_its_files(tmp_path, monkeypatch, comfyui):
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    for number, name in enumerate(("a", "b", "c")):
        write_cover(tmp_path / f"{name}.png", number)
    (tmp_path / "list.csv").write_text('cover,preset,title\na.png,"web.gif,web.webp",Sea\nb.png,,\nc.png,canvass,\n')
    out = tmp_path / "out"
    words = ("--workflow", "tiny", "--server", comfyui.url, "--out", str(out), "--json")
    assert main(["batch", str(tmp_path / "list.csv"), *words]) == 1
    rows = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    assert rows[0]["places"] == ["a.web.gif", "a.web.webp"] and "places" not in rows[1]
    assert rows[2]["state"] == "failed" and "'canvass': no such preset" in rows[2]["error"]
    assert b"Sea" in (out / "a.web.gif").read_bytes() and (out / "a.web.jpg").is_file()


def test_the_column_is_read_and_an_unknown_place_is_the_row_s_error(tmp_path):
    (tmp_path / "list.csv").write_text("cover,preset\na.png,canvas\nb.png,nowhere\n")
    good, bad = (known_places(row) for row in read_list(tmp_path / "list.csv"))
    assert good.preset == "canvas" and not good.error and good.values == {}
    assert "'nowhere': no such preset" in bad.error
