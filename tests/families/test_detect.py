"""What a base is said to be, and files that are no base: each refusal names the way on."""

import json
import pickle
import subprocess
import sys

import pytest
import torch

from enogu.errors import BaseModelError
from enogu.families import FAMILIES
from enogu.families.detect import inspect_base
from enogu.families.refusals import pickle_conversion
from enogu.families.safetensors_file import TensorToWrite, write_safetensors
from enogu.families.single_file_write import save_single_file
from enogu.families.testing import build_tiny_base, save_folder


@pytest.fixture(scope="module")
def single_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    for family in FAMILIES:
        save_single_file(build_tiny_base(family), folder / f"{family}.safetensors", torch.float16)
    return folder


def write_keys(path, *keys, shape=(4, 4)):
    entries = [TensorToWrite(key, shape, torch.float32) for key in keys]
    write_safetensors(path, entries, lambda _: torch.zeros(shape), {})
    return path


def refusal(reference):
    with pytest.raises(BaseModelError) as caught:
        inspect_base(reference)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_and_sizes_are_read_from_the_header(single_files, family):
    info = inspect_base(single_files / f"{family}.safetensors")
    base = build_tiny_base(family)
    assert info.spec.name == family
    assert info.dtype == "F16"
    assert info.num_parameters["unet"] == sum(p.numel() for p in base.unet.parameters())
    assert info.num_parameters["vae"] == sum(p.numel() for p in base.vae.parameters())
    assert (info.downscale, info.bucket_step) == (base.downscale, base.bucket_step)
    assert info.reasons


@pytest.mark.parametrize(
    ("metadata", "prediction", "certainty"),
    [
        ({"modelspec.prediction_type": "v"}, "v_prediction", "stated"),
        ({"modelspec.prediction_type": "epsilon"}, "epsilon", "stated"),
        ({"ss_v_parameterization": "True"}, "v_prediction", "stated"),
        ({"modelspec.architecture": "stable-diffusion-v2-768-v"}, "v_prediction", "stated"),
        ({"modelspec.architecture": "stable-diffusion-v2-512"}, "epsilon", "inferred"),
        ({}, "v_prediction", "assumed"),
    ],
)
def test_prediction_type_of_sd2_from_metadata(tmp_path, metadata, prediction, certainty):
    path = tmp_path / "base.safetensors"
    save_single_file(build_tiny_base("sd2"), path, metadata=metadata)
    info = inspect_base(path)
    assert (info.prediction, info.certainty) == (prediction, certainty)


def test_a_zero_terminal_key_alone_means_v_prediction(tmp_path):
    path = tmp_path / "base.safetensors"
    save_single_file(build_tiny_base("sdxl"), path, markers=("ztsnr",))
    info = inspect_base(path)
    assert (info.prediction, info.certainty, info.zero_terminal_snr) == (
        "v_prediction",
        "inferred",
        True,
    )


def test_a_missing_path_names_the_nearest(tmp_path):
    (tmp_path / "anime-v3.safetensors").touch()
    assert "Did you mean" in refusal(tmp_path / "anime-v2.safetensors")
    assert "hf download some/model" in refusal("some/model")


def test_empty_file_and_empty_folder(tmp_path):
    (tmp_path / "empty.safetensors").touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.safetensors")
    (tmp_path / "folder").mkdir()
    assert "is an empty folder" in refusal(tmp_path / "folder")


@pytest.mark.parametrize("kept", [5, 3000, -100])
def test_truncated_files(single_files, tmp_path, kept):
    path = tmp_path / "cut.safetensors"
    path.write_bytes((single_files / "sd1.safetensors").read_bytes()[:kept])
    assert "cut short" in refusal(path) or "no valid header" in refusal(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!doctype html> please log in", "is a web page, not a base"),
        (b"\x89PNG\r\n\x1a\n" + bytes(8) + b"IHDR", "is a PNG picture, not a base"),
        (b"\xff\xd8\xff\xe0 JFIF picture", "is a JPEG picture, not a base"),
        (b"version https://git-lfs.github.com/spec/v1", "is a Git LFS pointer"),
        (b"just some text", "not a readable .safetensors file"),
    ],
)
def test_what_is_saved_in_place_of_a_model_is_named(tmp_path, content, words):
    path = tmp_path / "page.safetensors"
    path.write_bytes(content)
    assert words in refusal(path)


def test_a_header_whose_length_reads_like_text_is_no_web_page(tmp_path):
    path = tmp_path / "short.safetensors"
    header = b"{}".ljust(ord("<"))
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert path.read_bytes()[:1] == b"<"
    assert "web page" not in refusal(path)


