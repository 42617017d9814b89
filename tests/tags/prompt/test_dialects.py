import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.errors import PromptError
from enogu.tags.prompt import DIALECTS, parse_prompt, render, weighted_tokens

FRAGMENTS = [
    *"()[]{}|:\\,.+-\"#$%_<>!~@ \n", "a", "猫", "1.2", ":1.2)", ": 3 ]", "BREAK", " AND ", "::",
    "1.3::", "0.5::", "<lora:x:1>", "embedding:q", "__w__", "${v=", "${v}", "{2$$", "//x",
    ".blend(1)", ".swap(", '"a"', "++",
]  # fmt: skip

HOSTILE = {
    "deep": "(" * 10_000 + "a" + ")" * 10_000,
    "crossing": "(" * 5_000 + "[" * 5_000 + ")" * 5_000 + "]" * 5_000,
    "options": "{" + "a|" * 15_000 + "}",
    "alternatives": "[" + "|" * 30_000 + "]",
    "networks": "<a:" * 10_000,
    "blanks": (" " * 49_995 + "BREAK") * 2,
    "digits": "1" * 100_000,
    "weights": "(" * 6_000 + ":1.2)" * 3_000,
    "unclosed": "(" * 10_000 + ")" * 9_000,
    "quotes": '("a",' * 4_000,
    "swaps": "a.swap(" * 2_000 + ")" * 2_000,
    "variables": "${v=" * 4_000 + "}" * 4_000,
    "underscores": "_" * 100_000,
    "pluses": "a" + "+" * 100_000,
    "minuses": "(a)" + "-" * 100_000,
}


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=st.text(max_size=60))
def test_any_text_comes_back_as_it_was(dialect, text):
    assert render(parse_prompt(text, dialect)) == text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_syntax_in_any_order_comes_back_as_it_was(dialect):
    rng = random.Random(20261125)
    for _ in range(2_000):
        text = "".join(rng.choice(FRAGMENTS) for _ in range(rng.randint(1, 16)))
        prompt = parse_prompt(text, dialect)
        assert render(prompt) == text
        assert all(text[token.start : token.end] == token.text for token in prompt.tokens)
        for index, group in enumerate(prompt.groups):
            assert -1 <= group.parent < index
            assert group.close is None or group.open < group.close
            assert prompt.tokens[group.open].group == index
        list(weighted_tokens(prompt))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_prompts_are_read_without_recursion(dialect, name):
    prompt = parse_prompt(HOSTILE[name], dialect)
    assert render(prompt) == HOSTILE[name]
    assert sum(1 for _ in weighted_tokens(prompt)) <= len(HOSTILE[name])


def test_an_unknown_dialect_names_the_known_ones():
    with pytest.raises(PromptError, match="novelai"):
        parse_prompt("a", "midjourney")
