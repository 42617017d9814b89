import pytest
import torch

from enogu.diffusion.targets import denoised_at_sigma, model_input_at_sigma
from enogu.draw.conditioning import encode_prompts
from enogu.draw.guidance import GuidedDenoiser, PictureSize
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.testing import build_tiny_base

SIZE = PictureSize(width=64, height=96)
LONG = ", ".join(["red hair"] * 20)


def latents(batch, seed=1):
    return torch.randn(batch, 4, 12, 8, generator=torch.Generator().manual_seed(seed)) * 5


def denoise(base, recipes, x, sigma=5.0):
    with torch.no_grad():
        denoiser = GuidedDenoiser(
            base, encode_prompts(base, recipes), cfg_scale=recipes[0].cfg_scale, size=SIZE
        )
        return denoiser(x, torch.full((len(recipes),), sigma))


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_guidance_in_closed_form(make_recipe, family, prediction):
    base = build_tiny_base(family, prediction=prediction)
    recipe, x, sigma = make_recipe(cfg_scale=4.0), latents(1), torch.full((1,), 5.0)
    (texts,) = encode_prompts(base, [recipe])
    told = [SizeConditioning(original=SIZE, crop_top=0, crop_left=0, target=SIZE)]
    with torch.no_grad():
        positive, negative = (
            denoised_at_sigma(
                prediction,
                predict(
                    base, model_input_at_sigma(x, sigma), base.schedule.sigma_to_t(sigma), t, told
                ),
                x,
                sigma,
            )
            for t in (texts.positive[0].at(0), texts.negative.at(0))
        )
    expected = negative + 4.0 * (positive - negative)
    assert torch.allclose(denoise(base, [recipe], x), expected, atol=1e-4)


def test_scale_one_is_the_prompt_alone_and_scale_zero_the_negative_alone(tiny_bases, make_recipe):
    base, x = tiny_bases["sd1"], latents(1)
    one = denoise(base, [make_recipe(cfg_scale=1.0, negative_prompt="anything")], x)
    other = denoise(base, [make_recipe(cfg_scale=1.0, negative_prompt="")], x)
    assert torch.equal(one, other)
    zero = denoise(base, [make_recipe(cfg_scale=0.0, prompt="x", negative_prompt="a cat")], x)
    swapped = denoise(base, [make_recipe(cfg_scale=1.0, prompt="a cat")], x)
    assert torch.allclose(zero, swapped, atol=1e-5)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_long_prompt_beside_it_does_not_change_a_picture(tiny_bases, make_recipe, family):
    base, x = tiny_bases[family], latents(3)
    recipes = [make_recipe(), make_recipe(prompt=LONG), make_recipe(negative_prompt=LONG)]
    together = denoise(base, recipes, x)
    for i, recipe in enumerate(recipes):
        assert torch.allclose(together[i : i + 1], denoise(base, [recipe], x[i : i + 1]), atol=1e-4)


def test_texts_of_equal_length_share_one_call(tiny_bases, make_recipe, monkeypatch):
    calls = []

    def spy(base, noisy, *rest):
        calls.append(len(noisy))
        return predict(base, noisy, *rest)

    monkeypatch.setattr("enogu.draw.guidance.predict", spy)
    denoise(tiny_bases["sd1"], [make_recipe(), make_recipe(seed=9)], latents(2))
    assert calls == [4]
    calls.clear()
    denoise(tiny_bases["sd1"], [make_recipe(prompt=LONG)], latents(1))
    assert calls == [1, 1]


def test_joined_prompts_add_their_guidance(tiny_bases, make_recipe):
    base, x = tiny_bases["sd1"], latents(1)
    first, second, without = (
        denoise(base, [make_recipe(prompt=prompt, cfg_scale=1.0)], x)
        for prompt in ("a cat", "a dog", "dog")
    )
    joined = make_recipe(prompt="a cat AND a dog :0.5", negative_prompt="dog", cfg_scale=4.0)
    expected = without + 4.0 * (first - without) + 2.0 * (second - without)
    assert torch.allclose(denoise(base, [joined], x), expected, atol=1e-3)


def test_a_scheduled_prompt_is_read_by_the_noise_level_of_the_step(tiny_bases, make_recipe):
    base, x = tiny_bases["sd1"], latents(1)
    sigmas = torch.tensor([9.0, 6.0, 3.0, 1.0, 0.0])
    recipe = make_recipe(prompt="[a red cat:a blue dog:1]", steps=4)
    denoiser = GuidedDenoiser(
        base, encode_prompts(base, [recipe]), cfg_scale=4.0, size=SIZE, sigmas=sigmas
    )
    with torch.no_grad():
        for sigma, text in ((9.0, "a red cat"), (7.0, "a red cat"), (3.0, "a blue dog")):
            expected = denoise(base, [make_recipe(prompt=text)], x, sigma)
            assert torch.allclose(denoiser(x, torch.tensor([sigma])), expected, atol=1e-5)
