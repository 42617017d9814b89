"""Several small batches give the gradient of one large one."""

import pytest
import torch

from enogu.adapters import AdapterSpec, StepNoise, inject_adapter
from enogu.config import ProjectConfig
from enogu.families.denoise import SizeConditioning
from enogu.families.testing import build_tiny_base
from enogu.pictures.buckets import BucketSize
from enogu.train.batch import Batch
from enogu.train.loop import Trainer

SIZE = BucketSize(64, 64)


def make_batch():
    generator = torch.Generator().manual_seed(0)
    size = SizeConditioning(original=SIZE, crop_top=0, crop_left=0, target=SIZE)
    noise = torch.randn(5, 4, 8, 8, generator=generator)
    mask = torch.ones(5, 1, 8, 8)
    mask[1, :, :, 2:] = 0
    return Batch(
        items=(),
        latents=torch.randn(5, 4, 8, 8, generator=generator),
        noise=noise,
        input_noise=noise,
        timesteps=torch.tensor([5, 200, 500, 700, 990]),
        features=None,
        captions=("a", "long, " * 60, "b", "c", "hat"),
        sizes=(size,) * 5,
        mask=mask,
        weights=torch.tensor([1.0, 1.0, 0.5, 1.0, 1.0]),
        general_captions=("a", "b", "c", "long, " * 40, "d"),
    )


def gradients(batch_size, accumulate, base_prior, dropout=0.0):
    base = build_tiny_base("sd1")
    noise = StepNoise(seed=0, network=dropout, rank=dropout, module=dropout)
    spec = AdapterSpec(rank=2, alpha=2.0, train_text_encoder=True, noise=noise)
    adapter = inject_adapter(base, spec)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in adapter.named_parameters():
            if "lora_up" in name:
                value.copy_(0.1 * torch.randn(value.shape, generator=generator))
    loss = {"base_prior": base_prior, "masked_prior": base_prior}
    train = {"batch_size": batch_size, "accumulate": accumulate, "loss": loss}
    config = ProjectConfig.model_validate({"train": train, "captions": {"trigger": "hoshi"}})
    trainer = Trainer(
        base=base,
        adapter=adapter,
        optimizer=torch.optim.SGD(adapter.parameters(), lr=1.0),
        source=None,
        config=config,
        log=None,
        digest="",
    )
    return trainer._accumulate(make_batch()), [
        torch.zeros_like(p) if p.grad is None else p.grad for p in adapter.parameters()
    ]


@pytest.mark.parametrize(("base_prior", "dropout"), [(0.0, 0.0), (1.0, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize(("batch_size", "accumulate"), [(2, 3), (1, 5)])
def test_gradients_equal_those_of_the_larger_batch(batch_size, accumulate, base_prior, dropout):
    """Uneven parts, masks, weights, texts of different lengths, dropout.

    Only the order of the sums differs, so fp32 keeps six digits of the largest gradient.
    """
    loss, whole = gradients(5, 1, base_prior, dropout)
    small_loss, parts = gradients(batch_size, accumulate, base_prior, dropout)
    assert small_loss == pytest.approx(loss, rel=1e-5)
    largest = max(float(gradient.abs().max()) for gradient in whole)
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, atol=3e-6 * largest, rtol=1e-4)
