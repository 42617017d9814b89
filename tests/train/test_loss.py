from dataclasses import replace

import pytest
import torch

from enogu.config import LossConfig
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.testing import build_tiny_base
from enogu.families.text import encode_texts
from enogu.pictures.buckets import BucketSize
from enogu.train.batch import Batch
from enogu.train.loss import compute_loss, first_non_finite, masked_mean

SIZE = BucketSize(64, 64)


def make_batch(mask=None, weights=(1.0, 1.0), **changes):
    generator = torch.Generator().manual_seed(0)
    conditioning = SizeConditioning(original=SIZE, crop_top=0, crop_left=0, target=SIZE)
    return Batch(
        items=(),
        latents=torch.randn(2, 4, 8, 8, generator=generator),
        noise=(noise := torch.randn(2, 4, 8, 8, generator=generator)),
        input_noise=noise,
        timesteps=torch.tensor([10, 900]),
        features=None,
        captions=("a", "b"),
        sizes=(conditioning, conditioning),
        mask=mask,
        weights=torch.tensor(weights),
        **changes,
    )


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_loss_is_the_weighted_closed_form(family, prediction):
    base = build_tiny_base(family, prediction=prediction)
    batch = make_batch(weights=(1.0, 0.5))
    with torch.no_grad():
        features = encode_texts(base, batch.captions)
        settings = LossConfig(weighting="min_snr", min_snr_gamma=5.0)
        result = compute_loss(base, batch, features, settings)

        alpha = base.schedule.alphas_cumprod[batch.timesteps].reshape(2, 1, 1, 1)
        signal, noise_share = alpha.sqrt(), (1 - alpha).sqrt()
        noisy = signal * batch.latents.double() + noise_share * batch.noise.double()
        model_pred = predict(base, noisy.float(), batch.timesteps, features, batch.sizes).double()
    if prediction == "epsilon":
        target = batch.noise.double()
    else:
        target = signal * batch.noise.double() - noise_share * batch.latents.double()
    snr = (alpha / (1 - alpha)).flatten()
    weight = snr.clamp(max=5.0) / (snr if prediction == "epsilon" else snr + 1)
    expected = (model_pred - target).square().mean(dim=(1, 2, 3)) * weight * batch.weights
    assert torch.allclose(result.per_picture.double(), expected, rtol=1e-4)
    assert float(result.loss) == pytest.approx(float(expected.mean()), rel=1e-4)


@pytest.mark.parametrize("type", ["huber", "smooth_l1"])
@pytest.mark.parametrize("schedule", ["constant", "exponential", "snr"])
def test_robust_losses_are_the_closed_form(type, schedule):
    base, batch = build_tiny_base("sd1"), make_batch()
    settings = LossConfig(type=type, huber_schedule=schedule, weighting="none")
    with torch.no_grad():
        features = encode_texts(base, batch.captions)
        result = compute_loss(base, batch, features, settings)
        noisy = base.schedule.add_noise(batch.latents, batch.noise, batch.timesteps)
        model_pred = predict(base, noisy, batch.timesteps, features, batch.sizes).double()
    for row, t in enumerate(batch.timesteps.tolist()):
        alpha = float(base.schedule.alphas_cumprod[t])
        sigma = ((1 - alpha) / alpha) ** 0.5
        c = {"constant": 0.1, "exponential": 0.1 ** (t / 1000), "snr": 0.9 / (1 + sigma) ** 2 + 0.1}
        c = c[schedule]
        d = model_pred[row] - batch.noise[row].double()
        expected = (2 * (c if type == "huber" else 1) * ((d**2 + c**2).sqrt() - c)).mean()
        assert float(result.per_picture[row]) == pytest.approx(float(expected), rel=1e-4)


def test_the_input_is_perturbed_and_the_target_is_not():
    base = build_tiny_base("sd1")
    batch = make_batch()
    extra = 0.5 * torch.randn(batch.noise.shape, generator=torch.Generator().manual_seed(1))
    batch = replace(batch, input_noise=batch.noise + extra)
    with torch.no_grad():
        features = encode_texts(base, batch.captions)
        result = compute_loss(base, batch, features, LossConfig(weighting="none"))
        noisy = base.schedule.add_noise(batch.latents, batch.noise + extra, batch.timesteps)
        model_pred = predict(base, noisy, batch.timesteps, features, batch.sizes)
    expected = (model_pred - batch.noise).square().mean(dim=(1, 2, 3))
    assert torch.allclose(result.per_picture, expected, rtol=1e-5)


def test_masked_out_pixels_do_not_count():
    error = torch.ones(1, 2, 4, 4)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    assert float(masked_mean(error, mask)) == pytest.approx(0.5)
    error[..., 2:] = 100
    assert float(masked_mean(error, mask)) == pytest.approx(0.5)


def test_first_non_finite_names_the_tensor():
    values = {"fine": torch.ones(2), "bad": torch.tensor([1.0, float("inf")])}
    assert first_non_finite(values) == "bad"
    assert first_non_finite({"fine": torch.ones(2)}) is None
