import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from enogu.errors import BusyError, PhraseError
from enogu.tags.phrases import Phrase, PhraseBook, UseLog, database


def test_a_foreign_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(PhraseError, match="no phrase book"):
        PhraseBook(path).phrases()
    with pytest.raises(PhraseError, match="no phrase book"):
        PhraseBook(path).star("tag", "hat", 1)
    assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"not a database, but long enough to look at " * 40])
def test_a_damaged_file_is_refused(tmp_path, data):
    path = tmp_path / "broken.db"
    path.write_bytes(data)
    with pytest.raises(PhraseError, match="phrase book"):
        PhraseBook(path).phrases()


def test_a_file_of_a_newer_version_says_to_update(book):
    book.star("tag", "hat", 1)
    with closing(sqlite3.connect(book.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(PhraseError, match="layout 99"):
        book.phrases()


def test_the_own_file_is_readable_by_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path / "data"))
    book = PhraseBook()
    book.star("tag", "hat", 1)
    assert book.path == tmp_path / "data" / "phrases.db"
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


def test_a_held_file_ends_in_a_clear_message(book, monkeypatch):
    book.star("tag", "hat", 1)
    monkeypatch.setattr(database, "_WAIT_S", 0.05)
    with closing(sqlite3.connect(book.path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyError, match="another program"):
            book.star("tag", "hat", 2)
        holder.execute("ROLLBACK")
    assert book.stars("tag") == {"hat": 1}


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "team.db"
    errors = []

    def write(name):
        try:
            for number in range(10):
                PhraseBook(path).add([Phrase(label=f"{name}{number}", prompt="hat")])
                UseLog(path).record_prompt("1girl, hat", now=1e9)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(1 for p in PhraseBook(path).phrases() if p.prompt == "hat") == 30
    assert UseLog(path).state().uses == 30
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_in_a_change_takes_it_back(book):
    book.star("tag", "hat", 1)
    with pytest.raises(RuntimeError), database.changing(book.path) as connection:
        connection.execute("DELETE FROM stars")
        raise RuntimeError
    assert book.stars("tag") == {"hat": 1}
