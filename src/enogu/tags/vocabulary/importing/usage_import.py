"""Own use as tagcomplete counted it, from its ``tag_frequency.db``."""

import datetime
import sqlite3
from contextlib import closing
from pathlib import Path

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.importing.fields import read_count, read_name
from enogu.tags.vocabulary.importing.problems import BadRowError, Problems
from enogu.tags.vocabulary.usage import Usage


def read_tagcomplete_usage(path: Path, problems: Problems) -> tuple[Usage, ...]:
    """Return the counts in tagcomplete's usage file.

    Args:
        path: The file, with the table `tag_frequency`: `name, type, count_pos, count_neg,
            last_used`, or the older `name, count, last_used`.
        problems: Takes the broken rows.

    Raises:
        VocabularyError: Missing, damaged, or another kind of file.
    """
    if not path.is_file():
        raise VocabularyError(f"{path}: there is no such file")
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(tag_frequency)")}
            if "name" not in columns or "last_used" not in columns:
                raise VocabularyError(
                    f"{path}: is a SQLite file without the table tag_frequency(name, …, last_used)",
                    hint="tagcomplete keeps it as tags/tag_frequency.db",
                )
            positive = "count_pos" if "count_pos" in columns else "count"
            negative = "count_neg" if "count_neg" in columns else "0"
            rows = connection.execute(
                f"SELECT name, {positive}, {negative}, last_used FROM tag_frequency"
            ).fetchall()
    except sqlite3.Error as error:
        raise VocabularyError(f"{path}: is not a SQLite file, or damaged ({error})") from error
    found: list[Usage] = []
    for number, (name, used, used_negative, last) in enumerate(rows, start=1):
        try:
            found.append(
                Usage(
                    name=read_name(name),
                    kind="tag",
                    positive=max(0, read_count(used)),
                    negative=max(0, read_count(used_negative)),
                    last_used=_seconds(last),
                )
            )
        except BadRowError as error:
            problems.add(number, str(error))
    return tuple(found)


def _seconds(moment: object) -> float:
    """Return a time as SQLite writes it, in UTC, as seconds since 1970; 0 when it is none."""
    try:
        parsed = datetime.datetime.fromisoformat(str(moment))
    except ValueError:
        return 0.0
    return parsed.replace(tzinfo=parsed.tzinfo or datetime.UTC).timestamp()
