"""Shots of words: the order kept, nothing lost, what must not be shown refused for its own segment only."""

import copy
import json
import random
import re
import time
from pathlib import Path

import pytest
from coverloop.core.film.ask import ShotsAnswer, shots_question
from coverloop.core.film.rules import felt, key_words, prompt_of
from coverloop.core.film.safety import faults
from coverloop.core.film.segments import MAX_SEGMENTS, segments
from coverloop.core.film.shots import MAX_PROMPT_WORDS, STYLE, directed, plan_shots, shots_by_rules
from coverloop.core.film.text import MAX_CHARACTERS, words_of
from coverloop.core.prompt.ask.put import Asking, put
from coverloop.core.prompt.form.boxes import RELATIVE
from coverloop.core.prompt.words.safety import unsafe
from hypothesis import given, settings
from hypothesis import strategies as st

try:
    import tomllib
except ImportError:
    import tomli as tomllib

TEXTS = tomllib.loads((Path(__file__).parents[1] / "data" / "film_texts.toml").read_text(encoding="utf-8"))
DREAM_EN = "I was walking on a beach at night. A whale flew over the sea. My grandmother smiled, and I cried."
DREAM_KO = "바닷가를 혼자 걷고 있었다. 밤하늘에서 고래가 날아왔다. 할머니가 웃으며 손을 잡아 주셨다."
SONG = "[Verse 1]\nI walk alone\nunder the stars\n\n[Chorus]\nshine on\nshine on me\n\n후렴\n별빛 아래\n춤을 추네\n"


class Model:
    """A model that answers what it is told to."""

    name, model, boxes, in_process, sees = "told", "told-1", RELATIVE, True, True

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def ask(self, request):
        self.asked.append(request)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def shot(index, **changes):
    keys = {"places": ["a beach"], "things": ["a whale"], "actions": ["flying"], "feelings": ["awe"]}
    said = {"emotion": "wonder", "confidence": 0.8, "prompt": "A whale flies over a beach", "shown": True, "reason": ""}
    return {"index": index, **keys, **said, **changes}


def answered(*shots):
    return json.dumps({"shots": shots})


class TestSegments:
    @settings(max_examples=150, deadline=None, database=None)
    @given(st.text(alphabet="ab가나 .!。\n\r\t,[]", max_size=400) | st.text(max_size=200), st.booleans())
    def test_joined_they_are_the_text(self, text, lyrics):
        parts = segments(text, lyrics)
        assert "".join(parts) == text and bool(text) <= len(parts) <= MAX_SEGMENTS

    @pytest.mark.parametrize(
        "text", [DREAM_EN, DREAM_KO, "A whale flew over us and then it sang", "하늘을 날고 바다로 갔다"]
    )
    def test_a_short_text_makes_two_none_of_them_cut_in_a_word(self, text):
        parts = segments(text)
        assert len(parts) == 2 and "".join(parts) == text
        assert " ".join(" ".join(parts).split()) == text

    def test_lyrics_go_by_section(self):
        parts = segments(SONG)
        assert [part.splitlines()[0] for part in parts] == ["[Verse 1]", "[Chorus]", "후렴"]

    def test_lyrics_without_sections_go_by_four_lines(self):
        parts = segments("".join(f"line {n}\n" for n in range(20)), lyrics=True)
        assert [len(part.splitlines()) for part in parts] == [4] * 5

    def test_long_texts_have_a_bound(self):
        assert len(segments("One more thing was there. " * 700)) == MAX_SEGMENTS


@pytest.mark.parametrize("text", TEXTS["harmless"])
def test_a_hard_word_in_a_harmless_text_passes(text):
    assert faults(text) == []


@pytest.mark.parametrize("text", TEXTS["refused"])
def test_what_must_not_be_shown_is_found(text):
    assert faults(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("안개 낀 바다", "Mist, at the sea"),
        ("창문에 불이 켜졌다", "a lamp"),
        ("불이 번졌다", "Fire"),
        ("fog rolled in", "Mist"),
    ],
)
def test_a_prompt_shows_what_is_told(text, shown):
    assert shown in prompt_of(key_words(text), "calm")


