"""What training will see of each picture, and what would lose less."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from enogu.pictures.box import Box
from enogu.pictures.buckets import BucketFit, BucketRule, BucketSize
from enogu.pictures.scan import PictureRecord

_WORTH_SAYING: Final = 0.005
"""Proposals that save less of the pictures' area are left out."""
_CUT_BELOW: Final = 0.97
"""A subject of which less is seen counts as cut."""
_AIR: Final = 0.04
_MOST_PROPOSALS: Final = 3


@dataclass(frozen=True, kw_only=True)
class BucketPicture:
    """One sample in its bucket."""

    record: PictureRecord
    fit: BucketFit

    @property
    def window(self) -> Box:
        """What is seen, in pixels of the upright original."""
        fit = self.fit
        across, down = fit.source.width / fit.resized.width, fit.source.height / fit.resized.height
        left, top = round(fit.crop_left * across), round(fit.crop_top * down)
        right = min(fit.source.width, round((fit.crop_left + fit.bucket.width) * across))
        bottom = min(fit.source.height, round((fit.crop_top + fit.bucket.height) * down))
        at = self.record.crop
        box = Box(left, top, max(left + 1, right), max(top + 1, bottom))
        return box if at is None else box.moved(at.left, at.top)

    @property
    def subject_seen(self) -> float | None:
        """Share of the subject that is seen, 0 to 1; None where none was found."""
        if not self.record.keep:
            return None
        return min(self.fit.shows(box) for box in self.record.keep)


@dataclass(frozen=True, kw_only=True)
class BucketProposal:
    """Another rule that cuts less off."""

    settings: dict[str, str | int]
    """Settings by dotted name that lead to it."""
    mean_lost: float
    """Share of a picture's area that is cut off, on average; 0 to 1."""
    num_enlarged: int
    num_buckets: int


@dataclass(frozen=True, kw_only=True)
class CropProposal:
    """A crop of one picture that brings its whole subject into a bucket."""

    record: PictureRecord
    box: Box
    """In pixels of the upright original."""
    seen_now: float
    seen_then: float


@dataclass(frozen=True, kw_only=True)
class BucketPlan:
    """All samples in their buckets."""

    rule: BucketRule
    pictures: tuple[BucketPicture, ...]
    """In the order of the records."""

    @property
    def by_bucket(self) -> dict[BucketSize, list[BucketPicture]]:
        """Samples by bucket, the fullest first."""
        found: defaultdict[BucketSize, list[BucketPicture]] = defaultdict(list)
        for one in self.pictures:
            found[one.fit.bucket].append(one)
        return dict(sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0])))

    @property
    def single(self) -> tuple[BucketPicture, ...]:
        """Samples that are alone in their bucket, so that their batch holds one picture."""
        return tuple(members[0] for members in self.by_bucket.values() if len(members) == 1)

    @property
    def mean_lost(self) -> float:
        """Share of a picture's area that is cut off, on average; 0 to 1."""
        return sum(one.fit.lost for one in self.pictures) / max(1, len(self.pictures))

    @property
    def num_enlarged(self) -> int:
        """Samples that are made larger than they are."""
        return sum(one.fit.upscale > 1 for one in self.pictures)

    @property
    def cut_subjects(self) -> tuple[BucketPicture, ...]:
        """Samples that do not show their whole subject, the worst first."""
        cut = [
            one
            for one in self.pictures
            if one.subject_seen is not None and one.subject_seen < _CUT_BELOW
        ]
        return tuple(sorted(cut, key=lambda one: (one.subject_seen or 0.0, one.record.name)))


def plan_buckets(records: Sequence[PictureRecord], rule: BucketRule) -> BucketPlan:
    """Put every sample into its bucket, with the window kept around its subject.

    Args:
        records: Samples, from :mod:`enogu.pictures.prepared`.
        rule: How buckets are chosen.

    Raises:
        ConfigError: The limits of the rule exclude the resolution itself.
    """
    return BucketPlan(
        rule=rule,
        pictures=tuple(
            BucketPicture(
                record=record,
                fit=rule.choose(BucketSize(record.width, record.height)).keeping(record.keep),
            )
            for record in records
        ),
    )


