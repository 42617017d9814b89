r"""Phrase books written as markdown: H2 is a category, H4 a group, tables hold the entries.

An H3 is a group as well, until an H4 comes. Only tables count; other text is passed over. In a
cell ``\|`` is a pipe, and brackets escaped for prompts (``\(``) stay escaped.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from enogu.tags.phrases.importing.columns import columns_of
from enogu.tags.phrases.model import Phrase, fault_of
from enogu.tags.vocabulary.importing.problems import Problems

MAX_COLUMNS: Final = 200
_HEADING: Final = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_RULE_CELL: Final = re.compile(r"\s*:?-+:?\s*")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_CELL_END: Final = re.compile(r"(?<!\\)((?:\\\\)*)\|")
_LINK: Final = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,2000}\)")
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_EMPHASIS: Final = re.compile(r"(\*\*|__|~~)(?=\S)(.{1,2000}?\S|\S)\1")
_ESCAPE: Final = re.compile(r"\\([|_*`~<>#&+\-.!])")


@dataclass(slots=True)
class _Place:
    """The headings above a table."""

    category: str
    section: str = ""
    group: str = ""


@dataclass(slots=True)
class _Table:
    line: int
    header: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list[tuple[int, list[str]]])


def read_markdown(text: str, category: str, problems: Problems) -> Iterator[Phrase]:
    """Yield the entries of a markdown text.

    Args:
        text: The text.
        category: Of tables that stand above the first H2.
        problems: Takes the rows that cannot be used.
    """
    place = _Place(category)
    lines = text.split("\n")
    number = 0
    fenced = ""
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence:
            fenced = "" if fenced == fence[1] else fenced or fence[1]
        elif not fenced:
            heading = _HEADING.match(line)
            if heading:
                _enter(place, len(heading[1]), _plain(heading[2]))
            elif _is_table(lines, number):
                table, number = _read_table(lines, number, problems)
                yield from _entries(table, place, problems)
                continue
        number += 1


def _enter(place: _Place, level: int, title: str) -> None:
    if level <= 2:
        if level == 2:
            place.category = title
        place.section = place.group = ""
    elif level == 3:
        place.section, place.group = title, ""
    else:
        place.group = title


def _is_table(lines: list[str], number: int) -> bool:
    """Say whether a header row with a rule under it begins here."""
    if "|" not in lines[number] or number + 1 >= len(lines) or "-" not in lines[number + 1]:
        return False
    rule = lines[number + 1].strip().strip("|")
    if rule.count("|") > MAX_COLUMNS:
        return False
    return all(_RULE_CELL.fullmatch(cell) for cell in rule.split("|"))


def _read_table(lines: list[str], number: int, problems: Problems) -> tuple[_Table, int]:
    table = _Table(number + 1, _cells(lines[number]))
    number += 2
    while number < len(lines) and "|" in lines[number] and not _HEADING.match(lines[number]):
        if lines[number].count("|") > MAX_COLUMNS:
            problems.add(number + 1, f"{lines[number].count('|') + 1:,} columns in one row")
        else:
            table.rows.append((number + 1, _cells(lines[number])))
        number += 1
    return table, number


def _cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    pieces: list[str] = []
    start = 0
    for end in _CELL_END.finditer(line):
        pieces.append(line[start : end.end() - 1])
        start = end.end()
    if line[start:].strip():
        pieces.append(line[start:])
    return [piece.strip() for piece in pieces]


def _entries(table: _Table, place: _Place, problems: Problems) -> Iterator[Phrase]:
    columns = columns_of(table.header, [cells for _, cells in table.rows], named=True)
    for line, cells in table.rows:
        phrase = Phrase(
            label=_plain(columns.value(cells, "label")),
            label_en=_plain(columns.value(cells, "label_en")),
            prompt=_prompt(columns.value(cells, "prompt")),
            negative=_prompt(columns.value(cells, "negative")),
            reading=_plain(columns.value(cells, "reading")),
            category=_plain(columns.value(cells, "category")) or place.category,
            group=_plain(columns.value(cells, "group")) or place.group or place.section,
        )
        if not any(cells):
            continue
        if fault := fault_of(phrase):
            problems.add(line, fault)
        else:
            yield phrase


def _plain(text: str) -> str:
    """Return the words of a heading or label, without marks of markdown."""
    text = _LINK.sub(r"\1", _BREAK.sub(" ", text))
    text = _EMPHASIS.sub(r"\2", text).strip("`* ")
    return " ".join(html.unescape(_ESCAPE.sub(r"\1", text)).split())


def _prompt(text: str) -> str:
    """Return a prompt; code marks go, and what is written in code is taken as it stands."""
    text = _BREAK.sub(", ", text)
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        inner = text.strip("`").strip()
        if "`" not in inner:
            return inner.replace("\\|", "|")
    parts = (part.strip() for part in text.replace("`", "").split(", ,"))
    return html.unescape(_ESCAPE.sub(r"\1", ", ".join(parts))).strip()
