"""Edits of one caption that need no vocabulary. An edit is a function from line to line.

Tags are compared by their normal names, so ``Blue_Hair`` is ``blue hair``. Patterns may hold ``*``
and ``?``.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

from enogu.errors import CaptionError
from enogu.tags.dataset.choose import tag_matcher
from enogu.tags.dataset.document import Spelling, tag_key
from enogu.tags.dataset.line import CaptionLine, Part, Place
from enogu.tags.names import is_kaomoji, spoken_name

Change: TypeAlias = Callable[[CaptionLine, Spelling], CaptionLine]


@dataclass(frozen=True, slots=True)
class Edit:
    """One step of a change to captions."""

    title: str
    """What it does, in a few words; the same words for the same arguments."""
    change: Change
    """Gets a caption and how its file spells tags; returns the caption it becomes."""


def prepend(tags: Sequence[str]) -> Edit:
    """Put tags in front of every caption, such as a trigger word; move those that it has."""
    texts = _checked_tags(tags)
    keys = {tag_key(text) for text in texts}

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        rest = line.map_tags(lambda tag: "" if tag_key(tag) in keys else tag)
        return _with_first(rest, tuple((text,) for text in texts))

    return Edit(f"put {', '.join(texts)} in front", change)


def append(tags: Sequence[str]) -> Edit:
    """Put tags at the end of the captions that lack them."""
    texts = _checked_tags(tags)

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        there = {tag_key(tag) for tag in line.tags()}
        new = tuple((text,) for text in texts if tag_key(text) not in there)
        return replace(line, parts=(*line.parts[:-1], (*line.parts[-1], *new)))

    return Edit(f"add {', '.join(texts)} at the end", change)


def move_to_front(patterns: Sequence[str]) -> Edit:
    """Move the tags that fit to the front, in the order they have; add nothing."""
    fits = _fits_any(patterns)

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        places = [place for part in line.parts for place in part]
        moved = tuple(place for place in places if any(fits(tag_key(tag)) for tag in place))
        if not moved:
            return line
        rest = tuple(tuple(place for place in part if place not in moved) for part in line.parts)
        return _with_first(replace(line, parts=rest), moved)

    return Edit(f"move {', '.join(patterns)} to the front", change)


def remove(patterns: Sequence[str], title: str = "") -> Edit:
    """Take out the tags that fit one of several patterns.

    Args:
        patterns: At least one.
        title: Said instead of the list of patterns.
    """
    fits = _fits_any(patterns)
    kept = _remembered(lambda tag: "" if fits(tag_key(tag)) else tag)
    return Edit(title or f"remove {', '.join(patterns)}", lambda line, _: line.map_tags(kept))


def substitute(old: str, new: Sequence[str]) -> Edit:
    """Put one or several tags where another stood; none that the caption has already.

    Args:
        old: The tag to replace; a pattern may be given too.
        new: What to put there.
    """
    fits = tag_matcher(_checked_tag(old))
    texts = _checked_tags(new)

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        return exchange(line, lambda tag: texts if fits(tag_key(tag)) else None)

    return Edit(f"replace {old!r} by {', '.join(texts)!r}", change)


def exchange(line: CaptionLine, new_tags: Callable[[str], Sequence[str] | None]) -> CaptionLine:
    """Put other tags where some stood; those the caption has elsewhere are not put in again.

    Args:
        line: The caption.
        new_tags: The tags to put in the place of one, or None to leave it.
    """
    exchanged = {tag: new for tag in line.tags() if (new := new_tags(tag)) is not None}
    if not exchanged:
        return line
    there = {tag_key(tag) for tag in line.tags() if tag not in exchanged}

    def placed(tag: str) -> list[str]:
        if tag not in exchanged:
            return [tag]
        new = [text for text in dict.fromkeys(exchanged[tag]) if tag_key(text) not in there]
        there.update(map(tag_key, new))
        return new

    parts: list[Part] = []
    for part in line.parts:
        places: list[Place] = []
        for place in part:
            new = tuple(text for tag in place for text in placed(tag))
            # Tags that were bound together stay so; a lone one becomes several lone ones.
            places += [new] if len(place) > 1 and new else [(text,) for text in new]
        parts.append(tuple(places))
    return replace(line, parts=tuple(parts))


def substitute_regex(expression: str) -> Edit:
    r"""Change each tag by a regular expression, written ``s/old/new/`` as in sed.

    Any sign may stand for ``/``; ``i`` at the end ignores case; ``\1`` in the new text is the
    first group. A tag that becomes empty goes; line breaks become blanks.

    Raises:
        CaptionError: The expression is wrong.
    """
    pattern, new = _parsed_expression(expression)
    changed = _remembered(lambda tag: _LINE_BREAKS.sub(" ", pattern.sub(new, tag)))
    return Edit(f"regular expression {expression}", lambda line, _: line.map_tags(changed))


def blanks_for_underscores() -> Edit:
    """Write ``blue hair`` for ``blue_hair``; kaomoji keep theirs."""
    return Edit("blanks for underscores", _mapping(spoken_name))


def underscores_for_blanks() -> Edit:
    """Write ``blue_hair`` for ``blue hair``."""
    return Edit(
        "underscores for blanks", _mapping(lambda tag: "_".join(tag.split(" ")) if tag else tag)
    )


def drop_repeated() -> Edit:
    """Keep the first of tags that a caption holds more than once."""

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        seen: set[str] = set()

        def kept(tag: str) -> str:
            key = tag_key(tag)
            if key in seen:
                return ""
            seen.add(key)
            return tag

        return line.map_tags(kept)

    return Edit("drop repeated tags", change)


def drop_overlapping(*, spared: Collection[str] = ()) -> Edit:
    """Drop a tag whose words stand in a row in a longer tag of the caption.

    Whole words count: ``hair`` goes beside ``blue hair``, ``hat`` stays beside ``what``.

    Args:
        spared: Normal names that stay, such as the trigger word.
    """

    def change(line: CaptionLine, _: Spelling) -> CaptionLine:
        keys = {tag_key(tag) for tag in line.tags()}
        inner = set[str]().union(*map(_word_rows, keys)).difference(spared)
        if not keys & inner:
            return line
        return line.map_tags(lambda tag: "" if tag_key(tag) in inner else tag)

    return Edit("drop tags that are part of another", change)


_MOST_WORDS: Final = 16
_LINE_BREAKS: Final = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


@lru_cache(maxsize=1 << 16)
def _word_rows(key: str) -> frozenset[str]:
    words = key.split("_")
    if is_kaomoji(key) or not 1 < len(words) <= _MOST_WORDS:
        return frozenset()
    return frozenset(
        "_".join(words[start:stop])
        for start in range(len(words))
        for stop in range(start + 1, len(words) + 1)
        if stop - start < len(words)
    )


def _mapping(new_tag: Callable[[str], str]) -> Change:
    changed = _remembered(lambda tag: tag if is_kaomoji(tag) else new_tag(tag))
    return lambda line, _: line.map_tags(changed)


def _remembered(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return a change that depends on the tag alone; each tag stands in many captions."""
    return lru_cache(maxsize=1 << 16)(change)


