import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.search.gram_pairs import gram_pairs
from enogu.tags.search.grams import (
    HASH_BITS,
    Place,
    end_gram,
    gram,
    grams,
    head_grams,
    inside_grams,
    sign_grams,
    word_grams,
)
from enogu.tags.search.rows import Kind

SIGNS = st.characters(codec="utf-8", exclude_characters="\n ")
WORDS = st.lists(st.text(SIGNS, min_size=1, max_size=6), min_size=1, max_size=4)


@given(st.lists(st.tuples(SIGNS, SIGNS, SIGNS), min_size=1, max_size=20))
def test_one_gram_and_many_grams_have_the_same_keys(triples):
    columns = [
        np.array([ord(sign) for sign in column], np.uint32) for column in zip(*triples, strict=True)
    ]
    expected = [gram(Place.INSIDE, "".join(triple)) for triple in triples]
    assert grams(Place.INSIDE, *columns).tolist() == expected
    assert all(0 <= key < 1 << HASH_BITS for key in expected)


def keys_of_rows(texts, kinds):
    keys, owners = gram_pairs(texts, np.array(kinds, np.uint8), first=70_000)
    pairs = list(zip(keys.tolist(), owners.tolist(), strict=True))
    return [{key for key, own in pairs if own == row + 70_000} for row in range(len(texts))]


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_a_row_has_every_gram_that_a_query_for_it_asks(rows):
    keys = keys_of_rows([" ".join(words) for words in rows], [Kind.TAG] * len(rows))
    for words, own in zip(rows, keys, strict=True):
        solid = "".join(words)
        asked = [*inside_grams(solid), *head_grams(solid, ideographic=False), end_gram(solid)]
        asked += [key for word in words for key in word_grams(word)]
        if len(words) > 1:
            asked.append(gram(Place.INITIALS, "".join(word[0] for word in words)[:3]))
        assert set(asked) <= own


@given(st.lists(st.text(SIGNS, min_size=1, max_size=6), min_size=1, max_size=5))
def test_an_ideographic_row_has_its_signs_and_pairs(texts):
    keys = keys_of_rows(texts, [Kind.OTHER | Kind.IDEOGRAPHIC] * len(texts))
    for text, own in zip(texts, keys, strict=True):
        asked = [*sign_grams(text), *head_grams(text, ideographic=True), end_gram(text)]
        asked += [gram(Place.SIGN, sign) for sign in text]
        assert set(asked) <= own


def test_readings_and_other_names_have_no_initials():
    initials = gram(Place.INITIALS, "lh")
    tag, reading = keys_of_rows(["long hair", "long hair"], [Kind.TAG, Kind.READING])
    assert initials in tag
    assert initials not in reading
