"""The search index inside a vocabulary file.

It is built once after each import and is read-only afterwards. Beside the rows (one for each
spelling, see :mod:`enogu.tags.search.rows`) and their order by text it holds posting lists of their
grams and of the words of the explanations.

Memory is bounded: forms are read in blocks, and what must be sorted goes by way of a temporary file
beside the vocabulary, which takes about 6 bytes for each gram of each row.
"""

import sqlite3
from typing import Final

from enogu.tags.search.gram_pairs import gram_pairs
from enogu.tags.search.meaning import write_meanings
from enogu.tags.search.postings import write_postings
from enogu.tags.search.row_writer import RowWriter
from enogu.tags.search.spellings import row_blocks
from enogu.tags.search.spill import PairSpill, spill_file
from enogu.tags.search.text_order import TextSorter

INDEX_VERSION: Final = "3"
"""Changes when the form of the index changes; an index of another version is not read."""

ROW_TABLE: Final = "search_rows"

BLOCK_FORMS: Final = 16_384
_BLOCKS_OF_A_RUN: Final = 12
_PAIRS_OF_A_FORM: Final = 24


def build_index(connection: sqlite3.Connection, *, block_forms: int = BLOCK_FORMS) -> None:
    """Write the search index of a vocabulary whose other tables are complete.

    An index that exists is replaced. The caller commits.

    Args:
        connection: A vocabulary file; forms have ascending tag ids and ids 0 to 2**31 − 1.
        block_forms: Forms that are worked on at once, at least 1; memory grows with it.
    """
    (num_forms,) = connection.execute("SELECT count(*) FROM forms").fetchone()
    with spill_file(connection) as file:
        rows = RowWriter(connection)
        order = TextSorter(file, _BLOCKS_OF_A_RUN * block_forms)
        pairs = PairSpill(file, _PAIRS_OF_A_FORM * num_forms)
        for block in row_blocks(connection, block_forms):
            joined = "\n".join(block.texts).encode()
            rows.add(block, joined.split(b"\n") if block.texts else [])
            order.add(joined.replace(b" ", b"").split(b"\n") if block.texts else [])
            pairs.add(*gram_pairs(block.texts, block.kinds, block.first))
        rows.finish()
        order.write(connection)
        write_postings(connection, ROW_TABLE, pairs.parts())
        write_meanings(connection, file)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('search_index', ?)", (INDEX_VERSION,))
