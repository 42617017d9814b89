import hashlib
import json

import pytest
import safetensors.torch
import torch

from enogu.adapters import AdapterSpec, inject_adapter, inspect_adapter, save_adapter
from enogu.errors import AdapterError
from enogu.families.testing import build_tiny_base

MODULE = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def write(path, tensors, metadata=None):
    safetensors.torch.save_file(tensors, path, metadata)
    return path


def layer(module=MODULE, rank=4, width=768, alpha=2.0):
    tensors = {
        f"{module}.lora_down.weight": torch.ones(rank, width),
        f"{module}.lora_up.weight": torch.ones(320, rank),
    }
    if alpha is not None:
        tensors[f"{module}.alpha"] = torch.tensor(alpha)
    return tensors


@pytest.fixture
def own_file(tmp_path):
    adapter = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=4, alpha=2, conv_rank=3, train_text_encoder=True)
    )
    with torch.no_grad():
        for wrapped in adapter.layers.values():
            wrapped.update.lora_up.fill_(0.5)
    metadata = {
        "ss_base_model_version": "sd_v1",
        "ss_sd_model_name": "model-x",
        "ss_tag_frequency": json.dumps({"a": {"smile": 3, " hat": 1}, "b": {"smile": 2}}),
        "modelspec.trigger_phrase": "mychar",
        "modelspec.implementation_version": "enogu/0",
    }
    return save_adapter(adapter.state_dict(), tmp_path / "a.safetensors", metadata)


def test_what_is_in_our_own_file(own_file):
    summary = inspect_adapter(own_file.path, deep=True)
    assert summary.family == "sd1"
    assert summary.kinds == {"LoRA": 295}
    assert summary.modules == {"UNet": 277, "text encoder": 18}
    assert summary.ranks_by_part["text encoder"] == {4: 18}
    assert set(summary.ranks) == {3, 4}
    assert summary.alphas == {"2": 245, "3": 50}
    assert summary.dtypes == ("F16",)
    assert summary.conventions == ("kohya",)
    assert summary.maker == "enogu/0"
    assert (summary.trigger, summary.base_title) == ("mychar", "model-x")
    assert summary.tags == (("smile", 5), ("hat", 1))
    assert summary.warnings == ()


def test_hashes_are_those_galleries_use(own_file):
    data = own_file.path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    hashes = inspect_adapter(own_file.path).hashes
    assert hashes.file == hashlib.sha256(data).hexdigest()
    assert hashes.model_hash == hashlib.sha256(data[start:]).hexdigest() == own_file.model_hash
    assert hashes.stated_model_hash == hashes.model_hash
    assert hashes.legacy == hashlib.sha256(data[0x100000:0x110000]).hexdigest()[:8]


def test_the_summary_is_json(own_file):
    values = json.loads(json.dumps(inspect_adapter(own_file.path).to_dict()))
    assert values["modules"]["UNet"] == 277
    assert values["path"] == str(own_file.path)


def test_only_single_numbers_are_read_unless_deep(own_file, monkeypatch):
    read, sizes = safetensors_reader(), []

    def counted(self, name, rows=None):
        sizes.append(self.tensors[name].num_elements)
        return read(self, name, rows)

    monkeypatch.setattr("enogu.families.safetensors_file.SafetensorsFile.read", counted)
    inspect_adapter(own_file.path)
    assert set(sizes) == {1}


def safetensors_reader():
    from enogu.families.safetensors_file import SafetensorsFile

    return SafetensorsFile.read


def test_a_file_of_diffusers(tmp_path):
    name = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    tensors = {
        f"{name}.lora_A.weight": torch.ones(4, 2048),
        f"{name}.lora_B.weight": torch.ones(9, 4),
    }
    metadata = {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8})}
    summary = inspect_adapter(write(tmp_path / "a.safetensors", tensors, metadata))
    assert (summary.family, summary.maker) == ("sdxl", "diffusers or PEFT")
    assert summary.conventions == ("peft",)
    assert summary.alphas == {"8": 1}


def test_kinds_ranks_and_alphas_of_relatives_are_counted(tmp_path):
    other = MODULE.replace("to_k", "to_v")
    tensors = {
        f"{MODULE}.hada_w1_a": torch.ones(320, 4),
        f"{MODULE}.hada_w1_b": torch.ones(4, 768),
        f"{MODULE}.hada_w2_a": torch.ones(320, 4),
        f"{MODULE}.hada_w2_b": torch.ones(4, 768),
        f"{MODULE}.alpha": torch.tensor(1.0),
        f"{other}.dora_scale": torch.ones(320, 1),
    } | layer(other, rank=2)
    summary = inspect_adapter(write(tmp_path / "a.safetensors", tensors))
    assert summary.kinds == {"LoHa": 1, "LoRA with DoRA": 1}
    assert summary.ranks == {2: 1, 4: 1}
    assert summary.alphas == {"1": 1, "2": 1}
    assert summary.family == "sd1"


def test_kinds_that_cannot_be_applied_are_said(tmp_path):
    tensors = layer() | {f"{MODULE}.vera_lambda_b": torch.ones(4)}
    summary = inspect_adapter(write(tmp_path / "a.safetensors", tensors))
    assert any("VeRA" in warning for warning in summary.warnings)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (layer(alpha=None), "1 of 1 layers have no alpha"),
        (
            layer() | layer(MODULE.replace("to_k", "to_v"), rank=8),
            "UNet: ranks are mixed, from 4 to 8",
        ),
        (layer() | {f"{MODULE}.novel": torch.ones(3)}, f"1 tensors are of no known kind: {MODULE}"),
        (layer(), "no metadata"),
    ],
)
def test_odd_things_are_mentioned(tmp_path, tensors, words):
    warnings = inspect_adapter(write(tmp_path / "a.safetensors", tensors)).warnings
    assert any(words in warning for warning in warnings), warnings


def test_deep_reading_finds_broken_and_untrained_layers(tmp_path):
    broken = layer()
    broken[f"{MODULE}.lora_up.weight"][0, 0] = float("nan")
    path = write(tmp_path / "a.safetensors", broken)
    assert not any("NaN" in warning for warning in inspect_adapter(path).warnings)
    assert any("NaN" in warning for warning in inspect_adapter(path, deep=True).warnings)
    path = write(
        tmp_path / "b.safetensors", layer() | {f"{MODULE}.lora_up.weight": torch.zeros(320, 4)}
    )
    assert any("never trained" in warning for warning in inspect_adapter(path, deep=True).warnings)


def test_tensors_changed_after_the_file_was_made(own_file):
    data = bytearray(own_file.path.read_bytes())
    data[-1] ^= 1
    own_file.path.write_bytes(data)
    assert any("changed after" in warning for warning in inspect_adapter(own_file.path).warnings)


@pytest.mark.parametrize("value", ["not json", "[1]", '{"a": [1]}', '{"a": {"b": "c"}}'])
def test_tag_counts_that_cannot_be_read_do_not_stop_the_rest(tmp_path, value):
    path = write(tmp_path / "a.safetensors", layer(), {"ss_tag_frequency": value})
    assert inspect_adapter(path).tags == ()


def test_what_is_no_adapter_is_refused(tmp_path):
    with pytest.raises(AdapterError, match="holds no adapter"):
        inspect_adapter(write(tmp_path / "a.safetensors", {"x": torch.ones(1)}))
