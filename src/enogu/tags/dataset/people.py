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
