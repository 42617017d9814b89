"""One caption as tags, and back to text without changing anything that was not touched.

A caption is a line of a caption file. It has one to three parts (see ``keep_separator``), a part
has places, and a place has one tag, or several that move together (see ``secondary_separator``).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
        parts = tuple(
            tuple(
                kept
                for place in part
                if (kept := tuple(new for tag in place if (new := change(tag).strip())))
            )
            for part in self.parts
        )
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


def parse_line(text: str, syntax: CaptionSyntax) -> CaptionLine:
    """Read one caption.

    Args:
        text: One line without its line end.
        syntax: The signs that divide it.

    Returns:
        The caption. Empty tags (``a,,b``) are left out.
    """
    core = text.strip()
    lead = text[: len(text) - len(text.lstrip())]
    ending = re.search(rf"(?:\s|{re.escape(syntax.separator)})*\Z", core)
    cut = ending.start() if ending else len(core)
    tail = text[len(lead) + cut :]
    core = core[:cut]
    found = _most_common(core, syntax.separator, blanks=r"\s*")
    pieces = _divided(core, syntax.keep_separator)
    return CaptionLine(
        parts=tuple(_places(piece, syntax) for piece in pieces),
        lead=lead,
        tail=tail,
        joint=found or _usual(syntax.separator),
        part_joint=_part_joint(core, syntax) if len(pieces) > 1 else "",
        place_joint=_most_common(core, syntax.secondary_separator, blanks=r"\s*")
        or syntax.secondary_separator,
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


def _part_joint(core: str, syntax: CaptionSyntax) -> str:
    around = rf"(?:\s|{re.escape(syntax.separator)})*"
    return _most_common(core, syntax.keep_separator, blanks=around) or syntax.keep_separator


def _most_common(core: str, separator: str, *, blanks: str) -> str:
    """Return the separator as it stands in the line most often, with the blanks around it."""
    if not separator or separator not in core:
        return ""
    forms = Counter(re.findall(f"{blanks}{re.escape(separator)}{blanks}", core))
    return forms.most_common(1)[0][0]


def _usual(separator: str) -> str:
    return separator if separator.isspace() else f"{separator} "
