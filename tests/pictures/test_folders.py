from pathlib import PurePath

import pytest

from enogu.pictures.folders import folder_meaning


@pytest.mark.parametrize(
    ("folders", "repeats", "words"),
    [
        ("", 1, None),
        ("sketches", 1, None),
        ("10_mychar girl", 10, "mychar girl"),
        ("10_mychar_in_red", 10, "mychar_in_red"),
        ("3_", 3, None),
        ("10_mychar/faces", 10, "mychar"),
        ("10_mychar/2_faces", 2, "faces"),
        ("5_猫 耳", 5, "猫 耳"),
        ("10", 1, None),
        ("a_10", 1, None),
        ("-3_a", 1, None),
    ],
)
def test_the_nearest_folder_named_so_counts(folders, repeats, words):
    meaning = folder_meaning(PurePath(folders))
    assert (meaning.repeats, meaning.class_words) == (repeats, words)
    assert meaning.warning is None


@pytest.mark.parametrize("folders", ["2024_drawings", "0_unused"])
def test_years_and_zero_are_no_repeats_and_that_is_said(folders):
    meaning = folder_meaning(PurePath(folders))
    assert (meaning.repeats, meaning.class_words) == (1, None)
    assert folders in str(meaning.warning)
    assert "10_words" in str(meaning.warning)
