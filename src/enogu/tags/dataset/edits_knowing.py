"""Edits of captions that need to know the tags, or the whole data set."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from enogu.errors import CaptionError
from enogu.tags.dataset.captions import CaptionSet
from enogu.tags.dataset.document import Spelling, tag_key
from enogu.tags.dataset.edits import Edit, exchange, remove
from enogu.tags.dataset.groups import GROUP_ORDER
from enogu.tags.dataset.knowledge import KnowsTags, group_of
from enogu.tags.dataset.line import CaptionLine, Place
from enogu.tags.dataset.people import shows_several
from enogu.tags.dataset.statistics import ABSORBED_SHARE, find_absorbed

# With several people, two tags of one kind cannot be told apart: whose hair is blue? The kinds are
# those that sd-scripts' clean_captions_and_tags.py thins out (Apache-2.0; rules, not code).
_KINDS_OF_PEOPLE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:very_|absurdly_)?(?:long|short|medium)_hair",
        r"(?:bob|hime)_cut",
        r"[\w\-]+_eyes",
        r"[\w\-]+_sleeves|sleeveless",
        r"ponytail|ahoge|twintails|sidelocks|two_side_up|one_side_up|(?:[\w\-]+_)?(?:braids?|bun)"
        r"|(?:high|low|side|short)_ponytail",
    )
)
_HAIR: Final = re.compile(r"[\w\-]+_hair")
_LOOKS_NOT_OF_EYES: Final = frozenset({"closed_eyes", "half-closed_eyes", "covering_own_eyes"})


def to_canonical(knows: KnowsTags, *, spared: Collection[str] = ()) -> Edit:
    """Write the tag's own name for aliases, and the heirs of tags that are no longer used.

    Args:
        knows: The vocabulary.
        spared: Normal names to leave as they are, such as the trigger word.
    """
    known: dict[str, tuple[str, ...]] = dict.fromkeys(spared, ())

    def change(line: CaptionLine, spelling: Spelling) -> CaptionLine:
        def new_tags(tag: str) -> list[str] | None:
            key = tag_key(tag)
            names = known.get(key)
            if names is None:
                names = known[key] = canonical_names(knows, key)
            return [spelling.spell(name) for name in names] if names else None

        return exchange(line, new_tags)

    return Edit("aliases to canonical names", change)


def canonical_names(knows: KnowsTags, key: str) -> tuple[str, ...]:
    """Return what a tag should be called instead; nothing where it is right or unknown."""
    resolution = knows.resolve(key)
    name = resolution.name
    if name is None:
        return ()
    info = knows.get(name)
    if info is not None and info.deprecated and info.heirs:
        return info.heirs
    return () if resolution.how == "tag" else (name,)


def drop_implied(knows: KnowsTags, *, spared: Collection[str] = ()) -> Edit:
    """Drop tags that another tag of the caption implies: ``dress`` beside ``red dress``.

    Args:
        knows: The vocabulary.
        spared: Normal names that stay, such as the trigger word.
    """

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        keys = {tag_key(tag) for tag in line.tags()}
        implied = set[str]().union(*map(knows.ancestors, keys)).intersection(keys)
        implied.difference_update(spared)
        if not implied:
            return line
        return line.map_tags(lambda tag: "" if tag_key(tag) in implied else tag)

    return Edit("drop implied tags", change)


def sort_by_group(knows: KnowsTags, *, keep: int = 0, first: Collection[str] = ()) -> Edit:
    """Sort tags by what they describe: people, looks, clothes, doing, place, picture.

    Tags of one group keep their order; those without a group stand before the place.

    Args:
        knows: The vocabulary.
        keep: How many places at the start stay where they are, 0 or more.
        first: Normal names that stand in front of all, such as the trigger word.

    Raises:
        CaptionError: `keep` is negative.
    """
    if keep < 0:
        raise CaptionError(f"the number of tags to keep must be 0 or more, got {keep}")
    ranks = {group: rank for rank, group in enumerate(GROUP_ORDER)}

    known = dict.fromkeys(first, -1)

    def rank(place: Place) -> int:
        key = tag_key(place[0])
        if key not in known:
            known[key] = ranks.get(group_of(knows, key), ranks[""])
        return known[key]

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        kept = keep
        parts: list[tuple[Place, ...]] = []
        for part in line.parts:
            parts.append((*part[:kept], *sorted(part[kept:], key=rank)))
            kept = max(0, kept - len(part))
        return replace(line, parts=tuple(parts))

    return Edit("sort by group", change)


def prune_traits(
    captions: CaptionSet, knows: KnowsTags | None, trigger: str, *, share: float = ABSORBED_SHARE
) -> Edit:
    """Take out the traits that stand in most captions of a character, so the trigger holds them.

    Traits are hair, eyes, face and body; what it wears and does stays, and so does the setting.

    Args:
        captions: The data set. Only captions with the trigger count; all, where none has it.
        knows: The vocabulary, for what is a trait.
        trigger: The character's word.
        share: How frequent a trait must be, over 0 to 1.

    Raises:
        CaptionError: `share` is out of range, or there is no such trait.
    """
    if not 0 < share <= 1:
        raise CaptionError(f"the share must be over 0 and at most 1, got {share}")
    key = tag_key(trigger) if trigger else ""
    absorbed, with_trigger = find_absorbed(captions, knows, trigger=key, share=share)
    traits = [row.name for row in absorbed if row.role == "trait"]
    if not traits:
        raise CaptionError(
            f"no trait stands in {share:.0%} of the captions",
            hint="enogu captions stats shows the shares; lower the limit with --share 0.6.",
        )
    cut = remove(traits, f"prune the traits {', '.join(traits)}")
    if not with_trigger:
        return cut

    def change(line: CaptionLine, spelling: Spelling) -> CaptionLine:
        has_trigger = any(tag_key(tag) == key for tag in line.tags())
        return cut.change(line, spelling) if has_trigger else line

    return Edit(cut.title, change)


def thin_out_people() -> Edit:
    """With several people, drop hair, eye and sleeve tags of a kind that occurs twice or more."""

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        keys = [tag_key(tag) for tag in line.tags()]
        if not shows_several(keys):
            return line
        dropped = _undecided(keys)
        return line.map_tags(lambda tag: "" if tag_key(tag) in dropped else tag)

    return Edit("thin out looks of several people", change)


def _undecided(keys: list[str]) -> set[str]:
    dropped: set[str] = set()
    rest = [key for key in dict.fromkeys(keys) if key not in _LOOKS_NOT_OF_EYES]
    for kind in (*_KINDS_OF_PEOPLE, _HAIR):
        found = [key for key in rest if kind.fullmatch(key)]
        if len(found) > 1:
            dropped.update(found)
        # A single hair length is true of all; it must not count as a second hair tag.
        rest = [key for key in rest if key not in found]
    return dropped
