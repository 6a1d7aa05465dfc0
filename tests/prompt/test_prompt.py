"""One answer becomes Wan's prompts and the ambient recipe; wishes in English and Korean; offline, quick, repeatable."""

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.errors import UsageError
from coverloop.core.motion.recipe import Recipe, derive_recipe
from coverloop.core.prompt.ask.put import Asking
from coverloop.core.prompt.directed import ambient_recipe
from coverloop.core.prompt.form.answers import MoveAnswer
from coverloop.core.prompt.looks import motion_prompt
from coverloop.core.prompt.words.wan import CAMERA, CAPS, FIXED, MAX_WORDS, forbidden, steer, tame, wan_prompt
from coverloop.core.prompt.words.wish import FAINT, read_wish
from coverloop.orchestrator.cli.main import cli


def plate(seed=0, size=320):
    """Hills under a sky, sometimes over water; colours, horizon and texture differ with the seed."""
    rng = np.random.default_rng(seed)
    sky, land = rng.integers(20, 235, 3), rng.integers(10, 200, 3)
    y, x = np.mgrid[0:size, 0:size] / size
    ridge = 0.35 + 0.3 * rng.random() + 0.08 * np.sin(2 * np.pi * (x * rng.integers(1, 4) + rng.random()))
    texture = cv2.GaussianBlur(rng.normal(0, 1, (size, size)), (0, 0), 1.2 + rng.random()) * rng.uniform(0, 90)
    image = np.where((y < ridge)[..., None], sky * (0.7 + 0.3 * y[..., None]), land + texture[..., None])
    return np.clip(image, 0, 255).astype(np.uint8)


def answer(*movements, mood="calm", medium="painting"):
    keys = ("subject", "motion", "kind", "direction", "strength", "region")
    made = [dict(zip(keys, movement, strict=False)) for movement in movements]
    return MoveAnswer.model_validate({"movements": made, "mood": mood, "medium": medium})


REEDS = ("the reeds", "sway softly in the breeze", "sway", "in place", 0.4, "subject")
RIVER = ("the river", "flows", "flow", "left", 0.5, "water")
SNOW = ("snow", "falls", "particles", "down", 0.5)
ZOOM = ("the camera", "zooms in", "parallax")


class TestWanPrompt:
    def test_motion_first_then_steady_light_and_a_locked_camera(self):
        made = wan_prompt(answer(REEDS, RIVER))
        assert made.positive.startswith(
            "The reeds sway softly in the breeze. The river flows to the left gently. Slow,"
        )
        assert "Steady light." in made.positive and "Brushwork" in made.positive and made.positive.endswith(CAMERA)

    def test_what_accumulates_is_already_there(self):
        assert "Snow falls gently, already present throughout." in wan_prompt(answer(SNOW)).positive

    def test_strength_is_said_once(self):
        faint = wan_prompt(answer(("grass", "sways", "sway", "in place", 0.1))).positive
        assert faint.startswith("Grass sways very faintly.")
        assert wan_prompt(answer(("grass", "sways slowly", "sway", "in place", 0.1))).positive.startswith(
            "Grass sways slowly."
        )

    def test_what_fights_the_cover_is_left_out_and_handed_back(self):
        made = wan_prompt(answer(ZOOM, REEDS))
        assert "zoom" not in made.positive and [m.subject for m in made.movements] == ["the reeds"]
        assert "camera move" in str(made.removed[0])

    def test_nothing_left_is_still_a_prompt(self):
        assert wan_prompt(answer(ZOOM)).positive.startswith("The light breathes very softly.")

    def test_never_over_the_limit(self):
        long = [
            (f"thing {i} of some kind here", "moves " + "on and " * 18 + "on", "drift", "left", 0.5) for i in range(12)
        ]
        made = wan_prompt(answer(*long), [f"trigger{i}" for i in range(24)])
        assert 80 < len(made.positive.split()) <= MAX_WORDS

    def test_our_own_sentences_are_the_only_exemption(self):
        assert forbidden(" ".join(FIXED)) == []
        assert forbidden(CAMERA + " The camera pans.") != []


