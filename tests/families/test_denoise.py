"""What the UNet is told, SDXL's size conditioning in particular."""

from dataclasses import dataclass

import pytest
import torch

from enogu.errors import BaseModelError
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.latents import decode_latents, encode_images
from enogu.families.testing import build_tiny_base
from enogu.families.text import encode_texts


@dataclass(frozen=True)
class Pixels:
    width: int
    height: int


# the worked example of a picture of 1000x700 in bucket 1216x832: the cut is at the top
CROPPED = SizeConditioning(
    original=Pixels(1000, 700), crop_top=9, crop_left=0, target=Pixels(1216, 832)
)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def test_size_ids_are_height_first_and_tell_the_true_crop():
    assert CROPPED.as_ids() == (700, 1000, 9, 0, 832, 1216)


def test_sdxl_gets_pooled_text_and_exact_sizes():
    base = build_tiny_base("sdxl")
    seen = {}
    base.unet.add_embedding.register_forward_pre_hook(
        lambda _, inputs: seen.update(vector=inputs[0])
    )
    base.unet.add_time_proj.register_forward_pre_hook(lambda _, inputs: seen.update(ids=inputs[0]))
    base.to(dtype=torch.bfloat16)
    features = encode_texts(base, ["a", "b"])
    other = SizeConditioning(
        original=Pixels(833, 1217), crop_top=0, crop_left=3, target=Pixels(64, 64)
    )
    latents = torch.randn(2, 4, 8, 8)
    output = predict(base, latents, torch.tensor([1, 999]), features, [CROPPED, other])
    assert output.shape == latents.shape
    assert seen["ids"].tolist() == [*CROPPED.as_ids(), 1217, 833, 0, 3, 64, 64]
    assert torch.equal(seen["vector"][:, :32], features.pooled)


def test_sdxl_without_sizes_is_refused():
    base = build_tiny_base("sdxl")
    features = encode_texts(base, ["a"])
    with pytest.raises(BaseModelError, match="got none sizes and a pooled vector"):
        predict(base, torch.zeros(1, 4, 8, 8), torch.tensor([1]), features)


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_other_families_equal_the_library_call(family):
    base = build_tiny_base(family)
    features = encode_texts(base, ["a"])
    latents, timesteps = torch.randn(1, 4, 8, 16), torch.tensor([250])
    wanted = base.unet(latents, timesteps, features.prompt_embeds).sample
    assert torch.equal(predict(base, latents, timesteps, features), wanted)


def test_latents_are_scaled_and_come_back():
    base = build_tiny_base("sdxl")
    images = torch.rand(2, 3, 64, 96) * 2 - 1
    mean, std = encode_images(base, images)
    distribution = base.vae.encode(images).latent_dist
    assert mean.shape == (2, 4, 8, 12)
    torch.testing.assert_close(mean, distribution.mean * 0.13025)
    torch.testing.assert_close(std, distribution.std * 0.13025)
    wanted = base.vae.decode(mean / 0.13025).sample.clamp(-1, 1)
    torch.testing.assert_close(decode_latents(base, mean), wanted)
