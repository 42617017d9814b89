import codecs

import pytest

from enogu.errors import CaptionError
from enogu.tags.sidecar import read_caption

TEXT = "1girl, 猫耳, 笑顔, ~☆"


@pytest.fixture
def write(tmp_path):
    def make(data):
        path = tmp_path / "a.txt"
        path.write_bytes(data)
        return path

    return make


@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (TEXT.encode(), "utf-8", ""),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig", "byte order mark"),
        (TEXT.encode("utf-16"), "utf-16", "UTF-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16", "UTF-16"),
        (TEXT.encode("cp932"), "cp932", "Shift_JIS"),
        (TEXT.encode("shift_jis"), "cp932", "Shift_JIS"),
        (TEXT.encode("euc_jp"), "euc_jp", "EUC-JP"),
    ],
)
def test_encodings_are_read_and_said(data, encoding, words, write):
    caption = read_caption(write(data))
    assert (caption.text, caption.encoding) == (TEXT, encoding)
    assert words in " ".join(caption.notes)
    assert bool(caption.notes) == (encoding != "utf-8")


def test_characters_only_windows_has(write):
    assert read_caption(write("①㈱髙".encode("cp932"))).text == "①㈱髙"


def test_half_width_katakana_among_kanji_is_shift_jis(write):
    caption = read_caption(write("猫ﾈｺ".encode("cp932")))
    assert (caption.text, caption.encoding) == ("猫ﾈｺ", "cp932")


def test_line_ends_become_newlines_and_outer_blanks_go(write):
    assert read_caption(write(b" a, b \r\nc\rd\n\n")).text == "a, b \nc\nd"


@pytest.mark.parametrize("data", [b"", b" \r\n ", codecs.BOM_UTF8])
def test_an_empty_file_is_an_empty_caption(data, write):
    caption = read_caption(write(data))
    assert caption.text == ""
    assert "caption file is empty" in caption.notes


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"caf\xe9 \xff", b"a\0b", b"\xff\xfea"])
def test_what_is_no_text_is_refused_with_the_next_step(data, write):
    with pytest.raises(CaptionError, match="save it as UTF-8"):
        read_caption(write(data))


def test_a_file_too_large_for_a_caption(write):
    with pytest.raises(CaptionError, match="1,048,577 bytes are too many"):
        read_caption(write(b"a" * 1_048_577))


def test_a_missing_file(tmp_path):
    with pytest.raises(CaptionError, match="No such file"):
        read_caption(tmp_path / "a.txt")
