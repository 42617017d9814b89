"""Everything from nothing to the finished `mini`, each stage resumable."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel

from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.world.architecture import MiniShape
from enogu.world.diffusion_training import LatentPool, train_diffusion
from enogu.world.export import MiniParts, write_mini
from enogu.world.grid import write_grid
from enogu.world.pool import Pool, build_pool
from enogu.world.text_training import train_text_encoder
from enogu.world.tokenizer import load_tokenizer, write_tokenizer
from enogu.world.training_state import Budget
from enogu.world.vae_training import encode_pool, train_vae

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MiniBudget:
    """How much each stage may use."""

    pictures: int
    vae: Budget
    text: Budget
    diffusion: Budget
    merges: int = 640


def train_mini(
    work_dir: Path,
    out_dir: Path,
    *,
    budget: MiniBudget,
    shape: MiniShape,
    seed: int = 0,
    workers: int = 2,
    bf16: bool = True,
    compiled: bool = True,
    batch_size: int = 32,
) -> int:
    """Draw the pool, learn tokenizer, autoencoder, text encoder and UNet, and export them.

    Args:
        work_dir: Pool, training states and samples on the way; the same call with the same folder
            goes on.
        out_dir: The diffusers folder, written at the end.
        budget: Pictures and budgets.
        shape: Widths of the networks.
        seed: Of everything random.
        workers: Processes that draw the pool.
        bf16: Compute in bfloat16 where autocast allows.
        compiled: Let torch fuse the blocks; costs minutes at the start of two stages.
        batch_size: Pictures per step of the UNet.

    Returns:
        Bytes of the exported folder.

    Raises:
        NonFiniteError: A loss became NaN or infinite.
        WorldError: `work_dir` holds the work of other settings.
        StorageError: A place cannot be written.
    """
    make_dirs(work_dir)
    pool = build_pool(
        work_dir,
        count=budget.pictures,
        size=shape.picture_px,
        seed=seed,
        workers=workers,
        progress=lambda done, total: logger.info("drawn %d of %d", done, total),
    )
    tokenizer_dir = work_dir / "tokenizer"
    if not (tokenizer_dir / "special_tokens_map.json").exists():
        write_tokenizer(tokenizer_dir, merge_count=budget.merges, seed=seed)
    tokenizer = load_tokenizer(tokenizer_dir)
    vae = train_vae(
        pool,
        work_dir / "vae_state.safetensors",
        shape=shape,
        budget=budget.vae,
        seed=seed,
        bf16=bf16,
        compiled=compiled,
    )
    latents = _cached_latents(vae, pool, work_dir, bf16=bf16)

    def export(unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> int:
        parts = MiniParts(unet=unet, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer)
        return write_mini(out_dir, parts, tokenizer_dir)

    def show(step: int, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        parts = MiniParts(unet=unet, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer)
        path = work_dir / "samples" / f"step_{step:06d}.png"
        write_grid(parts, path, rows=1)
        logger.info("drew %s, truth above model", path)

    text_encoder = train_text_encoder(
        tokenizer,
        work_dir / "text_state.safetensors",
        shape=shape,
        budget=budget.text,
        seed=seed,
        bf16=bf16,
    )
    networks = train_diffusion(
        latents,
        text_encoder,
        tokenizer,
        work_dir / "unet_state.safetensors",
        shape=shape,
        budget=budget.diffusion,
        seed=seed,
        batch_size=batch_size,
        bf16=bf16,
        compiled=compiled,
        on_save=show,
    )
    return export(*networks)


def _cached_latents(vae: AutoencoderKL, pool: Pool, work_dir: Path, *, bf16: bool) -> LatentPool:
    """Encode the pool once, and put the measured factor into the autoencoder's config."""
    path, small_path = work_dir / "latents.npy", work_dir / "latents_small.npy"
    note = work_dir / "factor.txt"
    if not note.exists():
        with atomic_path(path) as temporary, temporary.open("wb") as handle:
            factor = encode_pool(vae, pool, handle, bf16=bf16)
        with atomic_path(small_path) as temporary, temporary.open("wb") as handle:
            encode_pool(vae, pool, handle, half_size=True, factor=factor, bf16=bf16)
        write_text_atomic(note, repr(factor))
    vae.register_to_config(scaling_factor=float(note.read_text("utf-8")))
    return LatentPool(latents=np.load(path), small_latents=np.load(small_path), pool_seed=pool.seed)
