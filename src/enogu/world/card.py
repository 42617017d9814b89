"""The model card of `mini`: how it was made and what was measured, from a command."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open

from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.world.architecture import MiniShape
from enogu.world.axes import tags_of
from enogu.world.captions import join_tags
from enogu.world.drawing import draw_traits
from enogu.world.evaluate import (
    AxisScore,
    Evaluation,
    evaluate_mini,
    held_out_prompts,
    sample_in_batches,
)
from enogu.world.export import MiniParts, read_mini
from enogu.world.pool import draw_pool_picture
from enogu.world.vae_training import round_trip_psnr, to_unit_range

FRESH_POOL_SEED = 999
"""A pool that no training uses."""


@dataclass(frozen=True, kw_only=True)
class StageFacts:
    """What a stage of training used, as its saved state tells."""

    steps: int
    cpu_seconds: float


def read_stage(state_path: Path) -> StageFacts | None:
    """Return the facts of a saved training state, or None where there is no such file."""
    if not state_path.exists():
        return None
    with safe_open(str(state_path), framework="pt") as handle:
        metadata = handle.metadata()
    return StageFacts(steps=int(metadata["step"]), cpu_seconds=float(metadata["cpu_seconds"]))


def measure_psnr(parts: MiniParts, count: int = 64) -> tuple[float, float]:
    """Return mean and standard error, in dB, of the autoencoder on fresh drawings."""
    pixels = np.stack([draw_pool_picture(FRESH_POOL_SEED, i, 128) for i in range(count)])
    values = round_trip_psnr(parts.vae, to_unit_range(pixels))
    return float(values.mean()), float(values.std() / count**0.5)


def write_grid(
    parts: MiniParts, path: Path, *, columns: int = 8, rows: int = 2, seed: int = 5
) -> None:
    """Write a picture that shows drawings by code above the model's answer to the same tags."""
    count = columns * rows
    traits = held_out_prompts(count, seed)
    captions = [join_tags(tags_of(t)) for t in traits]
    pictures = sample_in_batches(parts, captions, list(range(count)), 24, 4.0)
    gap, size = 8, 128
    height = rows * (2 * size + gap) - gap
    sheet = Image.new("RGB", (columns * size, height), "#ffffff")
    for i, (one, picture) in enumerate(zip(traits, pictures, strict=True)):
        left, top = i % columns * size, i // columns * (2 * size + gap)
        sheet.paste(draw_traits(one, i), (left, top))
        sheet.paste(picture, (left, top + size))
    make_dirs(path.parent)
    with atomic_path(path) as temporary:
        # 255 colours are enough for flat drawings and make the file a third as large.
        sheet.quantize(255, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)


def write_card(
    mini_dir: Path, work_dir: Path, *, grid_path: Path | None = None, count: int = 128
) -> str:
    """Measure the model in `mini_dir`, write its ``model_card.md`` and return the text.

    Args:
        mini_dir: The diffusers folder.
        work_dir: Where the training states are, and ``notes.txt`` with remarks, one a line; what
            is missing there is left out of the card.
        grid_path: Where to write the picture of truth above model, if anywhere.
        count: Prompts to judge.

    Raises:
        WorldError: `mini_dir` does not hold a whole model.
        StorageError: A place cannot be written.
    """
    parts = read_mini(mini_dir)
    if grid_path is not None:
        write_grid(parts, grid_path)
    text = "\n".join(
        [
            *_introduction(parts, mini_dir),
            *_training(work_dir),
            *_measurements(measure_psnr(parts), evaluate_mini(parts, count=count), count),
            *_limits(),
        ]
    )
    write_text_atomic(mini_dir / "model_card.md", text)
    return text


