import pytest

from enogu.tags.phrases.importing.markdown import read_markdown
from enogu.tags.vocabulary.importing.problems import Problems


def read(text, problems=None):
    return list(read_markdown(text, "file", problems or Problems()))


BOOK = """\
# 呪文帳
まえがき | です

## 背景
#### 空
| 日本語 | タグ |
|---|---|
| 夕焼け | `sunset, orange sky` |
| 青空 | blue_sky, day |

#### 海
| 日本語 | タグ |
| :-- | --: |
| 海辺 | beach, \\(ocean\\) |
おわり

## 服
| 日本語 | タグ |
|---|---|
| **帽子** | hat<br>straw hat |
"""


def test_h2_is_the_category_and_h4_the_group():
    assert [(p.category, p.group, p.label, p.prompt) for p in read(BOOK)] == [
        ("背景", "空", "夕焼け", "sunset, orange sky"),
        ("背景", "空", "青空", "blue_sky, day"),
        ("背景", "海", "海辺", r"beach, \(ocean\)"),
        ("服", "", "帽子", "hat, straw hat"),
    ]


def test_h3_is_a_group_until_an_h4_comes():
    table = "|x|y|\n|-|-|\n"
    text = f"## a\n### b\n{table}|l|hat|\n#### c\n{table}|m|sky|\n### d\n{table}|n|sea|"
    assert [(p.group, p.label) for p in read(text)] == [("b", "l"), ("c", "m"), ("d", "n")]


def test_tables_above_the_first_heading_go_to_the_file():
    assert read("|a|b|\n|-|-|\n|帽子|hat|")[0].category == "file"


@pytest.mark.parametrize(
    "table",
    [
        "|タグ|意味|\n|-|-|\n|hat|帽子|",
        "|en|ja|\n|-|-|\n|hat|帽子|",
        "帽 | x\n--- | ---\n帽子 | hat",
        "| No | 日本語 | プロンプト |\n|-|-|-|\n| 1 | 帽子 | hat |",
    ],
)
def test_label_and_tags_are_told_apart(table):
    assert [(p.label, p.prompt) for p in read(table)] == [("帽子", "hat")]


def test_pipes_links_entities_and_escapes_are_understood():
    text = (
        "|日本語|タグ|\n|-|-|\n"
        "|[帽\\|子](http://x.test/a) &amp; b|`a \\| b`|\n"
        "|c|x\\_y &lt;lora&gt;|"
    )
    assert [(p.label, p.prompt) for p in read(text)] == [
        ("帽|子 & b", "a | b"),
        ("c", "x_y <lora>"),
    ]


def test_a_negative_column_is_taken():
    text = "|name|prompt|negative|\n|-|-|-|\n|a|hat|lowres|"
    assert read(text)[0].negative == "lowres"


def test_fenced_code_and_plain_text_are_passed_over():
    assert read("```\n|a|b|\n|-|-|\n|x|hat|\n```\na | b\n") == []


def test_broken_rows_are_reported_with_their_line():
    problems = Problems()
    text = "|日本語|タグ|\n|-|-|\n|帽子|hat|\n|空|\n||sky|\n|" + "x|" * 300 + "\n|海|sea|"
    assert [p.label for p in read(text, problems)] == ["帽子", "海"]
    assert sorted(problem.line for problem in problems.first) == [4, 5, 6]


def test_a_missing_rule_is_no_table():
    assert read("| a | b |\n| 帽子 | hat |") == []
