import pytest
import torch

from enogu.draw.conditioning import encode_prompts
from enogu.errors import PromptError
from enogu.families.text import encode_texts


def features(prompt):
    ((_, only),) = prompt.entries
    return only


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_plain_prompts_are_the_encoded_texts(tiny_bases, make_recipe, family):
    base = tiny_bases[family]
    (one,) = encode_prompts(base, [make_recipe(prompt="a cat", negative_prompt="dog")])
    expected = encode_texts(base, ["a cat", "dog"])
    assert torch.allclose(
        features(one.positive[0]).prompt_embeds[0], expected.prompt_embeds[0], atol=1e-5
    )
    assert torch.allclose(
        features(one.negative).prompt_embeds[0], expected.prompt_embeds[1], atol=1e-5
    )
    if family == "sdxl":
        assert torch.allclose(features(one.positive[0]).pooled[0], expected.pooled[0], atol=1e-5)


def test_an_empty_negative_prompt_is_zeros_for_sdxl_and_text_for_sd1(tiny_bases, make_recipe):
    recipe = make_recipe(negative_prompt="", prompt="")
    (xl,) = encode_prompts(tiny_bases["sdxl"], [recipe])
    assert not features(xl.negative).prompt_embeds.any()
    assert not features(xl.negative).pooled.any()
    assert features(xl.positive[0]).prompt_embeds.any()
    (sd,) = encode_prompts(tiny_bases["sd1"], [recipe])
    assert torch.equal(features(sd.negative).prompt_embeds, features(sd.positive[0]).prompt_embeds)
    assert features(sd.negative).prompt_embeds.any()


def test_a_blank_negative_prompt_is_a_text_even_for_sdxl(tiny_bases, make_recipe):
    (xl,) = encode_prompts(tiny_bases["sdxl"], [make_recipe(negative_prompt=" ")])
    assert features(xl.negative).prompt_embeds.any()


def test_weights_change_the_features(tiny_bases, make_recipe):
    plain, weighted = encode_prompts(
        tiny_bases["sd1"], [make_recipe(prompt="a red cat"), make_recipe(prompt="a (red:1.5) cat")]
    )
    assert not torch.equal(
        features(plain.positive[0]).prompt_embeds, features(weighted.positive[0]).prompt_embeds
    )


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
    assert not torch.allclose(
        features(one.positive[0]).prompt_embeds, features(two.positive[0]).prompt_embeds
    )
    with pytest.raises(PromptError, match="clip skip"):
        encode_prompts(base, [make_recipe(clip_skip=9)])


def test_a_schedule_switches_at_its_step(tiny_bases, make_recipe):
    base = tiny_bases["sd1"]
    (one,) = encode_prompts(base, [make_recipe(prompt="a [red:blue:0.5] cat", steps=10)])
    (prompt,) = one.positive
    expected = encode_texts(base, ["a red cat", "a blue cat"])
    for step in (0, 5):
        assert torch.allclose(prompt.at(step).prompt_embeds[0], expected.prompt_embeds[0])
    for step in (6, 9):
        assert torch.allclose(prompt.at(step).prompt_embeds[0], expected.prompt_embeds[1])


def test_an_alternation_takes_turns_and_encodes_each_text_once(tiny_bases, make_recipe):
    (one,) = encode_prompts(tiny_bases["sd1"], [make_recipe(prompt="[fe|]male", steps=6)])
    (prompt,) = one.positive
    # as in A1111 the first text is read twice: its steps count from 1, the model calls from 0
    assert [prompt.at(step) is prompt.at(0) for step in range(6)] == [
        True, True, False, True, False, True,
    ]  # fmt: skip


def test_joined_prompts_have_their_weights_and_the_negative_prompt_has_none(
    tiny_bases, make_recipe
):
    (one,) = encode_prompts(
        tiny_bases["sd1"],
        [make_recipe(prompt="a cat AND a dog :0.5", negative_prompt="x AND y")],
    )
    assert [part.weight for part in one.positive] == [1.0, 0.5]
    expected = encode_texts(tiny_bases["sd1"], ["a dog", "x AND y"])
    assert torch.allclose(features(one.positive[1]).prompt_embeds[0], expected.prompt_embeds[0])
    assert torch.allclose(features(one.negative).prompt_embeds[0], expected.prompt_embeds[1])


def test_the_negative_prompt_is_left_out_only_where_it_cancels_out(tiny_bases, make_recipe):
    base = tiny_bases["sd1"]
    (halves,) = encode_prompts(base, [make_recipe(prompt="a:0.5 AND b:0.5", cfg_scale=1.0)])
    assert halves.negative is None
    (wholes,) = encode_prompts(base, [make_recipe(prompt="a AND b", cfg_scale=1.0)])
    assert wholes.negative is not None


def test_a_network_in_the_prompt_is_refused_with_the_option_to_use(tiny_bases, make_recipe):
    with pytest.raises(PromptError, match=r"--lora|only LoRAs"):
        encode_prompts(tiny_bases["sd1"], [make_recipe(prompt="a <other:x:1>")])
