"""How each picture is trained: with the settings of all, or with those of its folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from enogu.config import CaptionsConfig, PicturesConfig, ProjectConfig, SubsetConfig, with_subset
from enogu.errors import ConfigError
from enogu.pictures.buckets import BucketRule, BucketSize
from enogu.pictures.scan import PictureRecord
from enogu.pictures.subsets import innermost_subset
from enogu.tags.caption import CaptionRules

_FOLDERS_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the pictures of one folder are trained.

    Attributes:
        subset: What its folder says of its own; None for pictures of no such folder.
        pictures: The section ``pictures`` as it holds here.
        rules: How captions are made.
        general_rules: How those of regularisation pictures are made.
        bucket_rule: How rectangles are chosen.
    """

    subset: SubsetConfig | None
    pictures: PicturesConfig
    rules: CaptionRules
    general_rules: CaptionRules
    bucket_rule: BucketRule

    def without_trigger(self) -> Self:
        """Return the way in which the caption has neither trigger, prefix nor suffix."""
        return replace(self, general_rules=self.rules.for_general_class())


class Ways:
    """The settings of all pictures, and those of single folders.

    Args:
        config: All settings.
        root: The project folder, absolute.
        native_resolution: Side in pixels the base was made for.
        base_step: Multiple of pixels the base needs.

    Raises:
        ConfigError: Sides that the base cannot take.
    """

    def __init__(
        self, config: ProjectConfig, root: Path, *, native_resolution: int, base_step: int
    ) -> None:
        def way(settings: ProjectConfig, subset: SubsetConfig | None) -> Way:
            rules = caption_rules(settings.captions)
            general = rules.for_general_class()
            if subset is not None and subset.regularisation:
                # Written for this folder, so meant for it.
                general = replace(general, prefix=subset.prefix or "", suffix=subset.suffix or "")
            rule = bucket_rule(
                settings.pictures, native_resolution=native_resolution, base_step=base_step
            )
            return Way(
                subset=subset,
                pictures=settings.pictures,
                rules=rules,
                general_rules=general,
                bucket_rule=rule,
            )

        self.whole = way(config, None)
        self._root = root
        self._subsets = config.pictures.subsets
        self._ways = {
            subset.folder: way(with_subset(config, subset), subset) for subset in self._subsets
        }

    def of(self, path: Path) -> Way:
        """Return how the picture at an absolute path is trained."""
        subset = innermost_subset(self._subsets, self._root, path.parent)
        return self.whole if subset is None else self._ways[subset.folder]

    def check_used(self, records: Sequence[PictureRecord]) -> None:
        """Refuse folders that hold no picture: their names are misspelt, or they are empty.

        Args:
            records: All pictures that can be used.

        Raises:
            ConfigError: A folder holds no picture.
        """
        inside = {record.path.parent for record in records}
        for subset in self._subsets:
            place = self._root / subset.folder
            if any(folder.is_relative_to(place) for folder in inside):
                continue
            state = "holds no picture that can be used" if place.is_dir() else "is not there"
            raise ConfigError(
                f"pictures.subsets names the folder {subset.folder!r}, which {state}",
                hint=f"Folders with pictures: {_shown(inside, self._root)}.",
            )


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


def caption_rules(settings: CaptionsConfig) -> CaptionRules:
    """Return the rules that the settings describe."""
    return CaptionRules(
        trigger=settings.trigger,
        prefix=settings.prefix,
        suffix=settings.suffix,
        separator=settings.separator,
        secondary_separator=settings.secondary_separator,
        shuffle=settings.shuffle,
        keep_tags=settings.keep_tags,
        keep_separator=settings.keep_separator,
        dropout=settings.dropout,
        dropout_every_epochs=settings.dropout_every_epochs,
        tag_dropout=settings.tag_dropout,
        wildcards=settings.wildcards,
    )


def _shown(folders: Iterable[Path], root: Path) -> str:
    names = sorted(
        (folder.relative_to(root) if folder.is_relative_to(root) else folder).as_posix()
        for folder in folders
    )
    more = f" and {len(names) - _FOLDERS_SHOWN} more" if len(names) > _FOLDERS_SHOWN else ""
    return ", ".join(names[:_FOLDERS_SHOWN]) + more
