"""Pictures by other hands whose heads a person has marked: a table of boxes and folders of files.

The table is CSV with the columns ``set,file,kind,left,top,right,bottom``: a row for each head, in
pixels of the upright picture; a picture without a head has one row of kind ``none`` without
numbers. The file is ``SET/FILE`` under the folder of pictures.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from enogu.errors import WorldError
from enogu.pictures.box import Box
from enogu.pictures.read import read_picture
from enogu.pictures.regions.detector import DetectorModel
from enogu.world.detector.measure import LabelMeasure, add_picture

COLUMNS: Final = ("set", "file", "kind", "left", "top", "right", "bottom")
_NONE: Final = "none"


@dataclass
class LabelledPicture:
    """One picture with its heads."""

    group: str
    name: str
    heads: list[Box] = field(default_factory=list[Box])


@dataclass(frozen=True, kw_only=True)
class GroupMeasure:
    """What was found in the pictures of one set."""

    group: str
    pictures: int
    heads: LabelMeasure
    fully_sure: int
    """Pictures whose sure boxes are all right and leave no head out."""


def read_labels(path: Path) -> list[LabelledPicture]:
    """Read a table of marked heads.

    Raises:
        WorldError: The table cannot be read, or a row is not as it must be.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"{path}: the table of boxes cannot be read ({error})") from error
    rows = csv.DictReader(lines)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise WorldError(
            f"{path}: the columns must be {','.join(COLUMNS)}, got "
            f"{','.join(rows.fieldnames or ()) or 'nothing'}"
        )
    pictures: dict[tuple[str, str], LabelledPicture] = {}
    for number, row in enumerate(rows, start=2):
        key = (row["set"], row["file"])
        picture = pictures.setdefault(key, LabelledPicture(*key))
        if row["kind"] == _NONE:
            continue
        try:
            picture.heads.append(Box(*(int(row[side]) for side in COLUMNS[3:])))
        except (ValueError, TypeError) as error:
            raise WorldError(
                f"{path}, line {number}: left, top, right, bottom must be whole pixels that "
                f"enclose an area, got {[row[side] for side in COLUMNS[3:]]}",
                hint=f"A picture without a head has kind {_NONE} and no numbers.",
            ) from error
    return list(pictures.values())


def measure_labelled(
    model: DetectorModel, labels: Path, folder: Path, *, sure_from: float
) -> list[GroupMeasure]:
    """Measure a detector on marked pictures, set by set.

    Args:
        model: Finds boxes of the label ``head``.
        labels: The table.
        folder: Holds a folder for each set.
        sure_from: Score from which a box is used without a look, 0 to 1.

    Raises:
        WorldError: The table cannot be used.
        PictureError: A picture is missing or damaged.
    """
    groups: dict[str, list[LabelledPicture]] = {}
    for picture in read_labels(labels):
        groups.setdefault(picture.group, []).append(picture)
    measured: list[GroupMeasure] = []
    for group, pictures in groups.items():
        whole, fully = LabelMeasure("head"), 0
        for picture in pictures:
            pixels = read_picture(folder / group / picture.name).pixels
            found = model.find(pixels)
            add_picture(whole, found, picture.heads)
            alone = LabelMeasure("head")
            add_picture(alone, [one for one in found if one.score >= sure_from], picture.heads)
            fully += len(alone.overlaps) == len(alone.guesses) == alone.known
        measured.append(
            GroupMeasure(group=group, pictures=len(pictures), heads=whole, fully_sure=fully)
        )
    return measured
