"""One line of a CSV file as fields.

Each line is read by itself: a quote that is never closed costs one row and not the rest of the
file. No format here has line breaks inside fields.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enogu.tags.vocabulary.importing.problems import BadRowError, Problems
from enogu.tags.vocabulary.importing.text_input import read_lines

MAX_COLUMNS: Final = 200
"""More columns are a broken row; files that spread aliases over columns have some dozens."""


_MAY_BE_MISSING: Final = frozenset(
    {
        "alias", "aliases", "translation", "other_names", "ips", "ja", "japanese", "jp", "zh",
        "chinese", "zh_cn", "ko", "korean",
    }
)  # fmt: skip
"""Columns of names; where they are the last ones, some programs end the row before them."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row with named fields, whatever kind of file it comes from."""

    line: int
    fields: Mapping[str, object]


def split_row(text: str, delimiter: str = ",") -> list[str]:
    """Return the fields of one line.

    Raises:
        BadRowError: A quote is not closed or stands in the wrong place, or too many columns.
    """
    if text.count(delimiter) >= MAX_COLUMNS and '"' not in text:
        raise BadRowError(
            f"{text.count(delimiter) + 1:,} columns; at most {MAX_COLUMNS} are possible"
        )
    if '"' not in text:
        return text.split(delimiter)
    try:
        fields = next(csv.reader((text,), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise BadRowError(f"quotes or fields are broken ({error})") from error
    if len(fields) > MAX_COLUMNS:
        raise BadRowError(f"{len(fields):,} columns; at most {MAX_COLUMNS} are possible")
    return fields


def header_names(fields: list[str]) -> list[str]:
    """Return column names as they are looked up: trimmed and lower case."""
    return [name.strip().lower() for name in fields]


def _needed(names: list[str]) -> int:
    """Return how many columns a row must have: all up to the last that is not a mere list."""
    return max(
        (place for place, name in enumerate(names, start=1) if name not in _MAY_BE_MISSING),
        default=1,
    )


def read_csv_records(
    path: Path, encoding: str, delimiter: str, problems: Problems
) -> Iterator[Record]:
    """Yield the rows of a CSV file whose first line names the columns.

    Args:
        path: The file.
        encoding: As found by looking at its beginning.
        delimiter: What stands between fields.
        problems: Takes what is wrong.
    """
    names: list[str] = []
    for line in read_lines(path, encoding, problems):
        try:
            fields = split_row(line.text, delimiter)
        except BadRowError as error:
            problems.add(line.number, str(error))
            continue
        if not names:
            names = header_names(fields)
            continue
        if len(fields) < _needed(names):
            problems.add(line.number, f"{len(fields)} columns, but {len(names)} in the header")
            continue
        record: dict[str, object] = dict(zip(names, fields, strict=False))
        if len(fields) > len(names):
            # A list of aliases without quotes runs over the end of the header.
            record[names[-1]] = ",".join(fields[len(names) - 1 :])
        yield Record(line.number, record)
