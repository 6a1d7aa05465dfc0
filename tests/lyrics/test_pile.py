"""Words of a pile of texts: what comes in most lines, without what every text has."""

import time
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.errors import UsageError
from coverloop.core.film.captions import find_font
from coverloop.core.lyrics import pile
from coverloop.core.lyrics.picture import HEIGHT, WIDTH, picture_of
from coverloop.core.lyrics.pile import MAX_CHARACTERS, MOST, Word, frequent, read_pile

KOREAN = """밤바다를 걸으며 들었는데 파도 소리가 들리는 것 같았어요. 정말 좋아요 ㅋㅋㅋ
가사가 아름다워서 밤마다 듣게 됩니다. 별빛이 쏟아지는 느낌!!
파도처럼 밀려오는 목소리. 따뜻하고 외로운 밤에 어울리는 노래
별빛 아래서 혼자 걷던 그 골목이 생각나요
따뜻한 위로, 외로운 사람에게 들려주고 싶은 파도 소리""".splitlines()
ENGLISH = """I walked home under the city lights and it was really really good
The lights, the rain, the last train home https://example.org/rain/night
I've been walking all night, I dreamed of the train @rain #night
Walk, rain, night. That's all there is. Dreams of home, running to run
best thing ever!!! this song is so good good good""".splitlines()


def told(lines):
    return {word.word: word.count for word in frequent(lines)}


def test_english_words_without_noise_and_endings():
    words = told(ENGLISH)
    assert words["walk"] == 3 and words["home"] == 3 and words["train"] == 2
    assert words["rain"] == 2 and words["night"] == 2, "addresses and names of people are no words"
    assert words["lights"] == 2 and words["dream"] == 2 and words["run"] == 1
    assert not {"the", "walked", "walking", "good", "song", "best", "i've", "dreams", "https"} & set(words)


def test_korean_words_as_the_dictionary_has_them():
    words = told(KOREAN)
    assert words["파도"] == 3 and words["별빛"] == 2 and words["소리"] == 2
    assert words["밤"] == 2 and words["걷다"] == 2 and words["외롭다"] == 2 and words["따뜻하다"] == 2
    assert not {"것", "정말", "좋다", "노래", "듣다", "같다", "느낌", "밤마다", "파도처럼", "ㅋㅋㅋ"} & set(words)


def test_both_languages_are_in_one_list_the_most_frequent_first():
    made = frequent([*ENGLISH, *KOREAN])
    assert {word.language for word in made} == {"ko", "en"} and made == frequent([*ENGLISH, *KOREAN])
    assert [word.count for word in made] == sorted((word.count for word in made), reverse=True)


def test_a_line_counts_a_word_once_and_so_does_its_other_form():
    assert told(["rain rain rain", "rains, the rain"]) == {"rain": 2}
    assert told(["ss pass passes"]) == {"pass": 1}


def test_what_must_not_be_sung_is_no_word():
    assert told(["naked people and a harbour", "naked under the stars"]).keys() == {"people", "harbour", "stars"}


def test_as_many_as_are_wanted_and_no_more():
    lines = [f"word{chr(97 + i)}{chr(97 + j)} harbour" for i in range(26) for j in range(26)]
    assert len(frequent(lines)) == MOST and frequent(lines)[0] == Word("harbour", "en", 676)


def test_a_large_pile_in_time():
    lines = (KOREAN + ENGLISH) * 300
    frequent(KOREAN)  # the dictionary is loaded
    begun = time.process_time()
    assert told(lines)["파도"] == 900
    assert time.process_time() - begun < 6


def test_texts_and_folders_are_read(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "b.md").write_text("second\n", "utf-8")
    (tmp_path / "notes" / "a.txt").write_bytes("바다의 노래\n\n".encode("cp949"))
    (tmp_path / "notes" / "c.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "one.txt").write_text("one\n\nmore", "utf-16")
    assert read_pile([tmp_path / "one.txt", tmp_path / "notes"]) == ["one", "more", "바다의 노래", "second"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "pile.txt cannot be read"),
        (b"", "there are no words in pile.txt"),
        (b"\x00\x01\x02\xff\xfe\x00", "no text in UTF-8, UTF-16 or CP949"),
        (b"a" * (MAX_CHARACTERS + 1), "more than 2000000 characters"),
        (b"a" * (4 * MAX_CHARACTERS + 1), "more than 2000000 characters"),
    ],
    ids=["missing", "empty", "bytes", "long", "longer"],
)
def test_texts_that_cannot_be_read(tmp_path, content, says):
    path = tmp_path / "pile.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        read_pile([path])


def test_all_files_together_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(pile, "MAX_CHARACTERS", 100)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("a" * 60)
    with pytest.raises(UsageError, match=r"b\.txt: with it there are more than 100 characters"):
        read_pile([tmp_path])


def test_without_the_library_korean_is_told(monkeypatch):
    pile._kiwi.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "kiwipiepy", None)
    with pytest.raises(UsageError, match=r"pip install 'coverloop\[lyrics\]'"):
        frequent(KOREAN)
    assert told(ENGLISH)["walk"] == 3
    pile._kiwi.cache_clear()


def test_the_picture_has_every_word_apart_and_the_first_largest(tmp_path):
    words = [*frequent([*ENGLISH, *KOREAN])]
    font: Path = find_font()
    picture = picture_of(words, font)
    assert picture.shape == (HEIGHT, WIDTH, 3) and np.array_equal(picture, picture_of(words, font))
    inked = (picture != picture[0, 0]).any(-1)
    assert 0.05 < inked.mean() < 0.4
    middle = inked[HEIGHT // 3 : -HEIGHT // 3, WIDTH // 3 : -WIDTH // 3]
    assert middle.mean() > 1.5 * inked.mean()
    assert not inked[:4].any() and not inked[:, :4].any(), "nothing is cut off"
    sizes = [int((picture_of(words[:count], font) != picture[0, 0]).any(-1).sum()) for count in (1, 2, len(words))]
    assert sizes[1] > sizes[0] and sizes[0] > sizes[2] / len(words)


def test_words_do_not_lie_on_each_other():
    """Drawn one after the other, no word changes what was drawn before."""
    words, font = frequent([*ENGLISH, *KOREAN])[:25], find_font()
    before = picture_of(words[:12], font)
    after = picture_of(words, font)
    drawn = (before != before[0, 0]).any(-1)
    assert np.array_equal(before[drawn], after[drawn])


def test_a_word_that_does_not_fit_is_left_out():
    picture = picture_of([Word("a" * 200, "en", 3), Word("sea", "en", 2)], find_font())
    assert 0 < (picture != picture[0, 0]).any(-1).mean() < 0.1
    assert not (picture_of([], find_font()) != picture[0, 0]).any()
