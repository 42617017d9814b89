"""Small random bases for tests: real structure, tiny sizes, built in memory in a moment.

Block types, number of levels and kinds of projection are those of the family, so module names,
key maps and conditioning behave as with a real checkpoint; only widths and depths are small.
"""

import hashlib

import torch
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
from enogu.families.base import Base
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
    return Base(
        spec=spec,
        path=None,
        title=f"tiny-{family}",
        prediction=prediction,
        schedule=NoiseSchedule.scaled_linear(),
        zero_terminal_snr=False,
        native_resolution=64,
        downscale=architecture.downscale,
        bucket_step=architecture.bucket_step,
        scaling_factor=architecture.scaling_factor or spec.scaling_factor,
        dtype=torch.float32,
        device=torch.device("cpu"),
        tokenizers=[_tokenizer(encoder_spec.padding) for encoder_spec in spec.text_encoders],
        hash_content=lambda: identity,
        hash_legacy=lambda: identity[:8],
        loaded_unet=unet,
        loaded_vae=vae,
        loaded_text_encoders=encoders,
    )


def _tokenizer(padding: str) -> CLIPTokenizer:
    tokenizer = build_byte_tokenizer()
    if padding == "zero":
        tokenizer.pad_token = "!"
    return tokenizer


def _list(config: Config, key: str) -> list[object]:
    value = config[key]
    assert isinstance(value, list | tuple)
    return list(value)
