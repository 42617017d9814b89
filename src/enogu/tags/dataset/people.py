"""Whether a caption speaks of one person or of several."""

import re
from collections.abc import Iterable
from typing import Final

_SEVERAL: Final = re.compile(
    r"[2-9]\+?(?:girls|boys|others)|\d{2,}\+?(?:girls|boys|others)"
    r"|multiple_(?:girls|boys|others|people|views|persona)|couple|crowd|group|everyone|siblings"
)
_HOW_MANY: Final = frozenset({"solo", "no_humans", "male_focus", "solo_focus", "animal_focus"})
_ONE_OF_A_KIND: Final = frozenset({"1girl", "1boy", "1other"})
# Where one of these stands, several members of these groups may be true of one person.
_EXCUSES: Final = {
    "hair": ("multicolored_hair", "two-tone_hair", "gradient_hair", "streaked_hair",
             "colored_inner_hair", "colored_tips", "split-color_hair"),
    "eye": ("heterochromia", "multicolored_eyes", "two-tone_eyes", "gradient_eyes"),
}  # fmt: skip


def shows_several(names: Iterable[str]) -> bool:
    """Say whether tags tell of more than one person, so that opposite traits may both be true.

    Args:
        names: Normal names of one caption.
    """
    kinds = 0
    for name in names:
        if _SEVERAL.fullmatch(name):
            return True
        kinds += name in _ONE_OF_A_KIND
    return kinds > 1


def counts_people(name: str) -> bool:
    """Say whether a tag says how many people there are (``1girl``, ``2boys``, ``solo`` …)."""
    return name in _ONE_OF_A_KIND or name in _HOW_MANY or bool(_SEVERAL.fullmatch(name))


def excused(group: str, names: Iterable[str]) -> bool:
    """Say whether a tag is there with which several members of a group are true of one person.

    Args:
        group: Name of an exclusive group.
        names: Normal names of one caption or prompt.
    """
    present = set(names)
    return any(
        part in group and not present.isdisjoint(excuses) for part, excuses in _EXCUSES.items()
    )
