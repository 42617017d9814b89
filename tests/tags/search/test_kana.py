import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.search.kana import (
    fold_romaji,
    is_kana,
    is_romaji,
    kana_to_romaji,
    starts_romaji,
)


@pytest.mark.parametrize(
    ("kana", "spellings"),
    [
        ("しょうじょ", ["shoujo", "syoujo", "shojo", "syouzyo", "shoojo"]),
        ("ねこみみ", ["nekomimi"]),
        ("つきの", ["tsukino", "tukino"]),
        ("まっちゃ", ["matcha", "maccha", "mattya"]),
        ("じょせい", ["josei", "zyosei", "jyosei"]),
        ("しんぶん", ["shimbun", "shinbun", "sinbun", "sinnbunn"]),
        ("ふく", ["fuku", "huku"]),
        ("らーめん", ["raamen", "ramen"]),
        ("おおかみ", ["ookami", "okami", "oukami"]),
        ("はづき", ["hazuki", "haduki", "hadzuki"]),
        ("きんいろ", ["kin'iro", "kiniro"]),
        ("きゅうり", ["kyuuri", "kyuri"]),
        ("ちゃいろ", ["chairo", "tyairo", "cyairo"]),
        ("おおの", ["oono", "ohno", "ono"]),
    ],
)
def test_every_way_of_writing_a_reading_has_one_key(kana, spellings):
    assert {kana_to_romaji(kana), *map(fold_romaji, spellings)} == {kana_to_romaji(kana)}


def test_a_half_composed_word_keeps_its_letters():
    assert kana_to_romaji("ねこm") == "nekom"


def test_different_syllables_have_different_keys():
    syllables = (
        "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん"
    )
    assert len({kana_to_romaji(sign) for sign in syllables}) == len(syllables)


@given(
    st.text(
        alphabet="あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほゃゅょっんー",
        max_size=12,
    )
)
def test_all_kana_become_letters(text):
    assert kana_to_romaji(text).isascii()


@pytest.mark.parametrize("word", ["hatsune miku", "nekomimi", "shimbun", "kaname", "kyouko"])
def test_readings_are_told_from_other_words(word):
    assert is_romaji(word)


@pytest.mark.parametrize("word", ["hair", "shirt", "blue eyes", "1girl", "", "neko "])
def test_other_words_are_no_readings(word):
    assert not is_romaji(word)


def test_the_start_of_a_reading_may_end_in_consonants():
    assert starts_romaji("nekom")
    assert starts_romaji("shoujosh")
    assert not starts_romaji("blue")


def test_kana_are_hiragana_alone():
    assert is_kana("ねこみみー")
    assert not is_kana("猫みみ")
    assert not is_kana("")
