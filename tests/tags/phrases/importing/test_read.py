import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enogu.errors import PhraseError
from enogu.tags.phrases import read_phrase_file
from enogu.tags.phrases.importing import read
from enogu.tags.phrases.importing.markdown import read_markdown
from enogu.tags.phrases.importing.table import read_styles, read_table
from enogu.tags.phrases.model import fault_of
from enogu.tags.vocabulary.importing.problems import Problems

TABLE = "## 服\n|日本語|タグ|\n|---|---|\n|帽子|hat|\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_usual_encoding_and_line_end_is_read(tmp_path, encoding, line_end):
    path = tmp_path / "book.md"
    path.write_bytes(TABLE.replace("\n", line_end).encode(encoding))
    (entry,) = read_phrase_file(path).phrases
    assert (entry.category, entry.label, entry.prompt) == ("服", "帽子", "hat")
    assert entry.source == "book.md"


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.md", TABLE, "markdown"),
        ("a.txt", TABLE, "markdown"),
        ("a.csv", "帽子,hat\n", "csv"),
        ("a.tsv", "帽子\that\n", "csv"),
        ("styles.csv", "name,prompt,negative_prompt\na,hat,\n", "styles"),
        ("chants.json", json.dumps([{"name": "a", "content": "hat"}]), "chants"),
        ("a.txt", json.dumps([{"name": "a", "content": "hat"}]), "chants"),
    ],
)
def test_the_format_is_told_by_ending_and_beginning(tmp_path, name, text, form):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    found = read_phrase_file(path)
    assert found.format == form
    assert [p.prompt for p in found.phrases] == ["hat"]


def test_the_category_of_a_file_without_one_is_its_name_or_the_given_one(tmp_path):
    path = tmp_path / "帽子集.csv"
    path.write_text("帽子,hat\n", encoding="utf-8")
    assert read_phrase_file(path).phrases[0].category == "帽子集"
    assert read_phrase_file(path, category="服").phrases[0].category == "服"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 20, "no text"),
        (b"no table here\n", "holds no entry"),
        (b"[1, 2", "no JSON"),
    ],
)
def test_what_is_no_phrase_book_is_refused(tmp_path, data, message):
    path = tmp_path / "x.md"
    path.write_bytes(data)
    with pytest.raises(PhraseError, match=message):
        read_phrase_file(path)


def test_folders_missing_and_oversized_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(PhraseError, match="is a folder"):
        read_phrase_file(tmp_path)
    with pytest.raises(PhraseError, match="cannot be read"):
        read_phrase_file(tmp_path / "missing.md")
    path = tmp_path / "big.csv"
    path.write_text("帽子,hat\n", encoding="utf-8")
    monkeypatch.setattr(read, "MAX_BYTES", 5)
    with pytest.raises(PhraseError, match="too many") as caught:
        read_phrase_file(path)
    assert "enogu tags import" in caught.value.hint


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.sampled_from('|-#`\\",\n\t:a帽 <br>*_[]()~\0'), max_size=300))
def test_no_text_breaks_a_reader_and_what_is_read_has_no_fault(text):
    for reader in (read_markdown, read_table, read_styles):
        problems = Problems()
        for entry in reader(text, "c", problems):
            assert fault_of(entry) == ""


def test_hostile_texts_take_bounded_time():
    for text in (
        "|" * 200_000,
        "|a|b|\n|-|-|\n" + "|`" * 50_000,
        "a\\" * 100_000 + "|\n|-|",
        '"' * 100_001,
        "|a|b|\n|-|-|\n|" + "**a" * 20_000 + "|hat|",
        "[a](" * 30_000,
    ):
        list(read_markdown(text, "c", Problems()))
        list(read_table(text, "c", Problems()))
