"""What the captions of a data set will teach: counts, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enogu.tags.dataset.captions import CaptionSet
from enogu.tags.dataset.document import tag_key
from enogu.tags.dataset.drift import FolderDrift, folder_drift
from enogu.tags.dataset.groups import is_changeable, kind_of, role_of
from enogu.tags.dataset.knowledge import KnowsTags, group_of, wider_names
from enogu.tags.dataset.similarity import Pairs, count_pairs

ABSORBED_SHARE: Final = 0.8
"""From this share of the captions on, a tag and the trigger are hardly told apart."""

_FIRST_SHARE: Final = 0.9
_MOST_TAGS_APART: Final = 400
_LEAST_COUNT_APART: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class TagCount:
    """One tag of the data set."""

    name: str
    count: int
    """Captions that hold it."""
    share: float
    """Of all captions, 0 to 1."""
    group: str
    """Its group in the vocabulary, or nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AbsorbedTag:
    """A tag that nearly always stands with the trigger, so the trigger alone will bring it."""

    name: str
    count: int
    share: float
    """Of the captions with the trigger (of all, when none has it), 0 to 1."""
    role: str
    """``trait``, ``setting``, ``people`` or ``other``; see :func:`~.groups.role_of`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApartPair:
    """Two tags that are both frequent, yet never in one caption."""

    first: str
    second: str
    count_first: int
    count_second: int
    expected: float
    """Captions with both if the two were independent: n_a · n_b / captions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistics:
    """What :func:`captions_statistics` found."""

    captions: CaptionSet
    pairs: Pairs
    tags: tuple[TagCount, ...]
    """Most frequent first, then by name."""
    empty: int
    """Captions without a tag."""
    tags_per_caption: tuple[int, float, int]
    """Fewest, mean, most."""
    trigger: str
    """Normal name of the trigger asked for; empty for none."""
    with_trigger: int
    """Captions that hold the trigger."""
    absorbed: tuple[AbsorbedTag, ...]
    single: tuple[str, ...]
    """Tags that stand in one caption only, by name."""
    apart: tuple[ApartPair, ...]
    """Most expected first."""
    drift: tuple[FolderDrift, ...]
    """Empty unless there are two folders or more."""


def captions_statistics(
    captions: CaptionSet,
    knows: KnowsTags | None = None,
    *,
    trigger: str = "",
    absorbed_share: float = ABSORBED_SHARE,
    least_expected: float = 1.0,
) -> Statistics:
    """Count what stands in captions, and say what a LoRA will make of it.

    Args:
        captions: The data set.
        knows: The vocabulary, for groups and exclusive tags; without it every tag counts as
            combinable with every other.
        trigger: The word that shall bring back what is learnt.
        absorbed_share: Share from which a tag counts as absorbed, over 0 to 1.
        least_expected: How many captions with both tags independence must promise for a pair that
            never occurs to be named.
    """
    pairs = count_pairs(captions)
    lengths = captions.lengths
    key = tag_key(trigger) if trigger else ""
    absorbed, with_trigger = find_absorbed(captions, knows, trigger=key, share=absorbed_share)
    return Statistics(
        captions=captions,
        pairs=pairs,
        tags=tuple(_tag_counts(captions.names, pairs, knows)),
        empty=int(np.count_nonzero(lengths == 0)),
        tags_per_caption=(int(lengths.min()), float(lengths.mean()), int(lengths.max())),
        trigger=key,
        with_trigger=with_trigger,
        absorbed=absorbed,
        single=tuple(sorted(captions.names[tag] for tag in np.flatnonzero(pairs.counts == 1))),
        apart=tuple(_apart(captions.names, pairs, knows, absorbed_share, least_expected)),
        drift=folder_drift(captions),
    )


def _tag_counts(names: Sequence[str], pairs: Pairs, knows: KnowsTags | None) -> list[TagCount]:
    rows = [
        TagCount(
            name=name,
            count=int(count),
            share=int(count) / pairs.num_captions,
            group=group_of(knows, name),
        )
        for name, count in zip(names, pairs.counts, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.count, row.name))


