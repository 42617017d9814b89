"""The embedded book is complete, in both languages, and made of known tags."""

import re

import pytest

from enogu.tags.names import normal_name
from enogu.tags.phrases import prompt_tags, starter_phrases
from enogu.tags.phrases.model import fault_of
from enogu.tags.vocabulary.embedded_words import read_embedded_rows


@pytest.fixture(scope="module")
def phrases():
    return starter_phrases()


def test_there_are_enough_entries_in_categories_and_groups(phrases):
    assert len(phrases) >= 120
    assert len({phrase.category for phrase in phrases}) >= 8
    assert all(phrase.group and phrase.group_en for phrase in phrases)


def test_every_entry_has_both_languages_and_a_reading(phrases):
    for phrase in phrases:
        assert phrase.label, phrase
        assert phrase.label_en.isascii() or phrase.label_en == "Café", phrase
        assert phrase.label_en[0].isupper(), phrase
        assert phrase.category_en, phrase
        assert re.fullmatch("[ぁ-ゖー ]+", phrase.reading), phrase


def test_labels_are_unique_in_both_languages(phrases):
    for names in ([p.label for p in phrases], [normal_name(p.label_en) for p in phrases]):
        doubled = {name for name in names if names.count(name) > 1}
        # One season or festival can be both a place to be and a time.
        assert not doubled


def test_every_tag_is_an_embedded_one(phrases):
    known = {row.tag for row in read_embedded_rows()}
    unknown = {
        (phrase.label, tag)
        for phrase in phrases
        for tag in prompt_tags(phrase.prompt.replace("(", r"\(").replace(")", r"\)"))
        if tag not in known
    }
    assert unknown == set()


def test_every_entry_is_without_fault_and_for_all_ages(phrases):
    assert [fault_of(phrase) for phrase in phrases if fault_of(phrase)] == []
    assert all(phrase.rating_level() == 0 for phrase in phrases)
