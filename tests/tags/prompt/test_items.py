import pytest

from enogu.tags.prompt import parse_prompt
from enogu.tags.prompt.items import may_meet, prompt_tags, removal


def texts(text, dialect="a1111"):
    return [item.text for item in prompt_tags(parse_prompt(text, dialect))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1girl, (red hair:1.2), smile", ["1girl", "red hair", "smile"]),
        ("(a, b:1.2), c\nd BREAK e AND f", ["a", "b", "c", "d", "e", "f"]),
        ("(long:1.2) hair", ["long hair"]),
        (r"fox \(species\), b", ["fox (species)", "b"]),
        ("<lora:x:1>, , a", ["a"]),
        ("", []),
    ],
)
def test_tags_stand_between_commas_wherever_brackets_are(text, expected):
    assert texts(text) == expected


def test_places_and_weights_are_those_of_the_text():
    text = "1girl,  (red hair:1.2) , smile"
    items = prompt_tags(parse_prompt(text))
    assert [text[item.start : item.end] for item in items] == ["1girl", "red hair", "smile"]
    assert [item.weight for item in items] == [1.0, 1.2, 1.0]


def test_text_joined_to_a_schedule_is_no_tag_of_its_own():
    mixed = {item.text: item.mixed for item in prompt_tags(parse_prompt("a [fe|]male, b"))}
    assert mixed == {"a": True, "fe": True, "male": True, "b": False}
    whole = prompt_tags(parse_prompt("a, [red hair:blue hair:0.5], b"))
    assert not any(item.mixed for item in whole)


def test_options_of_one_choice_do_not_meet():
    prompt = parse_prompt("a, [b, c:d:0.5], e")
    a, b, c, d, e = prompt_tags(prompt)
    assert may_meet(prompt, a, b) and may_meet(prompt, b, c) and may_meet(prompt, d, e)
    assert not may_meet(prompt, b, d)
    one, other = prompt_tags(parse_prompt("a AND b"))
    assert not may_meet(parse_prompt("a AND b"), one, other)


@pytest.mark.parametrize(
    ("text", "index", "left"),
    [
        ("a, b, c", 1, "a, c"),
        ("a, b, c", 2, "a, b"),
        ("a, ((b:1.2)), c", 1, "a, c"),
        ("a, (b, c:1.2)", 2, "a, (b:1.2)"),
        ("a , b", 1, "a "),
        ("a\n  b", 1, "a\n  "),
    ],
)
def test_removing_a_tag_takes_its_brackets_and_comma(text, index, left):
    prompt = parse_prompt(text)
    start, end = removal(prompt, text, prompt_tags(prompt)[index])
    assert text[:start] + text[end:] == left
