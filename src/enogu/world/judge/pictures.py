"""What the judge learns from and is measured on: drawings, and what mini's autoencoder leaves."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor

from enogu.diffusion.noise import seeded_generator
from enogu.files import atomic_path, make_dirs, sha256_file
from enogu.world.axes import ABSENT_MEANS, AXES, Traits, choices_beside, visible_axes
from enogu.world.captions import random_traits
from enogu.world.drawing import draw_traits
from enogu.world.judge.reader import Pixels
from enogu.world.training_state import autocast
from enogu.world.vae_training import decode, to_unit_range

HELD_OUT_SHARE = 0.2
"""The judge must know the combinations that mini never sees, or it would read them wrong."""
EVEN_SHARE = 0.25
"""Chance that a silent axis is drawn evenly: rare answers must be learnt as well."""
HIDDEN = -100
"""The answer's number where it cannot be seen; what cross-entropy leaves out."""
MAX_LATENT_NOISE = 0.3
"""Of the latents' spread: a sampler's latents are never quite those of a drawing."""

_CHUNK = 128


def judge_traits(seed: int, index: int) -> Traits:
    """Return the character of picture `index`: like training pictures of mini, but more even."""
    rng = random.Random(f"judge {seed} {index}")
    values = dict(random_traits(rng, held_out=rng.random() < HELD_OUT_SHARE).values)
    for axis in ABSENT_MEANS:
        if rng.random() < EVEN_SHARE:
            others = {name: value for name, value in values.items() if name != axis}
            values[axis] = rng.choice(choices_beside(axis, others))
    return Traits(values, frozenset(values))


def draw_judge_picture(seed: int, index: int, size: int) -> Pixels:
    """Return picture `index` as uint8 [size, size, 3]."""
    picture = draw_traits(judge_traits(seed, index), seed * 1_000_003 + index, size)
    return np.asarray(picture, dtype=np.uint8)


def answer_numbers(traits: Traits) -> list[int]:
    """Return the number of the answer on each axis, `HIDDEN` where it cannot be seen."""
    visible = set(visible_axes(traits))
    return [
        values.index(traits[axis]) if axis in visible else HIDDEN for axis, values in AXES.items()
    ]


@torch.no_grad()
def round_trip(vae: AutoencoderKL, pixels: Pixels, seed: int, *, noisy: bool, bf16: bool) -> Pixels:
    """Return pictures after the autoencoder.

    Args:
        vae: The autoencoder of mini.
        pixels: uint8 [B, H, W, 3].
        seed: Of the noise.
        noisy: Add noise of another strength to the latents of each picture, none to every third.
        bf16: Compute in bfloat16 where autocast allows.
    """
    with autocast(bf16):
        raw_latents = vae.encode(to_unit_range(pixels), return_dict=False)[0].mean.float()
        if noisy:
            raw_latents = _with_noise(raw_latents, seed)
        decoded = decode(vae, raw_latents).float()
    restored = decoded.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return restored.permute(0, 2, 3, 1).contiguous().numpy()


def _with_noise(raw_latents: Tensor, seed: int) -> Tensor:
    generator = seeded_generator(seed)
    strength = torch.rand(len(raw_latents), 1, 1, 1, generator=generator) * MAX_LATENT_NOISE
    strength[::3] = 0
    noise = torch.randn(raw_latents.shape, generator=generator)
    return raw_latents + noise * strength * raw_latents.std()


def build_round_trips(
    folder: Path,
    vae: AutoencoderKL,
    pixels: Pixels,
    *,
    bf16: bool,
    progress: Callable[[int, int], None] | None = None,
) -> Pixels:
    """Send pictures through the autoencoder once, or go on where an earlier call was stopped.

    Args:
        folder: Where finished parts are kept, as ``.npy`` files.
        vae: The autoencoder of mini.
        pixels: uint8 [N, H, W, 3].
        bf16: Compute in bfloat16 where autocast allows.
        progress: Called with (pictures done, pictures in all).

    Returns:
        uint8 of the shape of `pixels`.

    Raises:
        StorageError: The folder cannot be written.
    """
    make_dirs(folder)
    parts: list[NDArray[np.uint8]] = []
    for start in range(0, len(pixels), _CHUNK):
        part = pixels[start : start + _CHUNK]
        path = folder / f"{start:06d}-{len(part)}.npy"
        if not path.exists():
            made = round_trip(vae, part, start, noisy=True, bf16=bf16)
            with atomic_path(path) as temporary, temporary.open("wb") as handle:
                np.save(handle, made)
        parts.append(np.load(path))
        if progress is not None:
            progress(start + len(part), len(pixels))
    return np.concatenate(parts)


def vae_name(mini_dir: Path) -> str:
    """Return eight digits that name the autoencoder of `mini_dir` by content."""
    return sha256_file(mini_dir / "vae" / "diffusion_pytorch_model.safetensors")[:8]
