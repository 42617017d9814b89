import pytest

from enogu.tags.prompt import GroupKind, Role
from enogu.tags.prompt.a1111 import parse_a1111


def shown(prompt):
    return [(token.role.value, token.text) for token in prompt.tokens]


def test_every_sign_has_a_role_and_a_place():
    prompt = parse_a1111(r"1girl, (red \(hair\):1.2) BREAK <lora:x:0.8> b")
    assert shown(prompt) == [
        ("text", "1girl, "),
        ("open", "("),
        ("text", "red "),
        ("text", r"\("),
        ("text", "hair"),
        ("text", r"\)"),
        ("close", ":1.2)"),
        ("break", " BREAK "),
        ("network", "<lora:x:0.8>"),
        ("text", " b"),
    ]
    assert [token.start for token in prompt.tokens] == [0, 7, 8, 12, 14, 18, 20, 25, 32, 44]
    (group,) = prompt.groups
    assert (group.kind, group.factor, group.number) == (GroupKind.WEIGHT, 1.2, "1.2")


def test_groups_know_what_they_stand_in():
    prompt = parse_a1111("((a) [b:c:0.5] [d|e|f])")
    outer, inner, schedule, alternate = prompt.groups
    assert [group.parent for group in prompt.groups] == [-1, 0, 0, 0]
    assert (schedule.kind, schedule.number) == (GroupKind.SCHEDULE, "0.5")
    assert (alternate.kind, len(alternate.separators)) == (GroupKind.ALTERNATE, 2)
    assert prompt.tokens[outer.close].text == ")"
    assert list(prompt.ancestors(1)) == [1, 0]
    assert inner.close is not None


def test_a_bracket_that_is_never_closed_has_no_end():
    prompt = parse_a1111("a (b [c")
    assert [group.close for group in prompt.groups] == [None, None]


def test_brackets_do_not_reach_past_and():
    prompt = parse_a1111("a (b AND c) d :0.7")
    (group,) = prompt.groups
    assert group.close is None
    joint = next(token for token in prompt.tokens if token.role is Role.AND)
    assert joint.weight == 1.0
    assert (prompt.tokens[-1].role, prompt.tokens[-1].weight) == (Role.PART_WEIGHT, 0.7)
    assert prompt.tokens[-2].group == -1


def test_and_is_a_word_in_a_negative_prompt_and_inside_words():
    assert parse_a1111("a AND b", negative=True).tokens[0].text == "a AND b"
    assert all(token.role is Role.TEXT for token in parse_a1111("BRAND and SAND").tokens)


@pytest.mark.parametrize(
    "text", ["(a:1<lora:x:1>.2)", r"\<lora:x:1>(a", "a <lora:x:1> AND b", "<a:>"]
)
def test_a_network_inside_punctuation_loses_nothing(text):
    assert str(parse_a1111(text)) == text


def test_a_network_inside_a_weight_is_cut_out_first():
    prompt = parse_a1111("(a:1<lora:x:1>.2)")
    assert prompt.groups[0].factor == 1.2


def test_an_unreadable_weight_is_kept_for_the_check():
    (group,) = parse_a1111("(a:1.2.3)").groups
    assert (group.factor, group.number) == (None, "1.2.3")
