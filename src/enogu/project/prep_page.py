"""The page about preparing: what was cut, masked, flagged and found twice. One file, no network."""

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from enogu.errors import PictureError, ProjectError
from enogu.files import write_text_atomic
from enogu.pictures.box import Box
from enogu.pictures.pixels import Pixels
from enogu.pictures.read import read_picture
from enogu.pictures.records import StepResult
from enogu.pictures.steps import BACKGROUND, DUPLICATES, REGIONS, TRIM
from enogu.pictures.steps.background import MASK_FILE
from enogu.project.prep import PrepPlace
from enogu.project.prep_report import PictureLine, PrepReport, StepReport

PAGE_NAME: Final = "prep-report.html"

_SHOWN: Final = 24
_THUMB_PX: Final = 200
_KEPT: Final = (22, 163, 74)
_ASKED: Final = (217, 119, 6)
_REGION: Final = (37, 99, 235)
_VEIL: Final = (236, 72, 153)

_HEADINGS: Final = {
    TRIM: ("Trimming", "Green is what stays; orange is a proposal that changes nothing yet."),
    BACKGROUND: ("Background", "What is taken for background is veiled in pink."),
    REGIONS: ("Regions", "Boxes that guide crops and extra samples."),
    "quality": ("Quality", "Pictures that would teach a fault."),
    DUPLICATES: ("Duplicates", "Copies, and pictures that only look alike and stay."),
}

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --soft: #777; --line: #ddd; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #1b1b1d; --soft: #aaa; --line: #444; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.2rem; font-size: 1.2rem; } .soft, figcaption { color: var(--soft); }
.wall { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); }
figure { margin: 0; } figcaption { font-size: .85rem; overflow-wrap: anywhere; }
img { max-width: 100%; border: 1px solid var(--line); display: block; }
"""


def write_prep_page(place: PrepPlace, report: PrepReport) -> Path:
    """Write the page into the project's ``work`` folder and return its path.

    Of each step at most 24 pictures are shown; for steps without anything to see, a few that went
    well stand in, so that a person sees what the step does.

    Raises:
        StorageError: The disk is full.
    """
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{escape(place.project.name)}: prepared pictures</title><style>{_STYLE}</style>",
        f"<h1>{escape(place.project.name)}</h1>",
        f"<p>{report.pictures} pictures. The originals are as they were.</p>",
    ]
    if report.refused:
        parts.append("<h2>Refused</h2><ul>")
        parts += [f"<li>{escape(f'{name}: {why}')}</li>" for name, why in report.refused]
        parts.append("</ul>")
    parts += [f"<p><b>Note:</b> {escape(warning)}</p>" for warning in report.warnings]
    for step in report.steps:
        parts += _section(place, step)
    path = place.project.work_dir / PAGE_NAME
    write_text_atomic(path, "\n".join(parts) + "\n")
    return path


def _section(place: PrepPlace, step: StepReport) -> Iterator[str]:
    title, words = _HEADINGS[step.step]
    counts = step.counts_text or "nothing"
    yield f"<h2>{title}</h2><p class=soft>{escape(words)} {escape(counts)}.</p>"
    lines = step.lines[:_SHOWN]
    if not lines and step.step in (BACKGROUND, REGIONS):
        lines = _examples(place, step.step)
    yield "<div class=wall>"
    for line in lines:
        image = _thumbnail(place, step.step, line.name)
        text = escape(f"{line.name}: {line.verdict}{', ' + line.text if line.text else ''}")
        yield f"<figure>{image}<figcaption>{text}</figcaption></figure>"
    yield "</div>"
    if len(step.lines) > _SHOWN:
        yield f"<p class=soft>and {len(step.lines) - _SHOWN} more</p>"


def _examples(place: PrepPlace, step: str) -> tuple[PictureLine, ...]:
    found: list[PictureLine] = []
    for entry in place.entries[:: max(1, len(place.entries) // 6)][:6]:
        result = place.records.result(entry.picture_id, step)
        if result is not None:
            found.append(
                PictureLine(name=entry.relative, verdict=result.verdict, text="", decided=False)
            )
    return tuple(found)


def _thumbnail(place: PrepPlace, step: str, name: str) -> str:
    entry = next(one for one in place.entries if one.relative == name)
    result = place.records.result(entry.picture_id, step)
    try:
        pixels = read_picture(
            place.project.root / name,
            background=place.loader.background,
            max_megapixels=place.loader.max_megapixels,
        ).pixels
        if step == BACKGROUND and result is not None and MASK_FILE in result.files:
            pixels = _veiled(pixels, place.records.derived.read(result.files[MASK_FILE]))
    except (PictureError, ProjectError):
        return ""
    image = Image.fromarray(pixels)
    scale = _THUMB_PX / max(image.size)
    image = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))),
        Image.Resampling.LANCZOS,
    )
    if result is not None:
        _draw(image, scale, step, result)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{escape(name)}" src="data:image/jpeg;base64,{data}">'


def _veiled(pixels: Pixels, mask: Pixels) -> Pixels:
    share = (255 - mask.astype(np.float32))[..., None] / 255 * 0.6
    veil = np.asarray(_VEIL, dtype=np.float32)
    return (pixels * (1 - share) + veil * share).astype(np.uint8)


def _draw(image: Image.Image, scale: float, step: str, result: StepResult) -> None:
    pen = ImageDraw.Draw(image)
    if step == TRIM:
        boxes: Sequence[tuple[str, tuple[int, int, int]]] = (("proposal", _ASKED), ("box", _KEPT))
        for key, colour in boxes:
            if key in result.values:
                _frame(pen, scale, Box.from_json(result.values[key], where=key), colour)
    elif step == REGIONS:
        for region in result.regions:
            _frame(pen, scale, region.box, _REGION)


def _frame(pen: ImageDraw.ImageDraw, scale: float, box: Box, colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = (round(side * scale) for side in box)
    pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=2)