class TestSteer:
    measured = answer(("the sky", "drifts", "drift", "left", 0.4, "sky"), ("texture", "sways", "sway"))

    def test_a_wish_comes_first_in_its_pace_and_direction(self):
        steered = steer(self.measured, read_wish("rain, slow, to the right"), told=False)
        assert [m.subject for m in steered.movements] == ["the rain", "the sky", "texture"]
        assert steered.movements[0].direction == "down" and steered.movements[1].direction == "right"
        assert steered.movements[0].strength == pytest.approx(0.35)

    def test_what_is_not_wanted_goes_whoever_said_it(self):
        snow = answer(SNOW, REEDS)
        for told in (True, False):
            steered = steer(snow, read_wish("no snow please"), told=told)
            assert [m.subject for m in steered.movements] == ["the reeds"]

    def test_a_model_that_knew_the_wish_is_not_corrected(self):
        assert steer(self.measured, read_wish("rain, sad"), told=True) == self.measured

    def test_strengths_are_capped_by_kind(self):
        strong = answer(("hair", "sways", "sway", "in place", 1.0), ("mist", "drifts", "drift", "left", 0.9))
        assert [m.strength for m in tame(strong, 2.0).movements] == [CAPS["sway"], CAPS["drift"]]
        assert all(m.strength == 0 for m in tame(strong, 0.0).movements)


class TestWish:
    @pytest.mark.parametrize(
        "text, subjects, mood, pace",
        [
            ("rain, slow", ["the rain"], None, 0.7),
            ("비 오는 밤, 천천히", ["the rain"], "dark", 0.7),
            ("벚꽃이 흩날리게, 잔잔하게", ["loose petals"], "calm", 1.0),
            ("눈이 내리는 쓸쓸한 느낌", ["the snow"], "melancholic", 1.0),
            ("바람에 흔들리는 머리카락, 몽환적으로", ["loose hair, cloth and leaves"], "dreamy", 1.0),
            ("눈물", [], "melancholic", 1.0),  # tears, not snow
            ("비밀", [], None, 1.0),  # a secret, not rain
            ("", [], None, 1.0),
        ],
    )
    def test_english_and_korean(self, text, subjects, mood, pace):
        wish = read_wish(text)
        assert ([m.subject for m in wish.movements], wish.mood, wish.pace) == (subjects, mood, pace)

    def test_negation(self):
        assert read_wish("stars, no rain").avoid == ("rain",)
        wish = read_wish("비 없이 별이 보이게")
        assert wish.avoid == ("rain",) and [m.subject for m in wish.movements] == ["the stars"]

    def test_what_fights_the_cover_is_told(self):
        assert "camera move" in str(read_wish("카메라 줌인, 안개").removed[0])
        assert read_wish("zoom in on the fog").removed[0].words == "zoom"

    def test_what_is_not_understood_is_told(self):
        result = motion_prompt(plate(), Asking(), wish=read_wish("petals and quixotic flurble"))
        assert result.report["warnings"] == [
            "without a model these words are not understood: quixotic, flurble",
            "ambient motion draws petals as tinted falling flakes",
        ]

    def test_tags_hint_and_a_request_decides(self):
        hinted = read_wish(title="Rainy Days", genre="발라드", artist="Someone")
        assert hinted.mood == "calm" and hinted.movements[0].strength == FAINT
        assert read_wish("snow, dark", title="Rainy Days", genre="ballad").mood == "dark"
        assert [m.subject for m in read_wish("snow", title="Rainy Days").movements] == ["the snow"]

    def test_unsafe_words_refuse_a_request_and_silence_a_tag_aloud(self):
        with pytest.raises(UsageError, match="this cannot be generated"):
            read_wish("누드")
        wish = read_wish("rain", title="F**k This", lyrics="씨발")
        assert len(wish.warnings) == 2 and all("this cannot be generated" in warning for warning in wish.warnings)
        assert "F**k" not in wish.words and "씨발" not in wish.words


