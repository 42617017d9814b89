"""What is likely wrong in captions, with examples and with the command that mends it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from enogu.tags.dataset.captions import CaptionSet, Ids
from enogu.tags.dataset.document import tag_key
from enogu.tags.dataset.edits_knowing import canonical_names
from enogu.tags.dataset.groups import SETTING_GROUPS
from enogu.tags.dataset.knowledge import KnowsTags, group_of, head_of
from enogu.tags.dataset.people import excused, shows_several
from enogu.tags.names import is_kaomoji, spoken_name

Kind = Literal[
    "contradiction",
    "alias",
    "unknown",
    "parent",
    "repeated",
    "spelling",
    "compound",
    "phrase",
    "empty",
]
KINDS: Final[dict[Kind, tuple[str, str]]] = {
    "contradiction": (
        "Contradictions",
        "Tags that cannot both be true of one person. Look at the pictures; one tag is wrong.",
    ),
    "alias": (
        "Other names",
        "The model was trained on the names on the right. Mend: enogu captions edit … --canonical",
    ),
    "unknown": (
        "Unknown tags",
        "Not in the vocabulary: a typing error, or a word of your own. Mend: "
        'enogu captions edit … --replace "OLD=NEW"',
    ),
    "parent": (
        "Missing parents",
        "Captions that have the tag but not what it implies. Harmless where it is so everywhere; "
        "where it is mixed, the model learns two meanings. Mend: enogu captions edit … "
        "--drop-implied makes all captions alike",
    ),
    "repeated": (
        "Repeated tags",
        "The same tag twice in one caption. Mend: enogu captions edit … --drop-repeated",
    ),
    "spelling": (
        "Mixed spelling",
        "One tag spelt in several ways; the text encoder reads each as other words. Mend: "
        "enogu captions edit … --blanks",
    ),
    "compound": (
        "Known words, joined anew",
        "Not known as a whole, but their last words are. Models mostly understand them.",
    ),
    "phrase": (
        "Sentences",
        "Too long for a tag, so they count as natural language and are not checked further.",
    ),
    "empty": ("Empty captions", "They teach only the trigger word."),
}
"""Title and explanation of each kind, in the order of their weight."""

MOST_WORDS_OF_A_TAG: Final = 6
_PLACES_NAMED: Final = 3
# One caption for several pictures in one: even times and places may differ.
_SEVERAL_PICTURES: Final = frozenset(
    {"multiple_views", "comic", "2koma", "3koma", "4koma", "character_sheet", "reference_sheet"}
)
_NEAREST_ASKED: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is likely wrong."""

    kind: Kind
    subject: str
    """The tag or tags, as a person would write them."""
    count: int
    """How many captions have it."""
    where: tuple[str, ...]
    """A few of the captions."""
    better: tuple[str, ...] = ()
    """What to write instead, best first."""
    note: str = ""


def check_captions(
    captions: CaptionSet, knows: KnowsTags, *, trigger: str = ""
) -> tuple[Finding, ...]:
    """Look for what is likely wrong in captions.

    Args:
        captions: The data set.
        knows: The vocabulary.
        trigger: The word that shall bring back what is learnt; it may be unknown.

    Returns:
        Findings by kind (in the order of :data:`KINDS`); within a kind those with a note first,
        then the most frequent.
    """
    table = _Table(captions)
    spared = {tag_key(trigger)} if trigger else set[str]()
    phrases = {
        tag for tag, name in enumerate(captions.names) if name.count("_") >= MOST_WORDS_OF_A_TAG
    }
    usual = [
        tag for tag, name in enumerate(captions.names) if tag not in phrases and name not in spared
    ]
    found = [
        *_contradictions(table, knows),
        *_names(table, usual, knows),
        *_parents(table, usual, knows),
        *_repeated(captions),
        *_spellings(table),
        *(_found(table, "phrase", tag) for tag in phrases),
        *_empty(captions),
    ]
    order = list(KINDS)
    return tuple(
        sorted(
            found,
            key=lambda one: (order.index(one.kind), not one.note, -one.count, one.subject),
        )
    )


class _Table:
    """The data set turned round: which captions hold a tag."""

    def __init__(self, captions: CaptionSet) -> None:
        self.captions = captions
        rows, tags = captions.distinct
        order = np.argsort(tags, kind="stable")
        self._rows = rows[order]
        self._starts = np.searchsorted(tags[order], np.arange(len(captions.names) + 1))
        self.index = {name: tag for tag, name in enumerate(captions.names)}

    def rows(self, tag: int) -> NDArray[np.int64]:
        """Return the captions that hold a tag, ascending."""
        return self._rows[self._starts[tag] : self._starts[tag + 1]]

    def places(self, rows: NDArray[np.int64]) -> tuple[str, ...]:
        """Return names of the first few of some captions."""
        return tuple(self.captions.where(int(row)) for row in rows[:_PLACES_NAMED])


def _found(
    table: _Table, kind: Kind, tag: int, *, better: tuple[str, ...] = (), note: str = ""
) -> Finding:
    rows = table.rows(tag)
    return Finding(
        kind=kind,
        subject=spoken_name(table.captions.names[tag]),
        count=len(rows),
        where=table.places(rows),
        better=tuple(spoken_name(name) for name in better),
        note=note,
    )


