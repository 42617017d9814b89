from pathlib import Path

from enogu.tags.dataset import caption_notes


def notes(knows, texts, trigger=""):
    named = [(f"{number}.png", text) for number, text in enumerate(texts)]
    return caption_notes(Path("pictures"), named, knows, trigger=trigger)


def test_the_worst_is_said_in_three_sentences(knows):
    texts = ["hat, 1girl, white background, smlie", "hat, blue hair, black hair, white background"]
    found = notes(knows, texts * 3, trigger="Hat")
    assert len(found) == 3
    assert "the trigger 'Hat' is a tag that bases know (1,000 pictures)" in found[0]
    assert "nearly every caption has white background: it is learnt" in found[1]
    assert found[2] == (
        "captions that contradict themselves: 3, tags that are unknown words: 1. Which: enogu "
        "captions check"
    )


def test_good_captions_have_no_notes(knows):
    assert notes(knows, ["hero, hat", "hero, smile"] * 4, trigger="hero") == ()


def test_few_captions_tell_nothing(knows):
    assert notes(knows, ["white background, smlie"] * 4, trigger="hero") == ()
    assert len(notes(knows, [], trigger="hat")) == 1
