from dataclasses import replace

import pytest
from tests.pictures.records.conftest import some_facts, some_file, some_result

from enogu.pictures.records import Records, ScoredTag


def test_facts_come_back_as_they_were(records):
    with records.changing():
        records.put_facts(some_facts())
    assert records.facts("a" * 64) == some_facts()
    assert records.facts("b" * 64) is None


def test_a_result_comes_back_with_its_regions_and_tags_best_first(records):
    with records.changing():
        records.put_result(some_result())
    (found,) = records.results("a" * 64).values()
    assert replace(found, tags=()) == replace(some_result(), tags=())
    assert found.tags == (
        ScoredTag(tag="hat", source="person"),
        ScoredTag(tag="smile", source="judge", score=0.9),
    )


def test_a_new_result_replaces_the_old_one_with_all_that_hangs_on_it(records):
    with records.changing():
        records.put_result(some_result())
        records.put_result(some_result(regions=(), tags=(), verdict="unsure"))
    assert records.results("a" * 64)["trim"] == some_result(regions=(), tags=(), verdict="unsure")


def test_removed_results_take_regions_and_tags_along(records):
    with records.changing():
        records.put_result(some_result())
        records.put_result(some_result("b" * 64))
        records.put_result(some_result(step="quality", files={}))
        assert records.remove_results("trim", ["a" * 64, "c" * 64]) == 1
        assert records.remove_results("trim") == 1
        records.put_result(some_result(regions=(), tags=()))
    assert records.results("a" * 64)["trim"].regions == ()
    assert records.results("a" * 64)["trim"].tags == ()
    assert set(records.results("a" * 64)) == {"trim", "quality"}
    assert records.result("a" * 64, "quality") == records.results("a" * 64)["quality"]
    assert records.result("a" * 64, "regions") is None


def test_results_of_a_step_and_their_verdicts(records):
    with records.changing():
        for letter, verdict in (("b", "trim"), ("a", "unsure"), ("c", "trim")):
            records.put_result(some_result(letter * 64, verdict=verdict))
        records.put_result(some_result(step="quality"))
    assert [one.picture_id[0] for one in records.results_of("trim")] == ["a", "b", "c"]
    assert list(records.verdicts("trim").items()) == [("trim", 2), ("unsure", 1)]


def test_pictures_go_with_their_last_file(records):
    with records.changing():
        records.put_file(some_file())
        records.put_file(some_file("pictures/copy.png"))
        records.put_facts(some_facts())
        records.put_result(some_result())
    with records.only() as there:
        there(["pictures/copy.png"])
    assert [entry.relative for entry in records.files()] == ["pictures/copy.png"]
    assert records.facts("a" * 64) is not None
    with records.only():
        pass
    assert records.facts("a" * 64) is None
    assert records.results("a" * 64) == {}
    assert list(records.files()) == []


def test_nothing_is_forgotten_when_looking_was_broken_off(records):
    with records.changing():
        records.put_file(some_file())
    with pytest.raises(ZeroDivisionError), records.only():
        raise ZeroDivisionError
    with records.only() as there:
        there(["pictures/a.png"])
        there(["pictures/a.png"])
    assert list(records.files()) == [some_file()]


def test_files_are_found_by_name_and_by_picture(records):
    copy, other = some_file("pictures/copy.png"), some_file("b.png", picture_id="b" * 64)
    with records.changing():
        for entry in (copy, some_file(), other):
            records.put_file(entry)
    assert records.files_named(["b.png", "c.png"]) == {"b.png": other}
    assert records.files_of("a" * 64) == [some_file(), copy]
    assert records.files_of("c" * 64) == []


def test_files_come_back_by_name(records):
    entries = [some_file("pictures/b.png", refusal="is empty"), some_file()]
    with records.changing():
        for entry in entries:
            records.put_file(entry)
    assert list(records.files()) == entries[::-1]


def test_a_failed_change_leaves_nothing(records):
    with pytest.raises(RuntimeError), records.changing():
        records.put_facts(some_facts())
        raise RuntimeError
    assert records.facts("a" * 64) is None


def test_values_that_are_no_json_are_refused(records):
    with pytest.raises(ValueError, match="Out of range"), records.changing():
        records.put_result(some_result(values={"score": float("nan")}))


def test_derived_keys_are_those_that_results_name(records):
    with records.changing():
        records.put_result(some_result(files={"mask": "x", "picture": "y"}))
        records.put_result(some_result("b" * 64, files={"mask": "x"}))
    assert records.derived_keys() == {"x", "y"}


def test_records_outlive_the_process_that_made_them(tmp_path):
    with Records(tmp_path) as first, first.changing():
        first.put_facts(some_facts())
    with Records(tmp_path) as second:
        assert second.facts("a" * 64) == some_facts()
        assert second.notes == ()


def test_verdicts_and_single_values_of_all_pictures_are_found_at_once(records):
    with records.changing():
        records.put_result(some_result(verdict="unsure"))
        records.put_result(some_result("b" * 64, verdict="flagged"))
        records.put_result(some_result("c" * 64))
        records.put_result(some_result("c" * 64, "tags:wd", values={"rating": "sensitive"}))
        records.put_result(some_result("c" * 64, "tags_x", values={"rating": "no tagger"}))
        records.put_result(some_result("d" * 64, "tags:wd", values={"rating": None}))
    assert list(records.with_verdicts(["unsure", "flagged"])) == [
        ("a" * 64, "trim", "unsure"), ("b" * 64, "trim", "flagged"),
    ]  # fmt: skip
    assert list(records.values_of("tags:", "rating")) == [("c" * 64, "sensitive")]
