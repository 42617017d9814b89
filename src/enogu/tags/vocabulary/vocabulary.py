"""Reading a vocabulary: what a name means and how tags relate."""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from enogu.errors import VocabularyError
from enogu.tags.names import normal_name, tidy_text, unescaped
from enogu.tags.vocabulary.model import RATINGS, Measure, Rating, Related, Resolution, TagInfo
from enogu.tags.vocabulary.nearest import NearestNames
from enogu.tags.vocabulary.related import related_tags

_CACHE_SIZE = 4096

_TAG_QUERY = """
SELECT id, name, site, category, count, rating, deprecated, group_name, explanation,
       explanation_ja
FROM tags WHERE name = ?
"""
_KIND_RANK = "CASE kind WHEN 'alias' THEN 0 WHEN 'other' THEN 1 ELSE 2 END"


class Vocabulary:
    """The tags a person has: the embedded words and everything imported.

    Reading only. Several processes may read one file while another builds it anew: each sees the
    file as it was when it opened it. One object serves one thread.

    Args:
        connection: An open vocabulary file.
        path: The file.
        max_rating: The highest rating that lists show. :meth:`get` and :meth:`resolve` answer for
            all tags, because the person has already written them.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, max_rating: Rating = "general"
    ) -> None:
        self.connection = connection
        self.path = path
        self.max_rating: Rating = max_rating
        self._nearest = NearestNames(self)
        self._infos: OrderedDict[str, TagInfo | None] = OrderedDict()
        self._resolutions: OrderedDict[str, Resolution] = OrderedDict()

    @classmethod
    def open(cls, path: Path | None = None, *, max_rating: Rating = "general") -> Self:
        """Open a vocabulary for reading.

        Args:
            path: A vocabulary file. None: the person's own; when there is none yet, the embedded
                words, built once into the cache folder.
            max_rating: The highest rating that lists show.

        Raises:
            VocabularyError: The file is missing, not a vocabulary, or of a newer version.
            StorageError: The place for the embedded words cannot be written.
        """
        from enogu.tags.vocabulary.opening import current_file, open_file

        chosen = current_file(path)
        return cls(open_file(chosen), chosen, max_rating)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def rating_limit(self) -> int:
        """The highest value of the column `tags.rating` that lists show."""
        return RATINGS.index(self.max_rating)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str) -> TagInfo | None:
        """Return a tag by any spelling of its own name; aliases are not followed.

        Args:
            name: As ``cat ears`` or ``cat_ears``.
        """
        key = normal_name(name)
        if key not in self._infos:
            self._infos[key] = self._read(key)
            if len(self._infos) > _CACHE_SIZE:
                self._infos.popitem(last=False)
        return self._infos[key]

    def _read(self, key: str) -> TagInfo | None:
        row = self.connection.execute(_TAG_QUERY, (key,)).fetchone()
        if row is None:
            return None
        number = row[0]
        forms = self.connection.execute(
            "SELECT kind, language, text FROM forms WHERE tag_id = ? ORDER BY id", (number,)
        ).fetchall()
        return TagInfo(
            name=row[1],
            site=row[2],
            category=row[3],
            count=row[4],
            rating=RATINGS[row[5]],
            deprecated=bool(row[6]),
            group=row[7],
            explanation=row[8],
            explanation_ja=row[9],
            heirs=self._names("SELECT heir_id FROM heirs WHERE tag_id = ?", number),
            series=self._names("SELECT series_id FROM series WHERE tag_id = ?", number),
            implies=self._names("SELECT parent_id FROM implications WHERE child_id = ?", number),
            implied_by=self._names("SELECT child_id FROM implications WHERE parent_id = ?", number),
            japanese=tuple(text for kind, lang, text in forms if kind == "other" and lang == "ja"),
            readings=tuple(text for kind, _, text in forms if kind == "reading"),
            aliases=tuple(text for kind, _, text in forms if kind == "alias"),
        )

    def _names(self, query: str, number: int) -> tuple[str, ...]:
        rows = self.connection.execute(
            f"SELECT name FROM tags WHERE id IN ({query}) ORDER BY id", (number,)
        )
        return tuple(name for (name,) in rows)

    def resolve(self, text: str) -> Resolution:
        r"""Return which tag a text means: its own name first, then an alias, then another name.

        Args:
            text: A tag in any spelling or language; ``\(`` is read as a bracket.
        """
        known = self._resolutions.get(text)
        if known is None:
            known = self._resolutions[text] = self._resolve(text)
            if len(self._resolutions) > _CACHE_SIZE:
                self._resolutions.popitem(last=False)
        return known

    def _resolve(self, text: str) -> Resolution:
        for candidate in dict.fromkeys((text, unescaped(text))):
            key = normal_name(candidate)
            if not key:
                continue
            if self.connection.execute("SELECT 1 FROM tags WHERE name = ?", (key,)).fetchone():
                return Resolution(text=text, name=key, how="tag")
            row = self.connection.execute(
                "SELECT t.name, f.kind FROM forms f JOIN tags t ON t.id = f.tag_id "
                "WHERE f.kind != 'tag' AND f.text COLLATE NOCASE IN (?, ?) "
                f"ORDER BY {_KIND_RANK}, f.tag_id LIMIT 1",
                (key, tidy_text(candidate)),
            ).fetchone()
            if row:
                return Resolution(
                    text=text, name=row[0], how="alias" if row[1] == "alias" else "other_name"
                )
        return Resolution(text=text, name=None, how="unknown")

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return every tag that `name` implies, directly or through others, nearest first.

        Args:
            name: A tag; an unknown one has no ancestors.
        """
        found: dict[str, None] = {}
        layer: Iterable[str] = (normal_name(name),)
        while layer:
            above = dict.fromkeys(
                parent
                for child in layer
                if (info := self.get(child)) is not None
                for parent in info.implies
            )
            layer = [parent for parent in above if parent not in found]
            found |= dict.fromkeys(layer)
        return tuple(found)

    def exclusive_groups(self, name: str) -> tuple[str, ...]:
        """Return the groups of which one picture of one person can hold only one member."""
        rows = self.connection.execute(
            "SELECT group_name FROM exclusive WHERE tag_id = (SELECT id FROM tags WHERE name = ?) "
            "ORDER BY group_name",
            (normal_name(name),),
        )
        return tuple(group for (group,) in rows)

    def excluded_by(self, name: str) -> tuple[str, ...]:
        """Return the other members of the tag's exclusive groups, most common first."""
        rows = self.connection.execute(
            "SELECT DISTINCT t.id, t.name FROM exclusive own "
            "JOIN exclusive other ON other.group_name = own.group_name "
            "JOIN tags t ON t.id = other.tag_id "
            "WHERE own.tag_id = (SELECT id FROM tags WHERE name = ?) AND t.id != own.tag_id "
            "ORDER BY t.id",
            (normal_name(name),),
        )
        return tuple(other for _, other in rows)

    def groups(self, kind: str = "group") -> tuple[tuple[str, str, str], ...]:
        """Return (name, English title, Japanese title) of the groups.

        Args:
            kind: ``group`` for those a tag stands in once, ``exclusive`` for those whose members
                exclude each other.
        """
        rows = self.connection.execute(
            "SELECT name, en, ja FROM groups WHERE kind = ? ORDER BY rowid", (kind,)
        )
        return tuple((name, en, ja) for name, en, ja in rows)

    def group_members(self, group: str) -> tuple[str, ...]:
        """Return the tags of a group or an exclusive group, most common first.

        Raises:
            VocabularyError: There is no such group.
        """
        row = self.connection.execute("SELECT kind FROM groups WHERE name = ?", (group,)).fetchone()
        if row is None:
            known = ", ".join(name for name, _, _ in self.groups()) or "none"
            raise VocabularyError(
                f"there is no group {group!r} in {self.path}; the groups are: {known}",
                hint="enogu tags groups   lists them with their titles",
            )
        member = (
            "group_name = ?1"
            if row[0] == "group"
            else "id IN (SELECT tag_id FROM exclusive WHERE group_name = ?1)"
        )
        rows = self.connection.execute(
            f"SELECT name FROM tags WHERE {member} AND rating <= ?2 ORDER BY id",
            (group, self.rating_limit),
        )
        return tuple(name for (name,) in rows)

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Return the tags spelt most like `text`, best first; hidden ones are left out.

        Args:
            text: A word that may hold typing errors.
            limit: At most this many.
        """
        return self._nearest.find(text, limit, self.rating_limit)

    def related(self, name: str, limit: int = 20, measure: Measure = "cosine") -> list[Related]:
        """Return the tags that most often stand beside `name`, best first.

        Args:
            name: A tag; without imported co-occurrence counts the list is empty.
            limit: At most this many.
            measure: ``frequency``, ``cosine``, ``jaccard`` or ``overlap``.
        """
        return related_tags(self.connection, normal_name(name), limit, measure, self.rating_limit)
