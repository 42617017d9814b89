"""Which pictures are kept out of training, so that learning can be told from copying."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from enogu.config import ProjectConfig
from enogu.config.validation import ValidationConfig
from enogu.errors import ConfigError
from enogu.pictures.scan import scan_pictures
from enogu.project import Project
from enogu.train.content_cache import ContentCache
from enogu.train.near_duplicates import NearDuplicates
from enogu.train.prepare import Prepared, TrainingItem, fit_all

_NAMES_SHOWN = 3


def with_held_out(prepared: Prepared, project: Project, config: ProjectConfig) -> Prepared:
    """Take held-out pictures out of the training, or add those of their own folder.

    Args:
        prepared: The pictures of the project.
        project: The project.
        config: All settings.

    Raises:
        ConfigError: The split would leave no picture on one of its sides.
        PictureError: The folder is missing or holds nothing that can be read.
    """
    settings = config.validation
    if not settings.used:
        return prepared
    finder = NearDuplicates(ContentCache(project.work_dir / "cache"), config.pictures)
    if settings.folder:
        return _from_folder(prepared, project.root / settings.folder, finder, config)
    chosen = choose_held_out(
        [item.record.id for item in prepared.items],
        finder.groups(prepared.items),
        share=settings.share,
        seed=settings.seed,
    )
    return replace(
        prepared,
        items=tuple(item for place, item in enumerate(prepared.items) if place not in chosen),
        held_out=tuple(item for place, item in enumerate(prepared.items) if place in chosen),
    )


def choose_held_out(
    ids: Sequence[str], groups: Sequence[Sequence[int]], *, share: float, seed: int
) -> frozenset[int]:
    """Return the places of the pictures that are held out: whole groups, up to the share.

    The order in which groups are taken follows from their content and the seed alone, so that a
    picture that is added or removed moves few others to the other side.

    Args:
        ids: Content hashes of the pictures.
        groups: Places that belong to one drawing; every place is in one group.
        share: Wanted share, above 0 and below 1.
        seed: Another seed takes other groups.

    Raises:
        ConfigError: Nothing would be held out, or nothing would be left to train on.
    """
    wanted = round(share * len(ids))
    what = f"validation.share {share:g} of {len(ids)} pictures"
    if wanted < 1:
        raise ConfigError(
            f"{what} is less than one picture, so nothing would be held out",
            hint=f"Use --set validation.share={1 / len(ids):.2g} or more, or validation.folder.",
        )
    # Identical files, and parts of one file, are one drawing, whatever the groups say.
    merged = _with_equal_ids(ids, groups)

    def order(group: Sequence[int]) -> bytes:
        first = min(ids[place] for place in group)
        return hashlib.sha256(f"{seed}\0{first}".encode()).digest()

    taken: list[int] = []
    for group in sorted(merged, key=order):
        if len(taken) + len(group) <= wanted:
            taken += group
    if not taken:
        smallest = min(map(len, merged))
        raise ConfigError(
            f"{what} is {wanted}, but the smallest group of pictures that show the same drawing "
            f"has {smallest}, and copies must not stand on both sides; nothing would be held out",
            hint="Add different pictures, hold out a larger share, or name other pictures in "
            "validation.folder.",
        )
    if len(taken) == len(ids):
        raise ConfigError(
            f"{what} are all of them, so nothing would be left to train on",
            hint="Use --set validation.share=0.1.",
        )
    return frozenset(taken)


def _with_equal_ids(ids: Sequence[str], groups: Sequence[Sequence[int]]) -> list[list[int]]:
    group_of_id: dict[str, list[int]] = {}
    merged: list[list[int]] = []
    for group in groups:
        known = next((group_of_id[ids[p]] for p in group if ids[p] in group_of_id), None)
        if known is None:
            known = []
            merged.append(known)
        known.extend(group)
        group_of_id |= {ids[place]: known for place in group}
    return merged


def _from_folder(
    prepared: Prepared, folder: Path, finder: NearDuplicates, config: ProjectConfig
) -> Prepared:
    scan = scan_pictures(folder, max_megapixels=config.pictures.max_megapixels)
    candidates = fit_all(scan.records, prepared.ways)
    count = len(prepared.items)
    trained = {item.record.id for item in prepared.items}
    seen = {
        place - count
        for group in finder.groups((*prepared.items, *candidates))
        if group[0] < count
        for place in group
        if place >= count
    }
    seen |= {place for place, item in enumerate(candidates) if item.record.id in trained}
    held_out = tuple(item for place, item in enumerate(candidates) if place not in seen)
    if not held_out:
        raise ConfigError(
            f"validation.folder {config.validation.folder} has {len(candidates)} pictures, and all "
            "of them are copies or variants of training pictures; nothing would be held out",
            hint="Put other pictures of the same subject there, or use validation.share.",
        )
    notes = [f"validation: {warning}" for warning in scan.warnings]
    if seen:
        names = [candidates[place].record.name for place in sorted(seen)]
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        notes.append(
            f"{len(names)} held-out pictures are copies or variants of training pictures and are "
            f"not measured: {', '.join(names[:_NAMES_SHOWN])}{more}"
        )
    return replace(
        prepared,
        held_out=held_out,
        refused=(*prepared.refused, *scan.refused),
        warnings=(*prepared.warnings, *notes),
    )


def choose_measured(
    items: Sequence[TrainingItem], count: int, *, seed: int
) -> tuple[TrainingItem, ...]:
    """Return up to `count` of the pictures, chosen by their content and the seed, in their order.

    A picture that is there several times is taken once.
    """
    different = {(item.record.id, item.record.part): item for item in items}

    def order(item: TrainingItem) -> bytes:
        record = item.record
        return hashlib.sha256(f"{seed}\0measured\0{record.id}/{record.part}".encode()).digest()

    chosen = {id(item) for item in sorted(different.values(), key=order)[:count]}
    return tuple(item for item in items if id(item) in chosen)


def measured_items(
    prepared: Prepared, settings: ValidationConfig
) -> tuple[tuple[TrainingItem, ...], tuple[TrainingItem, ...]]:
    """Return the training pictures and the held-out pictures that a run measures."""
    training, held_out = (
        choose_measured(items, settings.pictures, seed=settings.seed)
        for items in (prepared.items, prepared.held_out)
    )
    return training, held_out
