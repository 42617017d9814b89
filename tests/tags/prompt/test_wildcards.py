import json

import pytest

from enogu.errors import PromptError
from enogu.tags.prompt.wildcards import read_wildcards


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "wildcards"
    (root / "hair").mkdir(parents=True)
    (root / "hair" / "colour.txt").write_text("# remark\nred\n\n0.5::blue\nred\n", encoding="utf-8")
    (root / "hair" / "length.txt").write_bytes("長い髪\r\nshort\r\n".encode("cp932"))
    (root / "clothes.yaml").write_text(
        "clothes:\n  hats: [straw hat, 2::beret]\n  deep:\n    shoes: boots\n", encoding="utf-8"
    )
    (root / "mood.json").write_text(
        json.dumps(["happy", {"text": "sad", "weight": 0.2}]), encoding="utf-8"
    )
    return root


def texts(library, pattern):
    return [value.text for value in library.values(pattern)]


def test_all_kinds_of_files_are_read(folder):
    library = read_wildcards(folder)
    assert library.names == [
        "clothes/deep/shoes", "clothes/hats", "hair/colour", "hair/length", "mood",
    ]  # fmt: skip
    assert texts(library, "hair/colour") == ["red", "blue"]
    assert [value.weight for value in library.values("hair/colour")] == [1.0, 0.5]
    assert texts(library, "hair/length") == ["長い髪", "short"]
    assert [(v.text, v.weight) for v in library.values("clothes/hats")] == [
        ("straw hat", 1.0), ("beret", 2.0),
    ]  # fmt: skip
    assert [(v.text, v.weight) for v in library.values("mood")] == [("happy", 1.0), ("sad", 0.2)]
    assert library.problems == ()


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("hair/*", ["hair/colour", "hair/length"]),
        ("*", ["mood"]),
        ("**/shoes", ["clothes/deep/shoes"]),
        ("clothes/**", ["clothes/deep/shoes", "clothes/hats"]),
        ("hair\\colour", ["hair/colour"]),
        ("../wildcards/mood", []),
        ("nothing", []),
    ],
)
def test_stars_stand_for_names(folder, pattern, names):
    assert read_wildcards(folder).matching(pattern) == names


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.yaml", b"x: [unclosed"),
        ("a.json", b"{"),
        ("a.json", b"[" * 100_000),
        ("a.json", b"3"),
        ("a.txt", b"\x00\x01\x81"),
        ("a.yaml", b"a: &a [*a]"),
        ("a.yaml", b"a: &a {b: *a}"),
    ],
)
def test_a_broken_file_is_named_and_the_others_are_read(folder, name, data):
    (folder / name).write_bytes(data)
    library = read_wildcards(folder)
    assert "hair/colour" in library.names
    assert library.problems == () or library.problems[0].startswith(name)


def test_yaml_may_not_make_objects(folder):
    (folder / "bad.yaml").write_text("a: !!python/object/apply:os.getcwd []", encoding="utf-8")
    library = read_wildcards(folder)
    assert "a" not in library.names
    assert "bad.yaml" in library.problems[0]


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert "link" not in read_wildcards(folder).names


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(PromptError, match="no such folder"):
        read_wildcards(tmp_path / "none")
