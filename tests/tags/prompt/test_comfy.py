"""ComfyUI's weights; the expected values were computed with its own functions."""

import pytest

from enogu.tags.prompt import Role, weighted_tokens
from enogu.tags.prompt.comfy import parse_comfy


def pieces(text):
    return [
        (piece.token.value, round(piece.weight, 6)) for piece in weighted_tokens(parse_comfy(text))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b) c", [("a ", 1), ("b", 1.1), (" c", 1)]),
        ("((a:1.2):1.1)", [("a", 1.2)]),
        ("((a):1.5)", [("a", 1.65)]),
        ("((a:1.2) b)", [("a", 1.2), (" b", 1.1)]),
        ("[a]", [("[a]", 1)]),
        (r"\(a\) (b)", [("(", 1), ("a", 1), (")", 1), (" ", 1), ("b", 1.1)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("(:1.2)", [(":1.2", 1.1)]),
        ("(a:1e1)", [("a", 10)]),
        ("(a: 1.2 )", [("a", 1.2)]),
        ("a (b (c) d", [("a ", 1), ("(b (c) d", 1)]),
        ("(a (b)", [("a ", 1.1), ("(b", 1.1)]),
        ("((a:1.2)", [("(a", 1.2)]),
        ("a) (b) ((c))", [("a) (b) (", 1), ("c", 1.1), (")", 1)]),
        ("a) (b)", [("a) (b)", 1)]),
    ],
)
def test_weights_are_those_of_comfyui(text, expected):
    letters = [(letter, weight) for value, weight in expected for letter in value]
    assert [(letter, weight) for value, weight in pieces(text) for letter in value] == letters


def test_a_number_replaces_and_plain_brackets_multiply():
    number, plain = (parse_comfy(text).groups[0] for text in ("(a:1.2)", "(a)"))
    assert (number.replaces, number.factor) == (True, 1.2)
    assert (plain.replaces, plain.factor) == (False, 1.1)


def test_embeddings_are_told_by_their_prefix():
    prompt = parse_comfy("(embedding:neg-v2:1.2), embedding:b, notembedding:c")
    found = [token.value for token in prompt.tokens if token.role is Role.EMBEDDING]
    assert found == ["neg-v2", "b"]
