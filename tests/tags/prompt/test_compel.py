"""Compel's weights; the expected values are those of Compel 2.5.1 for the same texts."""

import pytest

from enogu.tags.prompt import GroupKind, Role, weighted_tokens
from enogu.tags.prompt.compel import parse_compel


def words(text):
    return [
        (piece.token.value.strip(), round(piece.weight, 6))
        for piece in weighted_tokens(parse_compel(text))
        if piece.token.value.strip()
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a cat++ b", [("a", 1), ("cat", 1.21), ("b", 1)]),
        ("(a b)1.3 c", [("a b", 1.3), ("c", 1)]),
        ("((a)1.3 b)1.1", [("a", 1.43), ("b", 1.1)]),
        ("(a b) c", [("a b", 1), ("c", 1)]),
        ("a (b+ c)++", [("a", 1), ("b", 1.331), ("c", 1.21)]),
        ("mid-century--", [("mid-century", 0.81)]),
        ("a-b c-", [("a-b", 1), ("c", 0.9)]),
        ("cat+,dog", [("cat", 1.1), (",dog", 1)]),
        ("a.b+", [("a.b+", 1)]),
        ("(a)-1.0", [("a", 0.9), ("1.0", 1)]),
        ("(a) ++", [("a", 1), ("++", 1)]),
        ('"a b"++ c', [("a b", 1.21), ("c", 1)]),
        (r"a \(b\)", [("a", 1), ("(", 1), ("b", 1), (")", 1)]),
        ("unclosed (a b", [("unclosed (a b", 1)]),
        ("hu_tao_(genshin_impact)", [("hu_tao_(genshin_impact)", 1)]),
        ("(a).attend(++)", [("a", 1.21)]),
    ],
)
def test_weights_are_those_of_compel(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "kind", "arguments"),
    [
        ('("a b", "c+").blend(1, 0.5)', GroupKind.BLEND, "1, 0.5"),
        ('("a", "b").and()', GroupKind.CONJUNCTION, ""),
    ],
)
def test_prompts_may_be_joined(text, kind, arguments):
    group = parse_compel(text).groups[0]
    assert (group.kind, group.name, len(group.separators)) == (kind, arguments, 1)


def test_swaps_and_loras_have_their_own_tokens():
    prompt = parse_compel('a cat.swap(dog) "x y".swap(z) withLora(style, 0.5)')
    assert [group.kind for group in prompt.groups] == [GroupKind.SWAP, GroupKind.SWAP]
    assert prompt.tokens[-1].role is Role.NETWORK
    assert prompt.tokens[-1].value == "lora:style:0.5"
