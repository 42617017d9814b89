"""The log of what a person searches and uses: kept on this machine, counted by day.

It holds how often a text was used on which day, not when exactly, and never who did. It can be
switched off and emptied; stars and entries stay then.
"""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enogu.tags.names import normal_name, tidy_text
from enogu.tags.phrases.database import changing, compact, reading, user_phrases_path
from enogu.tags.phrases.model import MAX_LABEL, MAX_PROMPT
from enogu.tags.phrases.prompt_tags import prompt_tags

_DAY_S: Final = 86_400
_SWITCH: Final = "log"


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedPrompt:
    """One use of a prompt, as a picture tells it."""

    prompt: str
    negative: str = ""
    dialect: str = "a1111"
    """In which dialect both are written."""
    time_s: float
    """When, in seconds since 1970."""
    digest: bytes
    """The same for every copy of the picture, so that copies count once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogState:
    """What the log holds."""

    path: Path
    on: bool
    searches: int
    """Different search texts."""
    prompts: int
    """Different prompts."""
    uses: int
    """Uses of all kinds."""
    pictures: int
    """Pictures that were read."""
    first_day: str
    """The oldest day, as ``2026-11-25``; empty when nothing was logged."""


def day_of(time_s: float) -> int:
    """Return a moment as the number of its day since 1970, in universal time."""
    return int(time_s // _DAY_S)


class UseLog:
    """The log in the file of a phrase book.

    Args:
        path: The file; None for the person's own. It need not exist.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = user_phrases_path() if path is None else path

    def is_on(self) -> bool:
        """Say whether uses are written down; they are until it is switched off."""
        with reading(self.path) as connection:
            return _is_on(connection)

    def switch(self, on: bool) -> None:
        """Switch the log on or off; what it holds stays."""
        with changing(self.path) as connection:
            connection.execute("INSERT OR REPLACE INTO switches VALUES (?, ?)", (_SWITCH, int(on)))

    def empty(self) -> int:
        """Delete everything that was logged, from the disk as well; return the number of uses."""
        if not self.path.exists():
            return 0
        with changing(self.path) as connection:
            count = connection.execute("SELECT coalesce(sum(count), 0) FROM uses").fetchone()[0]
            for table in ("uses", "text_tags", "texts", "pictures"):
                connection.execute(f"DELETE FROM {table}")
        compact(self.path)
        return count

    def state(self) -> LogState:
        """Return what the log holds."""
        with reading(self.path) as connection:
            kinds = dict(
                connection.execute("SELECT kind, count(*) FROM texts GROUP BY kind").fetchall()
            )
            uses, first = connection.execute(
                "SELECT coalesce(sum(count), 0), min(day) FROM uses"
            ).fetchone()
            pictures = connection.execute("SELECT count(*) FROM pictures").fetchone()[0]
            return LogState(
                path=self.path,
                on=_is_on(connection),
                searches=kinds.get("search", 0),
                prompts=kinds.get("prompt", 0),
                uses=uses,
                pictures=pictures,
                first_day="" if first is None else day_text(first),
            )

    def record_search(
        self, query: str, chosen: Iterable[str] = (), *, now: float | None = None
    ) -> None:
        """Write down a search; nothing happens while the log is off.

        Args:
            query: What was searched for; a longer text than a name can be is left out.
            chosen: The tags that were taken from its results.
            now: Seconds since 1970; None for the present.
        """
        text = tidy_text(query)
        tags = [name for name in map(normal_name, chosen) if name]
        if (text and len(text) <= MAX_LABEL) or tags:
            with_text = [("search", text)] if text and len(text) <= MAX_LABEL else []
            self._record([*with_text, *(("tag", tag) for tag in tags)], now)

    def record_phrase(self, name: str, *, now: float | None = None) -> None:
        """Write down the use of an entry, by the name that has stars."""
        self._record([("phrase", name)], now)

    def record_prompt(
        self, prompt: str, negative: str = "", dialect: str = "a1111", *, now: float | None = None
    ) -> None:
        """Write down the use of a prompt; nothing happens while the log is off.

        Args:
            prompt: What was drawn.
            negative: What was not to be in it.
            dialect: In which dialect both are written.
            now: Seconds since 1970; None for the present.

        Raises:
            PromptError: An unknown dialect.
        """
        moment = time.time() if now is None else now
        use = UsedPrompt(
            prompt=prompt, negative=negative, dialect=dialect, time_s=moment, digest=b""
        )
        if not self.is_on():
            return
        with changing(self.path) as connection:
            _write_prompt(connection, use)

    def record_pictures(self, uses: Iterable[UsedPrompt]) -> int:
        """Write down the prompts of pictures; those already read are left out.

        Args:
            uses: What the pictures tell.

        Returns:
            How many were new. 0 while the log is off.
        """
        if not self.is_on():
            return 0
        new = 0
        with changing(self.path) as connection:
            for use in uses:
                known = connection.execute(
                    "INSERT OR IGNORE INTO pictures VALUES (?)", (use.digest,)
                ).rowcount
                if known and _write_prompt(connection, use):
                    new += 1
        return new

    def _record(self, texts: list[tuple[str, str]], now: float | None) -> None:
        if not self.is_on():
            return
        day = day_of(time.time() if now is None else now)
        with changing(self.path) as connection:
            for kind, text in texts:
                _count(connection, _text_id(connection, kind, text, "")[0], day)


def day_text(day: int) -> str:
    """Return the number of a day as ``2026-11-25``."""
    return time.strftime("%Y-%m-%d", time.gmtime(day * _DAY_S))


def _is_on(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT value FROM switches WHERE name = ?", (_SWITCH,)).fetchone()
    return row is None or bool(row[0])


def _write_prompt(connection: sqlite3.Connection, use: UsedPrompt) -> bool:
    prompt, negative = use.prompt.strip(), use.negative.strip()
    if not prompt or len(prompt) > MAX_PROMPT or len(negative) > MAX_PROMPT:
        return False
    text_id, is_new = _text_id(connection, "prompt", prompt, negative)
    if is_new:
        connection.executemany(
            "INSERT OR IGNORE INTO text_tags VALUES (?, ?, ?)",
            [
                (text_id, tag, sign)
                for sign, text in ((0, prompt), (1, negative))
                for tag in prompt_tags(text, use.dialect)
            ],
        )
    _count(connection, text_id, day_of(use.time_s))
    return True


def _text_id(
    connection: sqlite3.Connection, kind: str, text: str, negative: str
) -> tuple[int, bool]:
    row = connection.execute(
        "SELECT id FROM texts WHERE kind = ? AND text = ? AND negative = ?", (kind, text, negative)
    ).fetchone()
    if row is not None:
        return row[0], False
    made = connection.execute(
        "INSERT INTO texts (kind, text, negative) VALUES (?, ?, ?)", (kind, text, negative)
    )
    assert made.lastrowid is not None  # a row was inserted
    return made.lastrowid, True


def _count(connection: sqlite3.Connection, text_id: int, day: int) -> None:
    connection.execute(
        "INSERT INTO uses VALUES (?, ?, 1) ON CONFLICT (text_id, day) DO UPDATE "
        "SET count = count + 1",
        (text_id, day),
    )
