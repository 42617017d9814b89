import json
import multiprocessing
import os
import sqlite3

import pytest

from enogu.errors import BusyError, VocabularyError
from enogu.tags.vocabulary import Vocabulary, VocabularyStore, read_usage, record_usage
from enogu.tags.vocabulary import store as store_module

pytestmark = pytest.mark.usefixtures("few_words")


@pytest.fixture
def store(tmp_path):
    return VocabularyStore(tmp_path / "tags.db")


@pytest.fixture
def write(tmp_path):
    def writing(name, *rows):
        path = tmp_path / name
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path

    return writing


def opened(store):
    return Vocabulary.open(store.place.path)


def test_two_files_merge_by_tag_with_the_best_count(store, write):
    store.import_files([write("a.csv", "zig_zag,0,500,zz", "only_a,4,5,")])
    report = store.import_files([write("b.csv", "zig_zag,0,900,zigzags", "only_b,1,7,")])
    with opened(store) as words:
        merged = words.get("zig zag")
        assert (merged.count, merged.aliases) == (900, ("zigzags", "zz"))
        assert words.get("only_a").category == "character"
        assert words.get("only_b").category == "artist"
        assert report.num_tags == len(list(words.connection.execute("SELECT 1 FROM tags")))


def test_a_counted_tag_wins_over_the_estimate_of_the_embedded_words(store, write):
    store.import_files([write("a.csv", "long_hair,0,17,")])
    with opened(store) as words:
        entry = words.get("long hair")
        assert entry.count == 17
        assert "ロングヘア" in entry.japanese


def test_rank_is_by_count(store, write):
    store.import_files([write("a.csv", "zz_top,0,99999999,", "zz_low,0,1,")])
    with opened(store) as words:
        ranks = dict(words.connection.execute("SELECT name, id FROM tags"))
        counts = [row[0] for row in words.connection.execute("SELECT count FROM tags ORDER BY id")]
    assert ranks["zz_top"] == 1
    assert counts == sorted(counts, reverse=True)


def test_an_alias_claimed_twice_belongs_to_the_tag_with_most_posts(store, write):
    report = store.import_files([write("a.csv", "zz_small,0,5,both", "zz_big,0,50,both")])
    with opened(store) as words:
        assert words.resolve("both").name == "zz_big"
        assert words.get("zz_small").aliases == ()
    conflict = next(c for c in report.conflicts if c.text == "both")
    assert (conflict.kind, conflict.kept, conflict.lost) == (
        "alias claimed twice",
        "zz_big",
        "zz_small",
    )


def test_a_name_with_posts_is_a_tag_and_no_alias(store, write):
    report = store.import_files([write("a.csv", "zz_one,0,5,", "zz_two,0,50,zz_one")])
    with opened(store) as words:
        assert (words.resolve("zz_one").name, words.resolve("zz_one").how) == ("zz_one", "tag")
    assert [(c.kind, c.kept, c.lost) for c in report.conflicts if c.text == "zz_one"] == [
        ("alias is a tag", "zz_one", "zz_two")
    ]


def test_a_name_without_posts_gives_way_to_an_alias(store, write):
    store.import_files([write("a.csv", "zz_old,0,0,", "zz_new,0,50,zz_old")])
    with opened(store) as words:
        assert (words.resolve("zz_old").name, words.resolve("zz_old").how) == ("zz_new", "alias")
        assert words.get("zz_old") is None


def test_names_and_relations_of_an_alias_go_to_its_tag(store, write):
    rows = [{"antecedent_name": "zz_child", "consequent_name": "zz_alias", "status": "active"}]
    report = store.import_files(
        [
            write("a.csv", "zz_parent,0,50,zz_alias", "zz_child,0,5,"),
            write("ja.csv", "zz_alias,おや", "zz_child,こ"),
            write("tag_implications.json", json.dumps(rows)),
        ]
    )
    with opened(store) as words:
        assert words.get("zz_parent").japanese == ("おや",)
        assert words.ancestors("zz_child") == ("zz_parent",)
    assert report.waiting == 0


def test_aliases_of_aliases_are_followed(store, write):
    rows = [
        {"antecedent_name": "zz_a", "consequent_name": "zz_b", "status": "active"},
        {"antecedent_name": "zz_b", "consequent_name": "zz_c", "status": "active"},
    ]
    store.import_files(
        [write("tags.csv", "zz_c,0,9,"), write("tag_aliases.json", json.dumps(rows))]
    )
    with opened(store) as words:
        assert words.resolve("zz_a").name == "zz_c"


