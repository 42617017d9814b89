"""Everything from nothing to the finished `mini`, each stage resumable."""

import functools
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel

from enogu.errors import WorldError
from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.machine import keep_freed_memory, parallel
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
        Bytes of the exported folder; 0 in a process that only helps.

    Raises:
        NonFiniteError: A loss became NaN or infinite.
        WorldError: `work_dir` holds the work of other settings.
        StorageError: A place cannot be written.
    """
    make_dirs(work_dir)
    tokenizer_dir = work_dir / "tokenizer"

    def draw_pool() -> Pool:
        return build_pool(
            work_dir,
            count=budget.pictures,
            size=shape.picture_px,
            seed=seed,
            workers=workers,
            progress=lambda done, total: logger.info("drawn %d of %d", done, total),
        )

    def prepare() -> None:
        draw_pool()
        if not (tokenizer_dir / "special_tokens_map.json").exists():
            write_tokenizer(tokenizer_dir, merge_count=budget.merges, seed=seed)

    parallel.first_then_others(prepare)
    pool = draw_pool()
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
    parallel.first_then_others(lambda: _encode_pool(vae, pool, work_dir, bf16=bf16))
    latents = _read_latents(vae, pool, work_dir)

    def parts_of(unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> MiniParts:
        return MiniParts(unet=unet, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer)

    def show(step: int, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        path = work_dir / "samples" / f"step_{step:06d}.png"
        write_grid(parts_of(unet, text_encoder), path, rows=1)
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
    if parallel.rank() != 0:
        return 0
    return write_mini(out_dir, parts_of(*networks), tokenizer_dir)


def train_mini_together(
    work_dir: Path,
    out_dir: Path,
    *,
    budget: MiniBudget,
    shape: MiniShape,
    seed: int = 0,
    bf16: bool = True,
    processes: int = 1,
) -> int:
    """Make `mini` as :func:`train_mini` does, in several processes of one thread each.

    Returns:
        Bytes of the exported folder.

    Raises:
        NonFiniteError: A loss became NaN or infinite.
        WorldError: `work_dir` holds the work of other settings, or fewer than one process.
        StorageError: A place cannot be written.
    """
    if processes < 1:
        raise WorldError(f"--processes must be 1 or more, got {processes}")
    part = functools.partial(
        _train_part, work_dir, out_dir, budget=budget, shape=shape, seed=seed, bf16=bf16
    )
    parallel.run_together(part, processes)
    return sum(path.stat().st_size for path in out_dir.rglob("*") if path.is_file())


def _train_part(
    work_dir: Path, out_dir: Path, *, budget: MiniBudget, shape: MiniShape, seed: int, bf16: bool
) -> None:
    keep_freed_memory()
    torch.set_num_threads(1)
    if parallel.rank() == 0:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train_mini(work_dir, out_dir, budget=budget, shape=shape, seed=seed, bf16=bf16)


_LATENTS, _SMALL_LATENTS, _FACTOR = "latents.npy", "latents_small.npy", "factor.txt"


def _encode_pool(vae: AutoencoderKL, pool: Pool, work_dir: Path, *, bf16: bool) -> None:
    if (work_dir / _FACTOR).exists():
        return
    with atomic_path(work_dir / _LATENTS) as temporary, temporary.open("wb") as handle:
        factor = encode_pool(vae, pool, handle, bf16=bf16)
    with atomic_path(work_dir / _SMALL_LATENTS) as temporary, temporary.open("wb") as handle:
        encode_pool(vae, pool, handle, half_size=True, factor=factor, bf16=bf16)
    write_text_atomic(work_dir / _FACTOR, repr(factor))


def _read_latents(vae: AutoencoderKL, pool: Pool, work_dir: Path) -> LatentPool:
    """Read what was encoded, and put the measured factor into the autoencoder's config."""
    vae.register_to_config(scaling_factor=float((work_dir / _FACTOR).read_text("utf-8")))
    return LatentPool(
        latents=np.load(work_dir / _LATENTS, mmap_mode="r"),
        small_latents=np.load(work_dir / _SMALL_LATENTS, mmap_mode="r"),
        pool_seed=pool.seed,
    )
