import json

import pytest

from enogu.errors import PromptError
from enogu.tags.prompt import parse_prompt_weights


def check(prompt, expected):
    pieces = parse_prompt_weights(prompt)
    assert [text for text, _ in pieces] == [text for text, _ in expected], prompt
    for (_, weight), (_, wanted) in zip(pieces, expected, strict=True):
        assert weight == pytest.approx(wanted, abs=1e-9), prompt


@pytest.mark.shared_data
def test_golden_prompts(shared_data):
    cases = json.loads((shared_data / "golden" / "prompt_weights.json").read_text(encoding="utf-8"))
    assert len(cases) == 25
    for prompt, expected in cases:
        check(prompt, expected)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", [("", 1)]),
        ("()", [("", 1)]),
        ("(:1.5)", [("", 1)]),
        ("a:1.2", [("a:1.2", 1)]),
        ("((a)), b", [("a", 1.21), (", b", 1)]),
        ("[[a]]", [("a", 1 / 1.21)]),
        ("(a:1.2), ((b:1.1):1.3)", [("a", 1.2), (", ", 1), ("b", 1.43)]),
        ("((a:1.5)b:0.5)", [("a", 0.75), ("b", 0.5)]),
        ("(a:-1)", [("a", -1)]),
        ("(a:.5)", [("a", 0.5)]),
        ("(a: 1.3 )", [("a", 1.3)]),
        ("(a b):1.2", [("a b", 1.1), (":1.2", 1)]),
        ("unclosed (a (b", [("unclosed ", 1), ("a ", 1.1), ("b", 1.21)]),
        ("unclosed [a", [("unclosed ", 1), ("a", 1 / 1.1)]),
        ("a) b] c", [("a) b] c", 1)]),
        ("a:1.2)", [("a:1.2)", 1)]),
        (r"\(literal\), \[x\], \\, (x)", [(r"(literal), [x], \, ", 1), ("x", 1.1)]),
        (r"(a\)b)", [("a)b", 1.1)]),
        ("a\\ b\\", [("a b", 1)]),
        ("(a,b:1.05) BREAK (d)", [("a,b", 1.05), (" BREAK ", 1), ("d", 1.1)]),
        ("[x:0.5]", [("x:0.5", 1 / 1.1)]),
        ("日本語, (猫耳:1.3)", [("日本語, ", 1), ("猫耳", 1.3)]),
        ("(a :) b", [("a :", 1.1), (" b", 1)]),
    ],
)
def test_pieces_and_weights(prompt, expected):
    check(prompt, expected)


@pytest.mark.parametrize("weight", ["1.2.3", ".", "+."])
def test_a_weight_that_is_no_number_says_what_to_write(weight):
    with pytest.raises(PromptError) as caught:
        parse_prompt_weights(f"smile, (red hair:{weight})")
    assert repr(weight) in caught.value.message
    assert "red hair" in caught.value.message
    assert r"\(" in caught.value.hint


def test_long_prompts_take_no_unreasonable_time():
    prompt = "(" * 500 + "a, " * 2000 + ")" * 500
    assert parse_prompt_weights(prompt)[0][1] == pytest.approx(1.1**500)