def test_names_of_tags_that_come_later_wait_for_them(store, write):
    report = store.import_files([write("ja.csv", "zz_late,おそい")])
    assert report.waiting == 1
    report = store.import_files([write("a.csv", "zz_late,0,5,")])
    assert report.waiting == 0
    with opened(store) as words:
        assert words.resolve("おそい").name == "zz_late"


def test_implications_in_a_cycle_are_cut_and_reported(store, write):
    rows = [
        {"antecedent_name": a, "consequent_name": b, "status": "active"}
        for a, b in (("zz_1", "zz_2"), ("zz_2", "zz_3"), ("zz_3", "zz_1"))
    ]
    report = store.import_files(
        [
            write("a.csv", "zz_1,0,1,", "zz_2,0,2,", "zz_3,0,3,"),
            write("tag_implications.json", json.dumps(rows)),
        ]
    )
    assert [(c.text, c.lost) for c in report.conflicts if "cycle" in c.kind] == [("zz_3", "zz_1")]
    with opened(store) as words:
        assert words.ancestors("zz_1") == ("zz_2", "zz_3")
        assert words.ancestors("zz_3") == ()


def test_deprecated_tags_point_to_their_heirs(store, write):
    tags = [
        {"name": "zz_slicked", "post_count": 1, "category": 0, "is_deprecated": True},
        {"name": "zz_slicked_back", "post_count": 9, "category": 0, "is_deprecated": False},
    ]
    page = {"title": "zz_slicked", "other_names": [], "body": "Use [[zz slicked back]] instead."}
    store.import_files(
        [write("tags.json", json.dumps(tags)), write("wiki_pages.json", json.dumps([page]))]
    )
    with opened(store) as words:
        assert words.get("zz_slicked").deprecated
        assert words.get("zz_slicked").heirs == ("zz_slicked_back",)
        assert not words.get("zz_slicked_back").deprecated


def test_related_tags_come_from_cooccurrence_in_both_directions(store, write):
    store.import_files(
        [
            write("a.csv", "zz_a,0,100,", "zz_b,0,50,", "zz_c,0,10,"),
            write("cooccurrence.csv", "tag_a,tag_b,count", "zz_a,zz_b,40", "zz_c,zz_a,10"),
        ]
    )
    with opened(store) as words:
        found = words.related("zz a", measure="overlap")
        assert [(r.name, r.together, r.score) for r in found] == [
            ("zz_c", 10, 1.0),
            ("zz_b", 40, 0.8),
        ]
        assert words.related("zz_b", measure="jaccard")[0].score == pytest.approx(40 / 110)
        assert words.related("zz_b", measure="frequency")[0].score == pytest.approx(40 / 50)
        assert words.related("zz_b")[0].score == pytest.approx(40 / (50 * 100) ** 0.5)
        assert words.related("no such tag") == []


