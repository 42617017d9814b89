"""Phrase books as CSV or TSV, among them A1111's styles.csv."""

import csv
from collections.abc import Iterator
from typing import Final

from enogu.tags.phrases.importing.columns import columns_of
from enogu.tags.phrases.model import Phrase, fault_of
from enogu.tags.vocabulary.importing.problems import Problems

MAX_COLUMNS: Final = 200
_MAX_LINES_PER_ROW: Final = 500
_STYLES_HEADER: Final = ("name", "prompt", "negative_prompt")


def is_styles(text: str) -> bool:
    """Say whether a text is A1111's styles.csv."""
    first = text.lstrip("\n").split("\n", 1)[0].strip().lower()
    return tuple(name.strip().strip('"') for name in first.split(",")) == _STYLES_HEADER


def read_styles(text: str, category: str, problems: Problems) -> Iterator[Phrase]:
    """Yield the styles of A1111; a style without text is a heading over those that follow.

    Args:
        text: The file.
        category: What to file them under.
        problems: Takes the rows that cannot be used.
    """
    rows = read_rows(text, ",", problems)
    next(rows, None)
    group = ""
    for line, cells in rows:
        name, prompt, negative = (*(cell.strip() for cell in cells[:3]), "", "", "")[:3]
        if not prompt and not negative and name.strip("-=#* "):
            group = name.strip("-=#* ")
            continue
        yield from _checked(
            Phrase(label=name, prompt=prompt, negative=negative, category=category, group=group),
            line,
            problems,
        )


def read_table(text: str, category: str, problems: Problems) -> Iterator[Phrase]:
    """Yield the entries of a table of labels and tags, with or without a header.

    Args:
        text: The file; commas, tabs or semicolons divide the columns.
        category: Of rows that name none.
        problems: Takes the rows that cannot be used.
    """
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max("\t,;", key=first.count)
    rows = list(read_rows(text, delimiter, problems))
    if not rows:
        return
    columns = columns_of(rows[0][1], [cells for _, cells in rows[1:51]], named=False)
    for line, cells in rows[1:] if columns.from_header else rows:
        phrase = Phrase(
            label=columns.value(cells, "label"),
            label_en=columns.value(cells, "label_en"),
            prompt=columns.value(cells, "prompt"),
            negative=columns.value(cells, "negative"),
            reading=columns.value(cells, "reading"),
            category=columns.value(cells, "category") or category,
            category_en=columns.value(cells, "category_en"),
            group=columns.value(cells, "group"),
            group_en=columns.value(cells, "group_en"),
        )
        yield from _checked(phrase, line, problems)


def read_rows(text: str, delimiter: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV text with the number of their first line.

    Fields may hold line breaks inside quotes. A quote that is never closed costs its own line
    only.

    Args:
        text: The file.
        delimiter: What divides the columns.
        problems: Takes the rows that cannot be read.
    """
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        row = lines[number]
        taken = 1
        quotes = row.count('"')
        while quotes % 2 and taken < _MAX_LINES_PER_ROW and number + taken < len(lines):
            following = lines[number + taken]
            row += "\n" + following
            quotes += following.count('"')
            taken += 1
        if quotes % 2:
            problems.add(number + 1, "a quote is opened and never closed")
            number += 1
            continue
        if row.strip():
            cells = _cells(row, delimiter, number + 1, problems)
            if cells is not None and any(cell.strip() for cell in cells):
                yield number + 1, cells
        number += taken


def _cells(row: str, delimiter: str, line: int, problems: Problems) -> list[str] | None:
    if row.count(delimiter) >= MAX_COLUMNS and '"' not in row:
        problems.add(line, f"{row.count(delimiter) + 1:,} columns; at most {MAX_COLUMNS} are usual")
        return None
    try:
        cells = next(csv.reader(row.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error as error:
        problems.add(line, f"the row cannot be read ({error})")
        return None
    if len(cells) > MAX_COLUMNS:
        problems.add(line, f"{len(cells):,} columns; at most {MAX_COLUMNS} are usual")
        return None
    return cells


def _checked(phrase: Phrase, line: int, problems: Problems) -> Iterator[Phrase]:
    if fault := fault_of(phrase):
        problems.add(line, fault)
    else:
        yield phrase
