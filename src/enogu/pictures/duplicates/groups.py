"""From judged pairs to groups that a person can look at."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from enogu.pictures.duplicates.fingerprint import Fingerprint
from enogu.pictures.duplicates.result import Change, DuplicateSettings, Group, Match
from enogu.pictures.duplicates.search import Candidates, find_candidates
from enogu.pictures.duplicates.table import Integers, Table, build_table
from enogu.pictures.duplicates.verify import (
    Comparer,
    LoadPixels,
    Relation,
    Screened,
    screen,
)

VERSION = 1
"""Rises when the same fingerprints and settings give other groups."""

_SAME_EDGE = 0.02
_SAME_SIZE = 0.02


def find_groups(
    fingerprints: Iterable[Fingerprint],
    load_pixels: LoadPixels,
    settings: DuplicateSettings | None = None,
    *,
    worth: Sequence[float] | None = None,
    poor: Collection[int] = (),
) -> list[Group]:
    """Group pictures into copies and variants.

    Copies are mirrored, padded, cropped (to about an eighth per side), recompressed, resized or
    toned versions of the keeper, or carry a bar with text. A change smaller than about a sixtieth
    of the picture's longer side cannot be told from wear.

    Args:
        fingerprints: Read once, in order.
        load_pixels: Returns the pixels of the picture at a place in that order; called for
            likely copies only. It may raise PictureError.
        settings: Defaults when None.
        worth: One number a picture, for instance the bytes of its file; of copies that show
            equally much the one worth most is kept.
        poor: Places of pictures that are kept only where all their copies are poor too: noise and
            blur hide how much a picture shows.

    Returns:
        Groups of two or more, by the place of their keepers. Each copy is in one group, and none
        is a keeper. Nothing is deleted by anyone here.
    """
    settings = settings or DuplicateSettings()
    table = build_table(fingerprints)
    twins = _twins(table)
    firsts = np.array([places[0] for places in twins.values()], dtype=np.int64)
    candidates = find_candidates(table, firsts, settings)
    pairs = {pair.key: pair for pair in screen(table, candidates, settings)}
    keeping = _Keeping(table, pairs, load_pixels, settings)
    for index in _best_first(table, firsts, worth, poor):
        keeping.offer(index)
    keeping.settle()
    return _grouped(table, twins, keeping)


def _twins(table: Table) -> dict[bytes, list[int]]:
    """Gather pictures with equal pixels."""
    twins: dict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(table.hashes):
        twins[digest].append(index)
    return twins


def _best_first(
    table: Table, firsts: Integers, worth: Sequence[float] | None, poor: Collection[int]
) -> list[int]:
    """Order: sound ones, the largest content first; then by worth; then what has less rim."""
    # The haze of JPEG moves a content box by some pixels: areas within steps of 5 % are equal.
    area = np.rint(20 * np.log(table.area()[firsts]))
    value = np.zeros(len(firsts)) if worth is None else np.asarray(worth, dtype=float)[firsts]
    bad = np.isin(firsts, np.array(sorted(poor), dtype=np.int64))
    whole = table.sizes[firsts].prod(axis=1)
    return [int(index) for index in firsts[np.lexsort((firsts, whole, -value, -area, bad))]]


class _Keeping:
    """Gives each picture to a keeper it is a copy of, or makes it a keeper."""

    def __init__(
        self,
        table: Table,
        pairs: dict[frozenset[int], Screened],
        load_pixels: LoadPixels,
        settings: DuplicateSettings,
    ) -> None:
        self.keeper_of: dict[int, int] = {}
        self.rank: dict[int, int] = {}
        """Keepers in the order they were chosen."""
        self.relations: dict[frozenset[int], Relation | None] = {}
        """Of pairs that were compared; None for unrelated ones."""
        self._table = table
        self._settings = settings
        self._pairs = pairs
        self._comparer = Comparer(table, load_pixels, settings)
        self._near: dict[int, list[int]] = defaultdict(list)
        for one, other in pairs:
            self._near[one].append(other)
            self._near[other].append(one)

    def offer(self, keeper: int) -> None:
        """Make a picture a keeper unless it is a copy already, and gather its copies.

        Neighbours of copies are compared with the keeper itself: nothing is a copy through
        a third picture.
        """
        if keeper in self.keeper_of:
            return
        self.rank[keeper] = len(self.rank)
        seen, waiting = {keeper}, [keeper]
        while waiting:
            near = sorted({other for one in waiting for other in self._near[one]} - seen)
            seen.update(near)
            free = [other for other in near if other not in self.keeper_of]
            free = [other for other in free if other not in self.rank]
            waiting = [other for other in free if self._is_copy(keeper, other)]
            self.keeper_of.update(dict.fromkeys(waiting, keeper))

    def settle(self) -> None:
        """Give each copy to the keeper it differs least from: look-alikes may be keepers too."""
        for other, keeper in self.keeper_of.items():
            keepers = [near for near in self._near[other] if near in self.rank]
            fitting = [near for near in keepers if self._is_copy(near, other)]
            self.keeper_of[other] = min(
                {keeper, *fitting}, key=lambda near: (self._difference(near, other), near)
            )

    def _difference(self, keeper: int, other: int) -> float:
        relation = self.relations[frozenset((keeper, other))]
        return relation.difference if relation is not None else float("inf")

    def _is_copy(self, keeper: int, other: int) -> bool:
        key = frozenset((keeper, other))
        if key not in self.relations:
            pairs = [self._pairs[key]] if key in self._pairs else self._screened(keeper, other)
            found = [self._comparer.compare(pair) for pair in pairs]
            copies = [one for one in found if one is not None and one.verdict == "copy"]
            self.relations[key] = next(iter(copies or found), None)
        relation = self.relations[key]
        return relation is not None and relation.verdict == "copy"

    def _screened(self, keeper: int, other: int) -> list[Screened]:
        """Screen a pair that the search left out, plain and mirrored."""
        pairs = Candidates(
            whole=np.array([keeper, keeper]),
            inner=np.array([other, other]),
            window=np.zeros(2, dtype=np.int64),
            mirrored=np.array([False, True]),
        )
        return screen(self._table, pairs, self._settings)


def _grouped(table: Table, twins: dict[bytes, list[int]], keeping: _Keeping) -> list[Group]:
    copies: dict[int, list[Match]] = defaultdict(list)
    variants: dict[int, list[Match]] = defaultdict(list)
    rank = keeping.rank
    for pair, relation in keeping.relations.items():
        if relation is None:
            continue
        keeper, other = sorted(pair, key=lambda index: rank.get(index, len(rank)))
        if keeping.keeper_of.get(other) == keeper:
            copies[keeper].append(_match(table, keeper, other, relation))
        elif relation.verdict == "variant" and keeper in rank and other in rank:
            variants[keeper].append(_match(table, keeper, other, relation))
    for places in twins.values():
        keeper = keeping.keeper_of.get(places[0], places[0])
        relation = keeping.relations.get(frozenset((keeper, places[0])))
        for twin in places[1:]:
            copies[keeper].append(_twin(table, keeper, twin, relation))
    return [
        Group(
            keeper=keeper,
            copies=tuple(sorted(copies[keeper], key=lambda match: match.index)),
            variants=tuple(sorted(variants[keeper], key=lambda match: match.index)),
        )
        for keeper in sorted(rank)
        if copies[keeper] or variants[keeper]
    ]


def _twin(table: Table, keeper: int, twin: int, relation: Relation | None) -> Match:
    if relation is not None:
        return _match(table, keeper, twin, relation)
    return Match(
        index=twin, verdict="copy", sure=True, changes=("identical",), difference=0.0, shared=1.0
    )


def _match(table: Table, keeper: int, other: int, relation: Relation) -> Match:
    return Match(
        index=other,
        verdict=relation.verdict,
        sure=relation.sure,
        changes=_changes(table, keeper, other, relation),
        difference=relation.difference,
        shared=relation.shared,
    )


def _changes(table: Table, keeper: int, other: int, relation: Relation) -> tuple[Change, ...]:
    """Say what was done to `other`, seen from `keeper`."""
    left, top, right, bottom = relation.frame
    if relation.inner == keeper:
        # The frame says where the keeper lies in the other: turn it round.
        across, down = right - left, bottom - top
        left, right = -left / across, (1 - left) / across
        top, bottom = -top / down, (1 - top) / down
    content = table.boxes[[keeper, other]]
    width = content[:, 2] - content[:, 0]
    # How many pixels the other has for what the keeper shows with one.
    scale = float(width[1] / width[0] / (right - left))
    rim = 1 - table.area() / table.sizes.prod(axis=1)
    found: dict[Change, bool] = {
        "mirrored": relation.mirrored,
        "cropped": max(left, top, 1 - right, 1 - bottom) > _SAME_EDGE,
        "padded": bool(rim[other] > rim[keeper] + _SAME_EDGE),
        "resized": abs(scale - 1) > _SAME_SIZE,
        "tone": relation.toned,
    }
    return tuple(change for change, there in found.items() if there)
