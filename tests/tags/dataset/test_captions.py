import codecs
import os
import random

import pytest

from enogu.errors import CaptionError
from enogu.tags.dataset import CaptionSyntax, captions_statistics, check_captions
from enogu.tags.dataset.document import Spelling, read_caption_file, spelling_of, split_lines


def test_the_table_holds_every_caption_in_order(make):
    captions = make({"a.txt": "Blue_Hair, hat, blue hair", "b/c.txt": "one\n\ntwo, hat\n"})
    assert [file.relative for file in captions.files] == ["a.txt", "b/c.txt"]
    assert captions.names == ("blue_hair", "hat", "one", "two")
    assert [captions.tags_of(row) for row in range(3)] == [
        ["blue_hair", "hat", "blue_hair"],
        ["one"],
        ["two", "hat"],
    ]
    assert captions.file_of.tolist() == [0, 1, 1]
    assert [captions.where(row) for row in range(3)] == [
        "a.txt",
        "b/c.txt, caption 1",
        "b/c.txt, caption 2",
    ]
    rows, tags = captions.distinct
    assert list(zip(rows.tolist(), tags.tolist(), strict=True)) == [
        (0, 0), (0, 1), (1, 2), (2, 1), (2, 3),
    ]  # fmt: skip


def test_escaped_brackets_are_brackets(make):
    assert make({"a.txt": r"star \(symbol\), star (symbol)"}).names == ("star_(symbol)",)


def test_a_file_without_text_is_one_empty_caption(make):
    captions = make({"a.txt": b"", "b.txt": b"\r\n \r\n", "c.txt": "x"})
    assert captions.lengths.tolist() == [0, 0, 1]


def test_bound_and_divided_tags_are_counted_one_by_one(make):
    syntax = CaptionSyntax(keep_separator="|||", secondary_separator=";;;")
    assert make({"a.txt": "a ||| b;;;c, d"}, syntax=syntax).tags_of(0) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("猫耳, 笑顔".encode("cp932"), "cp932"),
        ("猫耳, 笑顔".encode("euc_jp"), "euc_jp"),
        (codecs.BOM_UTF16_LE + "猫耳, 笑顔".encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + "猫耳, 笑顔".encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF8 + "猫耳, 笑顔".encode(), "utf-8-sig"),
        ("猫耳, 笑顔".encode(), "utf-8"),
    ],
)
def test_a_file_is_written_back_in_its_encoding(data, encoding, folder):
    (folder / "a.txt").write_bytes(data)
    file = read_caption_file(folder / "a.txt", "a.txt")
    assert (file.text, file.encoding) == ("猫耳, 笑顔", encoding)
    assert file.to_bytes(file.text) == data


def test_a_letter_the_encoding_lacks_is_named(folder):
    (folder / "a.txt").write_bytes("猫耳".encode("cp932"))
    with pytest.raises(CaptionError, match=r"Shift_JIS \(CP932\).*cannot hold 'é'"):
        read_caption_file(folder / "a.txt", "a.txt").to_bytes("é")


def test_unusable_files_are_counted_and_named(make, folder):
    os.mkfifo(folder / "pipe.txt")
    (folder / "folder.txt").mkdir()
    captions = make(
        {
            "good.txt": "a",
            "bad.txt": b"\x89PNG\0\0",
            "huge.txt": b"a," * 600_000,
            "list.txt": b"a," * 10_001,
        }
    )
    reasons = {item.path.name: item.reason for item in captions.unusable}
    assert set(reasons) == {"bad.txt", "huge.txt", "list.txt", "pipe.txt"}
    assert "no ordinary file" in reasons["pipe.txt"]
    assert "too many" in reasons["huge.txt"]
    assert reasons["list.txt"] == "has 10,001 tags; at most 10,000 are a caption"
    assert len(captions.files) == 1


def test_links_out_of_the_folder_are_not_read(make, folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "away").symlink_to(tmp_path)
    assert make({"a.txt": "a"}).names == ("a",)


def test_of_two_endings_the_first_counts(make):
    captions = make({"a.txt": "one", "a.caption": "two"})
    assert captions.names == ("one",)
    assert "a.caption beside it is not" in captions.warnings[0]


def test_pictures_and_captions_that_miss_each_other_are_named(make):
    captions = make({"a.txt": "x", "b.png": b"", "c.png": b"", "c.txt": "y"})
    assert [path.name for path in captions.without_caption] == ["b.png"]
    assert [path.name for path in captions.without_picture] == ["a.txt"]


def test_a_folder_without_captions_is_refused(folder, reread, make):
    with pytest.raises(CaptionError, match=r"no caption file.*\n.*drawing\.txt beside"):
        reread(folder)
    with pytest.raises(CaptionError, match=r"none of the 1 caption files.*a\.txt"):
        make({"a.txt": b"\0\0"})


def test_lines_keep_their_ends():
    text = "a\r\nb\rc\n\nd\u2028e"
    lines = split_lines(text)
    assert "".join(line + end for line, end in lines) == text
    assert [line for line, _ in lines] == ["a", "b", "c", "", "d", "e"]
    assert split_lines("") == [("", "")]


@pytest.mark.parametrize(
    ("tags", "spelling"),
    [
        (["blue_hair", "hat"], Spelling(underscores=True)),
        (["blue hair", "hat", "^_^", "o_o"], Spelling()),
        ([r"star \(symbol\)"], Spelling(escaped=True)),
        (["hat"], Spelling(underscores=True, escaped=True)),
    ],
)
def test_new_tags_are_spelt_like_the_others(tags, spelling):
    usual = Spelling(underscores=True, escaped=True) if tags == ["hat"] else None
    assert spelling_of(tags, usual) == spelling
    assert Spelling(escaped=True).spell("star_(symbol)") == r"star \(symbol\)"


def test_any_bytes_are_read_or_named(make, knows):
    rng = random.Random(23)
    pieces = [
        b"hat", b", ", b"\r\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x82\xa0", b"(", b"\\(",
        b"_", b" ", "猫".encode(), "\u2028".encode(), b"\x85", b"|||", b"\xa4\xc1",
    ]  # fmt: skip
    files = {
        f"{number:03d}.txt": b"".join(rng.choices(pieces, k=rng.randrange(12)))
        for number in range(300)
    }
    captions = make(files)
    assert len(captions.files) + len(captions.unusable) == 300
    assert len(captions.unusable) > 20
    for file in captions.files:
        assert file.data == files[file.relative]
    captions_statistics(captions, knows)
    check_captions(captions, knows)
