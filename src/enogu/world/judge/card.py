"""The card of the judge: what was measured, by a command that can be run again."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from enogu.files import write_text_atomic
from enogu.world.axes import AXES
from enogu.world.export import read_mini
from enogu.world.judge.colours import ColourAgreement, measure_colour_agreement
from enogu.world.judge.features import FeatureMeasure, measure_features
from enogu.world.judge.judge import FILES_DIR, JUDGE_PATH, Judge, load_judge
from enogu.world.judge.make import Progress, fast_vae, known_answers
from enogu.world.judge.measure import Measure, measure_readings
from enogu.world.judge.pictures import draw_judge_picture, round_trip, vae_name
from enogu.world.judge.reader import INPUT_PX, Pixels
from enogu.world.pool import TEST_SEED
from enogu.world.questions import vocabulary_digest

CARD_PATH = FILES_DIR / "judge_card.md"
FRESH_TARGET = 0.99
ROUND_TRIP_TARGET = 0.97
COLOUR_SHARE = 1 / 20
"""Of the drawings: those that the judge of colours reads too; it takes a CPU-second for each."""
FEATURE_SHARE = 1 / 80
"""Of the drawings, by feature."""


def write_judge_card(
    mini_dir: Path,
    path: Path = CARD_PATH,
    *,
    count: int = 1000,
    progress: Progress = lambda title, done, total: None,
) -> str:
    """Measure the shipped judge on drawings nobody trained on, write its card, return the text.

    Args:
        mini_dir: The model whose autoencoder is used for the round trips.
        path: Where the card is written.
        count: Drawings; parts of so many are used for what is slow to measure.
        progress: Called with (what is being done, pictures done, pictures in all).

    Raises:
        WorldError: The judge or `mini_dir` cannot be used.
        StorageError: The place cannot be written.
    """
    judge = load_judge()
    colour_pictures = max(1, round(count * COLOUR_SHARE))
    feature_pictures = max(1, round(count * FEATURE_SHARE))
    pixels = np.stack(
        [_drawn(index, count, progress) for index in range(count)],
    )
    answers = known_answers(TEST_SEED, count)
    vae = fast_vae(read_mini(mini_dir).vae)
    after = [
        round_trip(vae, pixels[start : start + 32], start, noisy=False, bf16=False)
        for start in range(0, count, 32)
    ]
    speed = pictures_per_cpu_second(judge, pixels)
    fresh = measure_readings(judge(pixels), answers)
    trips = measure_readings(judge(np.concatenate(after)), answers)
    agreement = measure_colour_agreement(
        judge,
        colour_pictures,
        progress=lambda done, total: progress("Colours", done, total),
    )
    features = measure_features(
        judge,
        vae,
        feature_pictures,
        progress=lambda done, total: progress("Features", done, total),
    )
    text = "\n".join(
        [
            *_introduction(judge, speed),
            *_measured(fresh, trips, count, vae_name(mini_dir)),
            *_misses(fresh, trips),
            *_colours(agreement, colour_pictures),
            *_features(features, feature_pictures),
        ]
    )
    write_text_atomic(path, text)
    return text


def _drawn(index: int, count: int, progress: Progress) -> Pixels:
    progress("Drawing", index + 1, count)
    return draw_judge_picture(TEST_SEED, index, INPUT_PX)


def pictures_per_cpu_second(judge: Judge, pixels: Pixels) -> float:
    """Return how many pictures one thread reads in a CPU-second, best of three."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        part = pixels[:256]
        judge(part[:32])
        rates: list[float] = []
        for _ in range(3):
            start = time.process_time()
            judge(part)
            rates.append(len(part) / max(time.process_time() - start, 1e-9))
        return max(rates)
    finally:
        torch.set_num_threads(threads)


def _introduction(judge: Judge, speed: float) -> list[str]:
    parameters = sum(weight.numel() for weight in judge.net.parameters())
    sizes = [JUDGE_PATH, JUDGE_PATH.with_suffix(".onnx")]
    total = sum(path.stat().st_size for path in sizes if path.is_file())
    return [
        "# The judge",
        "",
        "Reads every axis of the drawn world, and its tags, back from a picture. Trained from "
        "nothing on drawings by code, most of them made worse on purpose: warped, blurred, "
        "rescaled, noisy, discoloured, saved as JPEG, sent through the autoencoder of `mini`.",
        "",
        f"- Vocabulary {vocabulary_digest(AXES)}: {len(AXES)} axes, "
        f"{sum(len(values) for values in AXES.values())} answers. A judge of another vocabulary "
        "is refused.",
        f"- {parameters / 1e6:.2f} M parameters, {total / 1e6:.2f} MB as safetensors and ONNX "
        "together, pictures of 128 pixels.",
        f"- {speed:.0f} pictures per CPU-second, one thread, single precision.",
        *_training(judge),
        "",
    ]


