"""What a batch is made of: folders, patterns and lists, and rows that cannot be used."""

import json
import unicodedata

import pytest
from coverloop.core.errors import UsageError
from coverloop.orchestrator.batch.sources import read_source
from coverloop.orchestrator.disk.names import MAX_NAME_BYTES, portable, spelled


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
        ("l.jsonl", b"\x81\xff", "is not UTF-8"),
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


def test_a_folder_gives_every_picture_that_can_be_read_and_names_the_others(tmp_path, caplog):
    for name in ("a.jpg", "b.jfif", "c.heic", "d.JPE", "e.jxl", "f.psd", "g.jp2", "notes.txt", "sub.png/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [row.cover.name for row in read_source(str(tmp_path))] == ["a.jpg", "b.jfif", "c.heic", "d.JPE", "e.jxl"]
    assert "cannot be read: f.psd, g.jp2; save it as JPEG or PNG" in caplog.text and "notes.txt" not in caplog.text


def test_a_pattern_over_folders_keeps_the_folders(tmp_path):
    for album in ("one", "two/deep"):
        (tmp_path / "lib [2024]" / album).mkdir(parents=True)
        (tmp_path / "lib [2024]" / album / "cover.png").write_bytes(b"x")
    rows = read_source(str(tmp_path / "lib [2024]" / "**" / "cover.png"))
    assert [(row.out, row.error) for row in rows] == [("one/cover", ""), ("two/deep/cover", "")]
    assert [row.out for row in read_source(str(tmp_path / "lib [2024]" / "o*" / "*.png"))] == ["one/cover"]


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_list", ["NFC", "NFD"])
def test_a_name_is_found_however_its_accents_are_written(tmp_path, on_disk, in_list):
    name = "né 사랑"
    folder = tmp_path / unicodedata.normalize(on_disk, name)
    folder.mkdir()
    (folder / unicodedata.normalize(on_disk, f"{name}.png")).write_bytes(b"x")
    (tmp_path / "l.txt").write_text(unicodedata.normalize(in_list, f"{name}/{name}.png"), "utf-8")
    (row,) = read_source(str(tmp_path / "l.txt"))
    assert row.cover.is_file() and row.out == unicodedata.normalize("NFC", name)
    assert spelled(tmp_path / unicodedata.normalize(in_list, name)).is_dir()
    assert spelled(tmp_path / "gone" / "x.png") == tmp_path / "gone" / "x.png"


def test_two_spellings_of_one_name_are_told(tmp_path):
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "é.png")).write_bytes(b"x")
    assert sorted(bool(row.error) for row in read_source(str(tmp_path))) == [False, True]


@pytest.mark.parametrize(
    ("out", "written"),
    [
        *(("CON", "CON_"), ("AC:DC", "AC_DC"), ("what?", "what_"), ("trail.", "trail"), ("nul.loop", "nul_.loop")),
        *(
            ("a/b: c", "a/b_ c"),
            ("x\\y", "x/y"),
            ("tab\there", "tab_here"),
            ("e\u0301", "\u00e9"),
            ("plain name", "plain name"),
        ),
    ],
)
def test_outs_are_names_every_file_system_takes(covers, out, written, caplog):
    (covers / "l.jsonl").write_text(json.dumps({"cover": "b.png", "out": out}))
    (row,) = read_source(str(covers / "l.jsonl"))
    assert (row.out, row.error) == (written, "")
    assert ("every file system takes" in caplog.text) == (out.replace("\\", "/") != written)


def test_names_that_become_one_are_told(covers):
    (covers / "l.csv").write_text("cover,out\nb.png,AC:DC\na.JPG,AC?DC\n")
    one, two = read_source(str(covers / "l.csv"))
    assert one.error == "" and "would overwrite AC_DC" in two.error


@pytest.mark.parametrize("sign", ["가", "e\u0301", "x", "👩\u200d🚀"])
def test_long_names_are_cut_at_a_character_and_stay_apart(sign):
    one, two = portable(sign * 300), portable(sign * 300 + "b")
    assert one != two and len(one.encode()) <= MAX_NAME_BYTES
    body = one.rpartition("~")[0]
    assert unicodedata.normalize("NFC", sign * 300).startswith(body) and not body.endswith("\u200d")
    assert portable("가" * 80) == "가" * 80


SHEET = "Cover;Title;ARTIST;size\nb.png;밤;가수;512\n"


@pytest.mark.parametrize(
    "data",
    [
        SHEET.encode("utf-8-sig"),
        SHEET.encode("utf-16"),
        b"\xfe\xff" + SHEET.encode("utf-16-be"),
        SHEET.encode("cp949"),
        SHEET.replace(";", "\t").encode("utf-16"),
        SHEET.replace(";", ",").replace("\n", "\r\n").encode(),
        ("sep=;\n" + SHEET).encode(),
    ],
    ids=["semicolons", "utf-16", "utf-16-be", "cp949", "tabs", "commas", "sep"],
)
def test_csv_as_spreadsheets_write_it(covers, data):
    (covers / "l.csv").write_bytes(data)
    (row,) = read_source(str(covers / "l.csv"))
    assert (row.cover.name, row.title, row.artist, row.values) == ("b.png", "밤", "가수", {"size": "512"})
