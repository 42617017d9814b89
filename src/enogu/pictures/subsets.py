"""Folders of pictures with settings of their own: which holds for a picture, and what it says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from enogu.config import SubsetConfig
from enogu.pictures.scan import PictureRecord


def innermost_subset(
    subsets: Sequence[SubsetConfig], root: Path, folder: Path
) -> SubsetConfig | None:
    """Return the settings that hold for the pictures of a folder; None when none do.

    Args:
        subsets: All tables of the settings.
        root: The project folder, absolute.
        folder: The folder, absolute.
    """
    holding = [one for one in subsets if folder.is_relative_to(root / one.folder)]
    return max(holding, key=lambda one: len((root / one.folder).parts), default=None)


def marked_record(record: PictureRecord, subset: SubsetConfig | None) -> PictureRecord:
    """Return what is known of a picture, with what its folder says."""
    if subset is None:
        return record
    words = subset.class_words
    return replace(
        record,
        repeats=subset.repeats or record.repeats,
        class_words=record.class_words if words is None else words or None,
        is_reg=record.is_reg or subset.regularisation,
        mask_path=record.mask_path if subset.masks else None,
    )
