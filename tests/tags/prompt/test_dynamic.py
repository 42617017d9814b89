import pytest

from enogu.tags.prompt import GroupKind, Role
from enogu.tags.prompt.dynamic import (
    choice_range,
    method_of,
    parse_dynamic,
    wildcard_settings,
)


def test_options_and_their_weights():
    prompt = parse_dynamic("{0.5::red|blue|2::{big|small} green} hair")
    outer, inner = prompt.groups
    assert (outer.kind, inner.parent) == (GroupKind.CHOICE, 0)
    heads = [outer.open, *outer.separators]
    assert [prompt.tokens[index].weight for index in heads] == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("{", (1, 1, ", ")),
        ("{2$$", (2, 2, ",")),
        ("{1-2$$ and $$", (1, 2, " and ")),
        ("{-2$$", (1, 2, ",")),
        ("{2-$$", (2, 4, ",")),
        ("{9$$", (4, 4, ",")),
        ("{0-1$$", (0, 1, ",")),
    ],
)
def test_how_many_options_are_taken(head, expected):
    assert choice_range(head, 4) == expected


def test_wildcards_variables_wraps_and_remarks():
    prompt = parse_dynamic("${v=!{a|b}} ${v} %{x ... $$y} __!hair/*__ __t(v=w)__ # gone\nz")
    kinds = [group.kind for group in prompt.groups]
    assert kinds == [GroupKind.VARIABLE, GroupKind.CHOICE, GroupKind.VARIABLE, GroupKind.WRAP]
    assert [group.name for group in prompt.groups][::2] == ["v=!", "v"]
    wildcards = [token for token in prompt.tokens if token.role is Role.WILDCARD]
    assert [token.value for token in wildcards] == ["hair/*", "t"]
    assert [method_of(token.text) for token in wildcards] == ["!", ""]
    assert wildcard_settings(wildcards[1].text) == {"v": "w"}
    assert any(token.role is Role.COMMENT for token in prompt.tokens)


@pytest.mark.parametrize("text", ["{open", "close}", "50% $5 __init a|b", "a__b", "$ {", "(a:1.2)"])
def test_what_is_no_template_is_text(text):
    assert {token.role for token in parse_dynamic(text).tokens} <= {Role.TEXT}