def _names(table: _Table, tags: list[int], knows: KnowsTags) -> Iterator[Finding]:
    """Find other names, tags that are no longer used, and unknown ones."""
    unknown: list[int] = []
    for tag in tags:
        name = table.captions.names[tag]
        if knows.resolve(name).how == "unknown":
            unknown.append(tag)
        elif better := canonical_names(knows, name):
            info = knows.get(name)
            note = "no longer used" if info is not None and info.deprecated else ""
            yield _found(table, "alias", tag, better=better, note=note)
    unknown.sort(key=lambda tag: -len(table.rows(tag)))
    asked = 0
    for tag in unknown:
        name = table.captions.names[tag]
        head = head_of(knows, name)
        if head is not None:
            yield _found(table, "compound", tag, note=f"ends with {spoken_name(head.name)}")
            continue
        asked += 1
        better = knows.nearest(name) if asked <= _NEAREST_ASKED else ()
        yield _found(table, "unknown", tag, better=better)


def _parents(table: _Table, tags: list[int], knows: KnowsTags) -> Iterator[Finding]:
    holds = np.zeros(table.captions.num_captions, dtype=np.bool_)
    for tag in tags:
        for parent in knows.ancestors(table.captions.names[tag]):
            rows = table.rows(tag)
            parent_tag = table.index.get(parent)
            if parent_tag is not None:
                holds[:] = False
                holds[table.rows(parent_tag)] = True
                lacking = rows[~holds[rows]]
            else:
                lacking = rows
            if not len(lacking):
                continue
            having = len(rows) - len(lacking)
            yield Finding(
                kind="parent",
                subject=spoken_name(table.captions.names[tag]),
                count=len(lacking),
                where=table.places(lacking),
                better=(spoken_name(parent),),
                note=f"mixed: both in {having}" if having else "",
            )


def _contradictions(table: _Table, knows: KnowsTags) -> Iterator[Finding]:
    members: dict[str, list[int]] = {}
    for tag, name in enumerate(table.captions.names):
        for group in knows.exclusive_groups(name):
            members.setdefault(group, []).append(tag)
    cases: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for group, tags in members.items():
        of_person = _is_of_person(table.captions.names[tags[0]], knows)
        for row in _rows_with_two(table, tags):
            names = table.captions.tags_of(row)
            clashing = _clashing(names, {table.captions.names[tag] for tag in tags}, knows)
            both_true = excused(group, names) or (of_person and shows_several(names))
            if len(clashing) > 1 and not both_true and _SEVERAL_PICTURES.isdisjoint(names):
                cases.setdefault((group, clashing), []).append(row)
    for (_, clashing), rows in cases.items():
        yield Finding(
            kind="contradiction",
            subject=" + ".join(spoken_name(name) for name in clashing),
            count=len(rows),
            where=table.places(np.array(rows, dtype=np.int64)),
        )


def _is_of_person(name: str, knows: KnowsTags) -> bool:
    """Say whether a tag tells of one person, and not of the picture or of how many there are."""
    group = group_of(knows, name)
    return group not in SETTING_GROUPS and group != "people"


def _rows_with_two(table: _Table, tags: list[int]) -> list[int]:
    held = np.zeros(table.captions.num_captions, dtype=np.int32)
    for tag in tags:
        held[table.rows(tag)] += 1
    return np.flatnonzero(held > 1).tolist()


def _clashing(names: list[str], members: set[str], knows: KnowsTags) -> tuple[str, ...]:
    """Return the members of a group among names, without those that others imply."""
    present = sorted(set(names) & members)
    implied = {parent for name in present for parent in knows.ancestors(name)}
    return tuple(name for name in present if name not in implied)


def _repeated(captions: CaptionSet) -> Iterator[Finding]:
    caption_of = np.repeat(np.arange(captions.num_captions, dtype=np.int64), captions.lengths)
    keys, counts = np.unique(
        caption_of * max(len(captions.names), 1) + captions.tags, return_counts=True
    )
    rows, tags = np.divmod(keys[counts > 1], max(len(captions.names), 1))
    for tag in np.unique(tags):
        here = rows[tags == tag]
        yield Finding(
            kind="repeated",
            subject=spoken_name(captions.names[tag]),
            count=len(here),
            where=tuple(captions.where(int(row)) for row in here[:_PLACES_NAMED]),
        )


def _spellings(table: _Table) -> Iterator[Finding]:
    """Find tags that are spelt in several ways: underscores and blanks, capitals."""
    captions = table.captions
    uses = np.bincount(captions.spelt, minlength=len(captions.spellings))
    tag_of: Ids = np.zeros(len(captions.spellings), dtype=np.int32)
    tag_of[captions.spelt] = captions.tags
    spellings = {text: spelling for spelling, text in enumerate(captions.spellings)}
    caption_of = np.repeat(np.arange(captions.num_captions, dtype=np.int64), captions.lengths)
    forms: dict[int, Counter[str]] = {}
    for spelling, text in enumerate(captions.spellings):
        forms.setdefault(int(tag_of[spelling]), Counter())[text] += int(uses[spelling])
    for tag, counted in forms.items():
        if len(counted) > 1 and not is_kaomoji(captions.names[tag]):
            usual, *others = (text for text, _ in counted.most_common())
            wrong = [spellings[text] for text in others]
            odd = np.unique(caption_of[np.isin(captions.spelt, wrong)])
            yield Finding(
                kind="spelling",
                subject=", ".join(f"{text!r} ({count})" for text, count in counted.most_common()),
                count=sum(counted[text] for text in others),
                where=table.places(odd),
                better=(usual,),
            )


def _empty(captions: CaptionSet) -> Iterator[Finding]:
    rows = np.flatnonzero(captions.lengths == 0)
    if len(rows):
        yield Finding(
            kind="empty",
            subject="no tag at all",
            count=len(rows),
            where=tuple(captions.where(int(row)) for row in rows[:_PLACES_NAMED]),
        )
