"""Which shape of `mini` learns most in the same CPU time? Each from nothing, on the same latents.

Needs the work folder of `enogu world train` with its encoded drawings, and the model whose
autoencoder encoded them. Stopped half-way, the same command goes on.

    python benchmarks/mini_designs.py --work build/mini --seconds 400 --out benchmarks/FILE.md
"""

import argparse
import logging
import platform
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from enogu.diffusion.noise import sample_noise, seeded_generator
from enogu.diffusion.targets import prediction_target
from enogu.families.detect import resolve_base
from enogu.files import make_dirs, write_text_atomic
from enogu.machine import keep_freed_memory, probe_machine
from enogu.world.architecture import PREDICTION, MiniShape
from enogu.world.axes import tags_of
from enogu.world.captions import join_tags
from enogu.world.card import read_stage
from enogu.world.diffusion_training import LatentPool, train_diffusion
from enogu.world.evaluate import COLOUR_AXES, SplitScores, characters, score_answers
from enogu.world.export import MiniParts, read_mini
from enogu.world.importance import importance_maps
from enogu.world.judge.judge import load_judge
from enogu.world.pool import pool_traits
from enogu.world.sampling import sample_in_batches
from enogu.world.text_training import train_text_encoder
from enogu.world.tokenizer import load_tokenizer, tokenize
from enogu.world.training_state import Budget

HELD_OUT_DRAWINGS = 256
"""The last of the pool: no design learns from them."""
DESIGNS = {
    "as shipped": MiniShape(),
    "wider denoiser": MiniShape(unet_channels=(48, 96, 192)),
    "narrower denoiser": MiniShape(unet_channels=(24, 48, 96), unet_heads=(2, 2, 4)),
    "two levels, text at a half only": MiniShape(unet_channels=(48, 128), unet_heads=(2, 4)),
    "text encoder of one layer": MiniShape(text_layers=1),
    "text encoder twice as wide": MiniShape(text_width=256),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one design reached."""

    parameters: int
    """Of denoiser and text encoder."""
    steps: int
    loss: float
    """Squared error of v on drawings that were not learnt from, all noise levels alike."""
    scores: SplitScores


def read_latents(work: Path) -> LatentPool:
    """Return the encoded drawings of a work folder."""
    latents = np.load(work / "latents.npy", mmap_mode="r")
    return LatentPool(
        latents=latents,
        small_latents=np.load(work / "latents_small.npy", mmap_mode="r"),
        pool_seed=0,
        importance=importance_maps(latents.shape[-1]),
    )


@torch.no_grad()
def held_out_loss(parts: MiniParts, latents: np.ndarray, first: int) -> float:
    """Return the error on `latents`, which are drawings `first` and following of the pool."""
    total = 0.0
    for start in range(0, len(latents), 32):
        clean = torch.from_numpy(np.array(latents[start : start + 32])).float()
        timesteps = (torch.arange(len(clean)) + 0.5) * 1000 // len(clean)
        noise = sample_noise(clean.shape, seeded_generator(1, start))
        noisy = parts.schedule.add_noise(clean, noise, timesteps.long())
        captions = [
            join_tags(tags_of(pool_traits(0, first + start + k))) for k in range(len(clean))
        ]
        embeds = parts.text_encoder(tokenize(parts.tokenizer, captions)).last_hidden_state
        pred = parts.unet(noisy, timesteps.long(), embeds, return_dict=False)[0]
        target = prediction_target(PREDICTION, clean, noise, timesteps.long(), parts.schedule)
        total += float(functional.mse_loss(pred, target)) * len(clean)
    return total / len(latents)


def measure(
    name: str, shape: MiniShape, options: argparse.Namespace, pool: LatentPool, judge_count: int
) -> Outcome:
    """Train one design, or go on, and measure it."""
    tokenizer = load_tokenizer(options.work / "tokenizer")
    folder = options.states / name.replace(" ", "-").replace(",", "")
    make_dirs(folder)
    text_encoder = train_text_encoder(
        tokenizer, folder / "text.safetensors", shape=shape, budget=Budget(cpu_seconds=options.text)
    )
    split = len(pool.latents) - HELD_OUT_DRAWINGS
    state_path = folder / "unet.safetensors"
    learnt = replace(pool, latents=pool.latents[:split], small_latents=pool.small_latents[:split])
    unet, text_encoder = train_diffusion(
        learnt,
        text_encoder,
        tokenizer,
        state_path,
        shape=shape,
        budget=Budget(cpu_seconds=options.seconds),
        compiled=False,
    )
    vae = read_mini(resolve_base(options.mini)).vae
    parts = MiniParts(unet=unet, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer)
    asked = characters(judge_count, 0)
    pictures = sample_in_batches(
        parts,
        [join_tags(tags_of(one)) for one in asked],
        list(range(judge_count)),
        steps=20,
        cfg_scale=4.0,
    )
    return Outcome(
        parameters=sum(p.numel() for net in (unet, text_encoder) for p in net.parameters()),
        steps=stage.steps if (stage := read_stage(state_path)) else 0,
        loss=held_out_loss(parts, pool.latents[split:], split),
        scores=score_answers(asked, load_judge()(pictures).answers),
    )


def row_of(name: str, outcome: Outcome) -> str:
    """Return one line of the table."""
    scores = outcome.scores
    shares = " | ".join(
        f"{100 * score.share:.0f} %"
        for score in (
            scores.together(),
            scores.together(COLOUR_AXES),
            scores.by_axis["hair_style"],
            scores.by_axis["clothes"],
        )
    )
    return (
        f"| {name} | {outcome.parameters / 1e6:.2f} M | {outcome.steps} | {outcome.loss:.4f} "
        f"| {shares} |"
    )


def main() -> None:
    """Train and measure every design, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/mini"))
    parser.add_argument("--states", type=Path, default=Path("build/designs"))
    parser.add_argument("--mini", default="mini", help="whose autoencoder made the latents")
    parser.add_argument("--seconds", type=float, default=400.0, help="CPU-seconds of the denoiser")
    parser.add_argument("--text", type=float, default=60.0, help="CPU-seconds of the text encoder")
    parser.add_argument("--only", nargs="*", default=list(DESIGNS), choices=list(DESIGNS))
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    keep_freed_memory()
    pool = read_latents(options.work)
    lines = [
        "# Shapes of mini, each trained from nothing in the same CPU time",
        "",
        f"{time.strftime('%Y-%m')}, {probe_machine().cpu}, one thread; Python "
        f"{platform.python_version()}, torch {version('torch')}. `python benchmarks/"
        f"mini_designs.py --seconds {options.seconds:g} --text {options.text:g}`: one run each, "
        f"the same seed; {options.prompts} prompts, 20 Euler steps, guidance 4, read by the judge; "
        f"the loss is that of v on {HELD_OUT_DRAWINGS} drawings nobody learnt from.",
        "",
        "| design | denoiser and text encoder | steps | loss | all answers | colours | hair style "
        "| clothes |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in options.only:
        lines.append(row_of(name, measure(name, DESIGNS[name], options, pool, options.prompts)))
        print(lines[-1], flush=True)
        if options.out is not None:
            write_text_atomic(options.out, "\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
