"""Words as people have them: what is broken in an LRC is put right and told, and no word is lost."""

import pytest
from coverloop.core.errors import UsageError
from coverloop.core.film.text import MAX_CHARACTERS, read_words, words_of


def test_lines_come_in_the_order_of_their_times_and_keep_their_places():
    words = words_of("[00:12.50]second\n[00:02.00]first\nits echo\n[00:20.00][00:05.00]twice\n")
    assert words.text == "first\nits echo\ntwice\nsecond\ntwice\n"
    assert words.times == (2.0, None, 5.0, 12.5, 20.0)
    assert "the lines were put in the order of their times" in words.remarks


@pytest.mark.parametrize(
    "line, text",
    [
        ("[0x:12.00]words", "words"),
        ("[00:75.00]words", "words"),
        ("[999:00.00]words", "words"),
        ("[00:1a.00] <00:01.20>wo<00:01.50>rds", "words"),
    ],
)
def test_a_broken_time_is_told_and_its_words_stay(line, text):
    words = words_of(f"[00:01.00]a\n{line}\n")
    assert words.text == f"a\n{text}\n" and words.times == (1.0, None)
    assert "1 times that are none were left out" in words.remarks


def test_tags_are_no_words_and_a_positive_offset_shows_them_sooner():
    words = words_of("[ti:Night]\n[offset:+500]\n[00:10.00]밤하늘\n[00:00.20]now\n")
    assert words.text == "now\n밤하늘\n" and words.times == (0.0, 9.5)


def test_a_text_without_times_stays_as_it_is():
    assert words_of("[Verse]\r\na line\r\n").text == "[Verse]\r\na line\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_files_of_any_usual_encoding(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("밤하늘 아래".encode(encoding))
    assert read_words(tmp_path / "a.txt").text == "밤하늘 아래"


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "no words"),
        (b" \n", "no words"),
        (b"[ti:x]\n[00:01.00]\n", "no words"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "no text"),
        (b"a\x00b", "no text"),
        (b"word " * 100_000, "longer than"),
        (b"a" * (MAX_CHARACTERS + 1), "shorten"),
    ],
)
def test_what_is_no_text_is_refused_in_a_line(tmp_path, data, message):
    (tmp_path / "a.lrc").write_bytes(data)
    with pytest.raises(UsageError, match=message) as caught:
        read_words(tmp_path / "a.lrc")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read_words(tmp_path / "none.lrc")