def find_absorbed(
    captions: CaptionSet,
    knows: KnowsTags | None = None,
    *,
    trigger: str = "",
    share: float = ABSORBED_SHARE,
) -> tuple[tuple[AbsorbedTag, ...], int]:
    """Return the tags that stand in at least `share` of the captions, and those with the trigger.

    Args:
        captions: The data set.
        knows: The vocabulary, for the role of each tag.
        trigger: Its normal name. Only captions that hold it count; all, when none does.
        share: Over 0 to 1.

    Returns:
        Absorbed tags, the most frequent first, without the trigger; and how many captions hold it.
    """
    rows, tags = captions.distinct
    total, with_trigger = captions.num_captions, 0
    if trigger in captions.names:
        holds = np.zeros(captions.num_captions, dtype=np.bool_)
        holds[rows[tags == captions.names.index(trigger)]] = True
        tags = tags[holds[rows]]
        total = with_trigger = int(np.count_nonzero(holds))
    counts = np.bincount(tags, minlength=len(captions.names))
    found = [
        AbsorbedTag(
            name=captions.names[tag],
            count=int(counts[tag]),
            share=int(counts[tag]) / total,
            role=role_of(captions.names[tag], knows),
        )
        for tag in np.flatnonzero(counts >= share * total)
        if counts[tag] and captions.names[tag] != trigger
    ]
    return tuple(sorted(found, key=lambda row: (-row.count, row.name))), with_trigger


def guess_trigger(captions: CaptionSet, knows: KnowsTags) -> str:
    """Return the word that is most likely the trigger: unknown, and first in most captions.

    Returns:
        Its normal name; empty when no word begins nine of ten captions, or the vocabulary knows it.
    """
    begun = captions.starts[:-1][captions.lengths > 0]
    if not len(begun):
        return ""
    firsts = np.bincount(captions.tags[begun], minlength=len(captions.names))
    tag = int(firsts.argmax())
    name = captions.names[tag]
    usual = firsts[tag] >= _FIRST_SHARE * captions.num_captions
    return name if usual and knows.resolve(name).how == "unknown" else ""


def _apart(
    names: Sequence[str],
    pairs: Pairs,
    knows: KnowsTags | None,
    absorbed_share: float,
    least_expected: float,
) -> list[ApartPair]:
    """Return frequent tags of different kinds that never meet."""
    tags = _combinable(names, pairs, knows, absorbed_share)
    together = pairs.matrix(np.array(tags, dtype=np.int32))
    counts = pairs.counts[tags]
    expected: NDArray[np.float64] = np.outer(counts, counts) / max(pairs.num_captions, 1)
    rows, columns = np.nonzero(np.triu((together == 0) & (expected >= least_expected), 1))
    kinds = [kind_of(group_of(knows, names[tag])) for tag in tags]
    exclusive = [set(knows.exclusive_groups(names[tag]) if knows else ()) for tag in tags]
    found = [
        ApartPair(
            first=names[tags[a]],
            second=names[tags[b]],
            count_first=int(counts[a]),
            count_second=int(counts[b]),
            expected=float(expected[a, b]),
        )
        for a, b in zip(rows.tolist(), columns.tolist(), strict=True)
        if not kinds[a] or (kinds[a] != kinds[b] and not exclusive[a] & exclusive[b])
    ]
    return sorted(
        _without_obvious(found, knows), key=lambda pair: (-pair.expected, pair.first, pair.second)
    )


def _without_obvious(found: list[ApartPair], knows: KnowsTags | None) -> list[ApartPair]:
    """Leave out pairs that follow from others: no hat, so no witch hat either."""
    named = {frozenset((pair.first, pair.second)) for pair in found}
    above = {name: wider_names(knows, name) for pair in found for name in (pair.first, pair.second)}
    return [
        pair
        for pair in found
        if not any(frozenset((wide, pair.second)) in named for wide in above[pair.first])
        and not any(frozenset((pair.first, wide)) in named for wide in above[pair.second])
    ]


def _combinable(
    names: Sequence[str], pairs: Pairs, knows: KnowsTags | None, absorbed_share: float
) -> list[int]:
    """Return tags that a person may want to combine: known, not rare, not in every caption."""
    counts = pairs.counts
    usual = (counts >= _LEAST_COUNT_APART) & (counts < absorbed_share * pairs.num_captions)
    tags = sorted(np.flatnonzero(usual).tolist(), key=lambda tag: -int(counts[tag]))
    if knows is not None:
        tags = [tag for tag in tags if is_changeable(group_of(knows, names[tag]))]
    return tags[:_MOST_TAGS_APART]
