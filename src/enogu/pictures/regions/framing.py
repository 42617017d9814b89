"""Captions of crops: carried over, with what the crop no longer shows taken out."""

from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, TypeAlias

from enogu.tags.names import normal_name

Framing: TypeAlias = Literal["portrait", "upper body", "full body"]

HOW_MUCH_IS_SEEN: Final = (
    "close-up",
    "portrait",
    "upper_body",
    "cowboy_shot",
    "lower_body",
    "full_body",
    "wide_shot",
    "very_wide_shot",
)
"""Tags that say how much of a figure is in the picture, as their keys."""

_CUT_OFF: Final = (
    "feet_out_of_frame",
    "head_out_of_frame",
    "out_of_frame",
    "cropped",
    "cropped_legs",
    "cropped_torso",
    "cropped_shoulders",
)
_BELOW: Final[dict[Framing, tuple[str, ...]]] = {
    "portrait": ("footwear_legwear", "clothes_lower"),
    "upper body": ("footwear_legwear",),
    "full body": (),
}
"""Groups of the embedded vocabulary that a crop leaves outside."""


def framing_of(tags: Sequence[str]) -> str | None:
    """Return the first tag of a caption that says how much of the figure is seen.

    Args:
        tags: The caption's tags in any spelling.

    Returns:
        Its key, such as ``upper_body``; None where no tag says it.
    """
    return next((key for key in map(normal_name, tags) if key in HOW_MUCH_IS_SEEN), None)


def reframed_tags(tags: Sequence[str], framing: Framing | None) -> list[str]:
    """Make a caption fit a crop.

    The framing tag takes the place of the old one, or comes last where there was none. What the
    crop surely leaves outside is taken out: legs and feet from a portrait or an upper body, and
    from a portrait skirts and trousers too.

    Args:
        tags: The caption of the whole picture.
        framing: What the crop shows; None takes the old framing out and says nothing new.

    Returns:
        The tags in their order, each once.
    """
    hidden = _keys_of(_BELOW[framing]) if framing is not None else frozenset[str]()
    out: list[str] = []
    is_said = False
    for tag in tags:
        key = normal_name(tag)
        if key in HOW_MUCH_IS_SEEN:
            if framing is not None and not is_said:
                out.append(framing)
                is_said = True
        elif key not in _CUT_OFF and not _is_hidden(key, hidden):
            out.append(tag)
    if framing is not None and not is_said:
        out.append(framing)
    return list(dict.fromkeys(out))


@cache
def _keys_of(groups: tuple[str, ...]) -> frozenset[str]:
    # Here, because the vocabulary takes half of what a process that looks at pictures must import,
    # and none of them makes captions.
    from enogu.tags.vocabulary.embedded_words import read_embedded_rows

    return frozenset(row.tag for row in read_embedded_rows() if row.group in groups)


def _is_hidden(key: str, hidden: frozenset[str]) -> bool:
    # Colours and patterns make more tags than a list holds: green_boots are boots.
    return key in hidden or ("_" in key and key.rpartition("_")[2] in hidden)
