"""Text features against the pipelines of diffusers where those work, and our own rules."""

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)

from enogu.errors import PromptError
from enogu.families.testing import build_tiny_base
from enogu.families.text import (
    TextFeatures,
    count_chunks,
    count_tokens,
    encode_texts,
    encode_weighted,
)

CAPTIONS = ["1girl, solo", "a"]
LONG = ", ".join(["red hair"] * 20)


@pytest.fixture(scope="module", params=["sd1", "sd2", "sdxl"])
def base(request):
    return build_tiny_base(request.param)


@pytest.fixture(scope="module")
def sdxl():
    return build_tiny_base("sdxl")


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_one_chunk_equals_the_pipeline(family):
    base = build_tiny_base(family)
    pipeline = StableDiffusionPipeline(
        vae=base.vae,
        text_encoder=base.text_encoders[0],
        tokenizer=base.tokenizers[0],
        unet=base.unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    wanted, _ = pipeline.encode_prompt(CAPTIONS, "cpu", 1, False)
    assert torch.equal(encode_texts(base, CAPTIONS).prompt_embeds, wanted)


@pytest.mark.parametrize("clip_skip", [None, 1])
def test_sdxl_equals_the_pipeline(sdxl, clip_skip):
    pipeline = StableDiffusionXLPipeline(
        vae=sdxl.vae,
        text_encoder=sdxl.text_encoders[0],
        text_encoder_2=sdxl.text_encoders[1],
        tokenizer=sdxl.tokenizers[0],
        tokenizer_2=sdxl.tokenizers[1],
        unet=sdxl.unet,
        scheduler=EulerDiscreteScheduler(),
        add_watermarker=False,
    )
    wanted, _, pooled, _ = pipeline.encode_prompt(
        CAPTIONS, device="cpu", do_classifier_free_guidance=False, clip_skip=clip_skip
    )
    # diffusers counts from the family's own layer: its 1 is everyone else's 3 here
    ours = encode_texts(sdxl, CAPTIONS, clip_skip=None if clip_skip is None else clip_skip + 2)
    assert torch.equal(ours.prompt_embeds, wanted)
    assert torch.equal(ours.pooled, pooled)


def test_clip_skip_takes_an_earlier_layer_and_the_final_norm():
    base = build_tiny_base("sd1")
    encoder = base.text_encoders[0]
    ids = base.tokenizers[0](["abc"], padding="max_length", max_length=77, return_tensors="pt")
    states = encoder(ids["input_ids"], output_hidden_states=True).hidden_states
    wanted = encoder.final_layer_norm(states[-2])
    assert torch.equal(encode_texts(base, ["abc"], clip_skip=2).prompt_embeds, wanted)
    plain = encode_texts(base, ["abc"]).prompt_embeds
    assert torch.equal(encode_texts(base, ["abc"], clip_skip=1).prompt_embeds, plain)


def test_sdxl_reads_clip_skip_1_as_its_own_2(sdxl):
    own = encode_texts(sdxl, ["abc"]).prompt_embeds
    for clip_skip in (1, 2):
        assert torch.equal(encode_texts(sdxl, ["abc"], clip_skip=clip_skip).prompt_embeds, own)


@pytest.mark.parametrize("clip_skip", [0, -1, 9])
def test_an_impossible_clip_skip_is_refused(base, clip_skip):
    with pytest.raises(PromptError, match="clip skip must be 1 to 3"):
        encode_texts(base, ["a"], clip_skip=clip_skip)


def test_a_long_caption_is_not_cut(base):
    assert count_tokens(base, LONG) == 20 * 7 + 19
    features = encode_texts(base, [LONG, "a"])
    assert features.num_chunks == count_chunks(base, LONG) == 3
    changed = encode_texts(base, [LONG[:-1] + "x", "a"])
    rows = (features.prompt_embeds[0] != changed.prompt_embeds[0]).any(dim=-1)
    assert not rows[:154].any()
    assert rows[154:].any()


def test_shorter_texts_are_filled_with_chunks_of_the_empty_text(base):
    together = encode_texts(base, [LONG, "a"])
    padded = encode_texts(base, ["a"]).pad_to(3, encode_texts(base, [""]))
    torch.testing.assert_close(together.prompt_embeds[1:], padded.prompt_embeds)
    if together.pooled is not None:
        torch.testing.assert_close(together.pooled[1:], padded.pooled)


def test_pooled_vector_comes_from_the_first_chunk(sdxl):
    first = "a" * 75
    features = encode_texts(sdxl, [first + " b", first])
    torch.testing.assert_close(features.pooled[0], features.pooled[1])


def test_filling_differs_between_clip_and_openclip(sdxl):
    """CLIP-L repeats the end token, OpenCLIP uses id 0; rows after the end show it."""
    end = sdxl.tokenizers[0].eos_token_id
    for encoder, filler, columns in (
        (sdxl.text_encoders[0], end, slice(0, 32)),
        (sdxl.text_encoders[1], 0, slice(32, 64)),
    ):
        ids = torch.tensor([[end - 1, end, *[filler] * 75]])
        wanted = encoder(ids, output_hidden_states=True).hidden_states[-2]
        assert torch.equal(encode_texts(sdxl, [""]).prompt_embeds[..., columns], wanted)


def test_weights_of_one_change_nothing(base):
    plain = encode_texts(base, ["red hair, smile"])
    weighted = encode_weighted(base, [[("red hair, ", 1.0), ("smile", 1.0)]])
    torch.testing.assert_close(weighted.prompt_embeds, plain.prompt_embeds)


def test_weights_on_rows_that_cancel_out_stay_finite(base):
    """Random text encoders end in a norm without offset, so each row's mean is zero."""
    features = encode_weighted(base, [[("ab", 1.0), (" cd", 1.5)]])
    assert features.prompt_embeds.abs().max() < 100


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_weighted_rows_are_multiplied_and_the_mean_restored(family):
    base = build_tiny_base(family)
    for encoder in base.text_encoders:
        for name, parameter in encoder.named_parameters():
            if name.endswith(("final_layer_norm.bias", "fc2.bias")):
                parameter.fill_(0.3)
    plain = encode_texts(base, ["ab cd"]).prompt_embeds
    pieces = [("ab", 1.0), (" cd", 1.5)]
    scaled = plain.clone()
    scaled[:, 3:5] *= 1.5
    no_norm = encode_weighted(base, [pieces], mode="no_norm").prompt_embeds
    torch.testing.assert_close(no_norm, scaled)
    original = encode_weighted(base, [pieces]).prompt_embeds
    for columns in torch.arange(plain.shape[-1]).split(32):  # the mean is restored per encoder
        factor = plain[..., columns].mean() / scaled[..., columns].mean()
        torch.testing.assert_close(
            original[..., columns], scaled[..., columns] * factor, rtol=1e-3, atol=1e-4
        )


def test_pooled_vector_is_never_weighted(sdxl):
    plain = encode_texts(sdxl, ["ab"]).pooled
    torch.testing.assert_close(encode_weighted(sdxl, [[("ab", 1.4)]]).pooled, plain)


def test_a_section_starts_a_new_chunk(base):
    features = encode_weighted(base, [[("ab", 1.0)], [("cd", 1.0)]])
    wanted = [encode_texts(base, [text]).prompt_embeds for text in ("ab", "cd")]
    torch.testing.assert_close(features.prompt_embeds, torch.cat(wanted, dim=1))


def test_too_few_chunks_and_no_text_are_refused(base):
    with pytest.raises(PromptError, match="needs 3 chunks of 75 tokens, 1 were allowed"):
        encode_texts(base, [LONG], num_chunks=1)
    with pytest.raises(PromptError, match="at least one text"):
        encode_texts(base, [])


def test_features_select_cat_and_refuse_unequal_lengths(base):
    both = encode_texts(base, CAPTIONS)
    again = TextFeatures.cat([both.select(0), both.select([1])])
    assert torch.equal(again.prompt_embeds, both.prompt_embeds)
    assert len(again) == 2
    with pytest.raises(PromptError, match="cannot share a batch"):
        TextFeatures.cat([both, encode_texts(base, [LONG])])
    with pytest.raises(PromptError, match="cannot pad 3 chunks down to 1"):
        encode_texts(base, [LONG]).pad_to(1, both)


def test_gradients_reach_the_text_encoders(base):
    with torch.enable_grad():
        layer = base.text_encoders[0].get_input_embeddings().weight
        layer.requires_grad_(True)
        encode_texts(base, ["a"]).prompt_embeds.square().mean().backward()
        assert layer.grad.abs().sum() > 0
        layer.requires_grad_(False)
        layer.grad = None
