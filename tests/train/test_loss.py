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


def make_batch(mask=None, weights=(1.0, 1.0)):
    generator = torch.Generator().manual_seed(0)
    conditioning = SizeConditioning(original=SIZE, crop_top=0, crop_left=0, target=SIZE)
    return Batch(
        items=(),
        latents=torch.randn(2, 4, 8, 8, generator=generator),
        noise=torch.randn(2, 4, 8, 8, generator=generator),
        timesteps=torch.tensor([10, 900]),
        features=None,
        captions=("a", "b"),
        sizes=(conditioning, conditioning),
        mask=mask,
        weights=torch.tensor(weights),
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
