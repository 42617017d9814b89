import functools
import pickle

import numpy as np
import pytest

from enogu.pictures.box import Box
from enogu.pictures.chain import ChainPicture
from enogu.pictures.tagging import NamedTagger, TaggerSource, TaggingStep
from enogu.pictures.tagging.step import on_white
from enogu.tags.tagger import FakeTagger

SCORES = {"long hair": 0.9, "hat": 0.04, "rating:general": 0.01, "someone": 0.2}


def open_fake(scores):
    return NamedTagger(
        tagger=FakeTagger([scores]),
        categories={"rating:general": "rating", "someone": "character"},
    )


def source(scores=SCORES, digest="d"):
    return TaggerSource(name="fake", digest=digest, open=functools.partial(open_fake, scores))


def picture(value=200, alpha=None):
    pixels = np.full((4, 6, 3), value, dtype=np.uint8)
    whole = Box(0, 0, 6, 4)
    return ChainPicture(pixels=pixels, alpha=alpha, origin=whole, whole=whole)


def test_every_score_that_may_count_is_kept_with_its_source():
    step = TaggingStep(source())
    outcome = step.run(picture(), {})
    assert step.name == "tags:fake"
    assert outcome.verdict == "read"
    assert outcome.values == {"rating": "general"}
    assert {(one.tag, one.category, one.score) for one in outcome.tags} == {
        ("long hair", "general", 0.9),
        ("rating:general", "rating", 0.01),
        ("someone", "character", 0.2),
    }
    assert {one.source for one in outcome.tags} == {"fake"}


def test_a_picture_in_which_nothing_is_seen_is_unsure():
    outcome = TaggingStep(source({"hat": 0.2, "rating:general": 0.99})).run(picture(), {})
    assert outcome.verdict == "unsure"


def test_other_weights_are_other_settings_and_limits_of_captions_are_none():
    assert TaggingStep(source()).settings() != TaggingStep(source(digest="e")).settings()
    assert "general" not in TaggingStep(source()).settings()


def test_the_step_can_be_sent_after_it_has_read():
    step = TaggingStep(source())
    step.run(picture(), {})
    sent = pickle.loads(pickle.dumps(step))
    assert sent.run(picture(), {}).tags == step.run(picture(), {}).tags


def test_what_lies_on_another_colour_is_shown_on_white():
    # 0.25 of the drawing's 100 over 0.75 of black is 25; over white it is 25 + 0.75 * 255.
    alpha = np.full((4, 6), 64, dtype=np.uint8)
    share = 64 / 255
    laid = picture(round(100 * share), alpha)
    wanted = 100 * share + 255 * (1 - share)
    assert on_white(laid, "#000000") == pytest.approx(np.full((4, 6, 3), wanted), abs=1)
    assert on_white(laid, "#ffffff") is laid.pixels
