import json
import sqlite3

import pytest

from enogu.cli import run
from enogu.tags.vocabulary import VocabularyStore, opening, record_usage, sources


@pytest.fixture(scope="module")
def embedded_file(tmp_path_factory):
    return tmp_path_factory.mktemp("embedded") / "embedded.db"


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch, embedded_file):
    """A place of the test alone; the embedded words are built once for the module."""
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(opening, "embedded_vocabulary_path", lambda _: embedded_file)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_words(monkeypatch):
    """Imports without the embedded words take no time to build."""
    monkeypatch.setattr(sources, "read_embedded_claims", lambda: iter(()))


@pytest.fixture
def tag_file(tmp_path):
    path = tmp_path / "danbooru.csv"
    path.write_text("cat_ears,0,900000,feline_ears\nzz_new,0,5,\nbroken\n", encoding="utf-8")
    return path


def test_info_answers_without_any_import(capsys):
    assert run(["tags", "info", "cat ears"]) == 0
    shown = capsys.readouterr().out
    for part in ("cat_ears", "猫耳", "animal ears", "Excluded by", "general on danbooru"):
        assert part in shown


def test_info_follows_japanese_names_and_says_so(capsys):
    assert run(["tags", "info", "ねこみみ", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["found_as"]) == ("cat_ears", "other_name")


def test_an_unknown_tag_is_refused_with_the_nearest(capsys):
    assert run(["tags", "info", "cat_eears"]) == 2
    assert "cat_ears" in capsys.readouterr().err


def test_import_sources_and_undo(no_words, tag_file, capsys):
    assert run(["tags", "import", str(tag_file), "--licence", "CC0-1.0"]) == 0
    shown = capsys.readouterr().out
    assert "2 rows" in shown
    assert "line 3" in shown
    assert "tags.db" in shown
    assert run(["tags", "sources", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(row["import"], row["name"]) for row in listed] == [
        (0, "embedded words"),
        (1, "danbooru.csv"),
    ]
    assert listed[1]["licence"] == "CC0-1.0"
    assert run(["tags", "info", "feline ears", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == 900000
    assert run(["tags", "undo"]) == 0
    assert run(["tags", "info", "feline ears"]) == 2
    assert run(["tags", "undo"]) == 2


def test_import_reports_as_json_and_needs_a_file(no_words, tag_file, capsys):
    assert run(["tags", "import"]) == 2
    assert run(["tags", "import", str(tag_file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["files"][0]["problems"][0]["line"] == 3
    assert run(["tags", "import", "missing.csv"]) == 2


def test_groups_and_their_tags(capsys):
    assert run(["tags", "groups", "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert "hair" in names
    assert run(["tags", "groups", "hair"]) == 0
    assert "long hair" in capsys.readouterr().out
    assert run(["tags", "groups", "--exclusive"]) == 0
    assert run(["tags", "groups", "no_such_group"]) == 2


def test_what_is_exported_can_be_imported_again(tmp_path, capsys):
    out = tmp_path / "out" / "mine.csv"
    assert run(["tags", "export", str(out)]) == 0
    assert "1girl,0," in out.read_text(encoding="utf-8")
    assert run(["tags", "import", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.split("\n", 1)[1])
    assert report["files"][0]["rows"] > 2000
    assert report["files"][0]["broken"] == 0
    japanese = tmp_path / "ja.csv"
    assert run(["tags", "export", str(japanese), "--format", "ja"]) == 0
    assert japanese.read_text(encoding="utf-8").startswith("tag,ja,aliases\n")


def test_a_project_may_have_a_vocabulary_of_its_own(no_words, tmp_path, tag_file, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "enogu.toml").write_text("version = 1\n", encoding="utf-8")
    chosen = ["--project", "mine", "--set", "tags.vocabulary=project"]
    assert run(["tags", "import", str(tag_file), *chosen]) == 0
    assert (tmp_path / "mine" / "tags.db").is_file()
    assert run(["tags", "info", "zz_new", *chosen]) == 0
    assert run(["tags", "info", "zz_new"]) == 2
    assert run(["tags", "info", "hat", "--set", "tags.vocabulary=project"]) == 2


def test_own_use_is_shown_and_forgotten(no_words, capsys):
    assert run(["tags", "usage"]) == 0
    assert "Nothing is remembered" in capsys.readouterr().out
    store = VocabularyStore()
    store.rebuild()
    record_usage(store.place.path, ["smile"])
    assert run(["tags", "usage"]) == 0
    assert "smile" in capsys.readouterr().out
    assert run(["tags", "usage", "--forget", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_counts_of_another_tool_are_taken_over(no_words, tmp_path, capsys):
    with sqlite3.connect(tmp_path / "tag_frequency.db") as connection:
        connection.execute(
            "CREATE TABLE tag_frequency (name, type, count_pos, count_neg, last_used)"
        )
        connection.execute("INSERT INTO tag_frequency VALUES ('cat_ears', 1, 3, 0, '2026-01-01')")
    connection.close()
    assert run(["tags", "usage", "--take", "tag_frequency.db", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["positive"] == 3
