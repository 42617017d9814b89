"""From answers to tags: products, implied tags, and what cannot be seen."""

import numpy as np
import pytest
from PIL import Image

from enogu.tags.tagger import Tagger
from enogu.world.axes import AXES, Traits, tags_of
from enogu.world.judge.judge import Judge, Judgement
from enogu.world.judge.pictures import judge_traits


def judgement_of(values: dict[str, str], sure: float = 1.0) -> Judgement:
    """A judgement that gives `sure` to each of `values` and shares out the rest evenly."""
    parts = []
    for axis, choices in AXES.items():
        row = np.full(len(choices), (1 - sure) / (len(choices) - 1))
        row[choices.index(values[axis])] = sure
        parts.append(row)
    return Judgement(questions=AXES, table=np.concatenate(parts)[None].astype(np.float32))


@pytest.mark.parametrize("index", range(40))
def test_a_certain_judgement_has_the_tags_of_the_drawing(index: int) -> None:
    traits = judge_traits(5, index)
    tags = judgement_of(traits.values).tags()[0]
    assert set(tags) == set(tags_of(traits))
    assert all(p == pytest.approx(1.0) for p in tags.values())


def plain(**changes: str) -> dict[str, str]:
    values = {axis: choices[0] for axis, choices in AXES.items()}
    return {**values, "clothes": "hoodie", **changes}


def test_a_tag_of_two_axes_has_the_product_of_both() -> None:
    tags = judgement_of(plain(clothes_colour="red"), sure=0.8).tags(0.0)[0]
    assert tags["hoodie"] == pytest.approx(0.8)
    assert tags["red hoodie"] == pytest.approx(0.64)
    assert tags["solo"] == 1


def test_an_implied_tag_sums_its_causes() -> None:
    tags = judgement_of(plain(headwear="beret"), sure=0.5).tags(0.0)[0]
    # Four hats: beret with 0.5, three others with an even share of the rest.
    others = 3 * 0.5 / (len(AXES["headwear"]) - 1)
    assert tags["hat"] == pytest.approx(0.5 + others, abs=1e-6)


def test_what_is_hidden_is_not_tagged() -> None:
    closed = judgement_of(plain(eyes="closed", eye_colour="red"))
    assert "eye_colour" not in closed.visible[0]
    assert "red eyes" not in closed.tags(0.0)[0]
    assert "red eyes" in judgement_of(plain(eyes="open", eye_colour="red")).tags()[0]


def test_the_threshold_cuts(untrained: Judge) -> None:
    picture = Image.new("RGB", (128, 128), "#808080")
    all_tags = untrained([picture]).tags(0.0)[0]
    some = untrained([picture]).tags(0.3)[0]
    assert some == {tag: p for tag, p in all_tags.items() if p >= 0.3}
    assert len(all_tags) > len(some) > 0


def test_the_judge_is_a_tagger(untrained: Judge) -> None:
    tagger: Tagger = untrained
    tags = tagger.tag([Image.new("RGB", (60, 90)), Image.new("L", (128, 128))])
    assert len(tags) == 2
    assert all(0 <= p <= 1 for picture in tags for p in picture.values())


def test_traits_are_a_judgements_inverse() -> None:
    values = judge_traits(1, 2).values
    assert Traits(judgement_of(values).answers[0]).values == values
