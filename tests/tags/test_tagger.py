"""The seam for taggers, and its fake."""

import pytest
from PIL import Image

from enogu.tags.tagger import FakeTagger, Tagger


def captions_of(tagger: Tagger, pictures: list[Image.Image]) -> list[str]:
    return [", ".join(sorted(tags)) for tags in tagger.tag(pictures)]


def test_the_fake_gives_its_answers_in_turn_and_notes_what_it_saw() -> None:
    tagger = FakeTagger([{"smile": 0.9}, {"hat": 0.8, "1girl": 0.7}])
    pictures = [Image.new("RGB", (4, 5)), Image.new("L", (6, 7)), Image.new("RGB", (8, 9))]
    assert captions_of(tagger, pictures[:1]) == ["smile"]
    assert captions_of(tagger, pictures[1:]) == ["1girl, hat", "smile"]
    assert tagger.shown == [(4, 5), (6, 7), (8, 9)]


def test_a_caller_cannot_change_later_answers() -> None:
    tagger = FakeTagger([{"smile": 0.9}])
    tagger.tag([Image.new("RGB", (4, 4))])[0].clear()
    assert tagger.tag([Image.new("RGB", (4, 4))]) == [{"smile": 0.9}]


def test_a_fake_without_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FakeTagger([])
