import pytest

from enogu.tags.phrases import Phrase
from enogu.tags.phrases.model import MAX_LABEL, MAX_PROMPT, fault_of


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"label": "", "prompt": "hat"}, "label is empty"),
        ({"label": "a", "prompt": ""}, "has no tags"),
        ({"label": "a" * (MAX_LABEL + 1), "prompt": "hat"}, "201 characters"),
        ({"label": "a\nb", "prompt": "hat"}, "line end"),
        ({"label": "a\0", "prompt": "hat"}, "control character"),
        ({"label": "a", "prompt": "h\0t"}, r"U\+0000"),
        ({"label": "a", "prompt": "\ud800"}, r"U\+D800"),
        ({"label": "a", "prompt": "x" * (MAX_PROMPT + 1)}, "100,001 characters"),
        ({"label": "a", "prompt": "hat", "category": "c" * 201}, "category has 201"),
    ],
)
def test_faults_are_named(fields, fault):
    with pytest.raises(ValueError, match=fault):
        raise ValueError(fault_of(Phrase(**fields)))


def test_a_negative_prompt_alone_is_an_entry():
    assert fault_of(Phrase(label="a", prompt="", negative="lowres")) == ""


@pytest.mark.parametrize("heading", ["R-18", "r18", "18禁", "NSFW集", "成人向け"])
def test_headings_for_adults_are_recognised(heading):
    assert Phrase(label="a", prompt="hat", category=heading).rating_level() == 3
    assert Phrase(label="a", prompt="hat", group=heading).rating_level() == 3


@pytest.mark.parametrize("heading", ["R180のカメラ", "bar18 street", "表情"])
def test_other_headings_are_not(heading):
    assert Phrase(label="a", prompt="hat", category=heading).rating_level() == 0


def test_names_show_both_languages():
    assert Phrase(label="帽子", label_en="Hat", prompt="hat").names == "帽子 / Hat"
    assert Phrase(label="帽子", prompt="hat").names == "帽子"
