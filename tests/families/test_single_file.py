"""The original key layout: our round trip, and diffusers' own converters as the other witness."""

import json

import pytest
import torch
from diffusers.loaders import single_file_utils as library

from enogu.errors import BaseModelError
from enogu.families import FAMILIES
from enogu.families.architecture import Architecture
from enogu.families.load import load_base
from enogu.families.safetensors_file import SafetensorsFile, TensorToWrite, write_safetensors
from enogu.families.single_file_write import save_single_file, stored_tensors
from enogu.families.testing import build_meta_base, build_tiny_base


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    build_tiny_base("sd1").tokenizers[0].save_pretrained(str(folder))
    return folder


def assert_same_weights(loaded, base, dtype=None):
    for folder, module in base.modules().items():
        state = loaded.modules()[folder].state_dict()
        for name, value in module.state_dict().items():
            wanted = value if dtype is None else value.to(dtype)
            assert torch.equal(state[name], wanted.to(state[name].dtype)), (folder, name)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_written_file_loads_bit_equal(tmp_path, tokenizer_folder, family):
    base = build_tiny_base(family)
    save_single_file(base, tmp_path / "base.safetensors")
    loaded = load_base(tmp_path / "base.safetensors", tokenizer=tokenizer_folder)
    assert loaded.spec.name == family
    assert_same_weights(loaded, base)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_files_load(tmp_path, tokenizer_folder, dtype):
    base = build_tiny_base("sd1")
    save_single_file(base, tmp_path / "base.safetensors", dtype)
    loaded = load_base(tmp_path / "base.safetensors", dtype=dtype, tokenizer=tokenizer_folder)
    assert loaded.unet.dtype == dtype
    assert_same_weights(loaded, base, dtype)
    assert loaded.vae.dtype == (torch.float32 if dtype == torch.float16 else dtype)


def real_size_file(family):
    """One-element stand-ins would lose the shapes: every tensor is a view of one number."""
    base = build_meta_base(family)
    shapes = {
        folder: {name: tuple(value.shape) for name, value in module.state_dict().items()}
        for folder, module in base.modules().items()
    }
    one = torch.zeros(1)
    stored = stored_tensors(base.spec, Architecture.of_family(base.spec), shapes)
    return shapes, {item.key: one.expand(item.shape) for item in stored}


def shapes_of(state, *, without=()):
    return {name: tuple(value.shape) for name, value in state.items() if not name.endswith(without)}


@pytest.mark.parametrize("family", FAMILIES)
def test_real_size_keys_are_those_the_library_converts(family):
    """The library's converters turn our file's keys into exactly the library's modules."""
    shapes, file = real_size_file(family)
    unet = {"layers_per_block": 2, **FAMILIES[family].unet}
    unet = {key: list(value) if isinstance(value, tuple) else value for key, value in unet.items()}
    unet.setdefault("class_embed_type", None)
    unet.setdefault("addition_embed_type", None)
    assert shapes_of(library.convert_ldm_unet_checkpoint(dict(file), unet)) == shapes["unet"]
    vae = {**FAMILIES[family].vae}
    assert shapes_of(library.convert_ldm_vae_checkpoint(dict(file), vae)) == shapes["vae"]


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
def test_open_clip_is_split_as_the_library_splits_it(tmp_path, tokenizer_folder, family):
    base = build_tiny_base(family)
    save_single_file(base, tmp_path / "base.safetensors")
    file = SafetensorsFile.open(tmp_path / "base.safetensors")
    encoder, spec = base.text_encoders[-1], base.spec.text_encoders[-1]
    width = encoder.config.hidden_size
    state = {name: file.read(name) for name in file.tensors}
    prefix = spec.single_file_prefix
    # the library reads the width from text_projection, which SD2 files have and do not use
    state.setdefault(f"{prefix}text_projection", torch.zeros(width, width))
    converted = library.convert_open_clip_checkpoint(encoder, state, prefix=prefix)
    # released transformers have no level text_model in the class without projection
    converted = {name.removeprefix("text_model."): value for name, value in converted.items()}
    for name, value in encoder.state_dict().items():
        assert torch.equal(converted[name.removeprefix("text_model.")], value), name


