"""Finding entries of a phrase book by kana, kanji, romaji or English, in any word order."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from enogu.tags.names import normal_name
from enogu.tags.phrases.book import phrase_name
from enogu.tags.phrases.model import Phrase
from enogu.tags.search.folding import fold, fold_query
from enogu.tags.search.kana import fold_romaji, has_kana, kana_to_romaji, starts_romaji
from enogu.tags.vocabulary.embedded_words import read_embedded_rows

_EXACT: Final = 0
_LABEL_START: Final = 1
_LABEL: Final = 2
_READING: Final = 3
_HEADING: Final = 4
_TAGS: Final = 5
_EDGES: Final = " \n\t([{}])"
_WEIGHT: Final = re.compile(r":[\d.]+[\s)\]}]*$")


@dataclass(frozen=True, slots=True)
class _Keys:
    """The texts of an entry as they are compared."""

    labels: tuple[str, ...]
    label_words: tuple[str, ...]
    readings: tuple[str, ...]
    romaji: str
    headings: str
    heading_words: tuple[str, ...]
    tags: tuple[str, ...]


def find_phrases(
    phrases: Iterable[Phrase], query: str, *, stars: Mapping[str, int] | None = None
) -> tuple[Phrase, ...]:
    """Return the entries that have every word of a query, the nearest first.

    Args:
        phrases: Where to look, in the order of the book.
        query: As ``えがお``, ``egao``, ``smile`` or ``満面``; several words in any order.
        stars: Stars by name of entry; more stars come first among equally near ones.

    Returns:
        Entries whose label is the query, then those whose label begins with it, then those that
        have its words in label, reading, headings, and tags or their Japanese names. Empty for an
        empty query.
    """
    folded = fold_query(query)
    if not folded.words:
        return ()
    whole = folded.compact
    found: list[tuple[int, int, int, Phrase]] = []
    for order, phrase in enumerate(phrases):
        keys = _keys(phrase)
        tiers = [_tier(word, keys, phrase) for word in folded.words]
        if None in tiers:
            continue
        tier = max(tier for tier in tiers if tier is not None)
        if whole in keys.labels or whole in keys.readings:
            tier = _EXACT
        elif tier > _LABEL_START and any(label.startswith(whole) for label in keys.labels):
            tier = _LABEL_START
        starred = (stars or {}).get(phrase_name(phrase), 0)
        found.append((tier, -starred, order, phrase))
    found.sort(key=lambda item: item[:3])
    return tuple(item[3] for item in found)


@lru_cache(maxsize=65_536)
def _keys(phrase: Phrase) -> _Keys:
    labels = (fold(phrase.label), fold(phrase.label_en))
    headings = (phrase.category, phrase.category_en, phrase.group, phrase.group_en)
    folded_headings = [fold(heading) for heading in headings]
    readings = fold(phrase.reading).words or (labels[0].compact,)
    return _Keys(
        labels=tuple(label.compact for label in labels if label.words),
        label_words=tuple(word for label in labels for word in label.words),
        readings=readings,
        romaji="\n".join(map(kana_to_romaji, readings)),
        headings="\n".join(heading.compact for heading in folded_headings),
        heading_words=tuple(word for heading in folded_headings for word in heading.words),
        tags=fold(phrase.prompt).words,
    )


@lru_cache(maxsize=65_536)
def _names_of_tags(prompt: str) -> tuple[tuple[str, str], ...]:
    """Return the Japanese names and readings of each tag in a prompt, and both as romaji keys."""
    japanese = _japanese_names()
    # Searching looks at thousands of prompts, so they are cut at commas and not parsed.
    tags = (normal_name(_WEIGHT.sub("", part).strip(_EDGES)) for part in prompt.split(","))
    return tuple(japanese[tag] for tag in tags if tag in japanese)


@cache
def _japanese_names() -> Mapping[str, tuple[str, str]]:
    """Return what each embedded tag is called in Japanese, as it is compared, and its romaji."""
    names = {
        row.tag: "\n".join(fold(name).compact for name in (*row.ja, *row.readings))
        for row in read_embedded_rows()
    }
    return {tag: (text, kana_to_romaji(text)) for tag, text in names.items()}


def _tier(word: str, keys: _Keys, phrase: Phrase) -> int | None:
    """Return how near one word of a query is to an entry; None when it is not in it."""
    if not word.isascii():
        romaji = kana_to_romaji(word) if has_kana(word) else ""
        if any(word in label for label in keys.labels):
            return _LABEL
        if any(word in reading for reading in keys.readings) or (romaji and romaji in keys.romaji):
            return _READING
        if word in keys.headings:
            return _HEADING
        in_names = any(
            word in names or (romaji and romaji in names_romaji)
            for names, names_romaji in _names_of_tags(phrase.prompt)
        )
        return _TAGS if in_names else None
    if any(part.startswith(word) for part in keys.label_words):
        return _LABEL
    romaji = fold_romaji(word) if len(word) > 1 and starts_romaji(word) else ""
    if romaji and romaji in keys.romaji:
        return _READING
    if any(part.startswith(word) for part in keys.heading_words):
        return _HEADING
    if any(part.startswith(word) for part in keys.tags):
        return _TAGS
    if len(romaji) > 2 and any(romaji in key for _, key in _names_of_tags(phrase.prompt)):
        return _TAGS
    return None
