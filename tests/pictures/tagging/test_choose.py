import pytest

from enogu.errors import CaptionError
from enogu.pictures.records import ScoredTag
from enogu.pictures.tagging import Limits, choose_tags, rating_of


def scored(tag, score, category="general"):
    return ScoredTag(tag=tag, source="t", category=category, score=score)


TAGS = [
    scored("smile", 0.7),
    scored("long hair", 0.9),
    scored("1girl", 0.6),
    scored("hat", 0.2),
    scored("someone", 0.8, "character"),
    scored("someone else", 0.9, "character"),
    scored("a work", 0.95, "copyright"),
    scored("an artist", 0.99, "artist"),
    scored("highres", 0.99, "meta"),
    scored("rating:general", 0.3, "rating"),
    scored("rating:sensitive", 0.6, "rating"),
]


def test_names_come_first_then_people_then_the_rest_by_score():
    chosen = [one.tag for one in choose_tags(TAGS, Limits())]
    assert chosen == ["someone else", "a work", "1girl", "long hair", "smile"]


def test_limits_move_without_reading_again():
    low = choose_tags(TAGS, Limits(general=0.1, character=0.5))
    assert {"hat", "someone"} <= {one.tag for one in low}
    assert [one.tag for one in choose_tags(TAGS, Limits(general=0.95, character=1))] == []


def test_a_limit_below_what_is_kept_is_refused():
    with pytest.raises(CaptionError, match=r"general tags must be 0\.05 to 1, got 0\.01"):
        Limits(general=0.01)


def test_the_widest_gap_sets_the_limit():
    # 0.6 to 0.2 is the widest fall of the general scores; nothing below 0.4 comes in.
    general = [
        one.tag for one in choose_tags(TAGS, Limits(by_gap=True)) if one.category == "general"
    ]
    assert general == ["1girl", "long hair", "smile"]
    alone = [scored("x", 0.3)]
    assert [one.tag for one in choose_tags(alone, Limits(by_gap=True))] == ["x"]


def test_the_gap_lets_no_very_unsure_character_in():
    tags = [scored("x", 0.14, "character"), scored("y", 0.06, "character")]
    assert choose_tags(tags, Limits(by_gap=True)) == []


def test_tags_that_are_left_out_never_come_in():
    limits = Limits(leave_out=frozenset({"long_hair"}))
    assert "long hair" not in {one.tag for one in choose_tags(TAGS, limits)}


def test_the_rating_is_the_likeliest():
    assert rating_of(TAGS) == "sensitive"
    assert rating_of(TAGS[:3]) is None
