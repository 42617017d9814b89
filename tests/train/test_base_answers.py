"""What a run holds on to is the base's own answer, and nothing is asked when nothing is held."""

import pytest
import torch

from enogu.adapters import AdapterSpec, inject_adapter
from enogu.config import LossConfig
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.testing import build_tiny_base
from enogu.families.text import encode_texts
from enogu.pictures.buckets import BucketSize
from enogu.train.base_answers import base_answers
from enogu.train.batch import Batch
from enogu.train.loss import compute_loss, masked_mean

SIZE = BucketSize(64, 64)
PLAIN = LossConfig(weighting="none")


@pytest.fixture
def trained():
    """A tiny base whose text encoder and UNet have an adapter that changes every answer."""
    base = build_tiny_base("sd1")
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2.0, train_text_encoder=True))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, value in adapter.named_parameters():
            if "lora_up" in name:
                value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return base, adapter


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    size = SizeConditioning(original=SIZE, crop_top=0, crop_left=0, target=SIZE)
    noise = torch.randn(2, 4, 8, 8, generator=generator)
    mask = torch.ones(2, 1, 8, 8)
    mask[:, :, :, 4:] = 0.25
    return Batch(
        items=(),
        latents=torch.randn(2, 4, 8, 8, generator=generator),
        noise=noise,
        input_noise=noise,
        timesteps=torch.tensor([100, 700]),
        features=None,
        captions=("hoshi, smile", "hoshi, hat"),
        sizes=(size, size),
        mask=mask,
        weights=torch.ones(2),
        general_captions=("smile", "hat"),
    )


def plain_answer(adapter, base, batch, captions):
    adapter.eject()
    with torch.no_grad():
        noisy = base.schedule.add_noise(batch.latents, batch.noise, batch.timesteps)
        texts = encode_texts(base, captions)
        answer = predict(base, noisy, batch.timesteps, texts, batch.sizes)
    adapter.attach()
    return answer


def test_nothing_is_asked_when_nothing_is_held(trained, batch, monkeypatch):
    base, adapter = trained
    monkeypatch.setattr(base.unet, "forward", None)
    assert base_answers(base, adapter, batch, PLAIN, clip_skip=None) is None


def test_answers_are_those_of_the_base_without_its_adapter(trained, batch):
    base, adapter = trained
    settings = PLAIN.model_copy(update={"masked_prior": 1.0, "base_prior": 1.0})
    answers = base_answers(base, adapter, batch, settings, clip_skip=None)
    assert torch.equal(answers.own, plain_answer(adapter, base, batch, batch.captions))
    general = plain_answer(adapter, base, batch, batch.general_captions)
    assert torch.equal(answers.general, general)
    assert answers.general_features.prompt_embeds.requires_grad
    assert not answers.own.requires_grad


def test_held_terms_are_the_closed_form(trained, batch):
    base, adapter = trained
    settings = PLAIN.model_copy(update={"masked_prior": 2.0, "base_prior": 3.0})
    answers = base_answers(base, adapter, batch, settings, clip_skip=None)
    features = encode_texts(base, batch.captions)
    result = compute_loss(base, batch, features, settings, answers)
    noisy = base.schedule.add_noise(batch.latents, batch.noise, batch.timesteps)

    def ask(texts):
        with torch.no_grad():
            return predict(base, noisy, batch.timesteps, texts, batch.sizes)

    model_pred = ask(features)
    expected = (
        masked_mean((model_pred - batch.noise).square(), batch.mask)
        + 2 * masked_mean((model_pred - answers.own).square(), 1 - batch.mask)
        + 3
        * masked_mean(
            (ask(encode_texts(base, batch.general_captions)) - answers.general).square(), None
        )
    )
    assert torch.allclose(result.per_picture, expected, rtol=1e-5)


def test_a_fresh_adapter_has_nothing_to_hold(batch):
    base = build_tiny_base("sd1")
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2.0))
    settings = PLAIN.model_copy(update={"masked_prior": 5.0, "base_prior": 5.0})
    answers = base_answers(base, adapter, batch, settings, clip_skip=None)
    with torch.no_grad():
        features = encode_texts(base, batch.captions)
        held = compute_loss(base, batch, features, settings, answers)
        free = compute_loss(base, batch, features, PLAIN)
    assert torch.allclose(held.per_picture, free.per_picture, atol=1e-7)
