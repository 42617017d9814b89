"""A picture of which tags stand together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from enogu.errors import CaptionError
from enogu.files import atomic_path
from enogu.fonts import Font, is_latin, label_font, wide_font
from enogu.tags.dataset.groups import GROUP_ORDER
from enogu.tags.dataset.similarity import similarities
from enogu.tags.dataset.statistics import Statistics
from enogu.tags.names import spoken_name
from enogu.tags.vocabulary.model import Measure

_CELL_PX: Final = 26
_CROSS_PX: Final = 10
_INSET_PX: Final = (_CELL_PX - _CROSS_PX) // 2
_LABEL_SIZE: Final = 14
_NUMBER_SIZE: Final = 10
_TITLE_SIZE: Final = 18
_GAP_PX: Final = 12
_LINE_PX: Final = 22
_LEGEND_PX: Final = 200
_LONGEST_LABEL_PX: Final = 260
_PAPER: Final = (255, 255, 255)
_INK: Final = (40, 40, 40)
_PALE_INK: Final = (120, 120, 120)
_DIAGONAL: Final = (214, 214, 214)
_NEVER: Final = (200, 60, 30)
_GRID: Final = (235, 235, 235)
# From paper to dark blue; light steps are far apart, since most pairs are rare.
_COLOURS: Final = np.array(
    [(255, 255, 255), (222, 235, 247), (158, 202, 225), (66, 146, 198), (8, 81, 156), (8, 48, 107)],
    dtype=np.float64,
)
_TITLES: Final[Mapping[str, str]] = {
    "frequency": "share of the captions with the row's tag that have the column's",
    "cosine": "cosine: captions with both / root of the product of their counts",
    "jaccard": "Jaccard: captions with both / captions with either",
    "overlap": "overlap: captions with both / captions with the rarer",
}

_Colour: TypeAlias = tuple[int, int, int]


def write_heat_map(
    statistics: Statistics,
    path: Path,
    *,
    measure: Measure = "frequency",
    labels: Mapping[str, str] | None = None,
    most_tags: int = 40,
    font: Path | None = None,
) -> Path:
    """Write a PNG that shows for the most frequent tags how often each stands with each other.

    Tags in nearly every caption are left out, since they stand with everything; so are those in
    one caption only. A red cross marks pairs that never meet though both are frequent.

    Args:
        statistics: The data set.
        path: The file to write; its folder must exist.
        measure: What the colour shows.
        labels: Other names to show by normal name, such as Japanese ones. They are used only when
            a font with such letters is found.
        most_tags: At most this many, 2 to 200.
        font: A font file for all labels.

    Returns:
        `path`.

    Raises:
        CaptionError: Fewer than two tags are left, or `most_tags` is out of range.
        StorageError: The place cannot be written, or the font cannot be read.
    """
    if not 2 <= most_tags <= 200:
        raise CaptionError(f"the picture can show 2 to 200 tags, got {most_tags}")
    names = _shown_tags(statistics, most_tags)
    index = {name: tag for tag, name in enumerate(statistics.captions.names)}
    tags = np.array([index[name] for name in names], dtype=np.int32)
    texts = _texts(names, statistics, labels or {}, font)
    together = statistics.pairs.matrix(tags)
    counts = statistics.pairs.counts[tags]
    values = similarities(together, counts[:, None], counts[None, :], measure)
    chosen = label_font(_LABEL_SIZE, "".join(texts), path=font)
    apart = {frozenset((pair.first, pair.second)) for pair in statistics.apart}
    never = np.array([[frozenset((a, b)) in apart for b in names] for a in names], dtype=np.bool_)
    image = _draw(values, never, texts, chosen, _heading(statistics, measure, len(names)))
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG")
    return path


def _shown_tags(statistics: Statistics, most_tags: int) -> list[str]:
    absorbed = {row.name for row in statistics.absorbed} | {statistics.trigger}
    rows = [row for row in statistics.tags if row.count > 1 and row.name not in absorbed]
    rows = rows[:most_tags]
    if len(rows) < 2:
        raise CaptionError(
            "there is nothing to draw: fewer than two tags stand in several captions, but not in "
            "nearly all",
            hint="The table of enogu captions stats says which tags there are.",
        )
    ranks = {group: rank for rank, group in enumerate(GROUP_ORDER)}
    rows.sort(key=lambda row: (ranks.get(row.group, ranks[""]), -row.count, row.name))
    return [row.name for row in rows]


def _texts(
    names: Sequence[str], statistics: Statistics, labels: Mapping[str, str], font: Path | None
) -> list[str]:
    counts = {row.name: row.count for row in statistics.tags}
    wide = font is not None or wide_font() is not None
    texts: list[str] = []
    for name in names:
        label = labels.get(name, "")
        shown = label if label and (wide or is_latin(label)) else spoken_name(name)
        texts.append(f"{shown}  {counts[name]}")
    return texts


def _heading(statistics: Statistics, measure: Measure, shown: int) -> list[str]:
    captions = statistics.captions
    left_out = f", {len(statistics.absorbed)} tags in nearly all of them left out"
    return [
        f"{captions.folder.name}: which tags stand together",
        f"captions: {captions.num_captions}; the {shown} most frequent tags"
        + (left_out if statistics.absorbed else ""),
        _TITLES[measure],
    ]


def _draw(
    values: NDArray[np.float64],
    never: NDArray[np.bool_],
    texts: Sequence[str],
    font: Font,
    heading: Sequence[str],
) -> Image.Image:
    size = len(texts)
    side = _side(texts, font)
    top = _GAP_PX + len(heading) * _LINE_PX + side
    width = max(side + size * _CELL_PX + 2 * _GAP_PX, side + _LEGEND_PX + 300)
    image = Image.new("RGB", (width, top + size * _CELL_PX + _LINE_PX * 3), _PAPER)
    pen = ImageDraw.Draw(image)
    for line, text in enumerate(heading):
        style = label_font(_LABEL_SIZE if line else _TITLE_SIZE, text)
        ink = _PALE_INK if line else _INK
        pen.text((_GAP_PX, _GAP_PX + line * _LINE_PX), text, ink, style)
    _fill_cells(pen, (side, top), values, never)
    for place, text in enumerate(texts):
        shown = _cut(text, font)
        middle = place * _CELL_PX + _CELL_PX // 2
        pen.text((side - 6, top + middle), shown, _INK, font, anchor="rm")
        _write_upright(image, (side + middle, top - 6), shown, font)
    _legend(pen, (side, top + size * _CELL_PX + _GAP_PX))
    return image


def _fill_cells(
    pen: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    values: NDArray[np.float64],
    never: NDArray[np.bool_],
) -> None:
    numbers = label_font(_NUMBER_SIZE)
    for (row, column), value in np.ndenumerate(values):
        left, top = corner[0] + column * _CELL_PX, corner[1] + row * _CELL_PX
        fill = _DIAGONAL if row == column else _colour(float(value))
        pen.rectangle((left, top, left + _CELL_PX, top + _CELL_PX), fill, _GRID)
        if never[row, column]:
            _cross(pen, (left + _INSET_PX, top + _INSET_PX))
        elif row != column and value > 0:
            # 99.6 % is not all and 0.4 % is not nothing.
            percent = 100 if value == 1 else min(max(round(100 * value), 1), 99)
            ink = _PAPER if value > 0.55 else _INK
            centre = (left + _CELL_PX // 2, top + _CELL_PX // 2)
            pen.text(centre, str(percent), ink, numbers, anchor="mm")


def _side(texts: Sequence[str], font: Font) -> int:
    return round(max(font.getlength(_cut(text, font)) for text in texts)) + 2 * _GAP_PX


def _cut(text: str, font: Font) -> str:
    if font.getlength(text) <= _LONGEST_LABEL_PX:
        return text
    while text and font.getlength(text + "…") > _LONGEST_LABEL_PX:
        text = text[:-1]
    return text + "…"


def _write_upright(image: Image.Image, foot: tuple[int, int], text: str, font: Font) -> None:
    length = round(font.getlength(text)) + 2
    strip = Image.new("RGB", (length, _CELL_PX), _PAPER)
    ImageDraw.Draw(strip).text((0, _CELL_PX // 2), text, _INK, font, anchor="lm")
    turned = strip.rotate(90, expand=True)
    image.paste(turned, (foot[0] - _CELL_PX // 2, foot[1] - length))


def _legend(pen: ImageDraw.ImageDraw, at: tuple[int, int]) -> None:
    font = label_font(_LABEL_SIZE)
    for step in range(_LEGEND_PX):
        pen.line((at[0] + step, at[1], at[0] + step, at[1] + 14), _colour(step / (_LEGEND_PX - 1)))
    pen.rectangle((*at, at[0] + _LEGEND_PX, at[1] + 14), outline=_PALE_INK)
    pen.text((at[0], at[1] + 18), "0 %", _PALE_INK, font)
    pen.text((at[0] + _LEGEND_PX, at[1] + 18), "100 %", _PALE_INK, font, anchor="ra")
    cross = (at[0] + _LEGEND_PX + 30, at[1] + 2)
    _cross(pen, cross)
    pen.text((cross[0] + 16, at[1] - 1), "both frequent, never together", _PALE_INK, font)


def _cross(pen: ImageDraw.ImageDraw, at: tuple[int, int]) -> None:
    pen.line((at[0], at[1], at[0] + _CROSS_PX, at[1] + _CROSS_PX), _NEVER, 2)
    pen.line((at[0], at[1] + _CROSS_PX, at[0] + _CROSS_PX, at[1]), _NEVER, 2)


def _colour(value: float) -> _Colour:
    place = min(max(value, 0.0), 1.0) * (len(_COLOURS) - 1)
    low = min(int(place), len(_COLOURS) - 2)
    mixed = _COLOURS[low] + (place - low) * (_COLOURS[low + 1] - _COLOURS[low])
    return int(mixed[0]), int(mixed[1]), int(mixed[2])
