import dataclasses

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from PIL import Image, ImageChops

from enogu.draw.pipeline import base_use, draw, draw_batch, sample_latents, to_picture
from enogu.errors import ConfigError, NonFiniteError, PromptError, ScheduleError
from enogu.families.testing import build_tiny_base


def difference(one, other):
    """Largest difference of two pictures, in levels of 0 to 255."""
    assert one.size == other.size
    return max(high for _, high in ImageChops.difference(one, other).getextrema())


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("sampler", ["euler", "euler_a", "dpmpp_2m"])
def test_every_family_and_sampler_draws_and_repeats(tiny_bases, make_recipe, family, sampler):
    recipe = make_recipe(sampler=sampler)
    image = draw(tiny_bases[family], recipe)
    assert (image.size, image.mode) == ((64, 96), "RGB")
    assert difference(image, draw(tiny_bases[family], recipe)) == 0
    assert difference(image, draw(tiny_bases[family], make_recipe(sampler=sampler, seed=4))) > 20


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_whole_drawing_equals_diffusers(tiny_bases, make_recipe):
    # tolerance: float32 sums in another order, through 8 guided steps of a random network
    base = tiny_bases["sd1"]
    recipe = make_recipe(prompt="a red cat", steps=8)
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing="linspace",
        use_karras_sigmas=True,
    )
    tokenizer, encoder = base.tokenizers[0], base.text_encoders[0]

    def encode(text):
        ids = tokenizer(text, padding="max_length", max_length=77, return_tensors="pt").input_ids
        return encoder(ids).last_hidden_state

    pipe = StableDiffusionPipeline(
        vae=base.vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=base.unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    with torch.no_grad():
        arguments = {
            "prompt_embeds": encode("a red cat"),
            "negative_prompt_embeds": encode("dog"),
            "latents": torch.randn(1, 4, 12, 8, generator=torch.Generator().manual_seed(3)),
            "width": 64,
            "height": 96,
            "num_inference_steps": 8,
            "guidance_scale": 4.0,
        }
        theirs = pipe(**arguments, output_type="latent").images
        picture = pipe(**arguments, output_type="pil").images[0]
        ours = sample_latents(base, [recipe])
    assert torch.allclose(ours, theirs, atol=2e-3 * float(theirs.abs().max()))
    assert difference(draw(base, recipe), picture) <= 2


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("sampler", ["euler_a", "dpmpp_2m"])
def test_a_picture_does_not_depend_on_its_batch(tiny_bases, make_recipe, family, sampler):
    # one level: matrix products of another batch size may round differently
    long = ", ".join(["blue eyes"] * 20)
    recipes = [
        make_recipe(seed=1, sampler=sampler),
        make_recipe(seed=2, sampler=sampler, prompt=long),
        make_recipe(seed=3, sampler=sampler, negative_prompt="", clip_skip=2),
    ]
    together = draw_batch(tiny_bases[family], recipes)
    for image, recipe in zip(together, recipes, strict=True):
        assert difference(image, draw(tiny_bases[family], recipe)) <= 1


def test_progress_is_told_after_every_step(tiny_bases, make_recipe):
    seen = []
    draw(tiny_bases["sd1"], make_recipe(), callback=lambda *args: seen.append(args))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_exception_in_the_callback_stops_and_leaves_the_base_as_it_was(tiny_bases, make_recipe):
    base = tiny_bases["sd1"]

    def stop(step, total):
        raise KeyboardInterrupt

    base.unet.train()
    try:
        with pytest.raises(KeyboardInterrupt):
            draw(base, make_recipe(), callback=stop)
        assert base.unet.training
        assert base.unet.conv_in.training
    finally:
        base.unet.eval()


def test_drawing_switches_dropout_off_and_builds_no_graph(make_recipe):
    base = build_tiny_base("sd1")
    expected = draw(base, make_recipe())
    block = base.unet.down_blocks[0].resnets[0]
    block.dropout = torch.nn.Dropout(0.9)
    base.unet.train()
    base.unet.requires_grad_(True)
    assert difference(draw(base, make_recipe()), expected) == 0
    assert block.dropout.training


def test_drawing_leaves_the_global_random_state_alone(tiny_bases, make_recipe):
    before = torch.get_rng_state()
    draw(tiny_bases["sd1"], make_recipe(sampler="euler_a"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("size", [(72, 88), (8, 8), (104, 40)])
def test_sizes_between_the_steps_of_the_unet_are_drawn(tiny_bases, make_recipe, size):
    width, height = size
    image = draw(tiny_bases["sd1"], make_recipe(width=width, height=height, steps=1))
    assert image.size == size


def test_sizes_that_do_not_fit_the_latents_are_refused_with_the_nearest(tiny_bases, make_recipe):
    with pytest.raises(ConfigError, match="multiples of 8 pixels, got 65x100") as caught:
        draw(tiny_bases["sd1"], make_recipe(width=65, height=100))
    assert "64x96" in caught.value.hint


def test_mixed_batches_are_refused(tiny_bases, make_recipe):
    with pytest.raises(ConfigError, match="same steps, got 3, 4"):
        draw_batch(tiny_bases["sd1"], [make_recipe(), make_recipe(steps=4)])
    with pytest.raises(ConfigError, match="nothing to draw"):
        draw_batch(tiny_bases["sd1"], [])


def test_zero_terminal_snr_draws_with_v_and_is_refused_with_epsilon(make_recipe):
    for prediction in ("v_prediction", "epsilon"):
        base = build_tiny_base("sd2", prediction=prediction)
        base = dataclasses.replace(
            base, schedule=base.schedule.with_zero_terminal_snr(), zero_terminal_snr=True
        )
        if prediction == "epsilon":
            with pytest.raises(ScheduleError, match="zero-terminal-SNR"):
                draw(base, make_recipe())
            continue
        for schedule in ("karras", "uniform", "exponential"):
            image = draw(base, make_recipe(schedule=schedule))
            assert image.getextrema() != ((0, 0),) * 3


def test_nan_is_an_error_with_what_to_do(make_recipe):
    base = build_tiny_base("sd1")
    torch.nn.init.constant_(base.unet.conv_out.bias, float("nan"))
    with pytest.raises(NonFiniteError, match="UNet of tiny-sd1 gave NaN or Inf for seed 3") as e:
        draw(base, make_recipe())
    assert "fp32" in e.value.hint


def test_half_precision_draws_nearly_the_same(make_recipe):
    recipe = make_recipe(steps=2, cfg_scale=2.0)
    full = draw(build_tiny_base("sd1"), recipe)
    half = draw(build_tiny_base("sd1").to(dtype=torch.bfloat16), recipe)
    gap = np.abs(np.asarray(full, dtype=int) - np.asarray(half, dtype=int))
    assert gap.mean() < 8


def test_a_malformed_weight_in_the_prompt_is_refused(tiny_bases, make_recipe):
    with pytest.raises(PromptError, match=r"1\.2\.3"):
        draw(tiny_bases["sd1"], make_recipe(prompt="(a:1.2.3)"))


def test_levels_are_rounded_to_the_nearest():
    values = torch.tensor([-1.0, -0.997, 0.0, 0.99, 1.0]).reshape(1, 1, 5).expand(3, 1, 5)
    assert list(to_picture(values).tobytes()[::3]) == [0, 0, 128, 254, 255]


def test_a_recipe_names_its_base(tiny_bases):
    base = tiny_bases["sd1"]
    assert base_use(base).title == "tiny-sd1"
    assert base_use(base).hash == base.content_hash


def test_pictures_are_ordinary_pil_images(tiny_bases, make_recipe, tmp_path):
    draw(tiny_bases["sd1"], make_recipe(steps=1)).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (64, 96)
