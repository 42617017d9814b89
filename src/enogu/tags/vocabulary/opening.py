"""Finding the vocabulary file to read, and building that of the embedded words when needed."""

import hashlib
import sqlite3
from functools import cache
from pathlib import Path

from enogu.errors import VocabularyError
from enogu.files import atomic_path, make_dirs
from enogu.tags.vocabulary.build import build_vocabulary
from enogu.tags.vocabulary.embedded_words import embedded_digest
from enogu.tags.vocabulary.places import embedded_vocabulary_path, user_vocabulary_path
from enogu.tags.vocabulary.schema import SCHEMA_VERSION
from enogu.tags.vocabulary.sources import open_sources, refresh_embedded


def current_file(path: Path | None = None) -> Path:
    """Return the vocabulary file that reading should use, after building it where needed.

    Args:
        path: The file the caller chose; None for the person's own or the embedded words.

    Raises:
        VocabularyError: `path` does not exist.
    """
    if path is not None:
        if not path.is_file():
            raise VocabularyError(
                f"{path}: there is no such vocabulary file",
                hint="enogu tags import FILE   makes one",
            )
        return path
    own = user_vocabulary_path()
    return own if own.is_file() else _embedded_file()


@cache
def _code_digest() -> str:
    """Return what changes when the code that builds changes: editing it must show at once."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.py"), *(folder.parent / "search").glob("*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _embedded_file() -> Path:
    place = embedded_vocabulary_path(f"{embedded_digest()}-{_code_digest()}")
    if not place.is_file():
        make_dirs(place.parent)
        with atomic_path(place) as temporary, open_sources(None) as sources:
            refresh_embedded(sources)
            build_vocabulary(sources, temporary, {"embedded": embedded_digest()})
        for old in place.parent.glob("embedded-*.db"):
            if old != place:
                old.unlink(missing_ok=True)
    return place


def open_file(path: Path) -> sqlite3.Connection:
    """Open a vocabulary file for reading.

    Raises:
        VocabularyError: Not a vocabulary, damaged, or made by a newer version.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise VocabularyError(
            f"{path}: is not a vocabulary file of Enogu, or damaged ({error})",
            hint="Delete it and import your tag files again: enogu tags import FILE",
        ) from error
    if row is None or row[0] != str(SCHEMA_VERSION):
        connection.close()
        raise VocabularyError(
            f"{path}: is a vocabulary of version {row[0] if row else 'unknown'}; "
            f"this program reads version {SCHEMA_VERSION}",
            hint="Use the version of Enogu that made it, or import your tag files again.",
        )
    return connection