def test_sd1_file_equals_the_library_s_own_reading(tmp_path):
    base = build_tiny_base("sd1")
    save_single_file(base, tmp_path / "base.safetensors")
    file = SafetensorsFile.open(tmp_path / "base.safetensors")
    state = {name: file.read(name) for name in file.tensors}
    config = dict(base.unet.config)
    unet = library.convert_ldm_unet_checkpoint(dict(state), config)
    assert unet.keys() == base.unet.state_dict().keys()
    assert all(torch.equal(unet[name], value) for name, value in base.unet.state_dict().items())
    vae = library.convert_ldm_vae_checkpoint(dict(state), dict(base.vae.config))
    for name, value in base.vae.state_dict().items():
        assert torch.equal(vae[name].reshape(value.shape), value), name


def rewritten(source, target, change):
    """Write `source` again with changed tensors."""
    file = SafetensorsFile.open(source)
    state = {name: file.read(name) for name in file.tensors}
    change(state)
    entries = [
        TensorToWrite(name, tuple(value.shape), value.dtype) for name, value in state.items()
    ]
    write_safetensors(target, entries, state.__getitem__, file.metadata)
    return target


def test_position_ids_ema_and_other_passengers_are_ignored(tmp_path, tokenizer_folder):
    base = build_tiny_base("sd1")
    save_single_file(base, tmp_path / "a.safetensors")

    def change(state):
        prefix = "cond_stage_model.transformer.text_model."
        state[f"{prefix}embeddings.position_ids"] = torch.arange(77)[None]
        state["alphas_cumprod"] = torch.ones(1000)
        state["model_ema.decay"] = torch.ones(())
        state["first_stage_model.loss.logvar"] = torch.ones(())

    path = rewritten(tmp_path / "a.safetensors", tmp_path / "b.safetensors", change)
    assert_same_weights(load_base(path, tokenizer=tokenizer_folder), base)


def test_old_sd1_files_without_the_text_model_level_load(tmp_path, tokenizer_folder):
    base = build_tiny_base("sd1")
    save_single_file(base, tmp_path / "a.safetensors")

    def change(state):
        for name in [name for name in state if ".text_model." in name]:
            state[name.replace(".text_model.", ".")] = state.pop(name)

    path = rewritten(tmp_path / "a.safetensors", tmp_path / "b.safetensors", change)
    assert_same_weights(load_base(path, tokenizer=tokenizer_folder), base)


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("model.diffusion_model.middle_block.1.proj_in.weight", "the UNet"),
        ("first_stage_model.decoder.conv_out.bias", "the VAE"),
        (
            "cond_stage_model.transformer.text_model.encoder.layers.1.mlp.fc1.bias",
            "the text encoder",
        ),
    ],
)
def test_a_missing_tensor_is_never_left_random(tmp_path, tokenizer_folder, key, part):
    save_single_file(build_tiny_base("sd1"), tmp_path / "a.safetensors")
    path = rewritten(
        tmp_path / "a.safetensors", tmp_path / "b.safetensors", lambda state: state.pop(key)
    )
    with pytest.raises(BaseModelError, match=f"{part}.*1 missing"):
        load_base(path, tokenizer=tokenizer_folder)


def test_a_surplus_unet_tensor_is_refused(tmp_path, tokenizer_folder):
    save_single_file(build_tiny_base("sd1"), tmp_path / "a.safetensors")

    def change(state):
        state["model.diffusion_model.middle_block.9.weight"] = torch.ones(2)

    path = rewritten(tmp_path / "a.safetensors", tmp_path / "b.safetensors", change)
    with pytest.raises(BaseModelError, match=r"1 not known \(model\.diffusion_model\.middle_b"):
        load_base(path, tokenizer=tokenizer_folder)


def test_a_wrong_shape_is_refused(tmp_path, tokenizer_folder):
    save_single_file(build_tiny_base("sd1"), tmp_path / "a.safetensors")

    def change(state):
        state["model.diffusion_model.out.2.bias"] = torch.ones(5)

    path = rewritten(tmp_path / "a.safetensors", tmp_path / "b.safetensors", change)
    with pytest.raises(BaseModelError, match=r"out\.2\.bias: \[5\] instead of \[4\]"):
        load_base(path, tokenizer=tokenizer_folder)


def test_a_file_with_sizes_of_its_own_states_them(tmp_path):
    save_single_file(build_tiny_base("sd1"), tmp_path / "a.safetensors")
    metadata = SafetensorsFile.open(tmp_path / "a.safetensors").metadata
    assert json.loads(metadata["enogu.architecture"])["unet"]["cross_attention_dim"] == 32
