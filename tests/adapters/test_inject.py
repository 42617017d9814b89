import dataclasses
import json

import pytest
import torch

from enogu.adapters import AdapterSpec, inject_adapter
from enogu.adapters.layers import AdapterLayer
from enogu.errors import AdapterError, BaseModelError
from enogu.families import FAMILIES
from enogu.families.architecture import Architecture, build_text_encoder, build_unet
from enogu.families.testing import build_tiny_base, unet_inputs


def full_size_base(family):
    """The real architecture without memory for its weights."""
    spec = FAMILIES[family]
    architecture = Architecture.of_family(spec)
    with torch.device("meta"):
        unet = build_unet(architecture.unet)
        encoders = [
            build_text_encoder(encoder, config)
            for encoder, config in zip(spec.text_encoders, architecture.text_encoders, strict=True)
        ]
    tiny = build_tiny_base(family)
    return dataclasses.replace(tiny, loaded_unet=unet, loaded_text_encoders=encoders)


@pytest.fixture(scope="module")
def golden_modules(shared_data):
    return json.loads((shared_data / "golden" / "lora_modules.json").read_text(encoding="utf-8"))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("case", "num_unet", "num_text"),
    [
        ("sd1_linear", 192, 72),
        ("sd1_conv3", 278, 72),
        ("sd2_linear", 192, 138),
        ("sdxl_linear", 722, 264),
        ("sdxl_conv3", 788, 264),
    ],
)
def test_names_and_shapes_equal_those_of_sd_scripts(golden_modules, case, num_unet, num_text):
    family, _, kind = case.partition("_")
    adapter = inject_adapter(
        full_size_base(family),
        AdapterSpec(
            rank=4, alpha=4, conv_rank=4 if kind == "conv3" else None, train_text_encoder=True
        ),
    )
    expected = {
        name: (tuple(down), tuple(up))
        for name, down, up in golden_modules[case]["unet"] + golden_modules[case]["text_encoders"]
    }
    tensors = adapter.state_dict()
    ours = {
        name: (
            tuple(tensors[f"{name}.lora_down.weight"].shape),
            tuple(tensors[f"{name}.lora_up.weight"].shape),
        )
        for name in adapter.layers
    }
    assert ours == expected
    assert len(tensors) == 3 * (num_unet + num_text)
    assert sum(name.startswith("lora_unet_") for name in ours) == num_unet


def test_enabling_convolutions_does_not_leak_into_the_next_adapter():
    with_convolutions = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=2, alpha=2, conv_rank=2)
    )
    plain = inject_adapter(build_tiny_base("sd1"), AdapterSpec(rank=2, alpha=2))
    assert len(plain.layers) == 192
    assert len(with_convolutions.layers) > 192


def test_each_part_has_its_rank_and_alpha():
    adapter = inject_adapter(
        build_tiny_base("sd1"),
        AdapterSpec(rank=4, alpha=2, text_encoder_rank=3, conv_rank=2, train_text_encoder=True),
    )
    layers = adapter.layers
    attention = layers["lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"]
    wide = layers["lora_unet_mid_block_resnets_0_conv1"]
    narrow = layers["lora_unet_mid_block_resnets_0_time_emb_proj"]
    text = layers["lora_te_text_model_encoder_layers_0_mlp_fc1"]
    assert (attention.update.rank, attention.update.alpha, attention.update.scale) == (4, 2, 0.5)
    assert (wide.update.rank, wide.update.alpha) == (2, 2)
    assert (narrow.update.rank, narrow.update.alpha) == (4, 2)
    assert (text.update.rank, text.update.alpha) == (3, 3)


