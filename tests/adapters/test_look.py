"""Comparing, measuring, scrubbing and reusing adapter files."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from enogu.adapters import AdapterSpec, inject_adapter, inspect_adapter
from enogu.adapters.block_norms import base_norms, block_norms, norms_svg
from enogu.adapters.compare import compare_adapters
from enogu.adapters.layers import innermost
from enogu.adapters.place import BlockNames
from enogu.adapters.reuse import reuse_settings
from enogu.adapters.scrub import scrub
from enogu.config import resolve
from enogu.config.resolve import nest
from enogu.errors import AdapterError
from enogu.families.detect import inspect_base
from enogu.families.testing import build_tiny_base, save_folder

UNET = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
MID = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
TEXT = "lora_te_text_model_encoder_layers_3_self_attn_q_proj"

RECORDED = {
    "ss_network_module": "networks.lora",
    "ss_network_dim": "4",
    "ss_network_alpha": "2.0",
    "ss_network_args": json.dumps({"conv_dim": "8", "conv_alpha": "4"}),
    "ss_learning_rate": "0.0001",
    "ss_unet_lr": "None",
    "ss_text_encoder_lr": "5e-05",
    "ss_lr_scheduler": "cosine_with_restarts",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)",
    "ss_max_train_steps": "300",
    "ss_min_snr_gamma": "None",
    "ss_debiased_estimation": "True",
    "ss_resolution": "(512, 768)",
    "ss_enable_bucket": "True",
    "ss_bucket_no_upscale": "False",
    "ss_keep_tokens": "1",
    "ss_shuffle_caption": "True",
    "ss_seed": "42",
    "ss_mixed_precision": "fp16",
    "ss_sd_model_name": "model-x",
    "ss_tag_frequency": json.dumps({"10_secret name": {"smile": 3}}),
    "ss_bucket_info": json.dumps({"buckets": {"0": {"resolution": [512, 768], "count": 7}}}),
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "modelspec.trigger_phrase": "mychar",
}


def layer(module, seed, rank=4, alpha=2.0, width=768):
    source = torch.Generator().manual_seed(seed)
    return {
        f"{module}.lora_down.weight": torch.randn(rank, width, generator=source),
        f"{module}.lora_up.weight": torch.randn(320, rank, generator=source),
        f"{module}.alpha": torch.tensor(alpha),
    }


def whole(tensors, module):
    alpha, down = tensors[f"{module}.alpha"], tensors[f"{module}.lora_down.weight"]
    return tensors[f"{module}.lora_up.weight"] @ down * (alpha / down.shape[0])


@pytest.fixture
def write(tmp_path):
    def made(name, tensors, metadata=None):
        path = tmp_path / f"{name}.safetensors"
        save_file(tensors, path, metadata)
        return path

    return made


@pytest.mark.parametrize(
    ("name", "block"),
    [
        (UNET, "IN04"),
        (MID, "MID"),
        (TEXT, "TE03"),
        ("lora_unet_down_blocks_0_downsamplers_0_conv", "IN03"),
        ("lora_unet_down_blocks_3_resnets_1_conv1", "IN11"),
        ("lora_unet_up_blocks_1_attentions_2_proj_in", "OUT05"),
        ("lora_unet_up_blocks_0_upsamplers_0_conv", "OUT02"),
        ("lora_unet_input_blocks_8_1_proj_in", "IN08"),
        ("lora_unet_middle_block_1_proj_in", "MID01"),
        ("lora_unet_output_blocks_0_1_proj_in", "OUT00"),
        ("lora_te2_text_model_encoder_layers_31_mlp_fc1", "TE2-31"),
        ("lora_unet_conv_in", "IN00"),
        ("lora_unet_conv_out", "other"),
    ],
)
def test_blocks_are_told_by_the_names_in_files(name, block):
    assert BlockNames([name]).of(name) == block


def test_blocks_of_a_real_layout_are_those_of_the_base():
    from enogu.adapters.blocks import BlockLayout
    from enogu.adapters.targets import find_targets
    from enogu.families.testing import build_meta_base

    for family in ("sd1", "sdxl"):
        base = build_meta_base(family)
        layout = BlockLayout.of_base(base)
        targets = [target for target in find_targets(base) if target.path.startswith("unet.")]
        names = BlockNames(target.name for target in targets)
        for target in targets:
            label = layout.label(target.path)
            assert names.of(target.name) == (label or "other"), target.name


def test_norms_by_block_are_those_of_the_differences(write):
    tensors = {**layer(UNET, 1), **layer(MID, 2, width=320), **layer(TEXT, 3)}
    measured = block_norms(write("a", tensors))
    assert list(measured.norms) == ["TE03", "IN04", "MID"]
    for module, block in ((UNET, "IN04"), (MID, "MID"), (TEXT, "TE03")):
        expected = float(whole(tensors, module).norm())
        assert measured.norms[block] == pytest.approx(expected, rel=1e-4)
    svg = norms_svg(measured)
    assert svg.count("<rect") == 1 + 3
    assert "IN04" in svg


def weights_by_block(base):
    """Sum the squares of all weights of a base's UNet by block, told by the base itself."""
    from enogu.adapters.blocks import BlockLayout

    layout = BlockLayout.of_base(base)
    squares = {}
    for name, value in base.unet.named_parameters():
        label = layout.label(f"unet.{name.rpartition('.')[0]}") or "other"
        squares[label] = squares.get(label, 0.0) + float(value.double().square().sum())
    return {label: square**0.5 for label, square in squares.items()}


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_norms_of_a_base_are_those_of_its_weights(tmp_path, family):
    base = build_tiny_base(family)
    save_folder(base, tmp_path)
    measured = base_norms(inspect_base(tmp_path)).norms
    unet = {label: norm for label, norm in measured.items() if not label.startswith("TE")}
    expected = weights_by_block(base)
    assert unet.keys() == expected.keys()
    # Outside all blocks there are layers of the text encoders too.
    del expected["other"]
    for label, norm in expected.items():
        assert unet[label] == pytest.approx(norm, rel=1e-4), label
    text = "TE1-00" if family == "sdxl" else "TE00"
    layer = base.text_encoders[0].get_submodule("encoder.layers.0")
    squares = sum(float(value.double().square().sum()) for value in layer.parameters())
    assert measured[text] == pytest.approx(squares**0.5, rel=1e-4)


