"""Trained files belong to one vocabulary, and say which."""

from pathlib import Path

import pytest

from enogu.errors import WorldError
from enogu.world.questions import (
    check_vocabulary,
    questions_from_text,
    questions_to_text,
    vocabulary_digest,
)

OLD = {"mouth": ("smile", "frown"), "prop": ("none", "book")}


def test_text_keeps_axes_values_and_order() -> None:
    assert list(questions_from_text(questions_to_text(OLD)).items()) == list(OLD.items())
    for wrong in ("{}", "3", "[[1]]"):
        with pytest.raises((ValueError, TypeError)):
            questions_from_text(wrong)


def test_the_digest_changes_with_axes_values_and_order() -> None:
    others = [
        {"mouth": ("smile", "frown", "grin"), "prop": ("none", "book")},
        {"mouth": ("frown", "smile"), "prop": ("none", "book")},
        {"prop": ("none", "book"), "mouth": ("smile", "frown")},
        {"mouth": ("smile", "frown")},
    ]
    digests = {vocabulary_digest(questions) for questions in [OLD, *others]}
    assert len(digests) == 5
    assert vocabulary_digest(dict(OLD)) == vocabulary_digest(OLD)


def test_another_vocabulary_is_refused_with_both_versions_and_what_differs() -> None:
    new = {**OLD, "mouth": ("smile", "frown", "grin")}
    check_vocabulary(Path("x"), OLD, OLD, rebuild="make it")
    with pytest.raises(WorldError) as caught:
        check_vocabulary(Path("some.file"), OLD, new, rebuild="make it")
    message = caught.value.message
    assert vocabulary_digest(OLD) in message and vocabulary_digest(new) in message
    assert "mouth" in message and "prop" not in message and "some.file" in message
    assert "make it" in caught.value.hint
    turned = dict(reversed(OLD.items()))
    with pytest.raises(WorldError, match="ordered anew"):
        check_vocabulary(Path("x"), OLD, turned, rebuild="make it")
