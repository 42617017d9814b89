"""Everything from nothing to the finished `mini` and `mini-v`, each stage resumable."""

import copy
import functools
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from enogu.errors import WorldError
from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.machine import keep_freed_memory, parallel
from enogu.world.architecture import MiniShape
from enogu.world.diffusion_training import LatentPool, train_diffusion
from enogu.world.export import MiniParts, write_mini
from enogu.world.grid import write_grid
from enogu.world.importance import importance_maps
from enogu.world.pool import Pool, build_pool
from enogu.world.text_training import train_text_encoder
from enogu.world.tokenizer import load_tokenizer, write_tokenizer
from enogu.world.training_state import Budget
from enogu.world.vae_training import encode_pool, train_vae

logger = logging.getLogger(__name__)

_LATENTS, _SMALL_LATENTS, _FACTOR = "latents.npy", "latents_small.npy", "factor.txt"


@dataclass(frozen=True, kw_only=True)
class MiniBudget:
    """How much each stage may use."""

    pictures: int
    vae: Budget
    text: Budget
    diffusion: Budget
    variant: Budget | None = None
    """Of `mini-v`, which goes on from the finished networks; None leaves it out."""
    merges: int = 640
    characters: int = 48
    """Looked at, per framing, to know how much each place of a picture says."""


