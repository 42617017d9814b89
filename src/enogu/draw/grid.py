"""Several pictures on one sheet, with words under them."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from enogu.errors import ConfigError

_GAP_PX = 8
_FONT_PX = 14
_LINE_PX = 18
_MAX_LINES = 4
_PAPER = (255, 255, 255)
_INK = (40, 40, 40)


def sample_grid(
    images: Sequence[Image.Image], labels: Sequence[str], *, columns: int | None = None
) -> Image.Image:
    """Return a sheet of pictures, row by row, each with its label under it.

    Pictures keep their size and stand in the middle of cells of equal size; labels are broken
    into at most four lines. The font that comes with Pillow is used: it has no Japanese letters,
    which appear as boxes.

    Args:
        images: At least one.
        labels: One per picture; may be empty.
        columns: Pictures per row; None puts up to four in a row.

    Returns:
        RGB picture.

    Raises:
        ConfigError: No picture, another number of labels, or fewer than one column.
    """
    if not images or len(images) != len(labels):
        raise ConfigError(
            f"a sheet needs one label per picture, got {len(images)} pictures "
            f"and {len(labels)} labels"
        )
    if columns is not None and columns < 1:
        raise ConfigError(f"a sheet needs 1 column or more, got {columns}")
    columns = min(columns or 4, len(images))
    cell_width = max(image.width for image in images)
    cell_height = max(image.height for image in images)
    font = ImageFont.load_default(_FONT_PX)
    wrapped = [_wrap(label, font, cell_width) for label in labels]
    text_height = max(len(lines) for lines in wrapped) * _LINE_PX
    pitch_x, pitch_y = cell_width + _GAP_PX, cell_height + text_height + _GAP_PX
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * pitch_x + _GAP_PX, rows * pitch_y + _GAP_PX), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, (image, lines) in enumerate(zip(images, wrapped, strict=True)):
        left = _GAP_PX + index % columns * pitch_x
        top = _GAP_PX + index // columns * pitch_y
        place = (left + (cell_width - image.width) // 2, top + (cell_height - image.height) // 2)
        sheet.paste(image.convert("RGB"), place)
        for number, line in enumerate(lines):
            pen.text((left, top + cell_height + 1 + number * _LINE_PX), line, _INK, font)
    return sheet


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def _wrap(text: str, font: Font, width: int) -> list[str]:
    """Break `text` into lines that fit `width`, at spaces where possible."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        candidate = f"{line} {word}" if line else word
        if font.getlength(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > width and len(line) > 1:
            head = _longest_fit(line, font, width)
            lines.append(line[:head])
            line = line[head:]
    if line:
        lines.append(line)
    if len(lines) > _MAX_LINES:
        last = lines[_MAX_LINES - 1]
        while last and font.getlength(last + "…") > width:
            last = last[:-1]
        lines = [*lines[: _MAX_LINES - 1], last + "…"]
    return lines


def _longest_fit(text: str, font: Font, width: int) -> int:
    length = len(text)
    while length > 1 and font.getlength(text[:length]) > width:
        length -= 1
    return length
