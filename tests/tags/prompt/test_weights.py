import json

import pytest

from enogu.errors import PromptError
from enogu.tags.prompt.a1111 import parse_a1111
from enogu.tags.prompt.weights import prompt_sections


def sections(prompt):
    return prompt_sections(parse_a1111(prompt, schedules=False))


def check(prompt, expected):
    (pieces,) = sections(prompt)
    assert [text for text, _ in pieces] == [text for text, _ in expected], prompt
    for (_, weight), (_, wanted) in zip(pieces, expected, strict=True):
        assert weight == pytest.approx(wanted, abs=1e-9), prompt


@pytest.mark.shared_data
def test_golden_prompts(shared_data):
    cases = json.loads((shared_data / "golden" / "prompt_weights.json").read_text(encoding="utf-8"))
    assert len(cases) == 25
    for prompt, expected in cases:
        if "BREAK" not in prompt:
            check(prompt, expected)
            continue
        # the golden values leave the word in the text; here it divides, and its blanks are gone
        joined = [[("", 1.0)]]
        for text, weight in expected:
            first, *others = text.split(" BREAK ")
            joined[-1].append((first, weight))
            joined += [[(other, weight)] for other in others]
        flat = [[(t, w) for t, w in part if t] for part in joined]
        assert [[(t, pytest.approx(w)) for t, w in part] for part in flat] == [
            [(t, w) for t, w in part if t] for part in sections(prompt)
        ]


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
        ("(a [b) c]", [("a ", 1.1), ("b", 1), (" c", 1 / 1.1)]),
        ("((a [b:2) c) d]", [("a ", 2.2), ("b", 2), (" c", 1), (" d", 1 / 1.1)]),
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
        sections(f"smile, (red hair:{weight})")
    assert repr(weight) in caught.value.message
    assert "red hair" in caught.value.message
    assert r"\(" in caught.value.hint


def test_a_weight_without_end_is_refused():
    with pytest.raises(PromptError, match="not a finite number"):
        sections("(" * 10_000 + "a")


def test_break_divides_outside_of_brackets_and_is_a_word_inside():
    assert sections("a, BREAK  b BREAKFAST") == [[("a,", 1.0)], [("b BREAKFAST", 1.0)]]
    assert sections("BREAK") == [[("", 1.0)], [("", 1.0)]]
    assert sections("(a BREAK b:1.2)") == [[("a", 1.2), ("BREAK", -1.2), ("b", 1.2)]]
    assert sections("(a BREAK b:1)") == [[("a", 1.0)], [("b", 1.0)]]