def _introduction(parts: MiniParts, mini_dir: Path) -> list[str]:
    networks = {"UNet": parts.unet, "autoencoder": parts.vae, "text encoder": parts.text_encoder}
    sizes = ", ".join(
        f"{name} {sum(p.numel() for p in network.parameters()) / 1e6:.2f} M"
        for name, network in networks.items()
    )
    total = sum(p.stat().st_size for p in mini_dir.rglob("*") if p.is_file())
    shape = MiniShape()
    return [
        "# mini",
        "",
        "The embedded base model of Enogu: the architecture of Stable Diffusion 1 made small, "
        "trained from nothing on characters that `enogu.world` draws by code. No picture made by "
        "a person and no downloaded weight went into it.",
        "",
        f"- Size: {sizes} parameters, fp16, {total / 1e6:.1f} MB in all.",
        f"- Pictures: {shape.picture_px}×{shape.picture_px} pixels, latents "
        f"{shape.latent_px}×{shape.latent_px}×4 (the autoencoder shrinks by 4, not 8).",
        f"- Latent scaling factor {parts.scaling_factor}, {parts.prediction.replace('_', '-')}, "
        "scaled-linear betas 0.00085 to 0.012, 1000 steps.",
        f"- Tokenizer: byte-level BPE in CLIP's format, {len(parts.tokenizer)} tokens; it can "
        "spell any word.",
        "- Language: Danbooru tags; `enogu world tags` lists those it knows.",
        "- Licence: Apache-2.0.",
        "",
    ]


def _training(work_dir: Path) -> list[str]:
    lines = ["## Training", "", "`enogu world train` makes it again from nothing.", ""]
    stages = {
        "autoencoder": "vae_state",
        "text encoder alone": "text_state",
        "UNet and text encoder": "unet_state",
    }
    for name, file in stages.items():
        facts = read_stage(work_dir / f"{file}.safetensors")
        if facts is not None:
            lines.append(
                f"- {name}: {facts.steps} steps, {facts.cpu_seconds:.0f} CPU-seconds "
                "(bf16 autocast on AVX-512, AdamW, averaged weights)."
            )
    lines += [
        "- Autoencoder: 64-pixel crops, batch 8, squared and absolute error with a small KL term.",
        "- Text encoder alone: a lesson in which colour belongs to which noun; the last token of "
        "each tag must name the tag, the end of the caption all tags.",
        "- UNet with text encoder: batch 32, all noise levels alike; captions shuffled, tags "
        "dropped, 10 % empty, 20 % with nonsense words put in.",
    ]
    notes = work_dir / "notes.txt"
    if notes.exists():
        # What was done by hand in this very training, which no code can know.
        lines += [f"- {line}" for line in notes.read_text("utf-8").splitlines() if line]
    lines.append("")
    return lines


def _row(name: str, model: AxisScore, ceiling: AxisScore | None) -> str:
    low, high = model.interval
    best = f"{100 * ceiling.share:.1f} %" if ceiling is not None else ""
    return (
        f"| {name} | {100 * model.share:.1f} % | {100 * low:.1f} to {100 * high:.1f} % "
        f"| {best} | {model.total} |"
    )


def _measurements(psnr: tuple[float, float], result: Evaluation, count: int) -> list[str]:
    ceilings = {score.axis: score for score in result.drawings}
    rows = [_row(s.axis.replace("_", " "), s, ceilings[s.axis]) for s in result.model]
    rows.append(_row("all axes right at once", result.all_right, None))
    rows.append(_row("same answer with a nonsense word in front", result.nonsense_kept, None))
    return [
        "## Measured",
        "",
        "`enogu world card` measures it again.",
        "",
        f"- Autoencoder round trip on 64 fresh drawings: {psnr[0]:.1f} dB PSNR "
        f"(standard error {psnr[1]:.1f}).",
        f"- Tag following: {count} random prompts, 20 Euler steps, guidance 4, read back by a "
        "judge without learning (nearest average drawing). Chance is 5 to 17 %, by axis.",
        "",
        "| axis | right | 95 % interval | same judge on drawings by code | asked |",
        "|---|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def _limits() -> list[str]:
    return [
        "## Limits",
        "",
        "One style, one pose, a closed set of tags, 128 pixels. It exists so that every command "
        "runs at once, offline and on a CPU; pictures for other uses need a real base.",
        "",
        "It learns new characters in its own style. Drawings in another style it does not learn "
        "well yet: LoRAs of 51 pixel-art stickers, 600 and 800 steps, made pictures of strokes.",
        "",
    ]
