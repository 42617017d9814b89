import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.names import is_kaomoji, normal_name, spoken_name, tidy_text, unescaped

# The kaomoji among the labels of the WD taggers (their names keep the underscore).
WD_KAOMOJI = [
    "0_0",
    "(o)_(o)",
    "+_+",
    "+_-",
    "._.",
    "<o>_<o>",
    "<|>_<|>",
    "=_=",
    ">_<",
    "3_3",
    "6_9",
    ">_o",
    "@_@",
    "^_^",
    "o_o",
    "u_u",
    "x_x",
    "|_|",
    "||_||",
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Long Hair", "long_hair"),
        ("  long   hair ", "long_hair"),
        ("ＬＯＮＧ＿ＨＡＩＲ", "long_hair"),
        ("long_hair", "long_hair"),
        ("long _ hair", "long_hair"),
        ("long\thair\n", "long_hair"),
        ("ねこ　みみ", "ねこ_みみ"),
        ("ﾈｺﾐﾐ", "ネコミミ"),
        ("\ufeffhat", "hat"),
        ("hatsune miku (vocaloid)", "hatsune_miku_(vocaloid)"),
        ("^_^", "^_^"),
        (":D", ":d"),
        ("", ""),
    ],
)
def test_any_spelling_gives_one_name(text, name):
    assert normal_name(text) == name


@given(st.text())
def test_a_normal_name_stays_as_it_is(text):
    name = normal_name(text)
    assert normal_name(name) == name
    assert unicodedata.is_normalized("NFKC", name)
    assert not any(sign.isspace() for sign in name)


@pytest.mark.parametrize("name", WD_KAOMOJI)
def test_kaomoji_are_shown_with_their_mouth(name):
    assert is_kaomoji(name)
    assert spoken_name(name) == name


@pytest.mark.parametrize("name", ["long_hair", "k_on", "a_b", "1_girl", ":3_(mouth)", "x_men"])
def test_other_names_are_shown_with_blanks(name):
    assert spoken_name(name) == name.replace("_", " ")


@given(st.from_regex(r"[a-z0-9:;()^<>-]{1,6}(_[a-z0-9:;()^<>-]{1,6}){0,3}", fullmatch=True))
def test_what_is_shown_leads_back_to_the_name(name):
    assert normal_name(spoken_name(name)) == name


@given(st.text())
def test_tidy_text_is_printable_and_stays_as_it_is(text):
    tidy = tidy_text(text)
    assert tidy.isprintable()
    assert tidy_text(tidy) == tidy


def test_escaped_brackets_become_plain_ones():
    assert unescaped(r"miku \(vocaloid\) \o/") == r"miku (vocaloid) \o/"


def test_long_rows_of_underscores_take_time_in_proportion():
    assert normal_name("_" * 500_000 + "x  y__ z") == "_" * 500_000 + "x_y_z"
