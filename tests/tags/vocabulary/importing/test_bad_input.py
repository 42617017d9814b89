"""Broken rows cost themselves and nothing else."""

import json

import pytest

from enogu.tags.vocabulary.importing.detect import detect_format
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.read import read_claims

GOOD = "long_hair,0,100,\nsmile,0,90,\n"
JAPANESE = "cat_ears,猫耳\nsmile,笑顔\nlong_hair,長い髪\nwitch_hat,魔女帽子\n"


def names_and_problems(path, **options):
    problems = Problems()
    claims = list(read_claims(path, detect_format(path, **options), problems, lambda: None))
    return [claim.name for claim in claims], [str(problem) for problem in problems.first]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",0,5,", "the name is empty"),
        ("a,b", "category must be a number"),
        ("a,0,-5,", "0 or more"),
        ("a,0,many,", "whole number"),
        ("a,0,nan,", "whole number"),
        ("a,0,1e400,", "whole number"),
        ("a,0,99999999999999,", "0 or more"),
        ("a,x,5,", "category must be"),
        ("a,-1,5,", "0 to 999"),
        ('"a,0,5,', "quotes"),
        ('"a"b,0,5,', "quotes"),
        ('"a,b",0,5,', "comma"),
        ("a\0b,0,5,", "NUL"),
        ("a\x07b,0,5,", "control character"),
        ("x" * 300 + ",0,5,", "300 characters"),
        ("a,0,5," + ",".join("b" * 10_000), "10,003 columns"),
        ("alone", "category must follow"),
    ],
)
def test_a_broken_row_is_named_with_its_line(tmp_path, row, reason):
    path = tmp_path / "danbooru.csv"
    path.write_text(f"{GOOD}{row}\nhat,0,80,\n", encoding="utf-8")
    names, problems = names_and_problems(path, content="tagcomplete")
    assert names == ["long_hair", "smile", "hat"]
    assert len(problems) == 1
    assert problems[0].startswith("line 3: ")
    assert reason in problems[0]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp"]
)
def test_encodings_are_recognised(tmp_path, encoding):
    path = tmp_path / "names.csv"
    path.write_bytes((JAPANESE * 5).encode(encoding))
    problems = Problems()
    claims = list(read_claims(path, detect_format(path), problems, lambda: None))
    assert problems.first == []
    assert {claim.text for claim in claims} == {"猫耳", "笑顔", "長い髪", "魔女帽子"}


def test_a_cp932_row_deep_in_an_ascii_file_is_read(tmp_path):
    path = tmp_path / "tags.csv"
    plain = b"long_hair,0,100,\n" * 70_000
    path.write_bytes(plain + "cat_ears,0,5,ねこみみ\n".encode("cp932"))
    problems = Problems()
    claims = list(read_claims(path, detect_format(path), problems, lambda: None))
    assert problems.first == []
    assert claims[-1].text == "ねこみみ"


def test_bytes_that_are_no_text_cost_their_row(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_bytes(GOOD.encode() * 20 + b"bad\xff\xfe\xfa,0,1,\n" + "猫,0,1,\n".encode() * 20)
    names, problems = names_and_problems(path)
    assert len(names) == 60
    assert problems == ["line 41: bytes that are not UTF-8"]


def test_a_line_without_end_is_skipped_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("enogu.tags.vocabulary.importing.text_input.MAX_LINE", 1000)
    path = tmp_path / "tags.csv"
    path.write_text(GOOD + "x" * 50_000 + "\nhat,0,80,\n", encoding="utf-8")
    names, problems = names_and_problems(path)
    assert names == ["long_hair", "smile", "hat"]
    assert problems == ["line 3: the line is longer than 1,000 characters"]


def test_short_rows_below_a_header_are_broken(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text("tag,category,count,alias\nhat,0,1,\nalone\n", encoding="utf-8")
    assert names_and_problems(path) == (["hat"], ["line 3: 1 columns, but 4 in the header"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("3,bad", "2 columns, but 4 in the header"),
        ("3,bad,0", "3 columns, but 4 in the header"),
        ("x,bad,0,5", "tag_id must be a whole number, got 'x'"),
    ],
)
def test_a_tagger_row_without_all_of_its_columns_is_broken(tmp_path, row, reason):
    path = tmp_path / "selected_tags.csv"
    path.write_text(f"tag_id,name,category,count\n1,hat,0,7\n{row}\n", encoding="utf-8")
    assert names_and_problems(path) == (["hat"], [f"line 3: {reason}"])


def test_lists_of_names_at_the_end_of_a_row_may_be_missing(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text("tag,count,alias,ja\nhat,7\ncap,5,\n", encoding="utf-8")
    assert names_and_problems(path) == (["hat", "cap"], [])


def test_broken_records_in_json_cost_themselves(tmp_path):
    good = {"name": "hat", "category": 0, "post_count": 1}
    lines = tmp_path / "tags.jsonl"
    lines.write_text(
        "\n".join([json.dumps(good), '{"name": ', "[1]", "17", json.dumps(good)]), encoding="utf-8"
    )
    names, problems = names_and_problems(lines)
    assert names == ["hat", "hat"]
    assert [problem.split(":")[0] for problem in problems] == ["line 2", "line 3", "line 4"]
    array = tmp_path / "tags.json"
    array.write_text(f'[{json.dumps(good)}, {{"name": oops}}, {json.dumps(good)}]')
    names, problems = names_and_problems(array)
    assert names == ["hat", "hat"]
    assert len(problems) == 1


def test_a_cut_array_gives_what_was_whole(tmp_path):
    array = tmp_path / "tags.json"
    array.write_text('[{"name": "hat", "post_count": 1}, {"name": "bow", "post_c')
    names, problems = names_and_problems(array)
    assert names == ["hat"]
    assert len(problems) == 1


def test_deep_nesting_is_a_broken_record(tmp_path):
    path = tmp_path / "tags.jsonl"
    path.write_text(
        '{"name": "hat", "post_count": 1}\n{"name": ' + "[" * 100_000 + "\n", encoding="utf-8"
    )
    names, problems = names_and_problems(path)
    assert names == ["hat"]
    assert len(problems) == 1


@pytest.mark.parametrize("field", ["name", "post_count", "category", "other_names", "alias", "ips"])
@pytest.mark.parametrize("value", [None, [], {}, [[]], [None], True, 1e308, "\ud800", {"a": 1}])
def test_wrong_types_in_fields_never_end_an_import(tmp_path, field, value):
    path = tmp_path / "tags.jsonl"
    rows = [{"name": "hat", "post_count": 1}, {"name": "bow", "post_count": 2, field: value}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    names, _ = names_and_problems(path)
    assert names[0] == "hat"
