"""A sheet of pictures exactly as they will be trained, with what the crop takes away shown pale."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from enogu.errors import PictureError
from enogu.files import atomic_path
from enogu.pictures.buckets import BucketFit, BucketSize
from enogu.pictures.fit import resize_whole
from enogu.pictures.read import DEFAULT_MAX_MEGAPIXELS, read_picture
from enogu.pictures.scan import PictureRecord

_CELL_PX = 160
_GAP_PX = 8
_LABEL_PX = 16
_HEADING_PX = 26
_COLUMNS = 6
_PAPER = (255, 255, 255)
_INK = (60, 60, 60)
_FRAME = (194, 65, 12)
_PALE = 0.35
"""How much of a cropped-away pixel's own colour is left."""


def contact_sheet(
    rows: Sequence[tuple[PictureRecord, BucketFit]],
    path: Path,
    *,
    background: str = "#ffffff",
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
) -> Path:
    """Write a sheet of pictures, bucket by bucket.

    Each cell shows the scaled picture; what training sees is framed, what is cut off is pale.

    Args:
        rows: Pictures with their fits.
        path: The PNG file to write; its folder must exist.
        background: Colour behind transparent pictures.
        max_megapixels: As for reading.

    Returns:
        `path`.

    Raises:
        PictureError: There is no picture, or one cannot be read any more.
        StorageError: The place cannot be written.
    """
    if not rows:
        raise PictureError("there is no picture to show on a contact sheet")
    by_bucket: dict[BucketSize, list[tuple[PictureRecord, BucketFit]]] = defaultdict(list)
    for record, fit in rows:
        by_bucket[fit.bucket].append((record, fit))
    groups = sorted(by_bucket.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    pitch_y = _CELL_PX + _LABEL_PX + _GAP_PX
    lines = [-(-len(members) // _COLUMNS) for _, members in groups]
    height = sum(_HEADING_PX + count * pitch_y for count in lines) + _GAP_PX
    width = _COLUMNS * (_CELL_PX + _GAP_PX) + _GAP_PX
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    heading, label = ImageFont.load_default(15), ImageFont.load_default(11)
    top = _GAP_PX
    for (bucket, members), count in zip(groups, lines, strict=True):
        pen.text((_GAP_PX, top), f"{bucket}: {len(members)} pictures", _INK, heading)
        top += _HEADING_PX
        for place, (record, fit) in enumerate(members):
            left = _GAP_PX + place % _COLUMNS * (_CELL_PX + _GAP_PX)
            above = top + place // _COLUMNS * pitch_y
            picture = read_picture(
                record.path, background=background, max_megapixels=max_megapixels
            )
            cell = _cell(resize_whole(picture.pixels, fit), fit)
            sheet.paste(
                cell,
                (left + (_CELL_PX - cell.width) // 2, above + (_CELL_PX - cell.height) // 2),
            )
            pen.text((left, above + _CELL_PX), _short(record.relative, label), _INK, label)
        top += count * pitch_y
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)
    return path


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


def _short(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Cut a file name to the width of a cell; letters the font lacks appear as boxes."""
    if font.getlength(name) <= _CELL_PX:
        return name
    while name and font.getlength("…" + name) > _CELL_PX:
        name = name[1:]
    return "…" + name
