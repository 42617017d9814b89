"""The card of the embedded detector: what was measured, by a command that can be run again."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from enogu.files import write_text_atomic
from enogu.pictures.regions.detector import DetectorModel
from enogu.pictures.regions.embedded import EMBEDDED_PATH, FILES_DIR, load_embedded
from enogu.pictures.regions.found import SURE_FROM
from enogu.world.captions import random_traits
from enogu.world.detector.boxes import LABELS, Spot
from enogu.world.detector.export import LEAST_CHANCE, SURE_CHANCE
from enogu.world.detector.figures import FigurePlan, spots_of
from enogu.world.detector.labelled import GroupMeasure, measure_labelled
from enogu.world.detector.make import Progress, fresh_scenes
from enogu.world.detector.measure import LabelMeasure, add_picture, to_boxes
from enogu.world.detector.scenes import Pixels
from enogu.world.drawing import build_svg
from enogu.world.intervals import Score
from enogu.world.look import build_look
from enogu.world.pool import TEST_SEED
from enogu.world.styles import render_styled

CARD_PATH: Final = FILES_DIR / "heads_card.md"
_DRAWING_PX: Final = 256
_TIMED: Final = 40


def draw_fresh(index: int, size: int = _DRAWING_PX) -> tuple[Pixels, list[Spot]]:
    """Return a plain drawing of the drawn world that no training has seen, and its boxes."""
    rng = random.Random(f"fresh {TEST_SEED} {index}")
    traits = random_traits(rng)
    look = build_look(traits, rng)
    picture = render_styled(build_svg(look), traits["style"], size)
    plan = FigurePlan(look=look, head_scale=1.0, has_head=True)
    return np.asarray(picture, dtype=np.uint8), spots_of(plan, size)


def measure_drawn(
    model: DetectorModel, pictures: Sequence[tuple[Pixels, Sequence[Spot]]]
) -> dict[str, LabelMeasure]:
    """Measure a detector on pictures with known boxes; the result goes by label."""
    measures = {label: LabelMeasure(label) for label in LABELS}
    for pixels, spots in pictures:
        found = model.find(pixels)
        for label, measure in measures.items():
            add_picture(measure, found, to_boxes(spots, label))
    return measures


def write_detector_card(
    path: Path = CARD_PATH,
    *,
    count: int = 400,
    labels: Path | None = None,
    folder: Path | None = None,
    progress: Progress = lambda title, done, total: None,
) -> str:
    """Measure the shipped detector, write its card, return the text.

    Args:
        path: Where the card is written.
        count: Fresh drawings, and as many varied scenes.
        labels: A table of marked heads in pictures by other hands; see
            :mod:`enogu.world.detector.labelled`.
        folder: Where these pictures are.
        progress: Called with (what is being done, pictures done, pictures in all).

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: The detector is damaged.
        WorldError: The table cannot be used.
        StorageError: The place cannot be written.
    """
    model = load_embedded()
    drawings: list[tuple[Pixels, list[Spot]]] = []
    for index in range(count):
        drawings.append(draw_fresh(index))
        progress("Drawing", index + 1, count)
    plain = measure_drawn(model, drawings)
    varied = measure_drawn(model, fresh_scenes(TEST_SEED, count, progress))
    speed = _seconds_per_picture(model, drawings[:_TIMED])
    lines = [
        *_introduction(model, speed),
        *_table("Fresh drawings of the drawn world", plain, count),
        *_table("Fresh scenes, varied as in training", varied, count),
    ]
    if labels is not None and folder is not None:
        lines += _others(measure_labelled(model, labels, folder, sure_from=SURE_FROM), labels.name)
    text = "\n".join(lines)
    write_text_atomic(path, text)
    return text


def _seconds_per_picture(
    model: DetectorModel, drawings: Sequence[tuple[Pixels, list[Spot]]]
) -> float:
    start = time.process_time()
    for pixels, _ in drawings:
        model.find(pixels)
    return (time.process_time() - start) / max(1, len(drawings))


def _introduction(model: DetectorModel, seconds: float) -> list[str]:
    facts = model.metadata
    made = ""
    if "steps" in facts:
        made = (
            f"- Trained for {facts['steps']} steps, {facts['cpu_seconds']} CPU-seconds, on scenes "
            f"of {facts['figures']} figures. `enogu world train-detector --figures "
            f"{facts['figures']} --seconds {facts['cpu_seconds']}` makes one like it."
        )
    return [
        "# The detector of heads and faces",
        "",
        "Finds heads (the skull with the hair on it, without hats, tails and animal ears) and "
        "faces (hairline to chin). Trained from nothing on figures of the drawn world, put on "
        "other backgrounds, with heads of other proportions, many or few, turned, squeezed, "
        "recoloured, as line drawings, grey, soft, noisy, and saved as JPEG.",
        "",
        f"- {EMBEDDED_PATH.stat().st_size / 1e6:.2f} MB, pictures letterboxed to "
        f"{model.card.input.width} pixels; {1000 * seconds:.1f} CPU-milliseconds a picture.",
        *([made] if made else []),
        f"- A score of {SURE_FROM} or more means sure: fitted so that {SURE_CHANCE:.0%} of the "
        "boxes with that score are right on varied scenes. Lower ones are said, but wait for a "
        f"look; below {model.card.min_score:g}, where fewer than {LEAST_CHANCE:.0%} are right, "
        "nothing is said.",
        "- A box is right when it overlaps the known one by half, as intersection over union.",
        "",
    ]


def _table(title: str, measures: dict[str, LabelMeasure], count: int) -> list[str]:
    return [
        f"## {title}",
        "",
        f"{count} pictures. `enogu world card detector -n {count}` measures it again.",
        "",
        "| label | boxes | found, sure | found, sure or not | right of the sure "
        "| right of all said | fit of the right |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(f"| {label} {_row(measure)}" for label, measure in measures.items()),
        "",
    ]


def _row(measure: LabelMeasure) -> str:
    cells = (
        measure.recall(SURE_FROM),
        measure.recall(),
        measure.precision(SURE_FROM),
        measure.precision(),
    )
    return (
        f"| {measure.known} | "
        + " | ".join(_cell(score) for score in cells)
        + f" | {measure.mean_overlap:.2f} |"
    )


def _cell(score: Score) -> str:
    if not score.total:
        return "–"
    low, high = score.interval
    return f"{score.share:.1%} ({low:.0%} to {high:.0%})"


def _others(groups: Sequence[GroupMeasure], table: str) -> list[str]:
    return [
        "## Pictures by other hands",
        "",
        f"Heads marked by hand in `{table}`, animals' heads counted in. None of these pictures was "
        "used in training or to choose a threshold. In brackets: 95 % Wilson intervals. All right: "
        "pictures whose sure boxes are all right and leave no head out.",
        "",
        "| set | pictures | heads | found, sure | found, sure or not | right of the sure "
        "| right of all said | fit of the right | all right |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {group.group} | {group.pictures} {_row(group.heads)} {group.fully_sure} |"
            for group in groups
        ),
        "",
    ]
