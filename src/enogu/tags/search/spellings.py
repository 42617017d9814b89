"""The spellings of many names at once: what the index holds one row for.

The forms of a vocabulary are read in blocks, and a block is folded as one text: calling the rules
of :mod:`~enogu.tags.search.folding` and :mod:`~enogu.tags.search.kana` once for each name would
take most of the time that building an index takes.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from enogu.tags.search.folding import MAX_QUERY_LENGTH, fold_all
from enogu.tags.search.kana import fold_romaji, is_kana, is_romaji, kana_to_romaji
from enogu.tags.search.rows import KINDS, Bytes, Int32s, Kind

_SHORTEST_ROMAJI: Final = 3
_ROMAJI_ENDINGS: Final = tuple("aiueon")
_NEWLINE: Final = "\n"


@dataclass(slots=True)
class RowBlock:
    """Rows that follow each other; no tag has a text twice."""

    first: int
    """Number of the first row."""
    texts: list[str] = field(default_factory=list[str])
    """Folded, at most as long as a query."""
    _tags: list[int] = field(default_factory=list[int])
    _forms: list[int] = field(default_factory=list[int])
    _kinds: bytearray = field(default_factory=bytearray)

    def add(self, text: str, tag_id: int, form_id: int, kind: int) -> None:
        """Add a row."""
        self.texts.append(text)
        self._tags.append(tag_id)
        self._forms.append(form_id)
        self._kinds.append(kind)

    @property
    def tags(self) -> Int32s:
        """Tag id of each row, ascending."""
        return np.array(self._tags, dtype=np.int32)

    @property
    def forms(self) -> Int32s:
        """Id in `forms` of each row, ascending."""
        return np.array(self._forms, dtype=np.int32)

    @property
    def kinds(self) -> Bytes:
        """Kind of each row."""
        return np.frombuffer(bytes(self._kinds), dtype=np.uint8)


def row_blocks(connection: sqlite3.Connection, num_forms: int) -> Iterator[RowBlock]:
    """Yield the rows of a vocabulary.

    Args:
        connection: A vocabulary file; forms have ascending tag ids.
        num_forms: Forms of a block, at least 1. A form has one or two rows.
    """
    forms = connection.execute("SELECT id, tag_id, text, kind FROM forms ORDER BY id")
    first, last_tag = 0, -1
    seen: set[str] = set()
    while chunk := forms.fetchmany(num_forms):
        block = RowBlock(first)
        spellings = _spellings([text for _, _, text, _ in chunk])
        for (form_id, tag_id, _, kind), own in zip(chunk, spellings, strict=True):
            if tag_id != last_tag:
                last_tag = tag_id
                seen.clear()
            for text, more in own:
                if text not in seen:
                    seen.add(text)
                    block.add(text[:MAX_QUERY_LENGTH], tag_id, form_id, KINDS[kind] | more)
        first += len(block.texts)
        yield block


def _spellings(texts: Sequence[str]) -> list[list[tuple[str, int]]]:
    """Return the texts that each name is found by, with what they add to its kind."""
    found: list[list[tuple[str, int]]] = [[] for _ in texts]
    romaji: list[int] = []
    kana: list[int] = []
    folded = fold_all(texts)
    for place, (text, ideographic) in enumerate(folded):
        if not text:
            continue
        if not ideographic:
            found[place].append((text, 0))
            # The test of the last letter saves most names the slow one.
            if len(text) >= _SHORTEST_ROMAJI and text.endswith(_ROMAJI_ENDINGS) and is_romaji(text):
                romaji.append(place)
        elif is_kana(text):
            kana.append(place)
        else:
            found[place].append((text, Kind.IDEOGRAPHIC))
    for convert, places in ((fold_romaji, romaji), (kana_to_romaji, kana)):
        # No rule of these reaches over the end of a line.
        readings = convert(_NEWLINE.join([folded[place][0] for place in places]))
        for place, reading in zip(places, readings.split(_NEWLINE), strict=False):
            if reading:
                found[place].append((reading, Kind.ROMAJI))
    return found
