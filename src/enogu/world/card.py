"""The model card of `mini`: how it was made and what was measured, from a command."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open

from enogu.files import write_text_atomic
from enogu.world.evaluate import (
    COLOUR_AXES,
    Evaluation,
    Read,
    Score,
    evaluate_mini,
)
from enogu.world.export import MiniParts, read_mini
from enogu.world.grid import write_grid
from enogu.world.pool import TEST_SEED, draw_pool_picture
from enogu.world.vae_training import round_trip_psnr, to_unit_range


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
    pixels = np.stack([draw_pool_picture(TEST_SEED, i, 128) for i in range(count)])
    values = round_trip_psnr(parts.vae, to_unit_range(pixels))
    return float(values.mean()), float(values.std() / count**0.5)


def write_card(
    mini_dir: Path,
    work_dir: Path,
    read: Read,
    *,
    grid_path: Path | None = None,
    count: int = 256,
) -> str:
    """Measure the model in `mini_dir`, write its ``model_card.md`` and return the text.

    Args:
        mini_dir: The diffusers folder.
        work_dir: Where the training states are, and ``notes.txt`` with remarks, one a line; what
            is missing there is left out of the card.
        read: The judge.
        grid_path: Where to write the picture of truth above model, if anywhere.
        count: Prompts per split.

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
            *_training(work_dir, variant=parts.zero_terminal_snr),
            *_measurements(measure_psnr(parts), evaluate_mini(parts, read, count=count), count),
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
    picture_px = int(parts.vae.config["sample_size"])
    latent_px = picture_px // parts.downscale
    title, schedule = "mini", "1000 steps."
    if parts.zero_terminal_snr:
        title = "mini-v"
        schedule = (
            "1000 steps, rescaled so that nothing of the picture is left at the last one "
            "(arXiv:2305.08891). It is `mini` gone on with on that schedule."
        )
    return [
        f"# {title}",
        "",
        "An embedded base model of Enogu: the architecture of Stable Diffusion 1 made small, "
        "trained from nothing on characters that `enogu.world` draws by code. No picture made by "
        "a person and no downloaded weight went into it.",
        "",
        f"- Size: {sizes} parameters, fp16, {total / 1e6:.1f} MB in all.",
        f"- Pictures: {picture_px}×{picture_px} pixels, latents {latent_px}×{latent_px}×"
        f"{parts.unet.config['in_channels']} (the autoencoder shrinks by {parts.downscale}).",
        f"- Latent scaling factor {parts.scaling_factor}, {parts.prediction.replace('_', '-')}, "
        f"scaled-linear betas 0.00085 to 0.012, {schedule}",
        f"- Tokenizer: byte-level BPE in CLIP's format, {len(parts.tokenizer)} tokens; it can "
        "spell any word.",
        "- Language: Danbooru tags; `enogu world tags` lists those it knows.",
        "- Licence: Apache-2.0.",
        "",
    ]


def _training(work_dir: Path, *, variant: bool) -> list[str]:
    lines = ["## Training", "", "`enogu world train` makes it again from nothing.", ""]
    stages = {
        "autoencoder": "vae_state",
        "text encoder alone": "text_state",
        "UNet and text encoder": "unet_state",
    }
    if variant:
        stages["UNet and text encoder gone on with"] = "unet_v_state"
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
        "- UNet with text encoder: batch 32, all noise levels alike; each axis of the world weighs "
        "the same, however small the area it shows in; captions shuffled, tags dropped, 10 % "
        "empty, 20 % with nonsense words put in.",
    ]
    notes = work_dir / "notes.txt"
    if notes.exists():
        # What was done by hand in this very training, which no code can know.
        lines += [f"- {line}" for line in notes.read_text("utf-8").splitlines() if line]
    lines.append("")
    return lines


def _row(name: str, score: Score, ceiling: Score | None = None) -> str:
    low, high = score.interval
    best = f"{100 * ceiling.share:.1f} %" if ceiling is not None else ""
    return (
        f"| {name} | {100 * score.share:.1f} % | {100 * low:.1f} to {100 * high:.1f} % "
        f"| {best} | {score.total} |"
    )


def _measurements(psnr: tuple[float, float], result: Evaluation, count: int) -> list[str]:
    seen, truth, unseen = result.seen, result.drawings, result.held_out
    rows = [
        _row("**all answers**", seen.together(), truth.together()),
        _row("**colours**", seen.together(COLOUR_AXES), truth.together(COLOUR_AXES)),
        _row("**every answer of a picture**", seen.all_right, truth.all_right),
        *(
            _row(axis.replace("_", " "), score, truth.by_axis.get(axis))
            for axis, score in seen.by_axis.items()
        ),
        _row("*combinations never seen*: the answers concerned", unseen.involved),
        _row("*combinations never seen*: all answers", unseen.together()),
        _row("same answer with a nonsense word in front", result.nonsense_kept),
        *(
            _row(f"all answers at guidance {scale:g}", score)
            for scale, score in result.by_guidance.items()
        ),
    ]
    negatives = [
        f"| {tag} | {100 * score.share:.0f} % | "
        f"{100 * result.named_negative[tag].share:.0f} % | {score.total} |"
        for tag, score in result.named.items()
    ]
    return [
        "## Measured",
        "",
        "`enogu world card` measures it again.",
        "",
        f"- Autoencoder round trip on 64 fresh drawings: {psnr[0]:.1f} dB PSNR "
        f"(standard error {psnr[1]:.1f}).",
        f"- Tag following: {count} complete random prompts a split, 20 Euler steps, guidance 4, "
        "read back by the judge, only what can be seen. The fourth column is the same judge on "
        "drawings by code: its own mistakes.",
        "",
        "| what | right | 95 % interval | drawings | asked |",
        "|---|--:|--:|--:|--:|",
        *rows,
        "",
        "What a negative prompt removes: pictures of the prompt `1girl` that show the tag, without "
        "and with the tag as negative prompt, same seeds.",
        "",
        "| tag | without | with | pictures |",
        "|---|--:|--:|--:|",
        *negatives,
        "",
    ]


def _limits() -> list[str]:
    return [
        "## Limits",
        "",
        "A closed set of tags, one hand that drew everything, 128 pixels. It exists so that every "
        "command runs at once, offline and on a CPU; pictures for other uses need a real base.",
        "",
    ]