def test_norms_of_dora_are_measured_on_its_base(tmp_path):
    base = build_tiny_base("sd1")
    spec = AdapterSpec(rank=2, alpha=2.0, decompose="output")
    adapter = inject_adapter(base, spec)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)
    save_file(adapter.state_dict(), tmp_path / "dora.safetensors")
    expected = {}
    for name, layer in adapter.layers.items():
        label = BlockNames(adapter.layers).of(name)
        added = layer.update.difference(innermost(layer).weight.detach())
        expected[label] = expected.get(label, 0.0) + float(added.detach().square().sum())
    adapter.eject()
    bare = block_norms(tmp_path / "dora.safetensors")
    assert (bare.norms, bare.unmeasured) == ({}, len(adapter.layers))
    measured = block_norms(tmp_path / "dora.safetensors", base)
    assert measured.unmeasured == 0
    for label, square in expected.items():
        assert measured.norms[label] == pytest.approx(square**0.5, rel=1e-3), label


def test_two_files_are_compared_by_what_they_say_and_change(write):
    one = {**layer(UNET, 1), **layer(TEXT, 3), **layer(MID, 4, width=320)}
    two = {**layer(UNET, 2), **layer(TEXT, 3)}
    changed = RECORDED | {"ss_seed": "43", "ss_tag_frequency": json.dumps({"a": {"hat": 9}})}
    found = compare_adapters(write("a", one, RECORDED), write("b", two, changed))
    assert found.settings == {"ss_seed": ("42", "43")}
    assert found.tags == {"hat": (0, 9), "smile": (3, 0)}
    assert (found.only_first, found.only_second) == ((MID,), ())
    assert (found.equal_layers, found.unmeasured) == (1, 0)
    blocks = {row.block: row for row in found.blocks}
    a, b = whole(one, UNET), whole(two, UNET)
    assert blocks["IN04"].difference == pytest.approx(float((a - b).norm()), rel=1e-4)
    cosine = torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0)
    assert blocks["IN04"].cosine == pytest.approx(float(cosine), abs=1e-5)
    assert blocks["TE03"].difference == pytest.approx(0, abs=1e-3 * blocks["TE03"].first)
    assert blocks["TE03"].cosine == pytest.approx(1)
    assert json.loads(json.dumps(found.to_dict()))["equal_layers"] == 1