def _training(judge: Judge) -> list[str]:
    facts = judge.facts
    if not facts:
        return ["- `enogu world train-judge` makes it again from nothing."]
    options = " ".join(
        f"--{name} {facts[key]}"
        for name, key in (
            ("pictures", "pictures"),
            ("round-trips", "round_trips"),
            ("seconds", "cpu_seconds"),
        )
    )
    return [
        f"- Trained for {facts['steps']} steps, {facts['cpu_seconds']} CPU-seconds, on "
        f"{facts['pictures']} drawings. `enogu world train-judge {options}` makes it again."
    ]


def _measured(fresh: Measure, trips: Measure, count: int, vae: str) -> list[str]:
    after = {axis.axis: axis for axis in trips.axes}
    rows = [
        f"| {axis.axis.replace('_', ' ')} | {axis.share:.2%} | {axis.interval[0]:.1%} to "
        f"{axis.interval[1]:.1%} | {axis.calibration_error:.2%} | {after[axis.axis].share:.2%} | "
        f"{after[axis.axis].calibration_error:.2%} | {axis.total} |"
        for axis in fresh.axes
    ]
    return [
        "## Measured",
        "",
        f"`enogu world card judge -n {count}` measures it again. {count} fresh drawings that no "
        "training has seen, rare answers and the combinations kept from `mini` more frequent "
        "than usual; only axes whose answer can be seen. Then the same drawings after the "
        f"autoencoder of `mini` ({vae}). Calibration error: expected, 15 bins.",
        "",
        "| axis | drawings | 95 % interval | calibration error | after autoencoder "
        "| calibration error | asked |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *rows,
        f"| mean of the axes | {fresh.mean_share:.2%} | | {fresh.calibration_error:.2%} "
        f"| {trips.mean_share:.2%} | {trips.calibration_error:.2%} | |",
        f"| everything at once | {fresh.all_right / fresh.pictures:.1%} | | "
        f"| {trips.all_right / trips.pictures:.1%} | | {fresh.pictures} |",
        "",
    ]


def _misses(fresh: Measure, trips: Measure) -> list[str]:
    lines = ["## What it reads less well", ""]
    for title, measure, target in (
        ("drawings", fresh, FRESH_TARGET),
        ("after the autoencoder", trips, ROUND_TRIP_TARGET),
    ):
        poor = measure.below(target)
        if not poor:
            lines.append(f"- {title}: every axis reaches {target:.0%}.")
            continue
        lines.append(f"- {title}, below {target:.0%}:")
        by_name = {axis.axis: axis for axis in measure.axes}
        for name in poor:
            mistakes = ", ".join(f"{a} read as {b} ({n})" for a, b, n in by_name[name].confusions)
            lines.append(f"  - {name.replace('_', ' ')} {by_name[name].share:.2%}: {mistakes}")
    return [*lines, ""]


def _colours(agreements: Sequence[ColourAgreement], count: int) -> list[str]:
    rows = [
        f"| {item.axis.replace('_', ' ')} | {item.plain_right / item.total:.1%} "
        f"| {item.judge_right / item.total:.1%} | {item.agree / item.total:.1%} | {item.total} |"
        for item in agreements
        if item.total
    ]
    return [
        "## Held against a judge without learning",
        "",
        f"Colours of {count} fresh drawings, read from the region that the drawing code knows, as "
        "the nearest colour, small shifts tried.",
        "",
        "| axis | without learning | this judge | agree | asked |",
        "|---|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def _features(measures: Sequence[FeatureMeasure], count: int) -> list[str]:
    rows = [
        f"| {item.concept} | {item.feature} | {item.found / item.total:.0%} "
        f"| {item.spared / item.total:.0%} | {item.found_after / item.total:.0%} "
        f"| {item.spared_after / item.total:.0%} | {item.total} |"
        for item in measures
        if item.total
    ]
    return [
        "## The features that no tag names",
        "",
        f"The detector learns nothing either. {count} drawings of each character with its feature "
        "and as many without it, less those that hide it; the character as the judge has read it.",
        "",
        "| character | feature | found where it is | not found where it is not "
        "| found, after autoencoder | not found, after autoencoder | drawings of each kind |",
        "|---|---|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]
