import json

import pytest

from enogu.cli import run
from enogu.cli.tags_search_command import escaped_for_prompt


@pytest.fixture(autouse=True, scope="module")
def data_dir(tmp_path_factory):
    """The embedded words are built once for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


def test_kana_find_a_tag(capsys):
    assert run(["tags", "search", "ねこみみ"]) == 0
    output = capsys.readouterr().out
    assert "cat ears" in output
    assert "猫耳" in output


def test_json_has_everything(capsys):
    assert run(["tags", "search", "cat", "ears", "-n", "1", "--json"]) == 0
    (hit,) = json.loads(capsys.readouterr().out)
    assert hit["name"] == "cat_ears"
    assert hit["tier"] == "exact"


def test_the_prompt_marks_hits(capsys):
    arguments = ["tags", "search", "cat ears", "--in-prompt", "1girl, cat ears", "--json"]
    assert run(arguments) == 0
    assert json.loads(capsys.readouterr().out)[0]["marks"] == ["present"]


def test_the_copy_form_has_tags_alone(capsys):
    assert run(["tags", "search", "cat ears", "-n", "1", "--copy-form"]) == 0
    assert capsys.readouterr().out == "cat ears\n"


def test_brackets_are_escaped_for_prompts():
    assert escaped_for_prompt("hu tao (genshin impact)") == r"hu tao \(genshin impact\)"


def test_nothing_found_is_no_error(capsys):
    assert run(["tags", "search", "qqqqqqqqqqqqqqqq"]) == 0
    assert "Nothing found" in capsys.readouterr().out


def test_a_wrong_limit_is_refused(capsys):
    assert run(["tags", "search", "cat", "-n", "0"]) == 2
    assert "1 to 1000" in capsys.readouterr().err
