import itertools
import random

import pytest

from enogu.errors import PromptError
from enogu.tags.prompt import parse_prompt, weighted_tokens
from enogu.tags.prompt.convert import convert_prompt

DIALECTS = ("a1111", "comfy", "novelai", "compel")


@pytest.mark.parametrize(
    ("source", "target", "text", "expected"),
    [
        ("comfy", "a1111", "((red hair:1.2), smile:1.5)", "(red hair:1.2)(, smile:1.5)"),
        ("comfy", "a1111", "[x] (a)", r"\[x\] (a:1.1)"),
        ("comfy", "a1111", "(embedding:neg:1.2)", "(neg:1.2)"),
        ("comfy", "a1111", "smile:1.2", "(smile:1.2:1)"),
        ("a1111", "comfy", r"((a)), [b] \(c\) \[d\]", r"(a:1.21), (b:0.909091) \(c\) [d]"),
        ("a1111", "novelai", "(a:1.1025), (b:1.3)", "{{a}}, 1.3::b::"),
        ("novelai", "a1111", "{{a}}, 1.3::b::, (c)", r"(a:1.1025), (b:1.3), \(c\)"),
        ("a1111", "compel", "((a b)), (c:1.3)", "(a b)++ , (c)1.3 "),
        ("a1111", "compel", r"hu_tao_\(x\)", r"hu_tao_\(x\)"),
        ("compel", "a1111", 'cat++ (a b)1.3 "q r"-', "(cat:1.21) (a b:1.3) (q r:0.9)"),
        ("a1111", "compel", "<lora:x:0.5> a", " withLora(x, 0.5)  a"),
    ],
)
def test_weights_and_escapes_take_the_other_form(source, target, text, expected):
    conversion = convert_prompt(text, source, target)
    assert conversion.text == expected
    assert conversion.complete


@pytest.mark.parametrize(
    ("source", "target", "text", "rule", "kept"),
    [
        ("a1111", "comfy", "a [b:c:0.5]", "convert_construct", "[b:c:0.5]"),
        ("a1111", "comfy", "a BREAK b", "convert_construct", "BREAK"),
        ("a1111", "novelai", "a AND b", "convert_construct", "AND"),
        ("a1111", "comfy", "<lora:x:1> a", "convert_construct", "<lora:x:1>"),
        ("a1111", "compel", "(a:-1)", "convert_weight", "a"),
        ("a1111", "novelai", r"\[a\]", "convert_text", "[a]"),
        ("comfy", "a1111", "a BREAK b", "convert_text", "BREAK"),
        ("novelai", "a1111", "a | b", "convert_construct", "|"),
        ("compel", "a1111", '("a", "b").blend(1, 2)', "convert_construct", ".blend(1, 2)"),
        ("compel", "comfy", "cat.swap(dog)", "convert_construct", "cat.swap(dog)"),
        ("a1111", "compel", "c++", "convert_text", "c++"),
    ],
)
def test_what_has_no_form_is_reported_and_stays(source, target, text, rule, kept):
    conversion = convert_prompt(text, source, target)
    assert kept in conversion.text
    assert not conversion.complete
    assert rule in [problem.rule for problem in conversion.problems]
    problem = next(one for one in conversion.problems if one.rule == rule)
    assert problem.message("ja") != problem.message("en")


def letters(text, dialect):
    return [
        (sign, pytest.approx(piece.weight, abs=1e-5, rel=1e-5))
        for piece in weighted_tokens(parse_prompt(text, dialect))
        for sign in piece.token.value
        if not sign.isspace()
    ]


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(DIALECTS, 2)))
def test_what_is_called_complete_reads_the_same(source, target):
    rng = random.Random(f"{source}{target}")
    pieces = [*"()[]{}\\:, ", "red hair", "a", "1.2", ":1.2)", "(x:1.3)", "1.3::", "(y)+", "{z}"]
    complete = 0
    for _ in range(400):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 7)))
        conversion = convert_prompt(text, source, target)
        if conversion.complete:
            complete += 1
            assert letters(conversion.text, target) == letters(text, source), text
    assert complete > 50


def test_the_same_dialect_changes_nothing():
    assert convert_prompt("((a", "a1111", "a1111").text == "((a"


def test_dynamic_prompts_are_expanded_first():
    with pytest.raises(PromptError, match="layer"):
        convert_prompt("{a|b}", "dynamic", "a1111")
    with pytest.raises(PromptError, match="unknown prompt dialect"):
        convert_prompt("a", "a1111", "midjourney")
