import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.search.folding import MAX_QUERY_LENGTH, fold, fold_all
from enogu.tags.search.kana import fold_romaji, is_kana, is_romaji, kana_to_romaji
from enogu.tags.search.rows import Kind
from enogu.tags.search.spellings import row_blocks

ODD = st.text(max_size=20) | st.text(
    "ねこミミー猫・ｶﾞ-_ :^()'’ａＡé\u0301\u200d\ufeff\n\x85\u2028İΣ1oku", max_size=12
)


@given(st.lists(ODD, max_size=6))
def test_many_names_are_folded_as_one_is(texts):
    folded = [fold(text) for text in texts]
    assert fold_all(texts) == (
        [one.text for one in folded],
        [one.ideographic for one in folded],
    )


def spelt(text):
    """What one form is found by, one rule after the other."""
    folded = fold(text)
    if not folded.words:
        return []
    if folded.ideographic:
        if is_kana(folded.text):
            reading = kana_to_romaji(folded.text)
            return [(reading, Kind.ROMAJI)] if reading else []
        return [(folded.text, Kind.IDEOGRAPHIC)]
    rows = [(folded.text, 0)]
    if len(folded.text) > 2 and is_romaji(folded.text):
        rows.append((fold_romaji(folded.text), Kind.ROMAJI))
    return rows


def blocks_of(forms, num_forms):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE forms (id INTEGER PRIMARY KEY, tag_id, text, kind)")
        connection.executemany(
            "INSERT INTO forms (tag_id, text, kind) VALUES (?, ?, 'alias')", forms
        )
        return list(row_blocks(connection, num_forms))


READINGS = st.sampled_from(["ねこみみ", "っ", "しゃしん", "neko", "shashin", "ohno", "ー", "a"])


@given(st.lists(st.tuples(st.integers(0, 2), ODD | READINGS), max_size=8), st.integers(1, 5))
def test_rows_are_those_of_each_form_without_repetition_inside_a_tag(forms, num_forms):
    forms = sorted(((tag, text.replace("\ud800", "")) for tag, text in forms), key=lambda x: x[0])
    expected = []
    seen = set()
    for number, (tag, text) in enumerate(forms, start=1):
        for spelling, more in spelt(text):
            if (tag, spelling) not in seen:
                seen.add((tag, spelling))
                expected.append((spelling[:MAX_QUERY_LENGTH], tag, number, Kind.ALIAS | more))
    blocks = blocks_of(forms, num_forms)
    rows = [
        row
        for block in blocks
        for row in zip(
            block.texts,
            block.tags.tolist(),
            block.forms.tolist(),
            block.kinds.tolist(),
            strict=True,
        )
    ]
    assert rows == expected
    assert [block.first for block in blocks] == [
        sum(len(before.texts) for before in blocks[:place]) for place in range(len(blocks))
    ]


@pytest.mark.parametrize("num_forms", [1, 2, 100])
def test_a_tag_whose_forms_stand_in_two_blocks_has_no_text_twice(num_forms):
    blocks = blocks_of([(1, "Cat Ears"), (1, "cat_ears"), (2, "cat_ears")], num_forms)
    assert [text for block in blocks for text in block.texts] == ["cat ears", "cat ears"]