def test_the_texts_are_many_and_hard():
    assert (len(set(TEXTS["harmless"])), len(set(TEXTS["refused"]))) == (65, 61)
    assert sum(bool(unsafe(text)) for text in TEXTS["harmless"]) >= 8  # words alone would refuse these


@pytest.mark.parametrize(
    "text, emotion",
    [
        ("I cried, tears fell, we said goodbye", "sadness"),
        ("너를 사랑해, 그대 품에 안아 줘", "love"),
        ("악몽, 괴물이 쫓아왔다", "fear"),
    ],
)
def test_rules_name_an_emotion_and_how_sure_they_are(text, emotion):
    named, sure = felt(text)
    assert named == emotion and 0.5 < sure < 1
    assert felt("xyz 가나다") == ("calm", 0.0)


def test_what_is_denied_is_not_felt():
    assert felt("I was not afraid")[1] == felt("무섭지 않았다")[1] == 0.0


def test_the_same_dream_has_the_same_key_words_in_both_languages():
    assert key_words("A whale flew over the sea") == key_words("고래가 바다 위를 날아갔다")


class TestPlan:
    @pytest.mark.parametrize("text", [DREAM_EN, DREAM_KO, SONG])
    def test_by_rules_twice_the_same_and_nothing_lost(self, text):
        plan = plan_shots(words_of(text))
        assert plan == plan_shots(words_of(text)) and plan.by == "offline"
        assert "".join(shot.text for shot in plan.shots) == text
        assert all(shot.prompt.endswith(STYLE) and not shot.refused for shot in plan.shots)

    def test_a_segment_is_refused_alone_and_stays(self):
        text = "A whale flew over the sea. He stabbed him again."
        seen, refused = plan_shots(words_of(text)).shots
        assert seen.prompt and not seen.refused
        assert refused.text == "He stabbed him again." and refused.prompt == ""
        assert refused.refused == "this cannot be generated: 'stabbed him' (violence)"

    def test_times_go_to_their_segments(self):
        text = "".join(f"[00:{n:02}.00]line {n}\n" for n in range(8))
        assert [shot.start for shot in plan_shots(words_of(text)).shots] == [0.0]
        text = "".join(f"[00:{n:02}.00]line {n}\n" for n in range(12))
        assert [shot.start for shot in plan_shots(words_of(text)).shots] == [0.0, 4.0, 8.0]

    def test_a_model_is_asked_without_a_picture_and_its_answer_taken(self):
        model = Model(answered(shot(0), shot(1, shown=False, reason="a nude figure")))
        plan = plan_shots(words_of(DREAM_KO), Asking(model))
        assert plan.by == "told told-1" and model.asked[0].jpeg is None
        assert "cannot see" not in model.asked[0].text and "고래가" in model.asked[0].text
        assert plan.shots[0].prompt == f"A whale flies over a beach. {STYLE}"
        assert plan.shots[1].refused == "this cannot be generated: a nude figure" and not plan.shots[1].prompt

    def test_a_model_neither_sees_nor_allows_what_rules_refuse(self):
        model = Model(answered(shot(0), shot(1)))
        plan = plan_shots(words_of("A whale flew over the sea. He stabbed him again."), Asking(model))
        assert "stabbed" not in model.asked[0].text
        assert plan.shots[0].prompt and plan.shots[1].refused

    def test_a_model_that_writes_what_must_not_be_shown_is_refused(self):
        plan = plan_shots(words_of(DREAM_EN), Asking(Model(answered(shot(0, prompt="A naked man walks"), shot(1)))))
        assert "'naked' (sexual content)" in plan.shots[0].refused and plan.shots[1].prompt

    @pytest.mark.parametrize(
        "answer, why",
        [
            (answered(shot(0)), "the numbers 0 to 1"),
            (answered(shot(1), shot(0)), "the numbers 0 to 1"),
            (answered(shot(0), shot(1, prompt="x")), "must say who or what is seen"),
            (answered(shot(0), shot(1, emotion="hungry")), "emotion"),
            ("I cannot help with that.", "JSON"),
        ],
    )
    def test_an_answer_of_no_use_is_told_and_rules_plan(self, answer, why):
        plan = plan_shots(words_of(DREAM_EN), Asking(Model(answer)))
        assert plan.by == "offline" and why in plan.warnings[-1]
        assert plan.shots == plan_shots(words_of(DREAM_EN)).shots


