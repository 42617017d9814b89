from collections import Counter

import pytest

from enogu.errors import PromptError
from enogu.tags.prompt.expand import MOST_PROMPTS, count_combinations, expand_prompt
from enogu.tags.prompt.wildcards import WildcardLibrary, WildcardValue


def library(**lists):
    return WildcardLibrary(
        {name: [WildcardValue(text) for text in texts] for name, texts in lists.items()}
    )


def all_of(text, wildcards=None):
    found = expand_prompt(text, method="combinatorial", number=MOST_PROMPTS, wildcards=wildcards)
    assert len(found) == count_combinations(text, wildcards=wildcards)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ["plain"]),
        ("{a|b} {c|d}", ["a c", "a d", "b c", "b d"]),
        ("{a|{b|c}}", ["a", "b", "c"]),
        ("{2$$a|b|c}", ["a,b", "a,c", "b,a", "b,c", "c,a", "c,b"]),
        ("{0-1$$a|b}", ["", "a", "b"]),
        ("{1-2$$ and $$a|b}", ["a", "b", "a and b", "b and a"]),
        ("${v=!{a|b}}${v} ${v}", ["a a", "b b"]),
        ("${v={a|b}}${v} ${v}", ["a a", "a b", "b a", "b b"]),
        ("${v:x} ${v=y}${v} ${v?=z}${v}", ["x y y"]),
        ("%{very ... cat$${big|old}}", ["very big cat", "very old cat"]),
        ("a # remark\nb", ["a \nb"]),
        ("__c__ {2$$__c__}", ["r r,b", "r b,r", "b r,b", "b b,r"]),
        ("__w(x={p|q})__", ["wp", "wq"]),
    ],
)
def test_all_combinations_in_order(text, expected):
    assert all_of(text, library(c=["r", "b"], w=["w${x}"])) == expected


def test_the_number_is_known_without_making_them():
    assert count_combinations(" ".join(["{a|b|c}"] * 200)) == 3**200


def test_the_same_seed_gives_the_same_prompts():
    text = "{a|b|c} {2$$x|y|z}"
    first = expand_prompt(text, number=20, seed=5)
    assert first == expand_prompt(text, number=20, seed=5)
    assert first != expand_prompt(text, number=20, seed=6)
    assert first[:5] == expand_prompt(text, number=5, seed=5)


def test_weights_decide_how_often():
    counts = Counter(expand_prompt("{9::a|1::b|0::c}", number=2_000, seed=1))
    assert counts["c"] == 0
    # a binomial of 2000 and 0.9: five standard deviations are 67
    assert abs(counts["a"] - 1_800) < 67


def test_in_turn_every_choice_takes_its_next_option():
    assert expand_prompt("{a|b} {x|y|z}", method="cyclic", number=4) == ["a x", "b y", "a z", "b x"]


def test_a_choice_may_name_its_own_way():
    assert count_combinations("{a|b} {~c|d|{e|f}} {@x|y}") == 2
    found = expand_prompt("{a|b} {@x|y}", method="combinatorial", number=9)
    assert found == ["a x", "b y"]
    assert expand_prompt("{@a|b}", number=3) == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("text", "lists", "message"),
    [
        ("__a__", {}, "no wildcard fits"),
        ("__a__", {"a": ["__b__"], "b": ["__a__"]}, "__a__ → __b__ → __a__"),
        ("${a=${b}}${b=${a}}${a}", {}, "has no value"),
        ("${a=${a}x}${a}", {}, "has no value"),
        ("${v}", {}, "'v' has no value"),
    ],
)
@pytest.mark.parametrize("run", [expand_prompt, count_combinations])
def test_what_is_missing_or_endless_is_refused(run, text, lists, message):
    with pytest.raises(PromptError, match=message):
        run(text, wildcards=library(**lists))


@pytest.mark.parametrize("number", [0, MOST_PROMPTS + 1])
def test_the_number_of_prompts_is_limited(number):
    with pytest.raises(PromptError, match="1 to 10,000"):
        expand_prompt("a", number=number)


def test_a_template_that_grows_without_end_is_refused():
    text = (
        "${a="
        + "x" * 100
        + "}"
        + "".join(f"${{{chr(98 + i)}=" + f"${{{chr(97 + i)}}}" * 10 + "}" for i in range(10))
        + "${k}"
    )
    with pytest.raises(PromptError, match="more than"):
        expand_prompt(text)


def test_ten_thousand_braces_are_expanded_without_recursion():
    assert expand_prompt("{" * 10_000 + "a" + "}" * 10_000) == ["a"]
    assert count_combinations("{" * 10_000 + "a|b" + "}" * 10_000) == 2