@dataclass(frozen=True, kw_only=True)
class MiniTraining:
    """The stages of one `mini`, and what they share."""

    work_dir: Path
    """Pool, training states and samples on the way; equal settings and folder go on."""
    budget: MiniBudget
    shape: MiniShape
    seed: int = 0
    """Of everything random."""
    workers: int = 2
    """Processes that draw the pool."""
    bf16: bool = True
    """Compute in bfloat16 where autocast allows."""
    compiled: bool = True
    """Let torch fuse the blocks; costs minutes at the start of two stages."""
    batch_size: int = 32
    """Pictures per step of the UNet."""

    @property
    def tokenizer_dir(self) -> Path:
        """Where the tokenizer is kept."""
        return self.work_dir / "tokenizer"

    def run(self, out_dir: Path) -> int:
        """Draw the pool, learn all networks, and write them.

        Args:
            out_dir: The diffusers folder, written at the end; `mini-v` goes to :func:`variant_dir`.

        Returns:
            Bytes written; 0 in a process that only helps.

        Raises:
            NonFiniteError: A loss became NaN or infinite.
            WorldError: The work folder holds the work of other settings.
            StorageError: A place cannot be written.
        """
        make_dirs(self.work_dir)
        parallel.first_then_others(self._prepare)
        pool = self._draw_pool()
        tokenizer = load_tokenizer(self.tokenizer_dir)
        vae = train_vae(
            pool,
            self.work_dir / "vae_state.safetensors",
            shape=self.shape,
            budget=self.budget.vae,
            seed=self.seed,
            bf16=self.bf16,
            compiled=self.compiled,
        )
        parallel.first_then_others(lambda: self._encode_pool(vae, pool))
        latents = self._read_latents(vae, pool)
        text_encoder = train_text_encoder(
            tokenizer,
            self.work_dir / "text_state.safetensors",
            shape=self.shape,
            budget=self.budget.text,
            seed=self.seed,
            bf16=self.bf16,
        )
        mini = self._learn(latents, vae, tokenizer, text_encoder, self.budget.diffusion)
        num_bytes = self._write(out_dir, mini)
        if self.budget.variant is not None:
            again = copy.deepcopy(mini.text_encoder).train().requires_grad_(True)
            variant = self._learn(latents, vae, tokenizer, again, self.budget.variant, mini.unet)
            num_bytes += self._write(variant_dir(out_dir), variant)
        return num_bytes

    def _draw_pool(self) -> Pool:
        return build_pool(
            self.work_dir,
            count=self.budget.pictures,
            size=self.shape.picture_px,
            seed=self.seed,
            workers=self.workers,
            progress=lambda done, total: logger.info("drawn %d of %d", done, total),
        )

    def _prepare(self) -> None:
        self._draw_pool()
        if not (self.tokenizer_dir / "special_tokens_map.json").exists():
            write_tokenizer(self.tokenizer_dir, merge_count=self.budget.merges, seed=self.seed)

    def _encode_pool(self, vae: AutoencoderKL, pool: Pool) -> None:
        if (self.work_dir / _FACTOR).exists():
            return
        with atomic_path(self.work_dir / _LATENTS) as temporary, temporary.open("wb") as handle:
            factor = encode_pool(vae, pool, handle, bf16=self.bf16)
        small = self.work_dir / _SMALL_LATENTS
        with atomic_path(small) as temporary, temporary.open("wb") as handle:
            encode_pool(vae, pool, handle, half_size=True, factor=factor, bf16=self.bf16)
        write_text_atomic(self.work_dir / _FACTOR, repr(factor))

    def _read_latents(self, vae: AutoencoderKL, pool: Pool) -> LatentPool:
        """Read what was encoded, and put the measured factor into the autoencoder's config."""
        factor = float((self.work_dir / _FACTOR).read_text("utf-8"))
        vae.register_to_config(scaling_factor=factor)
        latents = np.load(self.work_dir / _LATENTS, mmap_mode="r")
        return LatentPool(
            latents=latents,
            small_latents=np.load(self.work_dir / _SMALL_LATENTS, mmap_mode="r"),
            pool_seed=pool.seed,
            importance=importance_maps(
                latents.shape[-1], characters=self.budget.characters, seed=self.seed
            ),
        )

    def _learn(
        self,
        latents: LatentPool,
        vae: AutoencoderKL,
        tokenizer: CLIPTokenizer,
        text_encoder: CLIPTextModel,
        budget: Budget,
        start: UNet2DConditionModel | None = None,
    ) -> MiniParts:
        """Train UNet and text encoder of `mini` from nothing, or of `mini-v` from `start`."""
        name = "unet" if start is None else "unet_v"

        def parts_of(unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> MiniParts:
            return MiniParts(
                unet=unet,
                vae=vae,
                text_encoder=text_encoder,
                tokenizer=tokenizer,
                zero_terminal_snr=start is not None,
            )

        def show(step: int, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
            path = self.work_dir / "samples" / f"{name}_{step:06d}.png"
            write_grid(parts_of(unet, text_encoder), path, rows=1)
            logger.info("drew %s, truth above model", path)

        networks = train_diffusion(
            latents,
            text_encoder,
            tokenizer,
            self.work_dir / f"{name}_state.safetensors",
            shape=self.shape,
            budget=budget,
            start=start,
            zero_terminal_snr=start is not None,
            seed=self.seed,
            batch_size=self.batch_size,
            bf16=self.bf16,
            compiled=self.compiled,
            on_save=show,
        )
        return parts_of(*networks)

    def _write(self, folder: Path, parts: MiniParts) -> int:
        return write_mini(folder, parts, self.tokenizer_dir) if parallel.rank() == 0 else 0


def variant_dir(out_dir: Path) -> Path:
    """Return the folder of `mini-v` beside that of `mini`."""
    return out_dir.with_name(f"{out_dir.name}-v")


def train_mini_together(training: MiniTraining, out_dir: Path, *, processes: int = 1) -> int:
    """Run `training` in several processes of one thread each.

    Returns:
        Bytes of the written folders.

    Raises:
        NonFiniteError: A loss became NaN or infinite.
        WorldError: The work folder holds the work of other settings, or fewer than one process.
        StorageError: A place cannot be written.
    """
    if processes < 1:
        raise WorldError(f"--processes must be 1 or more, got {processes}")
    parallel.run_together(functools.partial(_train_part, training, out_dir), processes)
    folders = [out_dir, *([variant_dir(out_dir)] if training.budget.variant else [])]
    return sum(p.stat().st_size for folder in folders for p in folder.rglob("*") if p.is_file())


def _train_part(training: MiniTraining, out_dir: Path) -> None:
    keep_freed_memory()
    torch.set_num_threads(1)
    if parallel.rank() == 0:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    training.run(out_dir)
