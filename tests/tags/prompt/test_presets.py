import pytest

from enogu.errors import PromptError
from enogu.tags.prompt.presets import load_presets, order_prompt, preset_named


def test_every_preset_has_a_place_for_all_other_tags():
    for preset in load_presets().values():
        assert preset.order.count("general") == 1
        assert not preset.quality or "quality" in preset.order
        assert set(preset.quality).isdisjoint(preset.negative)


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(PromptError, match="noobai"):
        preset_named("none")


def test_tags_move_with_their_brackets_and_nothing_is_added(words):
    ordered = order_prompt(
        "masterpiece, outdoors, (smile, hat:1.2), 1girl", preset_named("animagine-4"), words
    )
    assert ordered.text == "1girl, (smile, hat:1.2), outdoors, masterpiece"
    assert ordered.added == ()
    assert "1girl" in ordered.moved


def test_quality_tags_are_added_when_asked_and_told(words):
    ordered = order_prompt("1girl, masterpiece", preset_named("noobai"), words, quality=True)
    assert ordered.text == "best quality, newest, absurdres, highres, masterpiece, 1girl"
    assert ordered.added == ("best quality", "newest", "absurdres", "highres")


def test_chunks_and_joined_prompts_keep_their_tags(words):
    ordered = order_prompt(
        "smile, 1girl BREAK hat, 1girl AND outdoors, 1girl", preset_named("noobai"), words
    )
    assert ordered.text == "1girl, smile BREAK 1girl, hat AND 1girl, outdoors"
