"""Which combination is steadiest, on made-up figures, and what of it can be said."""

import numpy as np
import pytest
from coverloop.training import compare
from coverloop.training.side_by_side import page
from coverloop.training.steadiness import conclude, hardly_moves, parts, unrest

GOOD = {"seam_ratio": 1.0, "largest_step": 1.2, "flicker": 0.3, "lettering_mean_diff": 0.2, "lettering_moved": 0.0}


def table(covers, gap, columns=3, noise=0.05):
    """Covers differ much, combinations by `gap`, of which the second has less unrest."""
    rng = np.random.default_rng(5)
    made = rng.uniform(0.2, 0.9, (covers, 1)) + rng.normal(0, noise, (covers, columns))
    made[:, 1] -= gap
    return made


def said(table, moves=None):
    labels = ["no LoRA", "hanji 1", "바다 0.5"][: table.shape[1]]
    return conclude(table, labels, moves or [True] * len(labels))


def test_a_winner_is_found_though_covers_differ_more_and_the_same_each_time():
    told = said(table(12, 0.2))
    assert told["steadiest"] == "hanji 1" and told["sure"] and "surely" in told["says"] and "12 covers" in told["says"]
    assert all(row["from_to"][0] < row["by"] < row["from_to"][1] for row in told["against"])
    assert told == said(table(12, 0.2)) and told["resamples_won"] == 1


def test_what_is_alike_is_not_sure():
    told = said(table(12, 0.0))
    assert not told["sure"] and "not sure" in told["says"] and 0 < told["resamples_won"] < 1
    assert "the same figures on 8 covers: LoRAs change nothing" in said(np.full((8, 3), 0.4))["says"]


def test_chance_is_seldom_called_sure():
    rng = np.random.default_rng(0)
    sure = sum(said(rng.normal(0.5, 0.1, (6, 2)))["sure"] for _ in range(200))
    assert sure <= 20


@pytest.mark.parametrize("covers", [1, 5])
def test_few_covers_say_nothing(covers):
    told = said(table(covers, 0.5))
    assert told["steadiest"] == "hanji 1" and not told["sure"] and told["against"] == []
    assert "says nothing about others: at least 6 covers" in told["says"]


def test_one_combination_and_none():
    assert "nothing to compare it with" in said(table(8, 0.1)[:, :1])["says"]
    empty = said(np.full((2, 3), np.nan))
    assert empty["steadiest"] is None and empty["says"].startswith("Nothing can be said")


def test_covers_with_a_gap_are_left_out_and_what_stands_still_wins_nothing():
    made = table(8, 0.2)
    made[0, 0] = np.nan
    assert (said(made)["covers"], said(made)["left_out"]) == (7, 1)
    still = said(made, [True, False, True])
    assert still["still"] == ["hanji 1"] and still["steadiest"] != "hanji 1"
    assert "hardly moves" in said(made, [False] * 3)["says"]
    assert hardly_moves({"alive": 0.1}) and not hardly_moves({"alive": None})


def test_parts_are_0_where_nothing_is_and_1_at_the_limit():
    for ratio, join in ((1.0, 0), (1.6, 1), (0.5, 1), (0.0, 3), (99.0, 3)):
        assert parts({**GOOD, "seam_ratio": ratio})["join"] == pytest.approx(join)
    assert parts({**GOOD, "largest_step": 2.0})["largest step"] == pytest.approx(1)
    assert parts({**GOOD, "flicker": 1.5})["flicker"] == pytest.approx(1)
    assert parts({**GOOD, "lettering_moved": 0.03})["lettering"] == pytest.approx(1)
    unseen = parts({**GOOD, "seam_ratio": 0.1, "largest_step": 9.0, "visible_step": 0.1})
    assert unseen["join"] == 0 and unseen["largest step"] == 0
    assert parts({})["lettering"] is None


def test_unrest_is_of_what_all_loops_of_a_cover_have():
    without = {**parts(GOOD), "lettering": None}
    assert unrest([parts(GOOD), without])[0] == unrest([without])[0]
    assert unrest([]) == [] and unrest([dict.fromkeys(without)]) == [None]


def test_a_grid_holds_each_combination_once():
    labels = [one.label for one in compare.combinations(["b.safetensors", "a.safetensors"], [0.0, 0.5, 1.0], False)]
    assert labels == ["no LoRA", "a 0.5", "a 1", "b 0.5", "b 1"]
    together = compare.combinations(["x/a.safetensors", "y/a.safetensors"], [1.0], True)
    assert [one.label for one in together][-1] == "x/a.safetensors 1 + y/a.safetensors 1" and len(together) == 3
    assert together[1].values() == {"lora_1": "y/a.safetensors", "lora_1_strength": 1.0}


def test_pairs_are_of_one_cover_blind_and_the_same_each_time():
    done = [{"cover": cover, "job": f"{cover}{number}"} for cover in "ab" for number in range(20)]
    made = compare.pairs(done)
    assert len(made) == 2 * 190 and made == compare.pairs(done)
    assert all(set(row) == {"cover", "left", "right"} and row["left"] != row["right"] for row in made)
    assert 140 < sum(row["left"] < row["right"] for row in made) < 240


def test_names_are_escaped(tmp_path):
    bad = '<img src=x onerror=alert(1)>"&'
    cell = {"cover": bad, "combination": bad, "state": "done", "error": "", "passed": False, "problems": [bad]}
    cell |= {"job": "1", "video": f"{bad}/{bad}.mp4", "poster": "p.jpg", "parts": parts(GOOD), "hardly_moves": False}
    failed = {"cover": "b", "combination": bad, "state": "failed", "error": bad}
    cells = [{**cell, "motion_mean": 1.0}, failed]
    made = compare.write(tmp_path, cells, [bad], "wan22_loop_v4")
    assert made.exit_code == 1 and made.told["failed"] == 1
    text = (tmp_path / "compare.html").read_text("utf-8")
    assert "<img" not in text and text.count("&lt;img") > 4 and "%3Cimg" in text and "http" not in text
    assert text == page(cells, [bad], made.told)
