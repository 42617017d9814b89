import sqlite3
from contextlib import closing

import pytest
from tests.pictures.records.conftest import some_facts

from enogu.errors import BusyError, ProjectError, StorageError
from enogu.pictures.records import Records, database, schema


def filled(folder):
    with Records(folder) as records, records.changing():
        records.put_facts(some_facts())
    return folder / "records.db"


def kept(folder):
    return sorted(path.name for path in folder.iterdir() if "-kept-" in path.name)


def opened_anew(folder):
    """Open, say what was told, and show that the records work and are empty."""
    with Records(folder) as records:
        assert records.facts("a" * 64) is None
        with records.changing():
            records.put_facts(some_facts())
        return records.notes


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"no database at all, but long enough to look at" * 40),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xaa" * 40960),
    ],
    ids=["text", "cut off", "overwritten"],
)
def test_a_damaged_file_is_said_kept_and_made_anew(tmp_path, damage):
    path = filled(tmp_path)
    damage(path)
    bad = path.read_bytes()
    (note,) = opened_anew(tmp_path)
    assert "is damaged" in note
    (name,) = kept(tmp_path)
    assert name in note
    assert (tmp_path / name).read_bytes() == bad


def test_a_newer_file_is_said_kept_and_made_anew(tmp_path):
    path = filled(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    (note,) = opened_anew(tmp_path)
    assert "newer Enogu (layout 99" in note
    with closing(sqlite3.connect(tmp_path / kept(tmp_path)[0])) as connection:
        assert connection.execute("SELECT count(*) FROM pictures").fetchone() == (1,)


def test_a_database_of_another_program_is_kept(tmp_path):
    with closing(sqlite3.connect(tmp_path / "records.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    (note,) = opened_anew(tmp_path)
    assert "another program" in note
    assert len(kept(tmp_path)) == 1


def test_several_kept_copies_do_not_overwrite_each_other(tmp_path):
    for _ in range(3):
        (tmp_path / "records.db").write_bytes(b"no database at all, but long enough" * 40)
        opened_anew(tmp_path)
    assert len(kept(tmp_path)) == 3


@pytest.mark.parametrize("leftover", [b"", None])
def test_an_empty_or_missing_file_is_simply_made(tmp_path, leftover):
    if leftover is not None:
        (tmp_path / "records.db").write_bytes(leftover)
    assert opened_anew(tmp_path) == ()
    assert kept(tmp_path) == []


def test_an_older_file_is_brought_forward_with_its_content(tmp_path):
    path = filled(tmp_path)
    steps = (*schema.MIGRATIONS, "ALTER TABLE pictures ADD COLUMN mood TEXT DEFAULT 'calm';")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, steps=steps)
        assert connection.execute("SELECT id, mood FROM pictures").fetchone() == ("a" * 64, "calm")
        assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)


def test_a_failed_step_forward_changes_nothing(tmp_path):
    path = filled(tmp_path)
    steps = (*schema.MIGRATIONS, "CREATE TABLE extra (x); THIS IS NO SQL;")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection, steps=steps)
        connection.rollback()
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.LATEST,)
        assert (
            connection.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchall()
            == []
        )


def test_a_held_file_ends_in_a_clear_message(tmp_path, monkeypatch):
    path = filled(tmp_path)
    monkeypatch.setattr(database, "_WAIT_S", 0.05)
    with Records(tmp_path) as records, closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="another program"), records.changing():
            records.put_facts(some_facts())


def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path):
    filled(tmp_path)
    with Records(tmp_path) as records:
        records._connection.execute("PRAGMA max_page_count = 12")
        with pytest.raises(StorageError, match="the disk is full"), records.changing():
            records.put_facts(some_facts("b" * 64, prompt="x" * 500_000))
        assert records.facts("a" * 64) == some_facts()


def test_a_file_that_breaks_while_open_says_to_run_again(tmp_path):
    path = filled(tmp_path)
    with (
        pytest.raises(ProjectError, match="cannot be read any more") as caught,
        database.database_errors(path),
    ):
        raise sqlite3.DatabaseError("database disk image is malformed")
    assert "Run the same command again" in caught.value.hint
