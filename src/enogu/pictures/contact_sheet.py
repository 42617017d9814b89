"""A sheet of pictures exactly as they will be trained, with what the crop takes away shown pale."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from enogu.errors import PictureError
from enogu.files import atomic_path
from enogu.fonts import Font, fitting_end, label_font
from enogu.pictures.buckets import BucketFit, BucketSize
from enogu.pictures.fit import resize_whole
from enogu.pictures.read import DEFAULT_MAX_MEGAPIXELS
from enogu.pictures.record_pixels import read_record
from enogu.pictures.scan import PictureRecord

_CELL_PX = 160
_GAP_PX = 8
_LABEL_PX = 15
_LABEL_SIZE = 11
_PITCH_PX = _CELL_PX + 2 * _LABEL_PX + _GAP_PX
_HEADING_PX = 26
_COLUMNS = 6
# Not white, so that white margins show where a picture ends.
_PAPER = (228, 228, 228)
_INK = (60, 60, 60)
_FRAME = (194, 65, 12)
_PALE = 0.35
"""How much of a cropped-away pixel's own colour is left."""
_Row: TypeAlias = tuple[PictureRecord, BucketFit]


def contact_sheet(
    rows: Sequence[tuple[PictureRecord, BucketFit]],
    path: Path,
    *,
    background: str = "#ffffff",
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    max_pictures: int = 120,
) -> Path:
    """Write a sheet of pictures, bucket by bucket.

    Each cell shows the scaled picture; what training sees is framed, what is cut off is pale. The
    label says how much is cut off and by how much a small picture is enlarged.

    Args:
        rows: Pictures with their fits.
        path: The PNG file to write; its folder must exist.
        background: Colour behind transparent pictures.
        max_megapixels: As for reading.
        max_pictures: Of larger sets, each bucket shows its share, those that lose most first
            chosen; every bucket shows at least one.

    Returns:
        `path`.

    Raises:
        PictureError: There is no picture, or one cannot be read any more.
        StorageError: The place cannot be written.
    """
    if not rows:
        raise PictureError("there is no picture to show on a contact sheet")
    by_bucket: defaultdict[BucketSize, list[_Row]] = defaultdict(list)
    for row in rows:
        by_bucket[row[1].bucket].append(row)
    groups = sorted(by_bucket.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    share = min(1.0, max_pictures / len(rows))
    shown = [(bucket, members, _pick(members, share)) for bucket, members in groups]
    lines = sum(-(-len(picked) // _COLUMNS) for _, _, picked in shown)
    height = len(shown) * _HEADING_PX + lines * _PITCH_PX + _GAP_PX
    sheet = Image.new("RGB", (_COLUMNS * (_CELL_PX + _GAP_PX) + _GAP_PX, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    heading = label_font(15)
    label = label_font(_LABEL_SIZE, "".join(record.name for record, _ in rows))
    top = _GAP_PX
    for bucket, members, picked in shown:
        pen.text((_GAP_PX, top), _heading(bucket, members, picked), _INK, heading)
        top += _HEADING_PX
        for place, (record, fit) in enumerate(picked):
            left = _GAP_PX + place % _COLUMNS * (_CELL_PX + _GAP_PX)
            above = top + place // _COLUMNS * _PITCH_PX
            picture = read_record(record, background=background, max_megapixels=max_megapixels)
            cell = _cell(resize_whole(picture.pixels, fit), fit)
            middle = ((_CELL_PX - cell.width) // 2, (_CELL_PX - cell.height) // 2)
            sheet.paste(cell, (left + middle[0], above + middle[1]))
            _write_label(pen, (left, above + _CELL_PX), record.name, fit, label)
        top += -(-len(picked) // _COLUMNS) * _PITCH_PX
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")
    return path


def _write_label(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], name: str, fit: BucketFit, font: Font
) -> None:
    pen.text(at, fitting_end(name, font, _CELL_PX), _INK, font)
    pen.text((at[0], at[1] + _LABEL_PX), _losses(fit), _FRAME, font)


def _pick(members: Sequence[_Row], share: float) -> list[_Row]:
    count = max(1, int(share * len(members)))
    most_lost = sorted(members, key=lambda row: (-row[1].lost, row[0].relative))[:count]
    return sorted(most_lost, key=lambda row: row[0].relative)


def _heading(bucket: BucketSize, members: Sequence[_Row], picked: Sequence[_Row]) -> str:
    some = "" if len(picked) == len(members) else f", the {len(picked)} that lose most shown"
    return f"{bucket}: {len(members)} {'picture' if len(members) == 1 else 'pictures'}{some}"


def _losses(fit: BucketFit) -> str:
    parts: list[str] = []
    if fit.lost >= 0.005:
        parts.append(f"cut {fit.lost:.0%}")
    if fit.upscale > 1.005:
        parts.append(f"enlarged {fit.upscale:.2f}x")
    return ", ".join(parts)


def _cell(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], fit: BucketFit) -> Image.Image:
    pale = (255 - (255 - pixels.astype(np.float32)) * _PALE).astype(np.uint8)
    rows = slice(fit.crop_top, fit.crop_top + fit.bucket.height)
    columns = slice(fit.crop_left, fit.crop_left + fit.bucket.width)
    pale[rows, columns] = pixels[rows, columns]
    image = Image.fromarray(pale)
    scale = min(1.0, _CELL_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.LANCZOS)
    if fit.lost > 0:
        ImageDraw.Draw(image).rectangle(
            (
                round(columns.start * scale),
                round(rows.start * scale),
                min(image.width, round(columns.stop * scale)) - 1,
                min(image.height, round(rows.stop * scale)) - 1,
            ),
            outline=_FRAME,
        )
    return image
