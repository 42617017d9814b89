"""The spellings of many names at once: what the index holds one row for.

The forms of a vocabulary are read in blocks, and a block is folded as one text: calling the rules
of :mod:`~enogu.tags.search.folding` and :mod:`~enogu.tags.search.kana` once for each name would
take most of the time that building an index takes.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from enogu.tags.search.folding import MAX_QUERY_LENGTH, fold_all
from enogu.tags.search.kana import fold_romaji, is_kana, is_romaji, kana_to_romaji
from enogu.tags.search.rows import KINDS, Bytes, Int32s, Kind

_SHORTEST_ROMAJI: Final = 3
_ROMAJI_ENDINGS: Final = "aiueon"
_NEWLINE: Final = "\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class RowBlock:
    """Rows that follow each other; no tag has a text twice."""

    first: int
    """Number of the first row."""
    texts: list[str]
    """Folded, at most as long as a query."""
    tags: Int32s
    """Tag id of each row, ascending."""
    forms: Int32s
    """Id in `forms` of each row, ascending."""
    kinds: Bytes
    """Kind of each row."""


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
        texts: list[str] = []
        owners: list[tuple[int, int, int]] = []
        own, marks, readings = _spellings([text for _, _, text, _ in chunk])
        for (form_id, tag_id, _, kind), text, mark, reading in zip(
            chunk, own, marks, readings, strict=True
        ):
            if tag_id != last_tag:
                last_tag = tag_id
                seen.clear()
            if text and text not in seen:
                seen.add(text)
                texts.append(text[:MAX_QUERY_LENGTH])
                owners.append((tag_id, form_id, KINDS[kind] | mark))
            if reading and reading not in seen:
                seen.add(reading)
                texts.append(reading[:MAX_QUERY_LENGTH])
                owners.append((tag_id, form_id, KINDS[kind] | Kind.ROMAJI))
        columns = np.array(owners, dtype=np.int32).reshape(-1, 3)
        yield RowBlock(
            first=first,
            texts=texts,
            tags=columns[:, 0],
            forms=columns[:, 1],
            kinds=columns[:, 2].astype(np.uint8),
        )
        first += len(texts)


def _spellings(texts: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
    """Return what each name is found by: the folded name, its mark of the kind, the reading.

    Empty texts are none.
    """
    own, ideographic = fold_all(texts)
    marks = [0] * len(texts)
    readings = [""] * len(texts)
    romaji: list[int] = []
    kana: list[int] = []
    for place, text in enumerate(own):
        if ideographic[place]:
            if is_kana(text):
                kana.append(place)
            else:
                marks[place] = Kind.IDEOGRAPHIC
        # The test of the last letter saves most names the slow one.
        elif len(text) >= _SHORTEST_ROMAJI and text[-1] in _ROMAJI_ENDINGS and is_romaji(text):
            romaji.append(place)
    for convert, places in ((fold_romaji, romaji), (kana_to_romaji, kana)):
        # No rule of these reaches over the end of a line.
        converted = convert(_NEWLINE.join([own[place] for place in places]))
        for place, reading in zip(places, converted.split(_NEWLINE), strict=False):
            readings[place] = reading
    for place in kana:
        own[place] = ""
    return own, marks, readings
