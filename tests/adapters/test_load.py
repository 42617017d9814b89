import json
import warnings

import pytest
import safetensors.torch
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from enogu.adapters import AdapterSpec, inject_adapter, load_adapter, save_adapter
from enogu.adapters.metadata import MINIMUM_KEYS
from enogu.errors import AdapterError
from enogu.families.testing import build_tiny_base, unet_inputs

NAME = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
KOHYA = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
TEXT = "encoder.layers.0.self_attn.q_proj"


def answers(base):
    """What UNet and text encoders give; both are adapted."""
    ids = torch.arange(1, 8)[None]
    with torch.no_grad():
        texts = [encoder(ids).last_hidden_state for encoder in base.text_encoders]
        return [base.unet(**unet_inputs(base)).sample, *texts]


def trained(base, **options):
    adapter = inject_adapter(base, AdapterSpec(rank=4, alpha=2, seed=1, **options))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in adapter.layers.values():
            layer.update.lora_up.normal_(std=0.5, generator=generator)
    return adapter


def pair(seed=0):
    """Factors of rank 4 for the one layer NAME of the tiny sd1, 32 wide, and for TEXT."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 32, generator=generator), torch.randn(32, 4, generator=generator)


def write(path, tensors, metadata=None):
    safetensors.torch.save_file(tensors, path, metadata)
    return path


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_a_saved_adapter_gives_the_same_pictures_when_loaded(tmp_path, family):
    path = tmp_path / "a.safetensors"
    source = build_tiny_base(family)
    adapter = trained(source, conv_rank=2, train_text_encoder=True)
    save_adapter(adapter.state_dict(), path, {}, "fp32")
    target = build_tiny_base(family)
    plain = answers(target)
    loaded = load_adapter(target, path)
    assert loaded.warnings == []
    assert list(loaded.layers) and loaded.layers.keys() == adapter.layers.keys()
    for ours, expected in zip(answers(target), answers(source), strict=True):
        assert torch.equal(ours, expected)
    loaded.eject()
    for ours, expected in zip(answers(target), plain, strict=True):
        assert torch.equal(ours, expected)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_diffusers_gives_the_same_output_with_our_file(tmp_path, family):
    path = tmp_path / "a.safetensors"
    base = build_tiny_base(family)
    adapter = trained(base)
    save_adapter(adapter.state_dict(), path, {}, "fp32")
    ours = answers(base)[0]
    adapter.eject()
    plain = answers(base)[0]
    pipeline = StableDiffusionXLPipeline if family == "sdxl" else StableDiffusionPipeline
    options = {"unet_config": base.unet.config} if family == "sdxl" else {}
    with warnings.catch_warnings():
        # diffusers calls functions of its own that it has deprecated.
        warnings.simplefilter("ignore")
        state, alphas, *_ = pipeline.lora_state_dict(str(path), **options)
        pipeline.load_lora_into_unet(state, network_alphas=alphas, unet=base.unet)
    theirs = answers(base)[0]
    assert (ours - plain).abs().max() > 0.01
    # fp32; PEFT computes the branch and the scale in another order.
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-4)


FORMS = {
    "kohya": {"unet": (f"{KOHYA}.lora_down.weight", f"{KOHYA}.lora_up.weight")},
    "diffusers": {"unet": (f"unet.{NAME}.lora.down.weight", f"unet.{NAME}.lora.up.weight")},
    "diffusers without prefix": {"unet": (f"{NAME}.lora.down.weight", f"{NAME}.lora.up.weight")},
    "attention processors": {
        "unet": tuple(
            f"unet.{NAME.replace('to_q', f'processor.to_q_lora.{part}.weight')}"
            for part in ("down", "up")
        )
    },
    "peft": {"unet": (f"unet.{NAME}.lora_A.weight", f"unet.{NAME}.lora_B.weight")},
    "peft alone": {
        "unet": tuple(f"base_model.model.{NAME}.lora_{part}.weight" for part in "AB"),
    },
    "peft with adapter name": {
        "unet": tuple(f"unet.{NAME}.lora_{part}.default.weight" for part in "AB"),
    },
    "comfy": {
        "unet": tuple(f"diffusion_model.{NAME}.lora_{part}.weight" for part in ("down", "up")),
    },
    "kohya text": {
        "te": tuple(
            f"lora_te_text_model_{TEXT.replace('.', '_')}.lora_{part}.weight"
            for part in ("down", "up")
        )
    },
    "diffusers text": {
        "te": tuple(
            f"text_encoder.text_model.{TEXT}.lora_linear_layer.{part}.weight"
            for part in ("down", "up")
        )
    },
    "peft text, new transformers": {
        "te": tuple(f"text_encoder.{TEXT}.lora_{part}.weight" for part in "AB"),
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_naming_reaches_the_same_layer(tmp_path, form):
    ((part, names),) = FORMS[form].items()
    path = write(tmp_path / "a.safetensors", dict(zip(names, pair(), strict=True)))
    loaded = load_adapter(build_tiny_base("sd1"), path)
    (name,) = loaded.layers
    expected = KOHYA if part == "unet" else f"lora_te_text_model_{TEXT.replace('.', '_')}"
    assert name == expected
    layer = loaded.layers[name]
    assert layer.update.scale == 1
    assert torch.equal(layer.update.lora_down, pair()[0])
    assert torch.equal(layer.update.lora_up, pair()[1])


def test_sdxl_is_known_by_both_sets_of_names(tmp_path):
    base = build_tiny_base("sdxl")
    tensors = trained(base, conv_rank=2, train_text_encoder=True).state_dict()
    expected = answers(base)
    dotted = diffusers_names(build_tiny_base("sdxl"))
    for separator in (".", "_"):
        renamed = {}
        for key, tensor in tensors.items():
            module, _, rest = key.partition(".")
            name = dotted[module]
            if separator == "_":
                name = "lora_" + name.replace(".", "_").replace("text_encoder_2", "te2").replace(
                    "text_encoder", "te1"
                )
            renamed[f"{name}.{rest}"] = tensor.contiguous()
        target = build_tiny_base("sdxl")
        load_adapter(target, write(tmp_path / "a.safetensors", renamed))
        for ours, wanted in zip(answers(target), expected, strict=True):
            assert torch.equal(ours, wanted)


def diffusers_names(base):
    from enogu.adapters.targets import find_targets

    return {
        target.name: target.path.replace(".encoder.layers", ".text_model.encoder.layers").replace(
            ".text_model.text_model.", ".text_model."
        )
        for target in find_targets(base)
    }


def test_layers_that_are_never_trained_here_load_too(tmp_path):
    tensors = {
        "lora_unet_conv_in.lora_down.weight": torch.randn(2, 4, 3, 3),
        "lora_unet_conv_in.lora_up.weight": torch.randn(16, 2, 1, 1),
        "lora_unet_time_embedding_linear_1.lora_down.weight": torch.randn(2, 16),
        "lora_unet_time_embedding_linear_1.lora_up.weight": torch.randn(64, 2),
    }
    base = build_tiny_base("sd1")
    plain = answers(base)[0]
    loaded = load_adapter(base, write(tmp_path / "a.safetensors", tensors))
    assert len(loaded.layers) == 2
    assert not torch.equal(answers(base)[0], plain)


def test_alpha_beside_the_factors_and_its_absence(tmp_path):
    down, up = FORMS["kohya"]["unet"]
    tensors = {down: pair()[0], up: pair()[1]}
    path = write(tmp_path / "a.safetensors", {**tensors, f"{KOHYA}.alpha": torch.tensor(1.0)})
    assert load_adapter(build_tiny_base("sd1"), path).layers[KOHYA].update.scale == 0.25
    path = write(tmp_path / "b.safetensors", tensors)
    assert load_adapter(build_tiny_base("sd1"), path).layers[KOHYA].update.scale == 1


@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        ({"unet.lora_alpha": 8}, 2.0),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_q": 2}}, 0.5),
        ({"unet.lora_alpha": 8, "unet.use_rslora": True}, 4.0),
        ({"text_encoder.lora_alpha": 8}, 1.0),
    ],
)
def test_alpha_in_the_header_of_diffusers(tmp_path, settings, scale):
    names = FORMS["peft"]["unet"]
    metadata = {"lora_adapter_metadata": json.dumps(settings)}
    tensors = dict(zip(names, pair(), strict=True))
    path = write(tmp_path / "a.safetensors", tensors, metadata)
    assert load_adapter(build_tiny_base("sd1"), path).layers[KOHYA].update.scale == scale


def test_alpha_in_the_config_beside_a_peft_file(tmp_path):
    names = FORMS["peft alone"]["unet"]
    path = write(tmp_path / "adapter_model.safetensors", dict(zip(names, pair(), strict=True)))
    (tmp_path / "adapter_config.json").write_text('{"lora_alpha": 8}', encoding="utf-8")
    assert load_adapter(build_tiny_base("sd1"), path).layers[KOHYA].update.scale == 2
    (tmp_path / "adapter_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(AdapterError, match=r"adapter_config\.json is not JSON"):
        load_adapter(build_tiny_base("sd1"), path)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("vera_lambda_b", "VeRA"),
        ("oft_R.weight", "OFT of PEFT"),
        ("ia3_l", "(IA)³ of PEFT"),
        ("lora_up.bias", "LoRA with bias"),
    ],
)
def test_kinds_that_cannot_be_applied_are_named_and_refused(tmp_path, suffix, kind):
    down, up = FORMS["kohya"]["unet"]
    tensors = {down: pair()[0], up: pair()[1], f"{KOHYA}.{suffix}": torch.ones(32)}
    base = build_tiny_base("sd1")
    plain = answers(base)[0]
    with pytest.raises(AdapterError) as caught:
        load_adapter(base, write(tmp_path / "a.safetensors", tensors))
    assert f"{kind} (1 layers)" in caught.value.message
    assert torch.equal(answers(base)[0], plain)


def test_unknown_tensors_are_refused_and_markers_mentioned(tmp_path):
    down, up = FORMS["kohya"]["unet"]
    tensors = {down: pair()[0], up: pair()[1]}
    path = write(tmp_path / "a.safetensors", {**tensors, f"{KOHYA}.novel": torch.ones(32)})
    with pytest.raises(AdapterError, match=rf"1 of 3 tensors.*{KOHYA}\.novel"):
        load_adapter(build_tiny_base("sd1"), path)
    path = write(tmp_path / "b.safetensors", {**tensors, "v_pred": torch.tensor(1.0)})
    assert load_adapter(build_tiny_base("sd1"), path).warnings == ["1 tensors are not used: v_pred"]


@pytest.mark.parametrize(
    ("made_for", "used_on"), [("sd1", "sdxl"), ("sdxl", "sd1"), ("sd2", "sdxl"), ("sdxl", "sd2")]
)
def test_a_file_of_another_family_is_refused_by_name(tmp_path, made_for, used_on):
    source = build_tiny_base(made_for)
    metadata = {"ss_base_model_version": source.spec.kohya_base_version}
    assert set(metadata) <= set(MINIMUM_KEYS)
    path = tmp_path / "a.safetensors"
    save_adapter(trained(source, train_text_encoder=True).state_dict(), path, metadata)
    target = build_tiny_base(used_on)
    with pytest.raises(AdapterError) as caught:
        load_adapter(target, path)
    assert f"is for {source.spec.title}" in caught.value.message
    assert f"does not fit the base tiny-{used_on} ({target.spec.title})" in caught.value.message


def full_width_layer(width):
    module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
    return {
        f"{module}.lora_down.weight": torch.zeros(4, width),
        f"{module}.lora_up.weight": torch.zeros(1280, 4),
    }


@pytest.mark.parametrize(
    ("width", "title"),
    [
        (768, "Stable Diffusion 1.x"),
        (1024, "Stable Diffusion 2.x"),
        (2048, "Stable Diffusion XL"),
    ],
)
def test_shapes_tell_the_family_without_metadata(tmp_path, width, title):
    path = write(tmp_path / "a.safetensors", full_width_layer(width))
    with pytest.raises(AdapterError) as caught:
        load_adapter(build_tiny_base("sd1"), path)
    assert f"is for {title} (its layers take text features {width} wide)" in caught.value.message
    assert f"linear 32 → 32 here, but the file has down (4, {width})" in caught.value.message


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("lora_unet_double_blocks_0_img_attn_qkv", "FLUX"),
        ("transformer.single_transformer_blocks.0.attn.to_q", "FLUX"),
        ("lora_unet_joint_blocks_0_x_block_attn_qkv", "Stable Diffusion 3"),
    ],
)
def test_transformers_are_named(tmp_path, key, title):
    tensors = {f"{key}.lora_down.weight": pair()[0], f"{key}.lora_up.weight": pair()[1]}
    with pytest.raises(AdapterError, match=rf"is for {title}.*1 of 1 layers are not in this base"):
        load_adapter(build_tiny_base("sd1"), write(tmp_path / "a.safetensors", tensors))


def test_a_part_that_is_not_loaded_is_left_out_with_a_warning(tmp_path):
    path = tmp_path / "a.safetensors"
    adapter = trained(build_tiny_base("sd1"), train_text_encoder=True)
    save_adapter(adapter.state_dict(), path, {})
    base = build_tiny_base("sd1")
    base.drop("text_encoders")
    loaded = load_adapter(base, path)
    assert len(loaded.layers) == 192
    assert loaded.warnings == [
        "18 of 210 layers have no effect: that part of tiny-sd1 is not loaded"
    ]


def test_another_prediction_type_is_mentioned(tmp_path):
    path = tmp_path / "a.safetensors"
    adapter = trained(build_tiny_base("sd1"))
    save_adapter(adapter.state_dict(), path, {"modelspec.prediction_type": "v"})
    (warning,) = load_adapter(build_tiny_base("sd1"), path).warnings
    assert "v_prediction" in warning and "epsilon" in warning


def test_a_half_precision_file_on_a_half_precision_base(tmp_path):
    path = tmp_path / "a.safetensors"
    save_adapter(trained(build_tiny_base("sd1")).state_dict(), path, {}, "fp16")
    base = build_tiny_base("sd1").to(dtype=torch.bfloat16)
    loaded = load_adapter(base, path)
    inputs = {
        key: value.bfloat16() if value.is_floating_point() else value
        for key, value in unet_inputs(base).items()
    }
    with torch.no_grad():
        assert base.unet(**inputs).sample.dtype == torch.bfloat16
    assert {p.dtype for p in loaded.parameters()} == {torch.float16}