class TestRecipe:
    def test_measured_effects_are_taken_over_with_strength_and_direction(self):
        measured = Recipe.parse(
            {
                "effects": [
                    {"kind": "flow", "region": {"mask": "sky"}, "distance": 30, "angle": 10},
                    {"kind": "parallax"},
                ]
            }
        )
        clouds = answer(("the clouds", "drift", "drift", "left", 0.6, "sky")).movements
        effects = ambient_recipe(clouds, measured).effects
        assert [effect.kind for effect in effects] == ["parallax", "flow"]
        assert effects[1].distance == pytest.approx(45) and effects[1].angle == 180
        same = answer(("the clouds", "drift", "drift", "right", 0.4, "sky")).movements
        assert ambient_recipe(same, measured).effects[1] == measured.effects[0]

    @pytest.mark.parametrize("kind", ["sway", "drift", "flow", "light", "particles", "parallax"])
    def test_every_kind_can_be_made_new_and_bounded(self, kind):
        movement = answer(("a thing", "moves about", kind, "up", 1.0, "background")).movements
        recipe = ambient_recipe(movement, Recipe(), 2.0)
        assert len(recipe.effects) == 1 and Recipe.parse(recipe.to_json()) == recipe

    def test_a_box_becomes_the_region(self):
        movements = MoveAnswer.model_validate(
            {"movements": [{"subject": "the lamp", "motion": "glows", "kind": "light", "box": [0.1, 0.2, 0.3, 0.4]}]}
        ).movements
        assert ambient_recipe(movements, Recipe()).effects[0].region.shapes[0].box == (0.1, 0.2, 0.3, 0.4)

    @pytest.mark.parametrize(
        "subject, style", [("snow", "snow"), ("embers", "embers"), ("the stars", "stars"), ("motes", "dust")]
    )
    def test_particles_by_name(self, subject, style):
        movements = answer((subject, "float about", "particles")).movements
        assert ambient_recipe(movements, Recipe()).effects[0].style == style

    def test_strength_zero_is_still(self):
        result = motion_prompt(plate(), Asking(), strength=0)
        amounts = [
            getattr(e, n)
            for e in result.recipe.effects
            for n in ("amplitude", "distance", "amount", "count")
            if hasattr(e, n)
        ]
        assert amounts and not any(amounts)


class TestOffline:
    @pytest.mark.networks
    def test_different_pictures_differ_and_runs_repeat(self):
        recipes, prompts = [], set()
        for seed in range(4):
            picture = plate(seed)
            result = motion_prompt(picture, Asking())
            assert len(result.positive.split()) <= MAX_WORDS and forbidden(result.positive) == []
            assert motion_prompt(picture, Asking()) == result
            recipes.append(result.recipe.to_json())
            prompts.add(result.positive)
        assert len(set(recipes)) == len(recipes) and len(prompts) > 2

    def test_without_a_wish_the_recipe_is_the_measured_one(self):
        for seed in range(3):
            measured = derive_recipe(plate(seed)).effects
            made = motion_prompt(plate(seed), Asking()).recipe.effects
            assert sorted(map(repr, made)) == sorted(map(repr, measured))

    def test_seed_and_wish_change_it(self):
        base = motion_prompt(plate(), Asking()).recipe
        assert motion_prompt(plate(), Asking(), seed=1).recipe != base
        snowy = motion_prompt(plate(), Asking(), wish=read_wish("눈이 내리게"))
        assert "The snow falls" in snowy.positive
        assert [e.style for e in snowy.recipe.effects if e.kind == "particles"] == ["snow"]


class TestCommand:
    @pytest.fixture(autouse=True)
    def _alone(self, monkeypatch, tmp_path):
        for name in (
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "COVERLOOP_VLM",
            "COVERLOOP_QWEN",
        ):
            monkeypatch.delenv(name, raising=False)
        cv2.imwrite(str(tmp_path / "cover.png"), plate())
        self.cover = str(tmp_path / "cover.png")

    def call(self, *arguments):
        return CliRunner().invoke(cli, ["prompt", self.cover, "--plate", self.cover, *arguments], standalone_mode=False)

    def test_json(self):
        made = json.loads(self.call("--json", "--intent", "비, 천천히", "--triggers", "lofiloop").stdout)
        assert set(made) == {"positive", "negative", "recipe", "report"} and made["report"]["by"] == "offline"
        assert made["positive"].startswith("lofiloop. The rain falls") and Recipe.parse(made["recipe"]).effects

    def test_words(self):
        result = self.call("--intent", "zoom in, snow")
        assert "The snow falls" in result.stdout and "left out 'zoom': camera move" in result.stderr

    @pytest.mark.parametrize(
        "arguments, message",
        [
            (("--backend", "nosuch"), "choose one of auto"),
            (("--backend", "gemini"), "set GEMINI_API_KEY"),
            (("--intent", "naked"), "this cannot be generated"),
            (("--triggers", "<lora:x:1>"), "trigger"),
        ],
    )
    def test_bad_calls_are_refused(self, arguments, message):
        result = self.call(*arguments)
        assert isinstance(result.exception, UsageError) and message in str(result.exception)
