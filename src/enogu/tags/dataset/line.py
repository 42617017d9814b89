"""One caption as tags, and back to text without changing anything that was not touched.

A caption is a line of a caption file. It has one to three parts (see ``keep_separator``), a part
has places, and a place has one tag, or several that move together (see ``secondary_separator``).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

Place: TypeAlias = tuple[str, ...]
Part: TypeAlias = tuple[Place, ...]

_MOST_PARTS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptionSyntax:
    """Which signs divide a caption; the fields are those of the ``[captions]`` settings."""

    separator: str = ","
    keep_separator: str = ""
    secondary_separator: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptionLine:
    """The tags of one caption with what stands around and between them."""

    parts: tuple[Part, ...]
    """One part, or up to three where the caption is divided; tags as they are spelt."""
    lead: str = ""
    """Blanks before the first tag."""
    tail: str = ""
    """Blanks and separators after the last tag."""
    joint: str = ", "
    """What stands between two places: the form that the line has most often."""
    part_joint: str = ""
    place_joint: str = ""

    def tags(self) -> Iterator[str]:
        """Go through all tags in order."""
        for part in self.parts:
            for place in part:
                yield from place

    def map_tags(self, change: Callable[[str], str]) -> "CaptionLine":
        """Return the caption with each tag changed; one that becomes empty is left out."""
        parts = tuple(tuple(_mapped(part, change)) for part in self.parts)
        return self if parts == self.parts else replace(self, parts=parts)

    def render(self) -> str:
        """Return the text of the caption."""
        parts = [
            self.joint.join(self.place_joint.join(place) for place in part) for part in self.parts
        ]
        # A part that lost its last tag keeps its divider: the next part must not move up.
        body = self.part_joint.join(parts).strip()
        tail = self.tail if body else self.tail[len(self.tail.rstrip()) :]
        return f"{self.lead}{body}{tail}"


def _mapped(part: Part, change: Callable[[str], str]) -> list[Place]:
    places: list[Place] = []
    for place in part:
        if len(place) == 1:
            # Nearly all places; one that stays is not made anew.
            (tag,) = place
            text = change(tag).strip()
            if text:
                places.append(place if text == tag else (text,))
        else:
            new = [text for tag in place if (text := change(tag).strip())]
            if new:
                places.append(tuple(new))
    return places


def parse_line(text: str, syntax: CaptionSyntax) -> CaptionLine:
    """Read one caption.

    Args:
        text: One line without its line end.
        syntax: The signs that divide it.

    Returns:
        The caption. Empty tags (``a,,b``) are left out.
    """
    start = len(text) - len(text.lstrip())
    end = _last_place(text, syntax.separator)
    core = text[start:end] if end > start else ""
    pieces = _divided(core, syntax.keep_separator)
    return CaptionLine(
        parts=tuple(_places(piece, syntax) for piece in pieces),
        lead=text[:start],
        tail=text[start + len(core) :],
        joint=_joint(core, syntax.separator),
        part_joint=_part_joint(pieces, syntax) if len(pieces) > 1 else "",
        place_joint=_joint(core, syntax.secondary_separator, usual=syntax.secondary_separator),
    )


def _places(text: str, syntax: CaptionSyntax) -> Part:
    places: list[Place] = []
    for piece in text.split(syntax.separator):
        inner = piece.split(syntax.secondary_separator) if syntax.secondary_separator else [piece]
        place = tuple(tag for part in inner if (tag := part.strip()))
        if place:
            places.append(place)
    return tuple(places)


def _divided(core: str, keep_separator: str) -> list[str]:
    if not keep_separator or keep_separator not in core:
        return [core]
    return core.split(keep_separator, _MOST_PARTS - 1)


def _joint(core: str, separator: str, *, usual: str | None = None) -> str:
    """Return the separator as it stands in the line most often, with the blanks around it."""
    if usual is None:
        usual = separator if separator.isspace() else f"{separator} "
    if not separator or separator not in core:
        return usual
    if f"{usual} " not in core and f" {separator}" not in core and "\t" not in core:
        plain, spaced = core.count(separator), core.count(usual)
        if spaced == plain:
            return usual
    pieces = core.split(separator)
    forms = Counter(
        left[len(left.rstrip()) :] + separator + right[: len(right) - len(right.lstrip())]
        for left, right in pairwise(pieces)
        if left.strip() and right.strip()
    )
    return forms.most_common(1)[0][0] if forms else usual


def _part_joint(pieces: list[str], syntax: CaptionSyntax) -> str:
    left, right = pieces[0], pieces[1]
    before = left[_last_place(left, syntax.separator) :]
    after = right[: _first_place(right, syntax.separator)]
    return before + syntax.keep_separator + after


def _last_place(text: str, separator: str) -> int:
    """Return where the blanks and separators at the end begin."""
    end = len(text)
    while end:
        if text[end - 1].isspace():
            end -= 1
        elif text.endswith(separator, 0, end):
            end -= len(separator)
        else:
            break
    return end


def _first_place(text: str, separator: str) -> int:
    """Return where the blanks and separators at the start end."""
    start = 0
    while start < len(text):
        if text[start].isspace():
            start += 1
        elif text.startswith(separator, start):
            start += len(separator)
        else:
            break
    return start
