"""Lyrics as ACE-Step reads them."""

import pytest
from coverloop.core.errors import SongError
from coverloop.core.song.lyrics import MAX_LYRICS, romanised, singable

PUBLISHED = {  # lines of the model's own examples
    "함께 시끄러운 세상의 소동을 피해": "hamkke si-kkeuleo-un sesang-ui sodong-eul pihae",
    "혼자 옥상에서 달빛의 어렴풋이를 바라보다": "honja ogsang-eseo dalbich-ui eolyeompus-ileul balaboda",
    "니가 사랑은 리듬이 강한 음악 같다고 말했어": "niga salang-eun lideum-i ganghan eum-ag gatdago malhaess-eo",
    "한 타 한 타마다 마음의 온도가": "han ta han tamada ma-eum-ui ondoga",
    "얼마나 허전한지 잊게 해": "eolmana heojeonhanji ijge hae",
}


@pytest.mark.parametrize("line", PUBLISHED)
def test_hangul_is_written_as_the_model_was_taught(line):
    assert romanised(line) == PUBLISHED[line]


def test_every_syllable_becomes_latin_letters():
    every = "".join(map(chr, range(ord("가"), ord("힣") + 1)))
    letters = romanised(every).replace("-", "")
    assert letters.isascii() and letters.isalpha()
    assert len({romanised(sign) for sign in every}) > 11_000  # few are written alike


@pytest.mark.parametrize(
    ("given", "sung"),
    [
        ("Stay with me", "Stay with me"),
        ("밤 하늘 baby", "[ko]bam haneul baby"),
        ("[ko]밤", "[ko]bam"),
        ("[ko]bam", "[ko]bam"),
        ("[ja]yoru no sora", "[ja]yoru no sora"),
        ("[00:12.30]밤\n[00:15.00]<00:15.20>night", "[ko]bam\nnight"),
        ("1절\n밤\n\n\n\n후렴:\nnight\n[Chorus 2]\nday", "[verse]\n[ko]bam\n\n[chorus]\nnight\n[chorus]\nday"),
        ("밤ㅋㅋㅋ\nㅠㅠ\nnight", "[ko]bam\n\nnight"),
        ("\u1107\u1161\u11b7", "[ko]bam"),  # letters apart, as file names of a Mac have them
        ("verse after verse", "verse after verse"),
    ],
)
def test_lyrics_are_marked_line_by_line(given, sung):
    assert singable(given) == sung and singable(sung) == sung


@pytest.mark.parametrize("given", ["", " \n\t", "[verse]\n\n[chorus]", "ㅋㅋㅋ", "[00:01.00]\n[00:02.00]"])
def test_no_words_are_refused(given):
    with pytest.raises(SongError, match="no words"):
        singable(given)


def test_too_many_words_are_refused():
    with pytest.raises(SongError, match=rf"characters in Latin letters; a song may have {MAX_LYRICS}"):
        singable("밤하늘 " * 1000)