@pytest.mark.parametrize(("name", "meant"), [("minni", "mini"), ("miniv", "mini-v")])
def test_a_mistyped_embedded_base_is_guessed(tmp_path, monkeypatch, name, meant):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BaseModelError) as caught:
        inspect_base(name)
    assert str(tmp_path / name) in caught.value.message
    assert f"Did you mean {meant}," in (caught.value.hint or "")


def test_converting_a_pickle_never_writes_over_it(tmp_path):
    path = tmp_path / "renamed.safetensors"
    torch.save({"a": torch.ones(2)}, path)
    target, command = pickle_conversion(path)
    assert target == tmp_path / "renamed-converted.safetensors"
    assert f"{str(target)!r}" in command


def test_gguf_is_refused(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    assert "GGUF" in refusal(path)


@pytest.mark.parametrize("name", ["model.ckpt", "model.safetensors", "model.pt"])
def test_pickles_are_refused_whatever_their_name(tmp_path, name):
    path = tmp_path / name
    torch.save({"state_dict": {"a": torch.ones(2)}}, path)
    assert "is a pickle file" in refusal(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    assert "is a pickle file" in refusal(path)


def test_the_conversion_command_in_the_message_works(tmp_path):
    path = tmp_path / "it's a model.ckpt"
    shared = torch.ones(2, 3)
    torch.save({"state_dict": {"a": shared, "b": shared.T}, "step": 3}, path)
    command = next(line for line in refusal(path).splitlines() if "python -c" in line)
    code = command.split('"', 1)[1].rsplit('"', 1)[0]
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
    assert path.with_suffix(".safetensors").is_file()


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        (("lora_unet_mid_block.lora_down.weight",), "is an adapter"),
        (("unet.a.lora_A.weight",), "is an adapter"),
        (("x.hada_w1_a",), "is an adapter"),
        (("control_model.input_blocks.0.0.weight",), "is a ControlNet"),
        (("emb_params",), "is a textual inversion embedding"),
        (("double_blocks.0.a",), "is a FLUX checkpoint"),
        (("down_blocks.0.a",), "is one part of a diffusers folder"),
        (("first_stage_model.encoder.conv_in.weight",), "is a VAE alone"),
        (("something.else",), "is of an unknown family"),
    ],
)
def test_other_safetensors_files_are_named(tmp_path, keys, what):
    assert what in refusal(write_keys(tmp_path / "file.safetensors", *keys))


def test_an_inpainting_unet_is_refused(tmp_path):
    key = "model.diffusion_model.input_blocks.0.0.weight"
    path = write_keys(tmp_path / "inpaint.safetensors", key, shape=(16, 9, 3, 3))
    assert "takes 9 channels" in refusal(path)


def test_an_inpainting_folder_is_refused_and_more_latent_channels_are_not(tmp_path):
    save_folder(build_tiny_base("sd1"), tmp_path)
    config_path = tmp_path / "unet" / "config.json"
    config = json.loads(config_path.read_text("utf-8"))
    config_path.write_text(json.dumps({**config, "in_channels": 9}), "utf-8")
    assert "takes 9 channels and gives 4" in refusal(tmp_path)
    config_path.write_text(json.dumps({**config, "in_channels": 8, "out_channels": 8}), "utf-8")
    assert inspect_base(tmp_path).spec.name == "sd1"


def test_edm_models_are_refused(tmp_path):
    path = tmp_path / "base.safetensors"
    save_single_file(build_tiny_base("sdxl"), path, markers=("edm_mean",))
    assert "EDM" in refusal(path)


def test_a_folder_with_one_file_or_pickles_says_so(single_files, tmp_path):
    assert "Did you mean the file in it?" in refusal(single_files)
    save_folder(build_tiny_base("sd1"), tmp_path / "base")
    weights = tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    assert "is a pickle file" in refusal(tmp_path / "base")


def test_a_folder_of_another_pipeline(tmp_path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}', encoding="utf-8")
    assert "FluxPipeline" in refusal(tmp_path)


def test_a_file_without_vae_loads_no_vae(tmp_path):
    from enogu.families.load import load_base

    base = build_tiny_base("sd1")
    path = tmp_path / "base.safetensors"
    save_single_file(base, path)
    from enogu.families.safetensors_file import SafetensorsFile

    file = SafetensorsFile.open(path)
    state = {n: file.read(n) for n in file.tensors if not n.startswith("first_stage_model.")}
    entries = [TensorToWrite(name, tuple(v.shape), v.dtype) for name, v in state.items()]
    write_safetensors(path, entries, state.__getitem__, file.metadata)
    assert inspect_base(path).num_parameters["vae"] == 0
    with pytest.raises(BaseModelError, match="has no vae; it holds unet, text_encoders"):
        load_base(path, parts=("vae",))
