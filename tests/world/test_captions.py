"""Training captions: shuffled, thinned, now and then empty or with a nonsense word."""

import random

from enogu.world.axes import KNOWN_TAGS, tags_of
from enogu.world.captions import nonsense_word, random_traits, training_caption


def test_equal_states_give_equal_characters_and_captions() -> None:
    traits = random_traits(random.Random(4))
    assert traits == random_traits(random.Random(4))
    assert training_caption(traits, random.Random(1)) == training_caption(traits, random.Random(1))


def test_what_is_fixed_is_kept_and_the_rest_follows_the_rules() -> None:
    rng = random.Random(0)
    for _ in range(100):
        traits = random_traits(rng, fixed={"prop": "balloon", "hair_colour": "aqua"})
        assert (traits["prop"], traits["hair_colour"]) == ("balloon", "aqua")
        assert traits["framing"] != "portrait"
        assert traits["arms"] not in ("arms up", "outstretched")


def test_captions_say_only_what_is_true_beside_invented_words() -> None:
    rng = random.Random(2)
    empty = invented = 0
    for _ in range(400):
        traits = random_traits(rng)
        caption = training_caption(traits, rng)
        empty += not caption
        told = set(caption.split(", ")) - {""}
        invented += bool(told - KNOWN_TAGS)
        assert told & KNOWN_TAGS <= set(tags_of(traits))
    assert 20 < empty < 70
    assert 40 < invented < 120


def test_a_nonsense_word_is_no_tag() -> None:
    rng = random.Random(3)
    assert not {nonsense_word(rng) for _ in range(300)} & KNOWN_TAGS
