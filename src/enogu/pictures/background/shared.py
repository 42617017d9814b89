"""Whether all pictures of a set stand on the same background, which a LoRA would learn as well."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from enogu.pictures.pixels import Colour

_BIN_LEVELS: Final = 16
_MIN_PICTURES: Final = 5
_MIN_SHARE: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class BackgroundSeen:
    """What is known of the background of one picture."""

    method: str
    """As :attr:`enogu.pictures.background.Background.method`."""
    colour: Colour | None
    is_tagged: bool
    """Whether its caption names the background, such as ``white background``."""


@dataclass(frozen=True, kw_only=True)
class SharedBackground:
    """Nearly all pictures of a set have one background."""

    colour: Colour | None
    """Its colour; None for transparent."""
    count: int
    """Pictures that have it."""
    total: int
    """Pictures of the set."""
    untagged: int
    """Those of `count` whose caption does not name the background."""

    @property
    def warning(self) -> str:
        """What it leads to and what helps, in plain words."""
        look = "transparent" if self.colour is None else "#{:02x}{:02x}{:02x}".format(*self.colour)
        text = (
            f"{self.count} of {self.total} pictures have the same background ({look}): the LoRA "
            "will draw it everywhere."
        )
        if self.untagged:
            text += (
                f" {self.untagged} of them do not say so in their caption; a tag such as 'white "
                "background' lets the prompt decide."
            )
        return f"{text} Pictures with other backgrounds, or a loss mask, help more."


def find_shared_background(seen: Iterable[BackgroundSeen]) -> SharedBackground | None:
    """Look for one background in nearly all pictures.

    Args:
        seen: One entry for each picture of the set, those without a found background too.

    Returns:
        The background; None where fewer than 90 % of the pictures share one, or where there are
        fewer than five pictures.
    """
    entries = list(seen)
    if len(entries) < _MIN_PICTURES:
        return None
    kinds = [_kind(entry) for entry in entries]
    counts = Counter(kind for kind in kinds if kind is not None)
    if not counts:
        return None
    # Colours on both sides of a bin's border are the same to the eye: neighbours count together.
    best = max(counts, key=lambda kind: (_with_neighbours(counts, kind), counts[kind]))
    chosen = [
        entry
        for entry, kind in zip(entries, kinds, strict=True)
        if kind is not None and _is_near(kind, best)
    ]
    if len(chosen) < _MIN_SHARE * len(entries):
        return None
    return SharedBackground(
        colour=_middle([entry.colour for entry in chosen if entry.colour is not None]),
        count=len(chosen),
        total=len(entries),
        untagged=sum(not entry.is_tagged for entry in chosen),
    )


def _kind(entry: BackgroundSeen) -> Colour | None:
    if entry.method == "alpha":
        return -9, -9, -9
    if entry.colour is None:
        return None
    red, green, blue = (round(value / _BIN_LEVELS) for value in entry.colour)
    return red, green, blue


def _is_near(one: Colour, other: Colour) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 1


def _with_neighbours(counts: Counter[Colour], kind: Colour) -> int:
    return sum(count for other, count in counts.items() if _is_near(kind, other))


def _middle(colours: list[Colour]) -> Colour | None:
    if not colours:
        return None
    red, green, blue = (
        sorted(colour[i] for colour in colours)[len(colours) // 2] for i in range(3)
    )
    return red, green, blue
