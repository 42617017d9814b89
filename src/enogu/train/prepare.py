"""From picture records to the rectangles that are trained."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from enogu.config import PicturesConfig
from enogu.errors import ConfigError, PictureError
from enogu.pictures.buckets import BucketFit, BucketRule, BucketSize
from enogu.pictures.listing import Refused
from enogu.pictures.prepared import PreparedPictures
from enogu.pictures.scan import PictureRecord, scan_pictures
from enogu.pictures.symmetry import mirror_obstacles
from enogu.pictures.vary import ColourShift, draw_variation
from enogu.tags.caption import CaptionRules, without_trigger


@dataclass(frozen=True)
class TrainingItem:
    """One picture and the rectangle it becomes.

    Attributes:
        record: The picture.
        fit: Its bucket, its scaled size and its crop.
        may_flip: Whether it may be trained mirrored, where that is wanted at all.
        colour: A change of its colours; None for the colours it has.
    """

    record: PictureRecord
    fit: BucketFit
    may_flip: bool = True
    colour: ColourShift | None = None

    @property
    def text(self) -> str | None:
        """What its captions are made from: the caption file, else the folder's class words."""
        record = self.record
        return record.class_words if record.caption is None else record.caption

    def rules(self, rules: CaptionRules) -> CaptionRules:
        """Return the caption rules of this picture: a regularisation picture gets no trigger."""
        return rules.for_general_class() if self.record.is_reg else rules

    def version(self, number: int, settings: PicturesConfig) -> "TrainingItem":
        """Return one version of the picture; number 0 is the picture as it is."""
        variation = draw_variation(
            f"{self.record.id}/{self.record.part}",
            number,
            colour=settings.vary_colour,
            crop=settings.vary_crop,
        )
        if variation is None:
            return self
        fit = variation.fit(self.fit, self.record.keep) if settings.vary_crop else self.fit
        return replace(self, fit=fit, colour=variation.colour)

    def general_twin(self, rules: CaptionRules) -> "TrainingItem":
        """Return the picture as one of its general class: its caption without the trigger."""
        text = None if self.text is None else without_trigger(self.text, rules)
        return replace(self, record=replace(self.record, caption=text, is_reg=True))


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything that will be trained, before any model is loaded.

    Attributes:
        items: Training pictures.
        regularisation: Pictures of the general class; may be empty.
        refused: Files of both folders that cannot be used, with the reasons.
        rule: How rectangles were chosen.
        warnings: What a person should know.
        held_out: Pictures that are measured and never trained; may be empty.
    """

    items: tuple[TrainingItem, ...]
    regularisation: tuple[TrainingItem, ...]
    refused: tuple[Refused, ...]
    rule: BucketRule
    warnings: tuple[str, ...]
    held_out: tuple[TrainingItem, ...] = ()

    @property
    def all_items(self) -> tuple[TrainingItem, ...]:
        """Training pictures, then regularisation pictures; the feed counts through these."""
        return self.items + self.regularisation


def bucket_rule(settings: PicturesConfig, *, native_resolution: int, base_step: int) -> BucketRule:
    """Fill in what the settings leave to the base.

    Args:
        settings: The section ``pictures``.
        native_resolution: Side in pixels the base was made for.
        base_step: Multiple of pixels the base needs.

    Raises:
        ConfigError: Sides that the base cannot take.
    """
    resolution = settings.resolution or native_resolution
    step = settings.bucket_step or base_step
    if step % base_step:
        raise ConfigError(
            f"pictures.bucket_step is {step}, but this base needs multiples of {base_step}",
            hint=f"Use --set pictures.bucket_step={base_step}, or leave it empty.",
        )
    if resolution < step:
        raise ConfigError(f"pictures.resolution {resolution} is below the bucket step {step}")
    return BucketRule(
        mode=settings.bucket_mode,
        resolution=BucketSize(resolution, resolution),
        step=step,
        min_px=settings.bucket_min or max(step, resolution // 2),
        max_px=settings.bucket_max or resolution * 2,
    )


def prepare(
    pictures_dir: Path,
    regularisation_dir: Path | None,
    settings: PicturesConfig,
    rule: BucketRule,
    apply: Callable[[Sequence[PictureRecord]], PreparedPictures] | None = None,
) -> Prepared:
    """Read the folders and choose a rectangle for every picture.

    Args:
        pictures_dir: The pictures to learn from.
        regularisation_dir: Pictures of the general class, if any.
        settings: The section ``pictures``.
        rule: How rectangles are chosen.
        apply: Turns scanned pictures into samples; the pictures as they came when None.

    Raises:
        PictureError: A folder is missing or holds nothing that can be read.
    """
    scan = scan_pictures(
        pictures_dir, leave_out=regularisation_dir, max_megapixels=settings.max_megapixels
    )
    scans = [scan]
    if regularisation_dir is not None:
        scans.append(
            scan_pictures(regularisation_dir, is_reg=True, max_megapixels=settings.max_megapixels)
        )
    refused = tuple(entry for found in scans for entry in found.refused)
    notes = [warning for found in scans for warning in found.warnings]
    records: Sequence[PictureRecord] = scan.records
    if apply is not None:
        samples = apply(scan.records)
        records, notes = samples.records, [*notes, *samples.notes]
        if not records:
            raise PictureError(
                f"all {len(samples.left_out)} pictures of {pictures_dir} are left out",
                hint="Take some in again: enogu pictures duplicates NAME --reset",
            )
    obstacles: Mapping[int, str] = {}
    if settings.flip == "symmetric":
        obstacles = mirror_obstacles(
            [(one.caption or one.class_words or "", one.region_kinds) for one in records]
        )
    items = tuple(
        replace(item, may_flip=place not in obstacles)
        for place, item in enumerate(fit_all(records, rule))
    )
    if obstacles:
        first = min(obstacles)
        notes.append(
            f"{len(obstacles)} of {len(items)} pictures are not mirrored, because they are "
            f"one-sided (first: {records[first].name}, {obstacles[first]})"
        )
    if refused:
        notes.append(f"{len(refused)} files could not be used; the list says why")
    return Prepared(
        items=items,
        regularisation=fit_all([record for s in scans[1:] for record in s.records], rule),
        refused=refused,
        rule=rule,
        warnings=(*notes, *_warnings(items)),
    )


def fit_all(records: Sequence[PictureRecord], rule: BucketRule) -> tuple[TrainingItem, ...]:
    """Choose a rectangle for every picture."""
    return tuple(
        TrainingItem(
            record, rule.choose(BucketSize(record.width, record.height)).keeping(record.keep)
        )
        for record in records
    )


def _warnings(items: Sequence[TrainingItem]) -> tuple[str, ...]:
    found: list[str] = []
    bare = [item for item in items if not item.text]
    if bare:
        found.append(
            f"{len(bare)} of {len(items)} pictures have no caption: they teach only the trigger "
            f"word (first: {bare[0].record.relative})"
        )
    ids = [item.record.id for item in items if not item.record.part]
    copies = [count for count in Counter(ids).values() if count > 1]
    if copies:
        found.append(f"{sum(copies)} pictures are copies of {len(copies)} files, byte for byte")
    cropped = [item for item in items if item.fit.lost > 0.15]
    if cropped:
        found.append(
            f"{len(cropped)} pictures lose more than 15 % of their area to the crop; "
            "the contact sheet shows what"
        )
    enlarged = [item for item in items if item.fit.upscale > 1.5]
    if enlarged:
        found.append(
            f"{len(enlarged)} pictures are enlarged by more than 1.5 times and will teach blur; "
            "lower pictures.resolution or replace them"
        )
    return tuple(found)


def num_versions(settings: PicturesConfig) -> int:
    """Return how many versions of each picture are trained; 1 where nothing varies."""
    return settings.versions if settings.vary_colour or settings.vary_crop else 1
