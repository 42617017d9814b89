"""Small random bases for tests: real structure, tiny sizes, built in memory in a moment.

Block types, number of levels and kinds of projection are those of the family, so module names,
key maps and conditioning behave as with a real checkpoint; only widths and depths are small.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTokenizer

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.families import FAMILIES
from enogu.families.architecture import (
    Architecture,
    build_text_encoder,
    build_unet,
    build_vae,
    freeze,
)
from enogu.families.base import Base, TextEncoder
from enogu.families.safetensors_file import TensorToWrite, write_safetensors
from enogu.families.single_file_write import architecture_of, write_single_file
from enogu.families.spec import Config, FamilySpec, PredictionType
from enogu.families.tokenizers import build_byte_tokenizer

_TEXT_WIDTH = 32


def tiny_architecture(spec: FamilySpec) -> Architecture:
    """Return the family's architecture with small widths.

    UNet and VAE keep their number of levels and layers; text encoders have 3 layers.
    """
    num_levels = len(_list(spec.unet, "block_out_channels"))
    num_encoders = len(spec.text_encoders)
    heads = 2 if isinstance(spec.unet["attention_head_dim"], int) else [1, 2, 2, 2][:num_levels]
    unet: dict[str, object] = {
        **spec.unet,
        "sample_size": 16,
        "block_out_channels": [16, 32, 32, 32][:num_levels],
        "norm_num_groups": 8,
        "cross_attention_dim": _TEXT_WIDTH * num_encoders,
        "attention_head_dim": heads,
    }
    if spec.size_conditioning:
        unet["transformer_layers_per_block"] = [1, 1, 2]
        unet["addition_time_embed_dim"] = 8
        unet["projection_class_embeddings_input_dim"] = _TEXT_WIDTH + 6 * 8
    vocabulary = len(build_byte_tokenizer())
    text: dict[str, object] = {
        "vocab_size": vocabulary,
        "hidden_size": _TEXT_WIDTH,
        "intermediate_size": 2 * _TEXT_WIDTH,
        "projection_dim": _TEXT_WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "bos_token_id": vocabulary - 2,
        "eos_token_id": vocabulary - 1,
    }
    return Architecture(
        unet=unet,
        vae={**spec.vae, "block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4},
        text_encoders=tuple(
            {
                **encoder.config,
                **text,
                "pad_token_id": 0 if encoder.padding == "zero" else vocabulary - 1,
            }
            for encoder in spec.text_encoders
        ),
    )


def build_tiny_base(family: str, *, prediction: PredictionType = "epsilon", seed: int = 0) -> Base:
    """Build a random base of `family` in memory, float32 on the CPU.

    The same arguments give the same weights, and the caller's random state is left alone.

    Args:
        family: A name in ``FAMILIES``.
        prediction: What the schedule and the training target are for.
        seed: Seed of the random weights.

    Returns:
        A frozen base with byte-level tokenizers; pictures are 64 pixels or a multiple.
    """
    spec = FAMILIES[family]
    architecture = tiny_architecture(spec)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = freeze(build_unet(architecture.unet))
        vae = freeze(build_vae(architecture.vae))
        encoders = [
            freeze(build_text_encoder(encoder_spec, config))
            for encoder_spec, config in zip(
                spec.text_encoders, architecture.text_encoders, strict=True
            )
        ]
    identity = hashlib.sha256(f"tiny {family} {prediction} {seed}".encode()).hexdigest()
    base = _in_memory_base(spec, architecture, prediction, torch.float32, identity)
    base.title, base.native_resolution = f"tiny-{family}", 64
    base.loaded_unet, base.loaded_vae, base.loaded_text_encoders = unet, vae, encoders
    return base


def build_meta_base(family: str) -> Base:
    """Build a base of the family's real size without weights, to count and name its modules."""
    spec = FAMILIES[family]
    architecture = Architecture.of_family(spec)
    base = _in_memory_base(spec, architecture, "epsilon", torch.float32, f"meta {family}")
    _set_modules(base, _meta_modules(spec, architecture))
    base.device = torch.device("meta")
    return base


