import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.errors import QueryError
from enogu.tags.dataset import choose, parse_query
from enogu.tags.dataset.query import (
    MOST_NESTED,
    And,
    Compare,
    FieldFits,
    HasTag,
    Not,
    Or,
)

WORDS = [
    "AND", "OR", "NOT", "(", ")", ",", "hat", "blue hair", "*_hair", "count>3", "tags<2", "first:",
    'name:"a b"', "text:x", '"', "star_(symbol)", ">_<", ":)", "猫耳", "count>",
]  # fmt: skip


@pytest.fixture
def captions(make):
    return make({
        "sub/one.txt": "Blue_Hair, hat, star (symbol), smile",
        "two.txt": "blue hair, long hair",
        "three.txt": "black hair, hat\nbare line",
        "four.txt": "",
        "five.txt": ":3, >_<, hat, 1girl, blue hair, dress",
    })  # fmt: skip


def chosen(captions, query):
    files = choose(captions, query).files
    return {file.path.stem for file, is_in in zip(captions.files, files, strict=True) if is_in}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("blue_hair", {"one", "two", "five"}),
        ("Blue Hair", {"one", "two", "five"}),
        ("blue_hair AND NOT hat", {"two"}),
        ("blue hair, NOT hat", {"two"}),
        ("NOT blue_hair AND NOT hat", {"four"}),
        ("NOT NOT hat", {"one", "three", "five"}),
        ("hat AND (star_(symbol) OR black_hair)", {"one", "three"}),
        ('"star (symbol)" OR >_<', {"one", "five"}),
        ("smile OR hat AND 1girl", {"one", "five"}),
        ("(smile OR hat) AND 1girl", {"five"}),
        ("*_hair", {"one", "two", "three", "five"}),
        ("* hair AND NOT b*_hair", set()),
        ("l?ng hair", {"two"}),
        ("bl* hair AND NOT blue hair", {"three"}),
        ("blue_hair AND NOT 1girl AND count>2", {"one"}),
        ("tags<2", {"four"}),
        ("tags = 2", {"two", "three"}),
        ("count != 2 AND count >= 1", {"one", "five"}),
        ("lines=2", {"three"}),
        ("chars<=0", {"four"}),
        ("name:t*", {"two", "three"}),
        ("name: one", {"one"}),
        ("folder:sub", {"one"}),
        ("folder:. AND hat", {"three", "five"}),
        ("first:black hair OR first:\\:3", {"three"}),
        ("first::3", {"five"}),
        ("text:bare", {"three"}),
        ("text:HAIR AND (NOT text:hat)", {"two"}),
    ],
)
def test_queries_choose_what_they_say(captions, query, expected):
    assert chosen(captions, query) == expected


def test_the_tree():
    assert parse_query("a b AND NOT (c OR count>20), name:x*") == And(
        (
            HasTag("a b"),
            Not(Or((HasTag("c"), Compare("count", ">", 20)))),
            FieldFits("name", "x*"),
        )
    )


def test_tags_of_the_query_that_nothing_has_are_named(captions):
    assert choose(captions, "blu_hair OR hat OR *_eyes").unmatched == ("blu_hair", "*_eyes")


@pytest.mark.parametrize(
    ("query", "problem", "place"),
    [
        ("", "a tag is missing at the end", 0),
        ("hat AND", "a tag is missing at the end", 7),
        ("AND hat", "a tag is missing before 'AND'", 0),
        ("hat AND OR smile", "a tag is missing before 'OR'", 8),
        ("(hat", "never closed", 0),
        ("hat)", "never opened", 3),
        ("hat AND ()", "a tag is missing before ')'", 9),
        ("hat NOT smile", "AND or OR is missing", 4),
        ("hat (smile)", "AND or OR is missing", 4),
        ('hat "smile"', "AND or OR is missing", 4),
        ('hat AND "smile', "quotation mark is never closed", 8),
        ('" "', "nothing between", 0),
        ("count>many", "a whole number must follow 'count>'", 6),
        ("count > ", "a whole number must follow 'count >'", 8),
        ("name: ", "name: needs a text", 6),
        ("(" * (MOST_NESTED + 1) + "a", "deeper than 50", MOST_NESTED),
        ("猫耳 AND AND", "a tag is missing before 'AND'", 7),
    ],
)
def test_mistakes_are_shown_at_their_place(query, problem, place):
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    message = caught.value.message
    assert problem in message
    assert f"(sign {place + 1})" in message
    shown, mark = message.splitlines()[1:]
    width = len(mark) - 3
    wide = sum(sign in "猫耳" for sign in query)
    assert width == min(place, 50) + wide
    if not wide and place < len(query.rstrip()):
        assert shown[2 + width] == query[place]


def test_long_and_deep_queries_are_refused_quickly():
    with pytest.raises(QueryError, match="10,001 signs"):
        parse_query("a" * 10_001)
    with pytest.raises(QueryError, match="deeper"):
        parse_query("(" * 10_000)
    assert isinstance(parse_query("a AND " * 1_600 + "a"), And)
    assert parse_query("NOT " * 2_000 + "a") == HasTag("a")


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_a_mistake(text):
    try:
        parse_query(text)
    except QueryError as error:
        assert "^" in error.message


def test_random_words_are_a_query_or_a_mistake(captions):
    rng = random.Random(11)
    understood = 0
    for _ in range(3000):
        query = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 9)))
        try:
            files = choose(captions, query).files
        except QueryError as error:
            assert "^" in error.message
        else:
            understood += 1
            assert files.shape == (5,)
    assert understood > 300


def random_query(rng, depth=0):
    """Return a query as text, and the test of a set of tags that it means."""
    kind = rng.choice(["tag", "tag", "not", "and", "or"]) if depth < 4 else "tag"
    if kind == "tag":
        tag = rng.choice("abcde")
        return tag, lambda tags: tag in tags
    if kind == "not":
        text, test = random_query(rng, depth + 1)
        return f"NOT ({text})", lambda tags: not test(tags)
    parts = [random_query(rng, depth + 1) for _ in range(rng.randrange(2, 4))]
    tests = [test for _, test in parts]
    if kind == "and":
        return " AND ".join(f"({text})" for text, _ in parts), lambda tags: all(
            test(tags) for test in tests
        )
    return " OR ".join(text for text, _ in parts), lambda tags: any(test(tags) for test in tests)


def test_queries_agree_with_plain_logic(make):
    letters = "abcde"
    captions = make({
        f"{number:02d}.txt": ", ".join(letters[bit] for bit in range(5) if number >> bit & 1)
        for number in range(32)
    })  # fmt: skip
    rng = random.Random(3)
    for _ in range(300):
        text, test = random_query(rng)
        found = choose(captions, text).files.tolist()
        expected = [
            test({letters[bit] for bit in range(5) if number >> bit & 1}) for number in range(32)
        ]
        assert found == expected, text
