"""Folders, parts, settings against what a base states, identity."""

import hashlib
import json

import pytest
import torch

from enogu.errors import BaseModelError
from enogu.families import FAMILIES
from enogu.families.detect import inspect_base
from enogu.families.load import load_base
from enogu.families.safetensors_file import SafetensorsFile, TensorToWrite, write_safetensors
from enogu.families.single_file_write import save_single_file
from enogu.families.testing import build_tiny_base, save_folder


@pytest.fixture(scope="module")
def bases():
    return {family: build_tiny_base(family) for family in FAMILIES}


def same_weights(loaded, base):
    return all(
        torch.equal(loaded.modules()[folder].state_dict()[name], value)
        for folder, module in base.modules().items()
        for name, value in module.state_dict().items()
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_diffusers_folder_loads_bit_equal(tmp_path, bases, family):
    """Keys carry text_model., which the installed transformers no longer has."""
    save_folder(bases[family], tmp_path / "base")
    file = SafetensorsFile.open(tmp_path / "base" / "text_encoder" / "model.safetensors")
    assert "text_model.final_layer_norm.weight" in file.tensors
    loaded = load_base(tmp_path / "base")
    assert same_weights(loaded, bases[family])
    assert loaded.title == "base"
    assert not any(
        parameter.requires_grad
        for module in loaded.modules().values()
        for parameter in module.parameters()
    )


def test_folders_saved_by_the_library_itself_load(tmp_path, bases):
    base = bases["sdxl"]
    save_folder(base, tmp_path / "base")
    for folder, module in base.modules().items():
        for old in (tmp_path / "base" / folder).iterdir():
            old.unlink()
        module.save_pretrained(str(tmp_path / "base" / folder))
    assert same_weights(load_base(tmp_path / "base"), base)


def change_file(path, change):
    file = SafetensorsFile.open(path)
    state = {name: file.read(name) for name in file.tensors}
    change(state)
    entries = [
        TensorToWrite(name, tuple(value.shape), value.dtype) for name, value in state.items()
    ]
    write_safetensors(path, entries, state.__getitem__, {})


def test_old_vae_attention_names_load(tmp_path, bases):
    save_folder(bases["sd1"], tmp_path / "base")

    def change(state):
        names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
        for name in [name for name in state if ".attentions." in name]:
            for new, old in names.items():
                if f".{new}." in name:
                    state[name.replace(f".{new}.", f".{old}.")] = state.pop(name)

    change_file(tmp_path / "base" / "vae" / "diffusion_pytorch_model.safetensors", change)
    assert same_weights(load_base(tmp_path / "base"), bases["sd1"])


def test_fp16_variant_and_shards_load(tmp_path, bases):
    folder = tmp_path / "base"
    save_folder(bases["sd1"], folder)
    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    file = SafetensorsFile.open(weights)
    names = list(file.tensors)
    weight_map = {}
    for number, part in enumerate((names[:100], names[100:])):
        state = {name: file.read(name) for name in part}
        shard = f"part-{number}.safetensors"
        entries = [TensorToWrite(key, tuple(v.shape), v.dtype) for key, v in state.items()]
        write_safetensors(weights.with_name(shard), entries, state.__getitem__, {})
        weight_map |= dict.fromkeys(part, shard)
    weights.unlink()
    index = weights.with_name("diffusion_pytorch_model.safetensors.index.json")
    index.write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")
    assert same_weights(load_base(folder), bases["sd1"])
    (weights.with_name("part-1.safetensors")).unlink()
    with pytest.raises(BaseModelError, match=r"part-1\.safetensors is missing"):
        load_base(folder)


def test_missing_and_surplus_weights_of_a_folder_are_refused(tmp_path, bases):
    save_folder(bases["sd1"], tmp_path / "base")
    path = tmp_path / "base" / "text_encoder" / "model.safetensors"
    change_file(path, lambda state: state.pop("text_model.final_layer_norm.weight"))
    with pytest.raises(BaseModelError, match=r"1 missing \(final_layer_norm\.weight\)"):
        load_base(tmp_path / "base")
    change_file(path, lambda state: state.update(other=torch.ones(32)))
    with pytest.raises(BaseModelError, match=r"1 not known \(other\)"):
        load_base(tmp_path / "base")


def test_only_the_wanted_parts_are_loaded(tmp_path, bases):
    save_folder(bases["sd1"], tmp_path / "base")
    loaded = load_base(tmp_path / "base", parts=("vae",))
    assert list(loaded.modules()) == ["vae"]
    with pytest.raises(BaseModelError, match="the unet of base is needed here"):
        _ = loaded.unet
    loaded.drop("vae")
    assert not loaded.has("vae")


def test_half_precision_keeps_the_vae_in_float32(tmp_path, bases):
    save_folder(bases["sd1"], tmp_path / "base")
    loaded = load_base(tmp_path / "base", dtype=torch.float16)
    assert (loaded.unet.dtype, loaded.vae.dtype) == (torch.float16, torch.float32)
    loaded.to(dtype=torch.bfloat16)
    assert (loaded.unet.dtype, loaded.vae.dtype) == (torch.bfloat16, torch.bfloat16)


def test_a_setting_that_contradicts_a_stated_base_is_refused(tmp_path, bases):
    save_folder(bases["sd1"], tmp_path / "base")
    with pytest.raises(BaseModelError, match=r"predicts epsilon: its scheduler config says eps"):
        load_base(tmp_path / "base", prediction="v_prediction")
    with pytest.raises(BaseModelError, match="zero terminal SNR needs v-prediction"):
        load_base(tmp_path / "base", zero_terminal_snr="on")


def test_a_setting_decides_where_the_base_only_assumes(tmp_path, bases):
    save_single_file(bases["sd2"], tmp_path / "base.safetensors")
    info = inspect_base(tmp_path / "base.safetensors")
    assert (info.prediction, info.certainty, info.native_resolution) == (
        "v_prediction",
        "assumed",
        768,
    )
    info = inspect_base(tmp_path / "base.safetensors", prediction="epsilon")
    assert (info.prediction, info.native_resolution) == ("epsilon", 512)


def test_zero_terminal_snr_marker_gives_a_schedule_that_ends_in_noise(tmp_path, bases):
    path = tmp_path / "base.safetensors"
    save_single_file(bases["sdxl"], path, markers=("v_pred", "ztsnr"))
    info = inspect_base(path)
    assert (info.prediction, info.certainty, info.zero_terminal_snr) == (
        "v_prediction",
        "stated",
        True,
    )
    assert info.schedule.has_zero_terminal_snr
    with pytest.raises(BaseModelError, match="states that it was trained with zero terminal"):
        inspect_base(path, zero_terminal_snr="off")


def test_content_hash_follows_content_and_legacy_hash_is_a1111s(tmp_path, bases):
    save_folder(bases["sd1"], tmp_path / "a")
    save_folder(bases["sd1"], tmp_path / "b")
    first, second = (load_base(tmp_path / name, parts=()) for name in "ab")
    assert first.content_hash == second.content_hash
    config = tmp_path / "b" / "scheduler" / "scheduler_config.json"
    config.write_text('{"prediction_type": "v_prediction"}', encoding="utf-8")
    assert load_base(tmp_path / "b", parts=()).content_hash != first.content_hash
    assert first.legacy_hash == ""
    path = tmp_path / "base.safetensors"
    save_single_file(bases["sd1"], path)
    data = path.read_bytes()
    single = load_base(path, parts=())
    assert single.content_hash == hashlib.sha256(data).hexdigest()
    assert single.legacy_hash == hashlib.sha256(data[0x100000:0x110000]).hexdigest()[:8]


def test_the_embedded_base_loads():
    info = inspect_base("mini")
    assert (info.spec.name, info.native_resolution, info.bucket_step) == ("sd1", 128, 32)
    base = load_base("mini")
    assert base.title == "mini"
    assert len(base.tokenizers[0]) == base.text_encoders[0].config.vocab_size