def test_an_import_can_be_taken_back(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    store.import_files([write("b.csv", "zz_a,0,50,"), write("c.csv", "zz_c,0,7,")])
    with opened(store) as words:
        before = words.get("zz_a").count
    gone = store.undo()
    assert (before, [source.name for source in gone]) == (50, ["b.csv", "c.csv"])
    with opened(store) as words:
        assert words.get("zz_a").count == 5
        assert words.get("zz_c") is None
    assert [source.batch for source in store.sources()] == [0, 1]
    with pytest.raises(VocabularyError, match="the imports are: 1"):
        store.undo(7)
    store.undo(1)
    with pytest.raises(VocabularyError, match="none"):
        store.undo()


def test_a_file_that_is_in_already_is_left_out(store, write):
    path = write("a.csv", "zz_a,0,5,")
    store.import_files([path])
    report = store.import_files([path])
    assert "import 1" in report.files[0].skipped
    assert len(store.sources()) == 2


def test_an_unknown_file_lets_nothing_in(store, write):
    with pytest.raises(VocabularyError, match="not a tag file"):
        store.import_files([write("a.csv", "zz_a,0,5,"), write("b.txt", "nothing to see")])
    assert not store.place.path.exists()


def test_sources_carry_licence_rows_and_broken_rows(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,", "broken")], licence="CC0-1.0")
    embedded, source = store.sources()
    assert embedded.kind == "embedded"
    assert (source.licence, source.rows, source.broken) == ("CC0-1.0", 1, 1)


def test_a_build_that_fails_leaves_everything_as_it_was(store, write, monkeypatch):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    before = store.place.path.read_bytes()

    def fail(*_):
        raise RuntimeError("no index")

    monkeypatch.setattr("enogu.tags.vocabulary.build.build_index", fail)
    with pytest.raises(RuntimeError):
        store.import_files([write("b.csv", "zz_b,0,5,")])
    monkeypatch.undo()
    assert store.place.path.read_bytes() == before
    store.import_files([write("c.csv", "zz_c,0,5,")])
    assert [source.name for source in store.sources()][1:] == ["a.csv", "c.csv"]
    leftovers = [path.name for path in store.place.path.parent.glob(".*tmp*")]
    assert leftovers == []


def test_an_import_whose_process_died_before_the_swap_is_taken_out(store, write, monkeypatch):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    with monkeypatch.context() as patch:
        patch.setattr(VocabularyStore, "_rebuild", lambda *_: (_ for _ in ()).throw(SystemExit))
        patch.setattr(store_module, "delete_batch", lambda *_: None)
        patch.setattr(store_module, "set_meta", lambda *_: None)
        with pytest.raises(SystemExit):
            store.import_files([write("b.csv", "zz_b,0,5,")])
    store.import_files([write("c.csv", "zz_c,0,5,")])
    assert [source.name for source in store.sources()][1:] == ["a.csv", "c.csv"]
    with opened(store) as words:
        assert words.get("zz_b") is None


def test_what_a_killed_build_left_is_deleted_by_the_next_one(store, write):
    store.import_files([write("a.csv", "hat,0,9,\n")])
    left = store.place.path.with_name(".tags.db.0123abcd.tmp")
    left.write_bytes(b"half")
    other = left.with_name(".other.db.0123abcd.tmp")
    other.write_bytes(b"not ours")
    store.undo()
    assert not left.exists()
    assert other.exists()


def test_own_use_survives_imports_and_undo(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    record_usage(store.place.path, ["zz a", "ZZ_A", "smile"], now=100.0)
    record_usage(store.place.path, ["zz_a"], negative=True, now=50.0)
    store.import_files([write("b.csv", "zz_b,0,5,")])
    store.undo()
    with opened(store) as words:
        used = {entry.name: entry for entry in read_usage(words.connection)}
    assert (used["zz_a"].positive, used["zz_a"].negative, used["zz_a"].last_used) == (1, 1, 100.0)
    assert used["smile"].positive == 1


def test_a_reader_keeps_its_file_while_it_is_swapped(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    with opened(store) as words:
        store.import_files([write("b.csv", "zz_b,0,5,")])
        assert words.get("zz_a").count == 5
        assert words.get("zz_b") is None
    with opened(store) as words:
        assert words.get("zz_b").count == 5


def test_a_second_writer_is_told_that_the_first_is_at_work(store, write):
    path = write("a.csv", "zz_a,0,5,")
    with store._lock(), pytest.raises(BusyError, match="another process"):
        VocabularyStore(store.place.path, wait_s=0.05).import_files([path])


def import_one(arguments):
    place, path = arguments
    VocabularyStore(place).import_files([path])
    record_usage(place, ["smile"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the few words reach children by fork only")
def test_several_processes_may_write_one_vocabulary(store, write):
    files = [write(f"{number}.csv", f"zz_{number},0,{number + 1},") for number in range(3)]
    jobs = [(store.place.path, path) for path in files]
    with multiprocessing.get_context("fork").Pool(3) as pool:
        pool.map(import_one, jobs)
    with opened(store) as words:
        assert [words.get(f"zz_{number}").count for number in range(3)] == [1, 2, 3]
        assert read_usage(words.connection)[0].positive == 3


def test_a_vocabulary_of_another_package_is_built_anew_when_opened(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    with sqlite3.connect(store.place.path) as connection:
        connection.execute("UPDATE meta SET value = 'old' WHERE key LIKE 'package%'")
        connection.execute("DELETE FROM tags WHERE name = 'smile'")
    connection.close()
    with opened(store) as words:
        assert words.get("smile") is not None
        assert words.get("zz_a").count == 5


def test_a_vocabulary_of_a_newer_program_is_refused(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    with sqlite3.connect(store.place.path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        connection.execute("UPDATE meta SET value = 'new' WHERE key LIKE 'package%'")
    connection.close()
    with pytest.raises(VocabularyError, match="version 99"):
        opened(store)


def test_a_vocabulary_that_was_deleted_is_built_anew_from_what_was_imported(store, write):
    store.import_files([write("a.csv", "zz_a,0,5,")])
    store.place.path.unlink()
    with opened(store) as words:
        assert words.get("zz_a").count == 5
