import pytest

from enogu.tags.phrases.importing.table import is_styles, read_rows, read_styles, read_table
from enogu.tags.vocabulary.importing.problems import Problems


def table(text, problems=None):
    return list(read_table(text, "file", problems or Problems()))


@pytest.mark.parametrize(
    "text",
    [
        '帽子,"hat, straw hat"\n',
        'label,tags\n帽子,"hat, straw hat"\n',
        'タグ,日本語\n"hat, straw hat",帽子\n',
        '"hat, straw hat",帽子\n',
        "帽子\that, straw hat\n",
        "prompt;negative;label\nhat, straw hat;;帽子\n",
        '\n\n帽子,"hat, straw hat"',
    ],
)
def test_label_and_tags_are_told_apart(text):
    assert [(p.label, p.prompt, p.category) for p in table(text)] == [
        ("帽子", "hat, straw hat", "file")
    ]


def test_further_columns_without_header_are_category_and_group():
    assert [(p.category, p.group) for p in table("帽子,hat,服,頭\n空,sky,,\n")] == [
        ("服", "頭"),
        ("file", ""),
    ]


def test_a_full_header_fills_every_field():
    text = "category,group,label,label_en,reading,prompt,negative\na,b,c,C,し,hat,bad\n"
    (entry,) = table(text)
    assert (entry.category, entry.group, entry.label, entry.label_en) == ("a", "b", "c", "C")
    assert (entry.reading, entry.prompt, entry.negative) == ("し", "hat", "bad")


def test_broken_rows_cost_themselves_only():
    problems = Problems()
    text = 'label,tags\n帽子,hat\n空,"sky\n海,sea\n' + "x," * 10_000 + "\n,leer\n山,mountain\n"
    assert [p.label for p in table(text, problems)] == ["帽子", "海", "山"]
    assert [problem.line for problem in problems.first] == [3, 5, 6]
    assert "10,001 columns" in problems.first[1].reason


def test_fields_may_hold_line_breaks():
    rows = list(read_rows('a,"b\nc"\nd,e\n', ",", Problems()))
    assert rows == [(1, ["a", "b\nc"]), (3, ["d", "e"])]


def test_nul_bytes_are_reported():
    problems = Problems()
    assert table("label,tags\n帽子,h\0t\n空,sky\n", problems) != []
    assert problems.count == 1


STYLES = """\
name,prompt,negative_prompt
--- 画風 ---,,
水彩,"watercolor (medium), {prompt}",photo
線画,"lineart
monochrome",
"""


def test_styles_of_a1111_keep_slot_and_negative_prompt():
    assert is_styles(STYLES)
    found = list(read_styles(STYLES, "styles", Problems()))
    assert [(p.group, p.label, p.prompt, p.negative) for p in found] == [
        ("画風", "水彩", "watercolor (medium), {prompt}", "photo"),
        ("画風", "線画", "lineart\nmonochrome", ""),
    ]


def test_other_headers_are_no_styles():
    assert not is_styles("name,prompt\n")
    assert not is_styles("")
