"""What a batch is made of: folders, patterns and lists, and rows that cannot be used."""

import json

import pytest
from coverloop.core.errors import UsageError
from coverloop.orchestrator.batch.sources import read_source


@pytest.fixture
def covers(tmp_path):
    for name in ("b.png", "a.JPG", "notes.doc", ".hidden.png"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_a_folder_gives_its_pictures_by_name(covers):
    assert [(row.number, row.cover.name, row.out) for row in read_source(str(covers))] == [
        (1, "a.JPG", "a"),
        (2, "b.png", "b"),
    ]


def test_a_pattern_and_a_single_picture(covers):
    assert [row.cover.name for row in read_source(str(covers / "*.png"))] == ["b.png"]
    assert [row.cover.name for row in read_source(str(covers / "b.png"))] == ["b.png"]


def test_a_text_list(covers):
    (covers / "list.txt").write_text("# mine\nb.png\n\n  sub/ü.png  \n/abs/c.png\n", "utf-8")
    rows = read_source(str(covers / "list.txt"))
    assert [str(row.cover) for row in rows] == [str(covers / "b.png"), str(covers / "sub/ü.png"), "/abs/c.png"]


def test_a_csv_with_columns_of_its_own(covers):
    (covers / "l.csv").write_text(
        '\ufeffcover, out ,title,artist,size,seed\nb.png,x/loop,"Night, late",Ann,512,\na.JPG,,,,,7\n'
    )
    one, two = read_source(str(covers / "l.csv"))
    assert (one.out, one.title, one.artist, one.values) == ("x/loop", "Night, late", "Ann", {"size": "512"})
    assert (two.out, two.title, two.values, two.error) == ("a", "", {"seed": "7"}, "")


def test_jsonl_keeps_types_and_bad_lines_stay_alone(covers):
    lines = [
        json.dumps({"cover": "b.png", "size": 512}),
        "{broken",
        '["list"]',
        '{"title": "x"}',
        '{"cover": "b", "size": [1]}',
    ]
    (covers / "l.jsonl").write_text("\n".join(lines))
    rows = read_source(str(covers / "l.jsonl"))
    assert rows[0].values == {"size": 512} and rows[0].error == ""
    assert [row.error for row in rows[1:]] == [
        "row 2 of l.jsonl is not a JSON object",
        "row 3 of l.jsonl is not a JSON object",
        "row 4 of l.jsonl has no cover",
        "row 5 of l.jsonl: size must be text or a number",
    ]


@pytest.mark.parametrize("out", ["../x", "/tmp/x", "a/../../x", "C:\\x", "..", "x/", "a\\..\\..\\b", "x\0"])
def test_outs_that_leave_the_folder(covers, out):
    (covers / "l.jsonl").write_text(json.dumps({"cover": "b.png", "out": out}))
    (row,) = read_source(str(covers / "l.jsonl"))
    assert "leaves the output folder" in row.error or "is no file name" in row.error


def test_the_second_of_two_rows_with_one_out_is_the_one_at_fault(covers):
    (covers / "l.csv").write_text("cover,out\nb.png,Loop\na.JPG,loop\nb.png,./LOOP\na.JPG,other\n")
    errors = [row.error for row in read_source(str(covers / "l.csv"))]
    assert errors[0] == errors[3] == "" and "a.JPG would overwrite loop of b.png" in errors[1] and errors[2]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("l.csv", b"title,artist\nx,y\n", "has no column cover; it has title, artist"),
        ("l.csv", b"cover,cover\nx,y\n", "stands there twice"),
        (
            "l.csv",
            "cover,title\na.png,caf\u00e9\n".encode("latin-1"),
            r"line 2 is not UTF-8 \(byte 0xe9\); save it as UTF-8",
        ),
        ("l.csv", b'cover\n"a.png\n', "is not a CSV that can be read"),
        ("l.csv", b"", "has no column cover; it has no header"),
        ("l.txt", b"# nothing\n", "no covers there"),
        ("l.jsonl", b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_lists_that_cannot_be_read(covers, name, data, message):
    (covers / name).write_bytes(data)
    with pytest.raises(UsageError, match=message):
        read_source(str(covers / name))


def test_a_row_with_too_many_fields(covers):
    (covers / "l.csv").write_text("cover,title\nb.png,a,b,c\na.JPG,x\n")
    one, two = read_source(str(covers / "l.csv"))
    assert "more fields than the header" in one.error and two.error == ""


def test_nothing_there(tmp_path):
    for source in (tmp_path, tmp_path / "none.csv", tmp_path / "*.png"):
        with pytest.raises(UsageError, match="no covers there"):
            read_source(str(source))
