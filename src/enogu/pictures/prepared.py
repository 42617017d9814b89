"""From scanned pictures and what preparing found to the samples that are trained or exported.

Originals stay the files that count: a record says which part of which file is used, which derived
picture stands in for it, which mask weighs it. Only what is sure, or what a person agreed to, has
an effect.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from enogu.pictures.background import background_tags
from enogu.pictures.box import Box
from enogu.pictures.chain import effective
from enogu.pictures.listing import Refused
from enogu.pictures.pixels import WHITE, parse_colour
from enogu.pictures.records import (
    LEAVE_OUT,
    USE_STEP,
    Decisions,
    DerivedFiles,
    StepResult,
)
from enogu.pictures.regions import CropSettings, FoundRegion, plan_crops
from enogu.pictures.regions.found import SUBJECT, SURE_FROM
from enogu.pictures.scan import PictureRecord
from enogu.pictures.steps import BACKGROUND, REGIONS, TRIM, BackgroundUse, regions_of
from enogu.pictures.steps.background import MASK_FILE, PICTURE_FILE
from enogu.pictures.steps.trim import trim_box
from enogu.tags.caption import split_tags

NOT_PREPARED: Final = (
    "the pictures were not prepared: enogu prep finds borders to cut, backgrounds, copies and poor "
    "pictures, and changes none of the originals"
)

_HEADS: Final = ("head", "face")


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What preparing found in a project, and how it is to be used."""

    results: Callable[[str], Mapping[str, StepResult]]
    """Returns what the steps found in a picture, by step."""
    decisions: Decisions
    derived: DerivedFiles
    use: BackgroundUse = "keep"
    colour: str = WHITE
    """The background that shows after `use`, as ``#rrggbb``."""
    crops: CropSettings | None = None
    """Which extra samples are wanted; None for none."""
    separator: str = ","
    """Divides the tags of a caption."""
    notes: tuple[str, ...] = ()
    """What a person should know of the records themselves."""


