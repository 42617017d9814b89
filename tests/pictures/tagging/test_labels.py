import json

import pytest

from enogu.errors import ModelFileError
from enogu.pictures.tagging.labels import Label, read_labels


def test_names_are_spoken_and_kaomoji_keep_their_mouth(tmp_path):
    path = tmp_path / "selected_tags.csv"
    names = ["long_hair", "^_^", "0_0", "(o)_(o)", ">_<", "||_||", ":d", "star_(symbol)"]
    path.write_text(
        "tag_id,name,category,count,ips\n" + "".join(f"1,{name},0,1,[]\n" for name in names),
        encoding="utf-8",
    )
    assert [label.tag for label in read_labels(path)] == [
        "long hair", "^_^", "0_0", "(o)_(o)", ">_<", "||_||", ":d", "star (symbol)",
    ]  # fmt: skip


def test_both_forms_of_a_tag_mapping_are_read(tmp_path):
    flat, split = tmp_path / "a.json", tmp_path / "b.json"
    flat.write_text(
        json.dumps(
            {"1": {"tag": "b_c", "category": "Rating"}, "0": {"tag": "a", "category": "Meta"}}
        ),
        encoding="utf-8",
    )
    split.write_text(
        json.dumps({"idx_to_tag": {"0": "a", "1": "b_c"},
                    "tag_to_category": {"a": "meta", "b_c": "rating"}}),
        encoding="utf-8",
    )  # fmt: skip
    assert read_labels(flat) == read_labels(split) == [
        Label("a", "meta"), Label("rating:b c", "rating"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "id,tag\n1,a\n", "columns name and category, got id, tag"),
        ("t.csv", "name,category\na,7\n", "line 2: category must be one of .* got '7'"),
        ("t.csv", "name,category\n ,0\n", "line 2: the tag has no name"),
        ("t.csv", "name,category\n", "no tag in the list"),
        ("t.json", "[1]", "must be a JSON object, got list"),
        ("t.json", "{", "is not JSON"),
        ("t.json", '{"0": {"tag": "a"}, "2": {"tag": "b"}}', "none with the number 1"),
        ("t.json", '{"0": {"category": "general"}}', "entry 0: the tag has no name, got None"),
    ],
)
def test_what_is_no_list_of_tags_is_refused(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelFileError, match=words):
        read_labels(path)