def test_files_of_other_rank_are_compared_by_their_effect(write):
    one = write("a", layer(UNET, 1, rank=4))
    two = write("b", layer(UNET, 2, rank=8))
    assert compare_adapters(one, two).blocks[0].layers == 1


def test_scrubbing_leaves_tensors_and_what_programs_need(write, tmp_path):
    source = write("a", layer(UNET, 1), RECORDED | {"sshs_model_hash": "ab", "ss_new": "x"})
    before = source.read_bytes()
    made = scrub(source, tmp_path / "clean.safetensors")
    assert source.read_bytes() == before
    one, two = load_file(source), load_file(made.path)
    assert one.keys() == two.keys()
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    summary = inspect_adapter(made.path)
    assert set(summary.metadata) == {
        "ss_network_module", "ss_network_dim", "ss_network_alpha", "ss_network_args",
        "sshs_model_hash", "modelspec.architecture",
    }  # fmt: skip
    assert b"secret name" not in made.path.read_bytes()
    assert summary.hashes.model_hash == inspect_adapter(source).hashes.model_hash


def test_scrubbing_keeps_what_is_asked_for_and_overwrites_nothing(write, tmp_path):
    source = write("a", layer(UNET, 1), RECORDED)
    out = tmp_path / "b.safetensors"
    scrub(source, out, keep=["modelspec.trigger_phrase"])
    assert inspect_adapter(out).trigger == "mychar"
    with pytest.raises(AdapterError, match="there already"):
        scrub(source, out)
    with pytest.raises(AdapterError, match="the file that is read"):
        scrub(source, source)
    with pytest.raises(AdapterError, match="no key ss_none"):
        scrub(source, tmp_path / "c.safetensors", keep=["ss_none"])


def test_settings_are_taken_from_what_a_file_records(write):
    path = write("a", {**layer(UNET, 1), **layer(TEXT, 2)}, RECORDED)
    made = reuse_settings(inspect_adapter(path))
    config = resolve(nest(made.settings)).config
    train = config.train
    assert (train.rank, train.alpha, train.conv_rank, train.conv_alpha) == (4, 2.0, 8, 4.0)
    assert (train.learning_rate, train.text_encoder_learning_rate) == (1e-4, 5e-5)
    assert (train.optimizer, train.weight_decay) == ("adamw8bit", 0.1)
    assert (train.steps, train.seed, train.loss.weighting) == (300, 42, "debiased")
    assert (train.schedule, train.text_encoder) == ("cosine_restarts", True)
    assert (config.pictures.resolution, config.pictures.bucket_mode) == (627, "list")
    assert (config.captions.keep_tags, config.captions.trigger) == (1, "mychar")
    assert config.machine.precision == "auto"
    assert any("model-x" in note for note in made.notes)


def test_settings_in_the_form_of_data_sets_are_read_too(write):
    dataset = {
        "batch_size_per_device": 3, "resolution": [640, 640], "enable_bucket": True,
        "bucket_info": {"buckets": {"0": {"resolution": [640, 640], "count": 5}}},
        "tag_frequency": {"d": {"hat": 2}},
        "subsets": [{"num_repeats": 10, "shuffle_caption": True, "flip_aug": True}],
    }  # fmt: skip
    path = write("a", layer(UNET, 1), {"ss_datasets": json.dumps([dataset])})
    summary = inspect_adapter(path)
    assert (summary.tags, summary.buckets) == ((("hat", 2),), {"640x640": 5})
    config = resolve(nest(reuse_settings(summary).settings)).config
    assert (config.train.batch_size, config.pictures.resolution) == (3, 640)
    assert (config.captions.shuffle, config.pictures.flip) == (True, True)


def test_a_file_that_says_nothing_gives_its_sizes(write):
    made = reuse_settings(inspect_adapter(write("a", layer(UNET, 1))))
    assert made.settings["train.rank"] == 4
    assert made.settings["train.alpha"] == 2.0
    assert made.settings["train.text_encoder"] is False
    assert "train.learning_rate" not in made.settings
    assert any("nothing of its training" in note for note in made.notes)


def test_damaged_records_count_as_none(write):
    metadata = {"ss_tag_frequency": "{", "ss_bucket_info": "[1]", "ss_datasets": "3"}
    summary = inspect_adapter(write("a", layer(UNET, 1), metadata))
    assert (summary.tags, summary.buckets) == ((), {})
