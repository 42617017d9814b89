"""The wall on paper: numbered contact sheets, and a text file for the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from enogu.errors import PictureError
from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.fonts import Font, fitting_end, label_font
from enogu.project.review.desk import ReviewDesk
from enogu.project.review.sheet_verdicts import VERDICTS_NAME, verdicts_text
from enogu.project.review.wall import WallRow

COLUMNS: Final = 6
ROWS: Final = 5
_CELL_PX: Final = 200
_GAP_PX: Final = 10
_LABEL_PX: Final = 17
_PITCH: Final = (_CELL_PX + _GAP_PX, _CELL_PX + 2 * _LABEL_PX + _GAP_PX)
# Not white, so that white margins show where a picture ends.
_PAPER: Final = (228, 228, 228)
_INK: Final = (50, 50, 50)
_DOUBT: Final = (150, 70, 10)


@dataclass(frozen=True, kw_only=True)
class WrittenSheets:
    """What was written."""

    sheets: tuple[Path, ...]
    verdicts: Path
    num_pictures: int


def write_sheets(desk: ReviewDesk, folder: Path, *, only_unsure: bool = True) -> WrittenSheets:
    """Write contact sheets with numbers, and the file in which a person answers.

    Args:
        desk: The desk.
        folder: Where to; made when missing. Sheets of an earlier call are replaced.
        only_unsure: Show only what asks to be looked at.

    Raises:
        PictureError: There is nothing to show, or a verdict file with answers is there already.
        StorageError: The place cannot be written.
    """
    rows = [row for row in desk.rows() if row.is_unsure or not only_unsure]
    if not rows:
        raise PictureError(
            "there is no picture to show" + (" that is unsure" if only_unsure else ""),
            hint="Show every picture: enogu pictures review --sheets OUT --show all",
        )
    folder = make_dirs(folder.expanduser().absolute())
    verdicts = folder / VERDICTS_NAME
    if verdicts.exists():
        raise PictureError(
            f"{verdicts} is there already, perhaps with your verdicts",
            hint=f"Take it in first: enogu pictures review --read {verdicts}\n"
            "then delete it, or choose another folder.",
        )
    for old in folder.glob("sheet-???.png"):
        old.unlink()
    size = COLUMNS * ROWS
    paths: list[Path] = []
    for number, start in enumerate(range(0, len(rows), size), start=1):
        path = folder / f"sheet-{number:03d}.png"
        image = _sheet(desk, rows[start : start + size], start + 1)
        with atomic_path(path) as temporary:
            image.save(temporary, format="PNG", compress_level=1)
        paths.append(path)
    write_text_atomic(verdicts, verdicts_text(rows, per_sheet=size))
    return WrittenSheets(sheets=tuple(paths), verdicts=verdicts, num_pictures=len(rows))


def _sheet(desk: ReviewDesk, rows: Sequence[WallRow], first: int) -> Image.Image:
    lines = -(-len(rows) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * _PITCH[0] + _GAP_PX, lines * _PITCH[1] + _GAP_PX), _PAPER)
    pen = ImageDraw.Draw(sheet)
    label = label_font(13, "".join(row.relative for row in rows))
    bold = label_font(16)
    for place, row in enumerate(rows):
        left = _GAP_PX + place % COLUMNS * _PITCH[0]
        top = _GAP_PX + place // COLUMNS * _PITCH[1]
        _draw_cell(sheet, pen, desk, row, (left, top), label)
        number = str(first + place)
        width = round(bold.getlength(number)) + 8
        pen.rectangle((left, top, left + width, top + 20), fill=_PAPER, outline=_INK)
        pen.text((left + 4, top + 1), number, _INK, bold)
    return sheet


def _draw_cell(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    desk: ReviewDesk,
    row: WallRow,
    at: tuple[int, int],
    label: Font,
) -> None:
    left, top = at
    shown = None if row.covered else _thumbnail(desk, row)
    if shown is None:
        text = "covered: not rated general" if row.covered else "cannot be shown"
        pen.rectangle((left, top, left + _CELL_PX, top + _CELL_PX), outline=_INK)
        pen.text((left + 12, top + _CELL_PX // 2), text, _INK, label_font(13))
    else:
        shown.thumbnail((_CELL_PX, _CELL_PX), Image.Resampling.LANCZOS)
        middle = (_CELL_PX - shown.width) // 2, (_CELL_PX - shown.height) // 2
        sheet.paste(shown, (left + middle[0], top + middle[1]))
    pen.text((left, top + _CELL_PX), fitting_end(row.relative, label, _CELL_PX), _INK, label)
    said = row.verdict or ", ".join(row.doubts)
    pen.text((left, top + _CELL_PX + _LABEL_PX), said, _DOUBT, label_font(13))


def _thumbnail(desk: ReviewDesk, row: WallRow) -> Image.Image | None:
    try:
        path = desk.thumbnails.make(row.picture_id, desk.original(row.picture_id))
    except PictureError:
        # Its cell says so; one bad file must not keep the sheet from being made.
        return None
    with Image.open(path) as image:
        return image.convert("RGB")