def write_random_single_file(family: str, path: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """Write a real-size random checkpoint in the original layout without building the model.

    Args:
        family: A name in ``FAMILIES``; ``sd1`` takes 2.1 GB in bfloat16, ``sdxl`` 6.9 GB.
        path: The file to write.
        dtype: Type of the tensors in the file.

    Raises:
        StorageError: No room or not allowed to write.
    """
    spec = FAMILIES[family]
    architecture = Architecture.of_family(spec)
    shapes = {
        folder: {name: tuple(value.shape) for name, value in module.state_dict().items()}
        for folder, module in _meta_modules(spec, architecture).items()
    }
    pool = _random_pool()
    write_single_file(
        spec,
        architecture,
        shapes,
        lambda folder, name: _random_parameter(pool, name, shapes[folder][name]),
        path,
        dtype=dtype,
        metadata={},
    )


def save_folder(base: Base, path: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a base as a diffusers folder with tokenizers, as public checkpoints are laid out.

    Text encoder keys carry ``text_model.``, as in every folder written before transformers 5.6.
    """
    prediction = {
        "prediction_type": base.prediction,
        "rescale_betas_zero_snr": base.zero_terminal_snr,
    }
    _write_json(path / "scheduler" / "scheduler_config.json", prediction)
    configs = architecture_of(base)
    described = {"unet": configs.unet, "vae": configs.vae}
    for encoder, config in zip(base.spec.text_encoders, configs.text_encoders, strict=True):
        described[encoder.folder] = config
    for encoder, tokenizer in zip(base.spec.text_encoders, base.tokenizers, strict=True):
        tokenizer.save_pretrained(str(path / encoder.tokenizer_folder))
    for folder, module in base.modules().items():
        _write_json(path / folder / "config.json", described[folder])
        state = module.state_dict()
        if folder.startswith("text_encoder"):
            state = {
                name if name.startswith("text_") else f"text_model.{name}": value
                for name, value in state.items()
            }
        stem = "model" if folder.startswith("text_encoder") else "diffusion_pytorch_model"
        entries = [TensorToWrite(name, tuple(value.shape), dtype) for name, value in state.items()]
        write_safetensors(path / folder / f"{stem}.safetensors", entries, state.__getitem__, {})


def _in_memory_base(
    spec: FamilySpec,
    architecture: Architecture,
    prediction: PredictionType,
    dtype: torch.dtype,
    identity: str,
) -> Base:
    return Base(
        spec=spec,
        path=None,
        title=spec.name,
        prediction=prediction,
        schedule=NoiseSchedule.scaled_linear(),
        zero_terminal_snr=False,
        native_resolution=spec.resolution_for(prediction),
        downscale=architecture.downscale,
        bucket_step=architecture.bucket_step,
        scaling_factor=architecture.scaling_factor or spec.scaling_factor,
        dtype=dtype,
        device=torch.device("cpu"),
        tokenizers=[
            _tokenizer(encoder_spec.padding, cast(int, config["vocab_size"]))
            for encoder_spec, config in zip(
                spec.text_encoders, architecture.text_encoders, strict=True
            )
        ],
        hash_content=lambda: identity,
        hash_legacy=lambda: identity[:8],
    )


def _meta_modules(spec: FamilySpec, architecture: Architecture) -> dict[str, nn.Module]:
    with torch.device("meta"):
        modules: dict[str, nn.Module] = {
            "unet": build_unet(architecture.unet),
            "vae": build_vae(architecture.vae),
        }
        for encoder, config in zip(spec.text_encoders, architecture.text_encoders, strict=True):
            modules[encoder.folder] = build_text_encoder(encoder, config)
    return modules


def _set_modules(base: Base, modules: Mapping[str, nn.Module]) -> None:
    base.loaded_unet = cast(UNet2DConditionModel, modules["unet"])
    base.loaded_vae = cast(AutoencoderKL, modules["vae"])
    base.loaded_text_encoders = [
        cast(TextEncoder, modules[encoder.folder]) for encoder in base.spec.text_encoders
    ]


def _random_pool() -> Tensor:
    return torch.randn(1 << 20, generator=torch.Generator().manual_seed(0))


def _random_parameter(pool: Tensor, name: str, shape: tuple[int, ...]) -> Tensor:
    """Return small random weights, 0 for biases and 1 for norms; float32 of `shape`."""
    if len(shape) == 1:
        return torch.zeros(shape) if name.endswith("bias") else torch.ones(shape)
    count = math.prod(shape)
    scale = 0.7 / math.sqrt(math.prod(shape[1:])) if "embedding" not in name else 0.02
    return (pool * scale).repeat(count // pool.numel() + 1)[:count].reshape(shape)


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(value), indent=2) + "\n", encoding="utf-8")


def unet_inputs(base: Base) -> dict[str, object]:
    """Return keyword arguments for one call of a tiny base's UNet: 8x8 latents, always the same."""
    generator = torch.Generator().manual_seed(3)
    inputs: dict[str, object] = {
        "sample": torch.randn(1, 4, 8, 8, generator=generator),
        "timestep": torch.tensor([500]),
        "encoder_hidden_states": torch.randn(
            1, 5, base.unet.config["cross_attention_dim"], generator=generator
        ),
    }
    if base.spec.size_conditioning:
        inputs["added_cond_kwargs"] = {
            "text_embeds": torch.randn(1, 32, generator=generator),
            "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]]),
        }
    return inputs


def _tokenizer(padding: str, num_tokens: int) -> CLIPTokenizer:
    tokenizer = build_byte_tokenizer(num_tokens)
    if padding == "zero":
        tokenizer.pad_token = "!"
    return tokenizer


def _list(config: Config, key: str) -> list[object]:
    value = config[key]
    assert isinstance(value, list | tuple)
    return list(value)
