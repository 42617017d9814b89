"""Training UNet and text encoder of `mini` together, on cached latents of the drawings."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer

from enogu.diffusion.noise import sample_noise, seeded_generator
from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.targets import prediction_target
from enogu.machine import parallel
from enogu.world.architecture import PREDICTION, MiniShape, build_text_encoder, build_unet
from enogu.world.axes import AXES, Traits
from enogu.world.captions import training_caption
from enogu.world.compiling import compile_blocks, to_channels_last, use_plain_attention
from enogu.world.pool import pool_traits
from enogu.world.tokenizer import tokenize
from enogu.world.training_state import Budget, Recipe, TrainingState, autocast

DIFFUSION_RECIPE = Recipe(learning_rate=1.2e-3)
VARIANT_RECIPE = Recipe(learning_rate=4e-4)
"""For going on with finished networks on another noise schedule."""
SMALL_SHARE = 0.25
"""Share of the budget from nothing, at the start, that is spent on pictures of half the size.

They cost a quarter, so tags are bound to what they name earlier."""
SMALL_BATCH_FACTOR = 2
"""Batches in one step of small pictures."""


@dataclass(frozen=True, kw_only=True)
class LatentPool:
    """Cached latents of a pool of drawings."""

    latents: NDArray[np.float16]
    """Shape [N, C, h, w], unit variance; the posterior means."""
    small_latents: NDArray[np.float16]
    """Shape [N, C, h/2, w/2]: of the same drawings at half the size."""
    pool_seed: int
    importance: NDArray[np.float32]
    """Shape [framings, h, w], mean 1: how much each place counts, by the framing of the picture."""


def stratified_timesteps(count: int, generator: torch.Generator) -> Tensor:
    """Return one timestep from each of `count` equal parts of 0..999, shuffled.

    The batch then covers all noise levels evenly, which makes the gradient quieter.
    """
    parts = torch.randperm(count, generator=generator)
    inside = torch.rand(count, generator=generator)
    return ((parts + inside) / count * 1000).long().clamp_(0, 999)


def diffusion_loss(
    networks: tuple[UNet2DConditionModel, CLIPTextModel],
    schedule: NoiseSchedule,
    latents: Tensor,
    token_ids: Tensor,
    generator: torch.Generator,
    weights: Tensor,
) -> Tensor:
    """Return the squared error of the prediction, a scalar; all noise levels count alike.

    Args:
        networks: UNet and text encoder.
        schedule: The noise schedule.
        latents: [B, C, h, w], unit variance.
        token_ids: [B, 77].
        generator: Gives timesteps and noise.
        weights: [B, 1, h, w], how much each place counts.
    """
    unet, text_encoder = networks
    timesteps = stratified_timesteps(len(latents), generator)
    noise = sample_noise(latents.shape, generator)
    noisy_latents = schedule.add_noise(latents, noise, timesteps)
    noisy_latents = noisy_latents.contiguous(memory_format=torch.channels_last)
    prompt_embeds = text_encoder(token_ids).last_hidden_state
    model_pred = unet(noisy_latents, timesteps, prompt_embeds, return_dict=False)[0].float()
    target = prediction_target(PREDICTION, latents, noise, timesteps, schedule)
    return (weights * (model_pred - target).square()).mean()


def train_diffusion(
    pool: LatentPool,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    state_path: Path,
    *,
    shape: MiniShape,
    budget: Budget,
    start: UNet2DConditionModel | None = None,
    zero_terminal_snr: bool = False,
    seed: int = 0,
    batch_size: int = 32,
    bf16: bool = True,
    compiled: bool = True,
    save_every: int = 500,
    on_save: Callable[[int, UNet2DConditionModel, CLIPTextModel], None] | None = None,
) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    """Train UNet and text encoder, or go on from `state_path`, and return the averaged weights.

    Args:
        pool: Cached latents.
        text_encoder: What has had its own lesson; it is trained on, in place.
        tokenizer: The tokenizer of `mini`.
        state_path: Where the state is kept; continued from when it exists.
        shape: Widths of the networks.
        budget: When to stop.
        start: Weights to begin with; stays as it is. Without it the UNet begins at random.
        zero_terminal_snr: Learn on the schedule that ends in pure noise (arXiv:2305.08891).
        seed: Of weights, batches, captions and noise.
        batch_size: Pictures per step.
        bf16: Compute in bfloat16 where autocast allows; weights and moments stay in fp32.
        compiled: Let torch fuse the blocks; costs a minute at the start.
        save_every: Steps between two saved states.
        on_save: Called with the step and averaged copies of UNet and text encoder after a save.

    Raises:
        NonFiniteError: The loss became NaN or infinite.
        WorldError: The state at `state_path` was made with other settings.
    """
    torch.manual_seed(seed)
    unet = build_unet(shape)
    if start is not None:
        unet.load_state_dict(start.state_dict())
    to_channels_last(unet)
    use_plain_attention(unet)
    if compiled:
        compile_blocks(unet)
    settings = {**shape.to_metadata(), "seed": str(seed), "batch_size": str(batch_size)}
    recipe = DIFFUSION_RECIPE if start is None else VARIANT_RECIPE
    state = TrainingState({"unet": unet, "text_encoder": text_encoder}, recipe, settings)
    schedule = NoiseSchedule.scaled_linear()
    if zero_terminal_snr:
        schedule = schedule.with_zero_terminal_snr()
    importance = torch.from_numpy(pool.importance)

    def loss_at(step: int) -> Tensor:
        small = start is None and state.progress < SMALL_SHARE
        chosen = pool.small_latents if small else pool.latents
        count = batch_size * (SMALL_BATCH_FACTOR if small else 1) // parallel.num_processes()
        part = parallel.part_of(step)
        latents, traits = _batch(chosen, pool.pool_seed, seed, part, count)
        captions = [
            training_caption(one, random.Random(f"{seed} {part} {k}"))
            for k, one in enumerate(traits)
        ]
        token_ids = tokenize(tokenizer, captions)
        maps = importance[[AXES["framing"].index(one["framing"]) for one in traits], None]
        weights = functional.adaptive_avg_pool2d(maps, latents.shape[-1])
        with autocast(bf16):
            generator = seeded_generator(seed, part)
            return diffusion_loss(
                (unet, text_encoder), schedule, latents, token_ids, generator, weights
            )

    def report() -> None:
        if on_save is not None:
            on_save(state.step, *_averaged(state, shape, len(tokenizer)))

    state.train(state_path, budget, loss_at, title="unet", save_every=save_every, on_save=report)
    return _averaged(state, shape, len(tokenizer))


def _batch(
    latents: NDArray[np.float16], pool_seed: int, seed: int, step: int, count: int
) -> tuple[Tensor, list[Traits]]:
    rng = np.random.default_rng((seed, step))
    indices = rng.integers(len(latents), size=count)
    traits = [pool_traits(pool_seed, int(index)) for index in indices]
    return torch.from_numpy(latents[indices]).float(), traits


def _averaged(
    state: TrainingState, shape: MiniShape, vocab_size: int
) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    unet, text_encoder = build_unet(shape), build_text_encoder(shape, vocab_size=vocab_size)
    unet.load_state_dict(state.averaged("unet"), strict=True)
    # Position ids are a buffer, not a weight, and are made by the constructor.
    text_encoder.load_state_dict(state.averaged("text_encoder"), strict=False)
    return (
        unet.eval().requires_grad_(False),
        text_encoder.eval().requires_grad_(False),
    )
