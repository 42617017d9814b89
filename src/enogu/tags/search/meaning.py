"""Search by meaning: the words of the explanations, in both languages.

No dictionary and no weights: English words lose their endings, Japanese text is cut into pairs of
neighbouring signs. Only tags with an explanation are found this way, by it and by their names.
"""

import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from enogu.tags.search.folding import Folded, fold, has_ideographic
from enogu.tags.search.grams import sign_grams, word_key
from enogu.tags.search.postings import Postings, write_postings
from enogu.tags.search.spill import PairSpill, SpillFile

MEANING_TABLE: Final = "search_meaning"

_UNTOLD_WORDS: Final = """
a an and are as at be been being by for from has have having he her his how i in into is it its of
off on one or our own she so some than that the their them there these they this those to very was
were what when where which who with your you
"""
_UNTOLD: Final = frozenset(_UNTOLD_WORDS.split())
_SAME: Final = {"no": "without", "not": "without", "lacking": "without", "lack": "without"}
_HISSING: Final = re.compile(r"(?:ss|x|z|ch|sh)es$")
_TWICE: Final = re.compile(r"([bdfgklmnprt])\1$")
_KANJI: Final = re.compile("[\u3400-\u9fff]")
_EXPLAINED: Final = "explanation != '' OR explanation_ja != ''"
_BLOCK_TAGS: Final = 1024
_KEYS_OF_A_TAG: Final = 50
_LOOSE_SHARE: Final = 0.45
_LOOSE_DEPTH: Final = 4096


def stem(word: str) -> str:
    """Return an English word without its ending: ``crying``, ``cries`` and ``cry`` are one.

    Args:
        word: Lower-case letters.
    """
    word = _SAME.get(word, word)
    if len(word) < 4:
        return word[:-1] + "i" if word.endswith("y") else word
    if word.endswith(("ies", "ied")):
        return word[:-2]
    if _HISSING.search(word):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = _TWICE.sub(r"\1", word[: -len(ending)])
            break
    word = word.removesuffix("e")
    return word[:-1] + "i" if word.endswith("y") else word


def meaning_keys(folded: Folded) -> list[list[int]]:
    """Return the keys of each word; a text must have all of them to have the word."""
    keys: list[list[int]] = []
    for word in folded.words:
        if has_ideographic(word):
            keys.append(sign_grams(word))
        elif word not in _UNTOLD:
            keys.append([word_key(stem(word))])
    return keys


def write_meanings(connection: sqlite3.Connection, file: SpillFile) -> None:
    """Write the posting lists of all tags that have an explanation.

    Args:
        connection: A vocabulary file.
        file: Takes what is to be sorted.
    """
    (number,) = connection.execute(f"SELECT count(*) FROM tags WHERE {_EXPLAINED}").fetchone()
    pairs = PairSpill(file, _KEYS_OF_A_TAG * number)
    explained = connection.execute(
        f"SELECT id, explanation, explanation_ja FROM tags WHERE {_EXPLAINED} ORDER BY id"
    )
    while chunk := explained.fetchmany(_BLOCK_TAGS):
        names: defaultdict[int, list[str]] = defaultdict(list)
        for tag_id, text in connection.execute(
            "SELECT f.tag_id, f.text FROM forms f JOIN tags t ON t.id = f.tag_id "
            f"WHERE f.tag_id BETWEEN ? AND ? AND ({_EXPLAINED})",
            (chunk[0][0], chunk[-1][0]),
        ):
            names[tag_id].append(text)
        keys: list[int] = []
        tag_ids: list[int] = []
        for tag_id, english, japanese in chunk:
            own = set(_text_keys((english, japanese, *names[tag_id])))
            keys += own
            tag_ids += [tag_id] * len(own)
        pairs.add(np.array(keys, dtype=np.uint32), np.array(tag_ids, dtype=np.int32))
    write_postings(connection, MEANING_TABLE, pairs.parts())


def _text_keys(texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        folded = fold(text)
        for keys in meaning_keys(folded):
            yield from keys
        for sign in _KANJI.findall(text):
            yield from sign_grams(sign)


class MeaningIndex:
    """Finds tags by the words of their explanations.

    Args:
        connection: A vocabulary file with a search index.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._postings = Postings(connection, MEANING_TABLE)

    def tags(self, query: Folded, most: int) -> list[int]:
        """Return tags whose explanation and names have every word of the query.

        Args:
            query: The folded query.
            most: Tags wanted.

        Returns:
            Tag ids, the most popular first.
        """
        if len(query.compact) < 2 and not _KANJI.match(query.compact):
            return []
        keys = [key for word in meaning_keys(query) for key in word]
        if not keys:
            return []
        found: list[int] = []
        long_words = [word for word in query.words if query.ideographic and len(word) > 2]
        for rows in self._postings.holding(keys, exactly=True):
            tag_ids: list[int] = rows.tolist()
            if long_words:
                # Pairs of signs may come from different places of the text.
                tag_ids = self._with_words(tag_ids[: 8 * most], long_words)
            found += tag_ids[: most - len(found)]
            if len(found) >= most:
                break
        return found

    def loosely(self, query: Folded, most: int) -> list[int]:
        """Return tags that share the telling words of the query, best first.

        A word tells the more the fewer tags have it. Words that no tag has count as the most
        telling, so that a misspelt query is not answered by its remaining common words.
        """
        words = meaning_keys(query)
        keys = list(dict.fromkeys(key for word in words for key in word))
        if len(keys) < 2:
            return []
        lists = self._postings.lists(keys)
        most_telling = math.log(1 << 12)
        total = 0.0
        shares: defaultdict[int, float] = defaultdict(float)
        for key in keys:
            posting = lists.get(key)
            if posting is None:
                total += most_telling
                continue
            weight = max(0.1, most_telling - math.log(posting.size))
            total += weight
            for tag_id in posting.first(_LOOSE_DEPTH).tolist():
                shares[tag_id] += weight
        enough = [
            (-share, tag_id) for tag_id, share in shares.items() if share > total * _LOOSE_SHARE
        ]
        return [tag_id for _, tag_id in sorted(enough)[:most]]

    def _with_words(self, tag_ids: Sequence[int], words: Sequence[str]) -> list[int]:
        marks = ",".join("?" * len(tag_ids))
        texts: defaultdict[int, list[str]] = defaultdict(list)
        for tag_id, text in self._connection.execute(
            f"SELECT id, explanation_ja FROM tags WHERE id IN ({marks}) "
            f"UNION ALL SELECT tag_id, text FROM forms WHERE tag_id IN ({marks})",
            [*tag_ids, *tag_ids],
        ):
            texts[tag_id] += fold(text).words
        return [
            tag_id
            for tag_id in tag_ids
            if all(any(word in text for text in texts[tag_id]) for word in words)
        ]
