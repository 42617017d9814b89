import pytest

from enogu.tags.prompt import Role, weighted_tokens
from enogu.tags.prompt.novelai import parse_novelai


def pieces(text):
    return [
        (piece.token.value, round(piece.weight, 6))
        for piece in weighted_tokens(parse_novelai(text))
        if piece.token.role is Role.TEXT
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {{b}} c", [("a ", 1), ("b", 1.1025), (" c", 1)]),
        ("[a]", [("a", round(1 / 1.05, 6))]),
        ("{a [b} c]", [("a ", 1.05), ("b", 1), (" c", round(1 / 1.05, 6))]),
        ("{a", [("a", 1.05)]),
        ("1.3::a ::, b", [("a ", 1.3), (", b", 1)]),
        ("-0.5::a::", [("a", -0.5)]),
        ("2::a, 1.5::b:: c", [("a, ", 2), ("b", 1.5), (" c", 1)]),
        ("{2::a::}", [("a", 2.1)]),
        ("{a | b", [("a ", 1.05), (" b", 1)]),
        ("(a:1.2)", [("(a:1.2)", 1)]),
        ("1girl::x", [("1girl", 1), ("::", 1), ("x", 1)]),
        ("a}", [("a", 1), ("}", 1)]),
    ],
)
def test_weights(text, expected):
    assert pieces(text) == expected


def test_a_bar_begins_a_character():
    assert [token.role for token in parse_novelai("a|b").tokens][1] is Role.CHARACTER
