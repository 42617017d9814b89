"""What a source says, one statement at a time, before the statements of all sources are merged."""

import sqlite3
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

UNKNOWN_COUNT: Final = -1
"""Count of a tag whose source does not say how many posts it has."""

MAX_COUNT: Final = 2**38 - 1
"""Larger counts are refused: no site has as many posts."""


class TagClaim(NamedTuple):
    """A tag exists."""

    name: str
    site: str
    code: int
    posts: int
    deprecated: int = 0
    date: str = ""


class TextClaim(NamedTuple):
    """A tag has an explanation (`en`, `ja`), a `group` or a `rating`."""

    name: str
    kind: Literal["en", "ja", "group", "rating"]
    text: str


class FormClaim(NamedTuple):
    """A tag can also be written so."""

    name: str
    text: str
    kind: Literal["alias", "other", "reading"]
    language: str


class ImplicationClaim(NamedTuple):
    """Whatever has the tag `child` has the tag `parent`."""

    child: str
    parent: str


class HeirClaim(NamedTuple):
    """A deprecated tag is replaced by `heir`."""

    name: str
    heir: str


class SeriesClaim(NamedTuple):
    """A character belongs to a series."""

    name: str
    series: str


class ExclusiveClaim(NamedTuple):
    """A tag belongs to a group of which one picture of one person can hold only one."""

    group_name: str
    name: str


class GroupClaim(NamedTuple):
    """A group of tags exists."""

    name: str
    kind: Literal["group", "exclusive"]
    en: str
    ja: str
    note: str


class CooccurrenceClaim(NamedTuple):
    """So many posts have both tags."""

    a: str
    b: str
    posts: int


Claim = (
    TagClaim
    | TextClaim
    | FormClaim
    | ImplicationClaim
    | HeirClaim
    | SeriesClaim
    | ExclusiveClaim
    | GroupClaim
    | CooccurrenceClaim
)

_TABLE_OF: Final[dict[type, tuple[str, int]]] = {
    TagClaim: ("tag_claims", 6),
    TextClaim: ("text_claims", 3),
    FormClaim: ("form_claims", 4),
    ImplicationClaim: ("implication_claims", 2),
    HeirClaim: ("heir_claims", 2),
    SeriesClaim: ("series_claims", 2),
    ExclusiveClaim: ("exclusive_claims", 2),
    GroupClaim: ("group_claims", 5),
    CooccurrenceClaim: ("cooccurrence_claims", 3),
}

_BATCH_ROWS: Final = 10_000


def write_claims(connection: sqlite3.Connection, source_id: int, claims: Iterable[Claim]) -> int:
    """Write claims as those of one source, in batches, so that memory stays bounded.

    Args:
        connection: A sources file, inside a transaction.
        source_id: The source that makes the claims.
        claims: Any number of claims.

    Returns:
        How many were written.
    """
    waiting: dict[type, list[Claim]] = {kind: [] for kind in _TABLE_OF}
    total = 0
    for claim in claims:
        rows = waiting[type(claim)]
        rows.append(claim)
        if len(rows) >= _BATCH_ROWS:
            total += _flush(connection, source_id, type(claim), rows)
    return total + sum(_flush(connection, source_id, kind, rows) for kind, rows in waiting.items())


def _flush(connection: sqlite3.Connection, source_id: int, kind: type, rows: list[Claim]) -> int:
    table, columns = _TABLE_OF[kind]
    marks = ", ?" * columns
    connection.executemany(f"INSERT INTO {table} VALUES ({source_id:d}{marks})", rows)
    count = len(rows)
    rows.clear()
    return count