@dataclass(frozen=True, kw_only=True)
class PreparedPictures:
    """The samples of a project."""

    records: tuple[PictureRecord, ...]
    """Each picture, followed by its extra samples."""
    left_out: tuple[Refused, ...]
    """Pictures that a person left out."""
    num_prepared: int
    """Pictures that went through the chain."""
    num_trimmed: int
    num_masked: int
    """With a mask that preparing made."""
    num_changed: int
    """With another background."""
    num_extra: int
    """Extra samples."""
    num_lost_files: int
    """Pictures whose derived files are gone; they are used as they came."""
    records_notes: tuple[str, ...] = ()
    """What a person should know of the records themselves."""

    @property
    def num_pictures(self) -> int:
        """Pictures, extra samples not counted."""
        return len(self.records) - self.num_extra

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, in plain words."""
        found = [*self.records_notes]
        missing = self.num_pictures - self.num_prepared
        if self.num_prepared == 0:
            found.append(NOT_PREPARED)
        elif missing:
            found.append(
                f"{missing} pictures are new or changed since enogu prep; run it again to have "
                "them prepared too"
            )
        else:
            found.append(
                f"prepared: {self.num_trimmed} cut, {self.num_masked} with a mask, "
                f"{self.num_changed} with another background, {self.num_extra} extra samples"
            )
        if self.num_lost_files:
            found.append(
                f"the derived files of {self.num_lost_files} pictures are gone, so they are used "
                "as they came; enogu prep makes them again"
            )
        if self.left_out:
            found.append(f"{len(self.left_out)} pictures are left out because you decided so")
        return tuple(found)


def apply_preparation(
    records: Sequence[PictureRecord], preparation: Preparation
) -> PreparedPictures:
    """Turn scanned pictures into the samples that are used.

    Args:
        records: From :func:`enogu.pictures.scan.scan_pictures`; regularisation pictures pass
            through.
        preparation: What was found.
    """
    maker = _Maker(preparation)
    samples: list[PictureRecord] = []
    for record in records:
        samples += [record] if record.is_reg else maker.samples(record)
    counts = maker.counts
    return PreparedPictures(
        records=tuple(samples),
        left_out=tuple(maker.left_out),
        num_prepared=counts["prepared"],
        num_trimmed=counts["trimmed"],
        num_masked=counts["masked"],
        num_changed=counts["changed"],
        num_extra=counts["extra"],
        num_lost_files=counts["lost"],
        records_notes=preparation.notes,
    )


class _Maker:
    """Makes the samples of one picture after the other, and counts."""

    def __init__(self, preparation: Preparation) -> None:
        self._prep = preparation
        self.left_out: list[Refused] = []
        self.counts = dict.fromkeys(
            ("prepared", "trimmed", "masked", "changed", "extra", "lost"), 0
        )

    def samples(self, record: PictureRecord) -> list[PictureRecord]:
        decisions = self._prep.decisions.of_picture(record.id)
        use = decisions.get(USE_STEP)
        if use is not None and use.verdict == LEAVE_OUT:
            keeps = use.values.get("keep")
            if keeps != record.relative:
                self.left_out.append(Refused(path=record.path, reason="you left it out"))
                return []
        found = self._prep.results(record.id)
        if TRIM not in found and decisions.get(TRIM) is None:
            return [record]
        self.counts["prepared"] += 1
        counting = {
            name: result
            for name in (TRIM, BACKGROUND, REGIONS)
            if (result := effective(found.get(name), decisions.get(name))) is not None
        }
        sample = self._background(self._trimmed(record, counting.get(TRIM)), counting)
        result = counting.get(REGIONS)
        if result is None:
            return [sample]
        shown = sample.crop or Box(0, 0, sample.width, sample.height)
        regions = regions_of(result, shown)
        kinds = tuple(dict.fromkeys(region.kind for region in regions))
        sample = replace(sample, region_kinds=kinds)
        return [replace(sample, keep=_kept_parts(regions)), *self._extra(sample, shown, regions)]

    def _trimmed(self, record: PictureRecord, trim: StepResult | None) -> PictureRecord:
        whole = Box(0, 0, record.width, record.height)
        box = None if trim is None else trim_box(trim).within(whole)
        if box is None or box == whole:
            return record
        self.counts["trimmed"] += 1
        return replace(record, crop=box, width=box.width, height=box.height)

    def _background(self, record: PictureRecord, found: Mapping[str, StepResult]) -> PictureRecord:
        result = found.get(BACKGROUND)
        if result is None or result.verdict == "unsure":
            return record
        picture, mask = self._file(result, PICTURE_FILE), self._file(result, MASK_FILE)
        if self._prep.use in ("colour", "transparent") and picture is not None:
            self.counts["changed"] += 1
            return replace(record, derived_path=picture, caption=self._said(record.caption))
        if self._prep.use == "mask" and mask is not None and record.mask_path is None:
            self.counts["masked"] += 1
            return replace(record, mask_path=mask)
        return record

    def _file(self, result: StepResult, role: str) -> Path | None:
        key = result.files.get(role)
        if key is None:
            return None
        path = self._prep.derived.path(key)
        if path.is_file():
            return path
        self.counts["lost"] += role != MASK_FILE or self._prep.use == "mask"
        return None

    def _said(self, caption: str | None) -> str | None:
        """Return the caption with the new background in it."""
        if not caption:
            return caption
        colour = parse_colour(self._prep.colour)
        return self._each_line(caption, lambda tags: background_tags(tags, colour))

    def _each_line(self, caption: str, change: Callable[[list[str]], list[str]]) -> str:
        separator = self._prep.separator
        joint = f"{separator.strip() or ' '} "
        return "\n".join(
            joint.join(change(split_tags(line, separator=separator)))
            for line in caption.splitlines()
        )

    def _extra(
        self, record: PictureRecord, shown: Box, regions: Sequence[FoundRegion]
    ) -> list[PictureRecord]:
        if self._prep.crops is None:
            return []
        line = (record.caption or "").partition("\n")[0]
        tags = split_tags(line, separator=self._prep.separator)
        crops = plan_crops(regions, tags, record.width, record.height, self._prep.crops)
        joint = f"{self._prep.separator.strip() or ' '} "
        seen: Counter[str] = Counter()
        extra: list[PictureRecord] = []
        for crop in crops:
            if not crop.sure:
                continue
            seen[crop.kind] += 1
            number = f" {seen[crop.kind]}" if seen[crop.kind] > 1 else ""
            sample = replace(
                record,
                crop=crop.box.moved(shown.left, shown.top),
                width=crop.box.width,
                height=crop.box.height,
                caption=joint.join(crop.tags) if record.caption else record.caption,
                part=f"{crop.kind}{number}",
            )
            extra.append(sample)
        self.counts["extra"] += len(extra)
        return extra


def _kept_parts(regions: Sequence[FoundRegion]) -> tuple[Box, ...]:
    """Return what a crop must keep, most important first: heads, then whole subjects."""
    heads = [one.box for one in regions if one.kind in _HEADS and one.score >= SURE_FROM]
    subjects = [one.box for one in regions if one.kind in (SUBJECT, "person")]
    return (*heads, *subjects)