def test_a_fresh_adapter_changes_nothing_and_only_it_is_trained():
    base = build_tiny_base("sd1")
    inputs = unet_inputs(base)
    before = base.unet(**inputs).sample
    adapter = inject_adapter(base, AdapterSpec(rank=4, alpha=4, train_text_encoder=True))
    assert torch.equal(base.unet(**inputs).sample, before)
    trained = {
        id(parameter)
        for module in base.modules().values()
        for parameter in module.parameters()
        if parameter.requires_grad
    }
    assert trained == {id(parameter) for parameter in adapter.parameters()}
    assert {parameter.dtype for parameter in adapter.parameters()} == {torch.float32}


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_every_layer_takes_part_and_gets_a_gradient(family):
    base = build_tiny_base(family)
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2, conv_rank=2))
    base.unet(**unet_inputs(base)).sample.square().sum().backward()
    silent = [name for name, layer in adapter.layers.items() if not layer.update.lora_up.grad.any()]
    assert silent == []


def test_the_choice_of_layers_does_not_change_their_numbers():
    everything = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=4, alpha=4, conv_rank=4, seed=5)
    )
    few = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=4, alpha=4, targets=["*attn2*"], seed=5)
    )
    other_seed = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=4, alpha=4, targets=["*attn2*"], seed=6)
    )
    for name, layer in few.layers.items():
        assert torch.equal(layer.update.lora_down, everything.layers[name].update.lora_down)
        assert not torch.equal(layer.update.lora_down, other_seed.layers[name].update.lora_down)


@pytest.mark.parametrize(
    ("targets", "exclude", "count"),
    [
        (["*attn2*"], [], 64),
        (["unet.mid_block.*"], [], 12),
        (["lora_unet_mid_block_*"], [], 12),
        (["re:.*attn[12]_to_[kv]"], [], 64),
        (["*attn1*", "*attn2*"], ["*to_out*"], 96),
        ([], ["*ff*", "*proj_in", "*proj_out"], 128),
    ],
)
def test_patterns_choose_layers(targets, exclude, count):
    adapter = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=2, alpha=2, targets=targets, exclude=exclude)
    )
    assert len(adapter.layers) == count
    assert adapter.warnings == []


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("attn2", "write '*attn2*'"),
        ("*atn2*", "did you mean '*attn2*'"),
        ("*resnets*", "convolutions need train.conv_rank"),
        ("*self_attn*", "text encoders train.text_encoder = true"),
    ],
)
def test_a_pattern_that_matches_nothing_is_reported_with_advice(pattern, words):
    adapter = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=2, alpha=2, targets=[pattern, "*attn1*"])
    )
    assert len(adapter.layers) == 64
    (warning,) = adapter.warnings
    assert repr(pattern) in warning
    assert words in warning


def test_a_rank_no_layer_can_use_is_reported():
    adapter = inject_adapter(build_tiny_base("sd1"), AdapterSpec(rank=64, alpha=2))
    (warning,) = adapter.warnings
    assert warning.startswith("rank 64 is more than 192 of 192 layers can use")


def test_refusals():
    base = build_tiny_base("sd1")
    with pytest.raises(AdapterError, match="no layer is left to adapt") as caught:
        inject_adapter(base, AdapterSpec(rank=2, alpha=2, targets=["attn2"]))
    assert "lora_unet_down_blocks_0_attentions_0" in caught.value.hint
    with pytest.raises(AdapterError, match="not a regular expression"):
        inject_adapter(base, AdapterSpec(rank=2, alpha=2, targets=["re:("]))
    with pytest.raises(AdapterError, match="conv_rank must be 1 or more, got 0"):
        inject_adapter(base, AdapterSpec(rank=2, alpha=2, conv_rank=0))
    assert not any(isinstance(module, AdapterLayer) for module in base.unet.modules())
    inject_adapter(base, AdapterSpec(rank=2, alpha=2))
    with pytest.raises(AdapterError, match="already has an adapter in training"):
        inject_adapter(base, AdapterSpec(rank=2, alpha=2))
    base = build_tiny_base("sd1")
    base.drop("text_encoders")
    with pytest.raises(BaseModelError, match="text_encoders"):
        inject_adapter(base, AdapterSpec(rank=2, alpha=2, train_text_encoder=True))
