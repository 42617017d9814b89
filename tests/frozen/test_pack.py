"""`pack_frozen` on whole models: what is packed, what is left alone, and that nothing changes."""

import copy

import pytest
import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from enogu.families.testing import build_tiny_base
from enogu.frozen import (
    FrozenAttnProcessor,
    PackedConv2d,
    PackedLinear,
    pack_frozen,
    packing_refusal,
    support,
    unpack,
)


class Wrapper(nn.Module):
    """Stands for an adapter layer: a frozen base under `.base` and a trained branch."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(4, base.in_features) / 8)
        self.up = nn.Parameter(torch.randn(base.out_features, 4) / 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + x @ self.down.to(x.dtype).t() @ self.up.to(x.dtype).t()


def wrap_attention(unet: nn.Module) -> None:
    torch.manual_seed(1)
    for name, layer in list(unet.named_modules()):
        if isinstance(layer, nn.Linear) and name.endswith(("to_q", "to_k", "to_v")):
            parent = unet.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], Wrapper(layer))


def unet_inputs(base, dtype, batch=2, size=16):
    generator = torch.Generator().manual_seed(2)
    width = base.unet.config.cross_attention_dim
    added = None
    if base.spec.name == "sdxl":
        pooled = base.unet.config.projection_class_embeddings_input_dim
        pooled -= 6 * base.unet.config.addition_time_embed_dim
        added = {
            "text_embeds": torch.randn(batch, pooled, generator=generator).to(dtype),
            "time_ids": torch.full((batch, 6), 64).to(dtype),
        }
    return {
        "sample": torch.randn(batch, 4, size, size, generator=generator).to(dtype),
        "timestep": torch.tensor([10] * batch),
        "encoder_hidden_states": torch.randn(batch, 77, width, generator=generator).to(dtype),
        "added_cond_kwargs": added,
    }


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_unet_step_is_the_same_packed(family):
    base = build_tiny_base(family)
    unet = base.unet.to(torch.float32).requires_grad_(False)
    wrap_attention(unet)
    inputs = unet_inputs(base, torch.float32)
    trained = {name: p for name, p in unet.named_parameters() if p.requires_grad}
    before = unet.state_dict()
    before = {name: value.clone() for name, value in before.items()}
    outcomes = []
    for packed in (False, True):
        if packed:
            report = pack_frozen(unet, dtype=torch.float32)
            assert report.num_conv > 0
            assert report.num_linear > 0
            assert report.num_attention > 0
            assert report.skipped == {}
        out = unet(**inputs).sample
        grads = torch.autograd.grad(out.square().sum(), list(trained.values()))
        outcomes.append((out, *grads))
    for wanted, got in zip(*outcomes, strict=True):
        scale = float(wanted.detach().abs().max())
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-4 * scale)
    assert sum(isinstance(m, PackedLinear) for m in unet.modules()) == report.num_linear
    unpack(unet)
    after = unet.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not any(isinstance(m, PackedConv2d | PackedLinear) for m in unet.modules())
    assert not any(isinstance(p, FrozenAttnProcessor) for p in unet.attn_processors.values())
    assert torch.equal(unet(**inputs).sample, outcomes[0][0])


@pytest.mark.skipif(
    packing_refusal(torch.bfloat16, torch.device("cpu")) is not None, reason="no bf16 here"
)
def test_bfloat16_unet_is_as_near_to_float32_packed_as_plain():
    base = build_tiny_base("sd1")
    unet = base.unet.to(torch.float32).requires_grad_(False)
    wrap_attention(unet)
    names = [name for name, p in unet.named_parameters() if p.requires_grad]

    def run(model, dtype):
        out = model(**unet_inputs(base, dtype)).sample.float()
        trained = dict(model.named_parameters())
        grads = torch.autograd.grad(out.square().sum(), [trained[name] for name in names])
        return [out.detach(), torch.cat([grad.float().flatten() for grad in grads])]

    exact = run(unet, torch.float32)
    unet = unet.to(torch.bfloat16)
    plain = run(unet, torch.bfloat16)
    assert pack_frozen(unet, dtype=torch.bfloat16).num_conv > 0
    packed = run(unet, torch.bfloat16)

    def error(got, wanted):
        return float((got - wanted).norm() / wanted.norm())

    for got, old, wanted in zip(packed, plain, exact, strict=True):
        assert error(got, wanted) <= 1.25 * error(old, wanted)


def test_vae_decodes_the_same_packed():
    torch.manual_seed(0)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(32, 32),
        latent_channels=4,
    ).requires_grad_(False)
    plain = copy.deepcopy(vae)
    report = pack_frozen(vae, dtype=torch.float32)
    # Its attention has a norm inside and stays with diffusers' own processor.
    assert (report.num_conv > 10, report.num_attention) == (True, 0)
    x = torch.randn(1, 3, 32, 32)
    for model_pair in [(plain.encode, vae.encode)]:
        wanted, got = (encode(x).latent_dist.mean for encode in model_pair)
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
    latents = torch.randn(1, 4, 8, 8)
    torch.testing.assert_close(
        vae.decode(latents).sample, plain.decode(latents).sample, rtol=1e-4, atol=1e-4
    )


def test_clip_encodes_the_same_packed():
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
    )
    clip = CLIPTextModel(config).eval().requires_grad_(False)
    tokens = torch.randint(0, 50, (2, 77), generator=torch.Generator().manual_seed(0))
    wanted = clip(tokens).last_hidden_state
    report = pack_frozen(clip, dtype=torch.float32)
    assert report.num_linear == 12
    torch.testing.assert_close(clip(tokens).last_hidden_state, wanted, rtol=1e-5, atol=1e-5)


def test_layers_below_the_lowest_trained_one_get_no_gradient_layout():
    base = build_tiny_base("sd1")
    unet = base.unet.to(torch.float32).requires_grad_(False)
    wrap_attention(unet)
    pack_frozen(unet, dtype=torch.float32)
    unet(**unet_inputs(base, torch.float32)).sample.sum().backward()
    conv_in, conv_out = unet.conv_in, unet.conv_out
    assert conv_in.packed_nbytes() == 4 * conv_in.in_channels * conv_in.out_channels * 9
    assert conv_out.packed_nbytes() == 2 * 4 * conv_out.in_channels * conv_out.out_channels * 9
    assert unet.time_embedding.linear_1.packed_nbytes() > 0


def test_reasons_for_skipped_layers_are_counted():
    model = nn.ModuleDict(
        {
            "trained": nn.Linear(4, 4),
            "half precision": nn.Linear(4, 4, dtype=torch.bfloat16).requires_grad_(False),
            "grouped": nn.Conv2d(4, 4, 3, groups=2).requires_grad_(False),
            "reflected": nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect").requires_grad_(
                False
            ),
            "frozen": nn.Linear(4, 6).requires_grad_(False),
            "shared": nn.Linear(4, 4).requires_grad_(False),
            "again": nn.Linear(4, 4).requires_grad_(False),
        }
    )
    model["again"].weight = model["shared"].weight
    report = pack_frozen(model, dtype=torch.float32)
    assert (report.num_conv, report.num_linear) == (0, 1)
    assert report.packed_bytes == 2 * 4 * 4 * 6
    assert report.skipped == {
        "is trained": 1,
        "is torch.bfloat16, not torch.float32": 1,
        "is a grouped convolution": 1,
        "pads with something else than a number of zeros": 1,
        "shares its weight with another layer": 2,
    }
    assert type(model["trained"]) is nn.Linear


def test_packing_twice_changes_nothing():
    model = nn.Sequential(nn.Linear(4, 6)).requires_grad_(False)
    pack_frozen(model, dtype=torch.float32)
    report = pack_frozen(model, dtype=torch.float32)
    assert (report.num_linear, report.skipped) == (0, {})
    assert isinstance(model[0], PackedLinear)


def test_nothing_is_packed_where_the_library_cannot(monkeypatch):
    monkeypatch.setattr(support, "_OPERATIONS", ("_no_such_operation",))
    support._cpu_refusal.cache_clear()
    try:
        model = nn.Sequential(nn.Linear(4, 6)).requires_grad_(False)
        report = pack_frozen(model, dtype=torch.float32)
    finally:
        support._cpu_refusal.cache_clear()
    assert (report.num_linear, report.num_attention) == (0, 0)
    assert report.skipped == {"this PyTorch lacks torch.ops.mkldnn._no_such_operation": 1}
    assert type(model[0]) is nn.Linear


def test_other_devices_and_dtypes_are_refused_with_the_reason():
    assert (
        packing_refusal(torch.bfloat16, torch.device("cuda")) == "weights on cuda need no packing"
    )
    refusal = packing_refusal(torch.float64, torch.device("cpu"))
    assert refusal == "no packed layout for torch.float64"


def test_gradient_checkpointing_works_on_packed_layers():
    base = build_tiny_base("sd1")
    unet = base.unet.to(torch.float32).requires_grad_(False)
    wrap_attention(unet)
    trained = [p for p in unet.parameters() if p.requires_grad]
    pack_frozen(unet, dtype=torch.float32)
    inputs = unet_inputs(base, torch.float32)
    grads = []
    for checkpointing in (False, True):
        if checkpointing:
            unet.train()
            unet.enable_gradient_checkpointing()
        grads.append(torch.autograd.grad(unet(**inputs).sample.sum(), trained))
    for wanted, got in zip(*grads, strict=True):
        torch.testing.assert_close(got, wanted)


def test_meta_device_keeps_what_packed_layers_keep_and_runs_both_ways():
    model = nn.Sequential(nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.SiLU(), nn.Linear(5, 6))
    model = model.to("meta").requires_grad_(False)
    assert pack_frozen(model, dtype=torch.float32).backward_bytes == 4 * (8 * 8 * 9 + 5 * 6)
    kept = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tuple(tensor.shape))
        return tensor

    x = torch.empty(2, 8, 10, 10, device="meta", requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        y = model(x)
    assert kept == [(2, 8, 5, 5)]
    y.sum().backward()
    assert x.grad.shape == x.shape
