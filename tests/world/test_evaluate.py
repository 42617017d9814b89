"""Scores of the model card: what counts, and what does not."""

import random

import pytest

from enogu.world.axes import AXES, HELD_OUT, visible_axes
from enogu.world.captions import random_traits
from enogu.world.evaluate import Score, characters, score_answers


def test_only_answers_that_can_be_seen_count() -> None:
    traits = [random_traits(random.Random(i)) for i in range(20)]
    perfect = score_answers(traits, [one.values for one in traits])
    assert perfect.all_right == Score(right=20, total=20)
    assert perfect.together().total == sum(len(visible_axes(one)) for one in traits)
    hidden_wrong = [
        {axis: one[axis] if axis in visible_axes(one) else "?" for axis in AXES} for one in traits
    ]
    assert score_answers(traits, hidden_wrong) == perfect


def test_one_wrong_answer_costs_one_answer_and_its_picture() -> None:
    traits = [random_traits(random.Random(i)) for i in range(5)]
    answers = [dict(one.values) for one in traits]
    answers[0]["hair_colour"] = "?"
    traits[0].values["style"] = "none"
    answers[0]["style"] = "none"
    scores = score_answers(traits, answers)
    assert scores.all_right.right == 4
    assert scores.together(["hair_colour"]).right == scores.together(["hair_colour"]).total - 1


def test_of_held_out_pairs_only_the_axes_concerned_count() -> None:
    traits = characters(30, 1, held_out=True)
    scores = score_answers(traits, [one.values for one in traits])
    assert scores.involved.total >= 2 * 30
    assert scores.involved.share == 1.0
    for one in traits:
        assert any(tuple(one[a] for a in axes) in pairs for axes, pairs in HELD_OUT.items())
    seen = characters(30, 1)
    assert score_answers(seen, [one.values for one in seen]).involved.total == 0


def test_intervals_hold_the_share_and_know_when_nothing_was_asked() -> None:
    low, high = Score(right=120, total=128).interval
    assert 0.88 < low < 120 / 128 < high < 0.97
    assert Score(right=0, total=0).share == 0.0
    assert Score(right=10, total=10).interval[1] == pytest.approx(1.0)
