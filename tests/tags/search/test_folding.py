import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.search.folding import MAX_QUERY_LENGTH, MAX_QUERY_WORDS, fold, fold_query


@pytest.mark.parametrize(
    "text",
    [
        "cat_ears",
        "Cat Ears",
        "ＣＡＴ＿ＥＡＲＳ",
        "  cat   ears ",
        "cat-ears",
        "ＣＡＴ　ears",
        "cát_ears",
    ],
)
def test_case_width_blanks_and_accents_do_not_count(text):
    assert fold(text).words == ("cat", "ears")
    assert not fold(text).ideographic


@pytest.mark.parametrize("text", ["ネコ・ミミ", "ﾈｺﾐﾐ", "ねこ みみ", "ねこみみ"])
def test_kana_of_all_kinds_are_one(text):
    assert fold(text).text == "ねこみみ"
    assert fold(text).ideographic


def test_brackets_and_escapes_part_words():
    assert fold(r"hu_tao_\(genshin_impact\)").words == ("hu", "tao", "genshin", "impact")


def test_an_apostrophe_does_not_part_words():
    assert fold("jeanne_d'arc").words == ("jeanne", "darc")


@pytest.mark.parametrize("face", ["^_^", ":d", ";)", "!?", "...", "@_@", "♡"])
def test_faces_keep_their_signs(face):
    assert fold(face).words == (face,)


def test_nothing_is_left_of_blanks():
    assert fold(" _ \t").words == ()


@given(st.text(max_size=60))
def test_words_hold_no_blanks_and_folding_again_changes_nothing(text):
    folded = fold(text)
    assert all(word and not any(sign.isspace() for sign in word) for word in folded.words)
    again = fold(" ".join(folded.words))
    assert again.compact == folded.compact


def test_a_query_has_a_bounded_length():
    long = fold_query("a " * 5000)
    assert len(long.words) == MAX_QUERY_WORDS
    assert len(fold_query("b" * 10_000).compact) == MAX_QUERY_LENGTH
