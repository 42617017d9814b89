"""Reading the words that ship with the package: ``embedded/*.tsv`` and two TOML files."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from enogu.tags.names import normal_name
from enogu.tags.vocabulary.claims import (
    Claim,
    ExclusiveClaim,
    FormClaim,
    GroupClaim,
    ImplicationClaim,
    TagClaim,
    TextClaim,
)

EMBEDDED_DIR: Final = Path(__file__).parent / "embedded"
EMBEDDED_COLUMNS: Final = (
    "tag",
    "count",
    "ja",
    "readings",
    "aliases",
    "implies",
    "en",
    "ja_text",
)
# Quality words are no tags of Danbooru: the authors of the models made them up.
_SITE_AND_CODE: Final = {"meta": ("danbooru", 5), "quality": ("enogu", 5)}


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedRow:
    """One line of an embedded file."""

    place: str
    """File and line, for messages."""
    group: str
    tag: str
    count: int
    ja: tuple[str, ...]
    readings: tuple[str, ...]
    aliases: tuple[str, ...]
    implies: tuple[str, ...]
    en: str
    ja_text: str


@cache
def embedded_digest(folder: Path = EMBEDDED_DIR) -> str:
    """Return 16 hexadecimal digits that change when any embedded word changes."""
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def read_embedded_rows(folder: Path = EMBEDDED_DIR) -> Iterator[EmbeddedRow]:
    """Yield the rows of all embedded files, in the order of file and line.

    Raises:
        ValueError: A file breaks the form; the message names file, line and fault.
    """
    for path in _files(folder):
        if path.suffix == ".tsv":
            yield from _read_tsv(path)


def read_embedded_claims(folder: Path = EMBEDDED_DIR) -> Iterator[Claim]:
    """Yield what the embedded words say.

    Raises:
        ValueError: A file breaks the form.
    """
    for row in read_embedded_rows(folder):
        site, code = _SITE_AND_CODE.get(row.group, ("danbooru", 0))
        yield TagClaim(row.tag, site, code, row.count)
        yield TextClaim(row.tag, "group", row.group)
        yield TextClaim(row.tag, "rating", "general")
        if row.en:
            yield TextClaim(row.tag, "en", row.en)
        if row.ja_text:
            yield TextClaim(row.tag, "ja", row.ja_text)
        for alias in row.aliases:
            yield FormClaim(row.tag, normal_name(alias), "alias", "en")
        for name in row.ja:
            yield FormClaim(row.tag, name, "other", "ja")
        for reading in row.readings:
            yield FormClaim(row.tag, reading, "reading", "ja")
        for parent in row.implies:
            yield ImplicationClaim(row.tag, parent)
    for name, table in read_embedded_groups("groups", folder).items():
        yield GroupClaim(name, "group", table["en"], table["ja"], table.get("note", ""))
    for name, table in read_embedded_groups("exclusive", folder).items():
        yield GroupClaim(name, "exclusive", table["en"], table["ja"], table.get("note", ""))
        for member in table["members"]:
            yield ExclusiveClaim(name, member)


def read_embedded_groups(kind: str, folder: Path = EMBEDDED_DIR) -> Mapping[str, Mapping[str, Any]]:
    """Return the tables of ``groups.toml`` or ``exclusive.toml``; empty when there is no file."""
    path = folder / f"{kind}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".tsv", ".toml"))


def _read_tsv(path: Path) -> Iterator[EmbeddedRow]:
    lines = path.read_text(encoding="utf-8").split("\n")
    if tuple(lines[0].split("\t")) != EMBEDDED_COLUMNS:
        raise ValueError(f"{path.name}:1: the header must be {EMBEDDED_COLUMNS}, got {lines[0]!r}")
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        place = f"{path.name}:{number}"
        fields = line.split("\t")
        if len(fields) != len(EMBEDDED_COLUMNS):
            raise ValueError(f"{place}: {len(EMBEDDED_COLUMNS)} columns needed, got {len(fields)}")
        tag, count, ja, readings, aliases, implies, en, ja_text = fields
        if not count.isdecimal():
            raise ValueError(f"{place}: the count must be a whole number, got {count!r}")
        yield EmbeddedRow(
            place=place,
            group=path.stem,
            tag=tag,
            count=int(count),
            ja=_many(ja),
            readings=_many(readings),
            aliases=_many(aliases),
            implies=_many(implies),
            en=en,
            ja_text=ja_text,
        )


def _many(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())
