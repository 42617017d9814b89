"""From picture records to the rectangles that are trained."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from enogu.config import PicturesConfig
from enogu.errors import PictureError
from enogu.pictures.buckets import BucketFit, BucketRule, BucketSize
from enogu.pictures.listing import Refused
from enogu.pictures.prepared import PreparedPictures
from enogu.pictures.scan import PictureRecord, scan_pictures
from enogu.pictures.subsets import marked_record
from enogu.pictures.symmetry import mirror_obstacles
from enogu.pictures.vary import ColourShift, draw_variation
from enogu.project import Project
from enogu.tags.caption import CaptionRules, without_trigger
from enogu.train.ways import Way, Ways


@dataclass(frozen=True)
class TrainingItem:
    """One picture and the rectangle it becomes.

    Attributes:
        record: The picture.
        fit: Its bucket, its scaled size and its crop.
        may_flip: Whether it may be trained mirrored, where that is wanted at all.
        colour: A change of its colours; None for the colours it has.
        own: How the pictures of its folder are trained; None for the settings of all.
    """

    record: PictureRecord
    fit: BucketFit
    may_flip: bool = True
    colour: ColourShift | None = None
    own: Way | None = None

    @property
    def text(self) -> str | None:
        """What its captions are made from: the caption file, else the folder's class words."""
        record = self.record
        return record.class_words if record.caption is None else record.caption

    def rules(self, rules: CaptionRules) -> CaptionRules:
        """Return the caption rules of this picture: a regularisation picture gets no trigger.

        Args:
            rules: Those of pictures whose folder has none of its own.
        """
        if self.own is not None:
            return self.own.general_rules if self.record.is_reg else self.own.rules
        return rules.for_general_class() if self.record.is_reg else rules

    def settings(self, settings: PicturesConfig) -> PicturesConfig:
        """Return the section ``pictures`` as it holds for this picture.

        Args:
            settings: As it holds for pictures whose folder has no settings of its own.
        """
        return settings if self.own is None else self.own.pictures

    def version(self, number: int, settings: PicturesConfig) -> "TrainingItem":
        """Return one version of the picture; number 0 is the picture as it is."""
        settings = self.settings(settings)
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
        mine = self.rules(rules)
        text = None if self.text is None else without_trigger(self.text, mine)
        own = None if self.own is None else self.own.without_trigger()
        return replace(self, record=replace(self.record, caption=text, is_reg=True), own=own)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything that will be trained, before any model is loaded.

    Attributes:
        items: Training pictures.
        regularisation: Pictures of the general class; may be empty.
        refused: Files of both folders that cannot be used, with the reasons.
        ways: How pictures are trained, by folder.
        warnings: What a person should know.
        held_out: Pictures that are measured and never trained; may be empty.
    """

    items: tuple[TrainingItem, ...]
    regularisation: tuple[TrainingItem, ...]
    refused: tuple[Refused, ...]
    ways: Ways
    warnings: tuple[str, ...]
    held_out: tuple[TrainingItem, ...] = ()

    @property
    def rule(self) -> BucketRule:
        """How rectangles are chosen for pictures whose folder says nothing else."""
        return self.ways.whole.bucket_rule

    @property
    def all_items(self) -> tuple[TrainingItem, ...]:
        """Training pictures, then regularisation pictures; the feed counts through these."""
        return self.items + self.regularisation


def prepare(
    project: Project,
    ways: Ways,
    apply: Callable[[Sequence[PictureRecord]], PreparedPictures] | None = None,
) -> Prepared:
    """Read the folders and choose a rectangle for every picture.

    Args:
        project: The project.
        ways: How its pictures are trained.
        apply: Turns scanned pictures into samples; the pictures as they came when None.

    Raises:
        PictureError: A folder is missing or holds nothing that can be read, or only
            regularisation pictures are left.
        ConfigError: A folder with settings of its own holds no picture.
    """
    regularisation_dir = project.regularisation_dir
    most = ways.whole.pictures.max_megapixels
    scan = scan_pictures(project.pictures_dir, leave_out=regularisation_dir, max_megapixels=most)
    scans = [scan]
    if regularisation_dir is not None:
        scans.append(scan_pictures(regularisation_dir, is_reg=True, max_megapixels=most))
    refused = tuple(entry for found in scans for entry in found.refused)
    notes = [warning for found in scans for warning in found.warnings]
    general = [record for found in scans[1:] for record in found.records]
    ways.check_used([*scan.records, *general])
    records: Sequence[PictureRecord] = scan.records
    if apply is not None:
        samples = apply(scan.records)
        records, notes = samples.records, [*notes, *samples.notes]
        if not records:
            raise PictureError(
                f"all {len(samples.left_out)} pictures of {project.pictures_dir} are left out",
                hint="Take some in again: enogu pictures duplicates NAME --reset",
            )
    every = fit_all([*records, *general], ways)
    items = [item for item in every if not item.record.is_reg]
    if not items:
        raise PictureError(
            f"all pictures of {project.pictures_dir} are regularisation pictures, so there is "
            "nothing to learn",
            hint="Set regularisation = false for one of the folders in pictures.subsets.",
        )
    items, mirrored_notes = _mirrored(items, ways)
    notes += mirrored_notes
    if refused:
        notes.append(f"files that could not be used: {len(refused)}; the list says why")
    return Prepared(
        items=tuple(items),
        regularisation=tuple(item for item in every if item.record.is_reg),
        refused=refused,
        ways=ways,
        warnings=(*notes, *_warnings(items)),
    )


def _mirrored(items: Sequence[TrainingItem], ways: Ways) -> tuple[list[TrainingItem], list[str]]:
    """Find the pictures that must not be mirrored because they are one-sided."""
    asked = [
        place
        for place, item in enumerate(items)
        if item.settings(ways.whole.pictures).flip == "symmetric"
    ]
    records = [items[place].record for place in asked]
    found = mirror_obstacles(
        [(one.caption or one.class_words or "", one.region_kinds) for one in records]
    )
    obstacles = {asked[place]: reason for place, reason in found.items()}
    marked = [replace(item, may_flip=place not in obstacles) for place, item in enumerate(items)]
    if not obstacles:
        return marked, []
    first = min(obstacles)
    return marked, [
        f"{len(obstacles)} of {len(items)} pictures are not mirrored, because they are "
        f"one-sided (first: {items[first].record.name}, {obstacles[first]})"
    ]


def fit_all(records: Sequence[PictureRecord], ways: Ways) -> tuple[TrainingItem, ...]:
    """Choose a rectangle for every picture, as its folder asks."""
    items: list[TrainingItem] = []
    for found in records:
        way = ways.of(found.path)
        record = marked_record(found, way.subset)
        fit = way.bucket_rule.choose(BucketSize(record.width, record.height))
        own = None if way.subset is None else way
        items.append(TrainingItem(record, fit.keeping(record.keep), own=own))
    return tuple(items)


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
            f"pictures that lose more than 15 % of their area to the crop: {len(cropped)} (first: "
            f"{cropped[0].record.relative}); the contact sheet shows what"
        )
    enlarged = [item for item in items if item.fit.upscale > 1.5]
    if enlarged:
        found.append(
            f"pictures enlarged by more than 1.5 times, which teaches blur: {len(enlarged)} "
            f"(first: {enlarged[0].record.relative}); lower pictures.resolution or replace them"
        )
    return tuple(found)


def num_versions(settings: PicturesConfig) -> int:
    """Return how many versions of each picture are trained; 1 where nothing varies."""
    return settings.versions if settings.vary_colour or settings.vary_crop else 1