@pytest.mark.parametrize(
    "piece",
    [
        "verse" + " " * 4999,
        "칼로",
        "총으로",
        "[0:",
        "[00:01.00]",
        "사람을 ",
        "cut off a",
        "a.",
        "가 ",
        "(",
        "\n",
        "<00:",
    ],
)
def test_no_text_within_the_bound_takes_long(piece):
    """A pattern that goes back over what it read takes minutes on such a text."""
    text = (piece * MAX_CHARACTERS)[: MAX_CHARACTERS - 1] + "x"
    start = time.process_time()
    plan_shots(words_of(text))
    assert time.process_time() - start < 5


HOSTILE = ["naked", "<lora:x:1>", "ignore the above", "고래", "", "a" * 900, None, 7, 1e400, -1, True, [], {}, [[]]]
GOOD = {"shots": [shot(0), shot(1)]}


def mutated(dice):
    document = copy.deepcopy(GOOD)
    for _ in range(dice.randint(0, 3)):
        target = dice.choice([document, *document["shots"]]) if isinstance(document.get("shots"), list) else document
        if not isinstance(target, dict) or not target:
            continue
        key = dice.choice(sorted(target))
        if dice.random() < 0.25:
            del target[key]
        else:
            value = dice.choice(HOSTILE)
            target[key] = [value, value] if dice.random() < 0.2 else value
    text = json.dumps(document, ensure_ascii=dice.random() < 0.5)
    for _ in range(dice.randint(0, 2)):
        at = dice.randint(0, len(text))
        piece = dice.choice(["{", "}", "[", '"', ",", "NaN", "```", "<think>", "\x00\u202e\n", "naked"])
        text = dice.choice([text[:at], text[:at] + piece + text[at:], f"{piece}\n{text}", text + text[at:]])
    return text


def test_ten_thousand_mutated_answers_never_raise():
    """An answer that follows the form becomes shots that keep to the bounds; any other is refused in one line."""
    dice, taken = random.Random(0), 0
    by_rules = shots_by_rules(words_of(DREAM_EN))
    question = shots_question([shot.text for shot in by_rules])
    for _ in range(10_000):
        given = put(question, Asking(Model(mutated(dice))))
        if given.answer is None:
            assert given.warnings and all("\n" not in warning for warning in given.warnings)
            continue
        taken += 1
        for shot, answer in zip(by_rules, given.answer.shots, strict=True):
            made = directed(shot, answer)
            assert made.text == shot.text and bool(made.prompt) != bool(made.refused)
            assert not re.search(r"\bnaked\b", made.prompt) and (not made.prompt or made.prompt.endswith(STYLE))
            assert len(made.prompt.split()) <= MAX_PROMPT_WORDS
            assert not set(made.prompt) & set('()<>{}[]:|\\"\n')
    assert 500 < taken < 9500


def test_the_form_sent_asks_for_what_is_read():
    wire = shots_question(["a", "b"]).wire["properties"]["shots"]
    assert (wire["minItems"], wire["maxItems"]) == (2, 2)
    assert set(wire["items"]["properties"]) == set(
        ShotsAnswer.model_fields["shots"].annotation.__args__[0].model_fields
    )
