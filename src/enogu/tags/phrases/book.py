"""A phrase book: the embedded entries and the person's own, in categories and groups."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from enogu.errors import PhraseError
from enogu.tags.names import normal_name
from enogu.tags.phrases.database import changing, reading, user_phrases_path
from enogu.tags.phrases.model import Phrase, fault_of
from enogu.tags.phrases.starter import STARTER_SOURCE, starter_phrases
from enogu.tags.vocabulary.model import RATINGS, Rating

StarKind = Literal["phrase", "tag", "prompt"]
MAX_STARS: Final = 5

_COLUMNS: Final = (
    "category, phrase_group, label, category_en, group_en, label_en, reading, prompt, negative, "
    "source"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddReport:
    """What adding entries did, or would do."""

    added: tuple[Phrase, ...] = ()
    changed: tuple[Phrase, ...] = ()
    """Entries that were there with other tags."""
    unchanged: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """One part of the book."""

    name: str
    name_en: str
    groups: tuple[str, ...]
    """In order, in both languages where known; an empty one stands for entries without group."""
    count: int
    """Entries that are shown."""
    hidden: bool


class PhraseBook:
    """The phrase book in one file.

    Args:
        path: The file; None for the person's own. It need not exist.
        show_hidden: Show hidden categories too.
        rating: The highest rating that is shown.
    """

    def __init__(
        self, path: Path | None = None, *, show_hidden: bool = False, rating: Rating = "general"
    ) -> None:
        self.path = user_phrases_path() if path is None else path
        self.show_hidden = show_hidden
        self.rating_limit = RATINGS.index(rating)

    def phrases(self, *, everything: bool = False) -> tuple[Phrase, ...]:
        """Return the entries: own ones in place of embedded ones of the same name, then new ones.

        Args:
            everything: Also what this book does not show.

        Raises:
            PhraseError: The file cannot be used.
        """
        with reading(self.path) as connection:
            own = {phrase.key: phrase for phrase in _own(connection)}
            hidden_categories = _hidden(connection)
        merged = {phrase.key: phrase for phrase in starter_phrases()} | own
        if everything:
            return tuple(merged.values())
        return tuple(
            phrase
            for phrase in merged.values()
            if (self.show_hidden or phrase.category not in hidden_categories)
            and phrase.rating_level() <= self.rating_limit
        )

    def categories(self, *, everything: bool = False) -> tuple[Category, ...]:
        """Return the parts of the book in order.

        Args:
            everything: Also those this book does not show.

        Raises:
            PhraseError: The file cannot be used.
        """
        with reading(self.path) as connection:
            hidden_categories = _hidden(connection)
        parts: dict[str, list[Phrase]] = {}
        for phrase in self.phrases(everything=everything):
            parts.setdefault(phrase.category, []).append(phrase)
        return tuple(
            Category(
                name=name,
                name_en=next((p.category_en for p in members if p.category_en), ""),
                groups=tuple(
                    dict.fromkeys(
                        f"{p.group} / {p.group_en}" if p.group_en else p.group for p in members
                    )
                ),
                count=len(members),
                hidden=name in hidden_categories,
            )
            for name, members in parts.items()
        )

    def get(self, label: str, *, everything: bool = False) -> Phrase:
        """Return the entry with a label, in either language and any spelling.

        Args:
            label: As ``満面の笑み`` or ``beaming smile``; ``category/label`` where two share it.
            everything: Also look at what this book does not show.

        Raises:
            PhraseError: None has it, or several have.
        """
        entries = self.phrases(everything=everything)
        category, slash, rest = label.partition("/")
        wanted = normal_name(label)
        found = [p for p in entries if wanted in (normal_name(p.label), normal_name(p.label_en))]
        if not found and slash:
            inner = normal_name(rest)
            found = [
                p
                for p in entries
                if normal_name(category) in (normal_name(p.category), normal_name(p.category_en))
                and inner in (normal_name(p.label), normal_name(p.label_en))
            ]
        if not found:
            raise PhraseError(
                f"the phrase book has no entry {label!r}",
                hint=f"enogu phrases search {label!r}   shows what is spelt or read like it",
            )
        if len(found) > 1:
            places = ", ".join(f"{p.category}/{p.label}" for p in found[:6])
            raise PhraseError(
                f"{len(found)} entries are called {label!r}: {places}",
                hint="Write the category in front: category/label",
            )
        return found[0]

    def add(self, phrases: Iterable[Phrase], *, dry_run: bool = False) -> AddReport:
        """Add entries; one of the same category, group and label is replaced.

        Args:
            phrases: The entries; those that say nothing new are counted.
            dry_run: Only report.

        Raises:
            PhraseError: An entry has a fault; nothing is written then.
            StorageError: The file cannot be written.
        """
        entries = {phrase.key: phrase for phrase in phrases}
        for phrase in entries.values():
            if fault := fault_of(phrase):
                raise PhraseError(f"the entry cannot be added: {fault}")
        with reading(self.path) as connection:
            there = {p.key: p for p in (*starter_phrases(), *_own(connection))}
        added = tuple(p for key, p in entries.items() if key not in there)
        changed = tuple(
            p for key, p in entries.items() if key in there and _content(p) != _content(there[key])
        )
        if not dry_run and (added or changed):
            with changing(self.path) as connection:
                connection.executemany(
                    f"INSERT OR REPLACE INTO phrases ({_COLUMNS}) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [_row(phrase) for phrase in (*added, *changed)],
                )
        return AddReport(
            added=added, changed=changed, unchanged=len(entries) - len(added) - len(changed)
        )

    def remove(self, *, label: str = "", source: str = "") -> tuple[Phrase, ...]:
        """Remove own entries; an embedded entry that one of them replaced is back then.

        Args:
            label: The entry, as :meth:`get` takes it.
            source: All entries of an imported file, by its name.

        Raises:
            PhraseError: There is no such own entry.
        """
        with reading(self.path) as connection:
            own = _own(connection)
        if source:
            gone = tuple(p for p in own if p.source == source)
        else:
            phrase = self.get(label, everything=True)
            gone = () if phrase.source == STARTER_SOURCE else (phrase,)
        if not gone:
            known = ", ".join(sorted({p.source for p in own})) or "none"
            raise PhraseError(
                f"no own entry {'comes from' if source else 'is called'} {source or label!r} "
                f"(sources of own entries: {known})",
                hint="Embedded entries stay; hide their category with: enogu phrases hide CATEGORY",
            )
        with changing(self.path) as connection:
            connection.executemany(
                "DELETE FROM phrases WHERE category = ? AND phrase_group = ? AND label = ?",
                [phrase.key for phrase in gone],
            )
        return gone

    def hide(self, category: str, *, hidden: bool = True) -> str:
        """Hide a category, or show it again; return its name.

        Raises:
            PhraseError: There is no such category.
        """
        wanted = normal_name(category)
        everything = self.categories(everything=True)
        names = {normal_name(c.name_en): c.name for c in everything if c.name_en}
        names |= {normal_name(c.name): c.name for c in everything}
        if wanted not in names:
            raise PhraseError(
                f"the phrase book has no category {category!r}",
                hint="Known: " + ", ".join(c.name for c in self.categories()),
            )
        with changing(self.path) as connection:
            if hidden:
                connection.execute("INSERT OR IGNORE INTO hidden VALUES (?)", (names[wanted],))
            else:
                connection.execute("DELETE FROM hidden WHERE category = ?", (names[wanted],))
        return names[wanted]

    def star(self, kind: StarKind, text: str, stars: int) -> str:
        """Give stars to an entry, a tag or a prompt; return its name.

        Args:
            kind: What `text` is.
            text: The label, the tag in any spelling, or the prompt.
            stars: 0 (takes them away) to 5.

        Raises:
            PhraseError: A number out of range, an unknown entry, or an empty text.
        """
        if kind not in get_args(StarKind):
            raise PhraseError(f"stars go to {', '.join(get_args(StarKind))}; got {kind!r}")
        if not 0 <= stars <= MAX_STARS:
            raise PhraseError(f"stars must be 0 to {MAX_STARS}, got {stars}")
        name = text.strip()
        if kind == "phrase":
            phrase = self.get(name, everything=True)
            name = phrase_name(phrase)
        elif kind == "tag":
            name = normal_name(name)
        if not name:
            raise PhraseError(f"the {kind} to give stars to is empty")
        with changing(self.path) as connection:
            if stars:
                connection.execute(
                    "INSERT OR REPLACE INTO stars (kind, text, stars) VALUES (?, ?, ?)",
                    (kind, name, stars),
                )
            else:
                connection.execute("DELETE FROM stars WHERE kind = ? AND text = ?", (kind, name))
        return name

    def stars(self, kind: StarKind) -> dict[str, int]:
        """Return what has stars and how many; entries are named ``category/label``."""
        with reading(self.path) as connection:
            rows = connection.execute("SELECT text, stars FROM stars WHERE kind = ?", (kind,))
            return dict(rows.fetchall())


def phrase_name(phrase: Phrase) -> str:
    """Return the name under which an entry has stars and is logged."""
    return f"{phrase.category}/{phrase.label}" if phrase.category else phrase.label


def _own(connection: sqlite3.Connection) -> tuple[Phrase, ...]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM phrases ORDER BY id")
    return tuple(
        Phrase(
            category=row[0],
            group=row[1],
            label=row[2],
            category_en=row[3],
            group_en=row[4],
            label_en=row[5],
            reading=row[6],
            prompt=row[7],
            negative=row[8],
            source=row[9],
        )
        for row in rows
    )


def _row(phrase: Phrase) -> tuple[str, ...]:
    return (
        phrase.category,
        phrase.group,
        phrase.label,
        phrase.category_en,
        phrase.group_en,
        phrase.label_en,
        phrase.reading,
        phrase.prompt,
        phrase.negative,
        phrase.source,
    )


def _content(phrase: Phrase) -> tuple[str, ...]:
    return (phrase.prompt, phrase.negative, phrase.reading, phrase.label_en)


def _hidden(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute("SELECT category FROM hidden"))