def _with_first(line: CaptionLine, places: tuple[Place, ...]) -> CaptionLine:
    return replace(line, parts=((*places, *line.parts[0]), *line.parts[1:]))


def _fits_any(patterns: Sequence[str]) -> Callable[[str], bool]:
    checked = _checked_tags(patterns)
    exact = {tag_key(pattern) for pattern in checked}
    wild = [tag_matcher(text) for text in checked if any(sign in text for sign in "*?")]
    return lambda key: key in exact or any(fits(key) for fits in wild)


def _checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    if not tags:
        raise CaptionError("an edit needs at least one tag")
    return tuple(_checked_tag(tag) for tag in tags)


def _checked_tag(text: str) -> str:
    tag = text.strip()
    if not tag or any(sign in tag for sign in "\n\r\0"):
        raise CaptionError(
            f"a tag must be a text in one line, got {text!r}",
            hint='For example: --prepend "my character"',
        )
    return tag


def _parsed_expression(expression: str) -> tuple[re.Pattern[str], str]:
    parts = expression[2:].split(expression[1:2]) if len(expression) > 3 else []
    if expression[:1] != "s" or len(parts) != 3 or not parts[0] or parts[2] not in ("", "i"):
        raise CaptionError(
            f"a regular expression is written s/old/new/ or s/old/new/i, got {expression!r}",
            hint="Any sign may stand for the slash: s|a/b|c|",
        )
    try:
        pattern = re.compile(parts[0], re.IGNORECASE if parts[2] else 0)
        # Wrong references to groups in the new text show here, whether or not anything fits.
        pattern.sub(parts[1], "")
    except (re.error, IndexError) as error:
        raise CaptionError(f"the regular expression {expression!r} is wrong: {error}") from error
    return pattern, parts[1]
