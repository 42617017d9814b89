"""Training the autoencoder of `mini` on crops of drawings, and measuring its latents."""

from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from enogu.diffusion.noise import seeded_generator
from enogu.machine import parallel
from enogu.world.architecture import MiniShape, build_vae
from enogu.world.compiling import compile_blocks, to_channels_last
from enogu.world.pool import Pool
from enogu.world.training_state import Budget, Recipe, TrainingState, autocast

KL_WEIGHT = 5e-4
"""Weight of the mean KL divergence beside the mean squared error in [-1, 1].

It leaves the latents with a standard deviation near 1 and the decoder used to noise of a few
hundredths, which hides the small errors of the sampler."""
L1_WEIGHT = 0.25
DECODER_ONLY_FROM = 0.6
"""Share of the budget after which the encoder stays as it is.

What the latents hold is then settled, and a step costs a third less."""
DECODER_NOISE = 0.3
"""Most noise on the latents, whose spread is near 1, while the decoder learns alone.

What a denoiser makes is never quite clean; so the decoder learns to draw clean lines from it."""
CROP_PX = 64
BATCH_SIZE = 8
VAE_RECIPE = Recipe(learning_rate=2e-3, ema_decay=0.995)


def to_unit_range(pixels: np.ndarray) -> Tensor:
    """Return uint8 [B, H, W, 3] as float32 [B, 3, H, W] in [-1, 1]."""
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)
    return torch.from_numpy(planes).div_(127.5).sub_(1.0)


def _crops(pool: Pool, seed: int, step: int, count: int, crop: int) -> Tensor:
    rng = np.random.default_rng((seed, step))
    size = pool.pixels.shape[1]
    crops = np.empty((count, crop, crop, 3), dtype=np.uint8)
    for i in range(count):
        picture = pool.pixels[rng.integers(len(pool))]
        top, left = rng.integers(0, size - crop + 1, size=2)
        piece = picture[top : top + crop, left : left + crop]
        crops[i] = piece[:, ::-1] if rng.random() < 0.5 else piece
    return to_unit_range(crops)


def decode(vae: AutoencoderKL, raw_latents: Tensor) -> Tensor:
    """Return raw latents [B, C, h, w] as pictures [B, 3, H, W] in about [-1, 1]."""
    # The library annotates the legacy FloatTensor, which no float tensor is to a type checker.
    return vae.decode(cast("torch.FloatTensor", raw_latents), return_dict=False)[0]


def vae_loss(
    vae: AutoencoderKL, pictures: Tensor, generator: torch.Generator, *, decoder_only: bool = False
) -> Tensor:
    """Return squared error plus a little absolute error plus the KL term, a scalar.

    Args:
        vae: The autoencoder.
        pictures: [B, 3, H, W] in [-1, 1].
        generator: Gives the noise on the latents.
        decoder_only: Leave the encoder alone, and teach the decoder to see through noise.
    """
    with torch.set_grad_enabled(not decoder_only):
        posterior = vae.encode(pictures, return_dict=False)[0]
    raw_latents = posterior.sample(generator)
    if decoder_only:
        level = DECODER_NOISE * torch.rand((len(pictures), 1, 1, 1), generator=generator)
        raw_latents = raw_latents + level * torch.randn(raw_latents.shape, generator=generator)
    decoded = decode(vae, raw_latents).float()
    kl = 0.5 * (posterior.mean.square() + posterior.var - 1.0 - posterior.logvar).float().mean()
    error = functional.mse_loss(decoded, pictures) + L1_WEIGHT * functional.l1_loss(
        decoded, pictures
    )
    return error + KL_WEIGHT * kl


def train_vae(
    pool: Pool,
    state_path: Path,
    *,
    shape: MiniShape,
    budget: Budget,
    seed: int = 0,
    bf16: bool = True,
    compiled: bool = True,
    save_every: int = 500,
) -> AutoencoderKL:
    """Train the autoencoder, or go on from `state_path`, and return it with averaged weights.

    Args:
        pool: Drawings.
        state_path: Where the state is kept; continued from when it exists.
        shape: Widths of the network.
        budget: When to stop.
        seed: Of weights, crops and noise.
        bf16: Compute in bfloat16 where autocast allows.
        compiled: Let torch fuse the blocks; costs a minute at the start.
        save_every: Steps between two saved states.

    Raises:
        NonFiniteError: The loss became NaN or infinite.
        WorldError: The state at `state_path` was made with other settings.
    """
    torch.manual_seed(seed)
    vae = build_vae(shape)
    to_channels_last(vae)
    if compiled:
        compile_blocks(vae)
    state = TrainingState({"vae": vae}, VAE_RECIPE, {**shape.to_metadata(), "seed": str(seed)})
    crop = min(CROP_PX, shape.picture_px)

    def loss_at(step: int) -> Tensor:
        part = parallel.part_of(step)
        pictures = _crops(pool, seed, part, BATCH_SIZE // parallel.num_processes(), crop)
        with autocast(bf16):
            return vae_loss(
                vae,
                pictures,
                seeded_generator(seed, part),
                decoder_only=state.progress >= DECODER_ONLY_FROM,
            )

    state.train(state_path, budget, loss_at, title="vae", save_every=save_every)
    trained = build_vae(shape)
    trained.load_state_dict(state.averaged("vae"), strict=True)
    return trained.eval().requires_grad_(False)


@torch.no_grad()
def encode_pool(
    vae: AutoencoderKL,
    pool: Pool,
    file: BinaryIO,
    *,
    half_size: bool = False,
    factor: float | None = None,
    bf16: bool = True,
) -> float:
    """Write the posterior means of all drawings to `file` and return the factor to unit size.

    Args:
        vae: The autoencoder.
        pool: Drawings.
        file: Gets a float16 ``.npy`` of shape [N, C, h, w], raw latents times the factor.
        half_size: Encode the drawings at half their size.
        factor: What goes into the autoencoder's config as ``scaling_factor``; measured if None.
        bf16: Compute in bfloat16 where autocast allows.
    """
    batches: list[Tensor] = []
    for start in range(0, len(pool), 32):
        pictures = to_unit_range(pool.pixels[start : start + 32])
        if half_size:
            pictures = functional.avg_pool2d(pictures, 2)
        with autocast(bf16):
            posterior = vae.encode(pictures, return_dict=False)[0]
        batches.append(posterior.mean.float().contiguous())
    raw_latents = torch.cat(batches)
    factor = factor or round(1.0 / float(raw_latents.std()), 5)
    np.save(file, (raw_latents * factor).half().numpy())
    return factor


@torch.no_grad()
def round_trip_psnr(vae: AutoencoderKL, pictures: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio in dB of each picture [B, 3, H, W] in [-1, 1]."""
    raw_latents = vae.encode(pictures, return_dict=False)[0].mean
    decoded = decode(vae, raw_latents).clamp(-1, 1)
    error = (decoded - pictures).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(4.0 / error)