def propose_rules(plan: BucketPlan, *, base_step: int) -> tuple[BucketProposal, ...]:
    """Look for settings that cut less off without enlarging more pictures.

    Args:
        plan: The present one.
        base_step: Multiple of pixels that the base needs.

    Returns:
        At most three, the one that saves most first; of proposals that change less of the
        settings the simpler counts. None where nothing saves half a percent.
    """
    sizes = [BucketSize(one.record.width, one.record.height) for one in plan.pictures]
    found: list[BucketProposal] = []
    for settings, rule in _alternatives(plan.rule, base_step):
        fits = [rule.choose(size) for size in sizes]
        lost = sum(fit.lost for fit in fits) / max(1, len(fits))
        enlarged = sum(fit.upscale > 1 for fit in fits)
        if lost < plan.mean_lost - _WORTH_SAYING and enlarged <= plan.num_enlarged:
            found.append(
                BucketProposal(
                    settings=settings,
                    mean_lost=lost,
                    num_enlarged=enlarged,
                    num_buckets=len({fit.bucket for fit in fits}),
                )
            )
    found.sort(key=lambda one: (round(one.mean_lost, 3), len(one.settings), one.num_buckets))
    return tuple(found[:_MOST_PROPOSALS])


def _alternatives(
    rule: BucketRule, base_step: int
) -> list[tuple[dict[str, str | int], BucketRule]]:
    steps = sorted({base_step, *(s for s in (16, 32, 64) if s % base_step == 0)})
    side = rule.resolution.width
    sides = [round(side * share / rule.step) * rule.step for share in (0.75, 0.875, 1.125, 1.25)]
    found: list[tuple[dict[str, str | int], BucketRule]] = []
    for step in steps:
        if step != rule.step:
            found.append(({"pictures.bucket_step": step}, replace(rule, step=step)))
    if rule.mode != "fit":
        found.append(({"pictures.bucket_mode": "fit"}, replace(rule, mode="fit")))
    for other in sides:
        if other >= rule.step and other != side:
            resolution = BucketSize(other, other)
            changed = replace(
                rule,
                resolution=resolution,
                min_px=min(rule.min_px, other),
                max_px=max(rule.max_px, other),
            )
            found.append(({"pictures.resolution": other}, changed))
    wider = replace(rule, min_px=max(rule.step, rule.min_px // 2), max_px=rule.max_px * 2)
    if rule.mode in ("fit", "list"):
        limits: dict[str, str | int] = {
            "pictures.bucket_min": wider.min_px,
            "pictures.bucket_max": wider.max_px,
        }
        found.append((limits, wider))
    return found


def propose_crops(plan: BucketPlan) -> tuple[CropProposal, ...]:
    """Look for crops that bring a cut subject into its bucket whole.

    Returns:
        One for each sample of `cut_subjects` where it helps, in their order.
    """
    found: list[CropProposal] = []
    for one in plan.cut_subjects:
        box = _around(one.record)
        fit = plan.rule.choose(BucketSize(box.width, box.height))
        inside = [
            part.moved(-box.left, -box.top)
            for part in (keep.within(box) for keep in one.record.keep)
            if part is not None
        ]
        seen = min((fit.keeping(inside).shows(part) for part in inside), default=0.0)
        now = one.subject_seen or 0.0
        if seen > now + 0.02:
            at = one.record.crop
            found.append(
                CropProposal(
                    record=one.record,
                    box=box if at is None else box.moved(at.left, at.top),
                    seen_now=now,
                    seen_then=seen,
                )
            )
    return tuple(found)


def _around(record: PictureRecord) -> Box:
    """Return the box around everything that must stay, with a little air."""
    keep = record.keep
    left, top = min(box.left for box in keep), min(box.top for box in keep)
    right, bottom = max(box.right for box in keep), max(box.bottom for box in keep)
    air = math.ceil(_AIR * max(right - left, bottom - top))
    return Box(
        max(0, left - air),
        max(0, top - air),
        min(record.width, right + air),
        min(record.height, bottom + air),
    )
