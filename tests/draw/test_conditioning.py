import pytest
import torch

from enogu.draw.conditioning import encode_prompts
from enogu.errors import PromptError
from enogu.families.text import encode_texts


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_plain_prompts_are_the_encoded_texts(tiny_bases, make_recipe, family):
    base = tiny_bases[family]
    (one,) = encode_prompts(base, [make_recipe(prompt="a cat", negative_prompt="dog")])
    expected = encode_texts(base, ["a cat", "dog"])
    assert torch.allclose(one.positive.prompt_embeds[0], expected.prompt_embeds[0], atol=1e-5)
    assert torch.allclose(one.negative.prompt_embeds[0], expected.prompt_embeds[1], atol=1e-5)
    if family == "sdxl":
        assert torch.allclose(one.positive.pooled[0], expected.pooled[0], atol=1e-5)


def test_an_empty_negative_prompt_is_zeros_for_sdxl_and_text_for_sd1(tiny_bases, make_recipe):
    recipe = make_recipe(negative_prompt="", prompt="")
    (xl,) = encode_prompts(tiny_bases["sdxl"], [recipe])
    assert not xl.negative.prompt_embeds.any()
    assert not xl.negative.pooled.any()
    assert xl.positive.prompt_embeds.any()
    (sd,) = encode_prompts(tiny_bases["sd1"], [recipe])
    assert torch.equal(sd.negative.prompt_embeds, sd.positive.prompt_embeds)
    assert sd.negative.prompt_embeds.any()


def test_a_blank_negative_prompt_is_a_text_even_for_sdxl(tiny_bases, make_recipe):
    (xl,) = encode_prompts(tiny_bases["sdxl"], [make_recipe(negative_prompt=" ")])
    assert xl.negative.prompt_embeds.any()


def test_weights_change_the_features(tiny_bases, make_recipe):
    plain, weighted = encode_prompts(
        tiny_bases["sd1"], [make_recipe(prompt="a red cat"), make_recipe(prompt="a (red:1.5) cat")]
    )
    assert not torch.equal(plain.positive.prompt_embeds, weighted.positive.prompt_embeds)


def test_without_guidance_the_negative_prompt_is_not_encoded(tiny_bases, make_recipe):
    (one,) = encode_prompts(tiny_bases["sd1"], [make_recipe(cfg_scale=1.0)])
    assert one.negative is None


def test_equal_texts_are_encoded_once(tiny_bases, make_recipe):
    one, other = encode_prompts(tiny_bases["sd1"], [make_recipe(seed=1), make_recipe(seed=2)])
    assert one.positive is other.positive


def test_clip_skip_takes_another_layer(tiny_bases, make_recipe):
    base = tiny_bases["sd1"]
    (one,) = encode_prompts(base, [make_recipe()])
    (two,) = encode_prompts(base, [make_recipe(clip_skip=2)])
    assert not torch.allclose(one.positive.prompt_embeds, two.positive.prompt_embeds)
    with pytest.raises(PromptError, match="clip skip"):
        encode_prompts(base, [make_recipe(clip_skip=9)])
