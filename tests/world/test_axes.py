"""The vocabulary: rules between answers, what can be seen, what is held out of training."""

import random
from collections import Counter

import pytest

from enogu.errors import WorldError
from enogu.world.axes import (
    AXES,
    HELD_OUT,
    JAPANESE,
    KNOWN_TAGS,
    RULES,
    Traits,
    held_out_pairs,
    read_tags,
    tags_of,
    visible_axes,
)
from enogu.world.captions import random_traits
from enogu.world.drawing import traits_for


def many_traits(count: int, *, held_out: bool = False) -> list[Traits]:
    rng = random.Random(5)
    return [random_traits(rng, held_out) for _ in range(count)]


def test_every_tag_has_a_japanese_name() -> None:
    assert set(JAPANESE) == KNOWN_TAGS
    assert all(name and not name.isascii() for name in JAPANESE.values())


def test_each_value_is_seen_in_at_least_one_and_a_half_percent_of_random_pictures() -> None:
    seen = Counter((a, t[a]) for t in many_traits(4000) for a in visible_axes(t))
    rare = {(a, v): seen[a, v] / 4000 for a in AXES for v in AXES[a] if seen[a, v] < 60}
    assert not rare


def test_most_random_pictures_have_the_plain_style_and_no_prop() -> None:
    traits = many_traits(1000)
    assert sum(t["style"] == "none" for t in traits) > 700
    assert sum(t["prop"] == "none" for t in traits) > 500


def test_random_characters_break_no_rule() -> None:
    for traits in (*many_traits(500), *many_traits(200, held_out=True)):
        for rule in RULES:
            assert traits[rule.axis] not in rule.values or traits[rule.other] in rule.allowed


def test_held_out_pairs_come_only_when_asked_for_and_then_to_be_seen() -> None:
    assert not any(held_out_pairs(t.values) for t in many_traits(2000))
    for traits in many_traits(300, held_out=True):
        pairs = held_out_pairs(traits.values)
        assert any(set(pair) <= set(visible_axes(traits)) for pair in pairs)


def test_a_fifth_of_hair_and_eye_colours_is_held_out_and_each_colour_is_still_met() -> None:
    pairs = HELD_OUT["hair_colour", "eye_colour"]
    total = len(AXES["hair_colour"]) * len(AXES["eye_colour"])
    assert 0.18 < len(pairs) / total < 0.22
    for side, axis in enumerate(("hair_colour", "eye_colour")):
        share = Counter(pair[side] for pair in pairs)
        assert max(share.values()) <= 3
        assert set(share) == set(AXES[axis])


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (["portrait", "umbrella"], "'portrait' and 'umbrella'"),
        (["arms up", "book"], "'arms up' and 'book'"),
        (["night sky", "sunset"], "'night sky' and 'sunset'"),
        (["white background", "night"], "'white background' and 'night'"),
        (["sunglasses", "closed eyes"], "dark glass"),
        (["ahoge", "beret"], "the hat covers"),
    ],
)
def test_what_cannot_be_drawn_together_is_refused(tags: list[str], why: str) -> None:
    with pytest.raises(WorldError, match=why):
        read_tags(tags)


def test_what_is_left_open_never_breaks_a_rule() -> None:
    for seed in range(60):
        assert traits_for(["umbrella"], seed)["framing"] != "portrait"
        assert traits_for(["sunset"], seed)["background"] not in ("white", "night sky")
        assert traits_for(["night sky"], seed)["time"] == "night"


def test_hidden_answers_get_no_tag() -> None:
    base = traits_for(["1girl", "red hair", "blue eyes", "white shirt", "grass"], 1).values
    closed = Traits({**base, "eyes": "closed"})
    assert "eye_colour" not in visible_axes(closed)
    assert "blue eyes" not in tags_of(closed)
    grey = Traits({**base, "style": "monochrome"})
    assert not {"red hair", "blue eyes", "white shirt"} & set(tags_of(grey))
    assert "shirt" in tags_of(grey)
