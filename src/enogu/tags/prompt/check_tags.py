"""Checks of the words of a prompt against a vocabulary."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from enogu.tags.dataset.knowledge import KnowsTags, Remembered
from enogu.tags.dataset.people import excused, shows_several
from enogu.tags.names import normal_name, spoken_name
from enogu.tags.prompt.findings import Edit, Finding, Fix, Level
from enogu.tags.prompt.items import TagItem, may_meet, prompt_tags, removal
from enogu.tags.prompt.tree import Prompt
from enogu.tags.vocabulary.model import TagInfo

MOST_TAGS = 2_000
"""More are not looked up, so that a hostile prompt is answered in bounded time."""

MOST_WORDS = 5
"""Longer texts are sentences, not tags."""

_LONGEST_TAG = 170
_MOST_NEAREST = 30

Count = Callable[[str], int | None]
"""Normal name → pictures the base has seen of it; None where that is not known."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A tag of the prompt that the vocabulary has."""

    item: TagItem
    name: str


def check_tags(
    prompt: Prompt, knows: KnowsTags, *, seen_at_least: int, count: Count | None = None
) -> Iterator[Finding]:
    """Give what is wrong with the tags of a prompt.

    Args:
        prompt: In any dialect.
        knows: The vocabulary.
        seen_at_least: Tags with fewer pictures are reported; 0 switches that off.
        count: How many pictures the base has seen; without it the vocabulary's counts are taken.
    """
    knows = Remembered(knows)
    items = [item for item in prompt_tags(prompt) if not item.mixed and _is_tag(item.text)]
    known: list[_Known] = []
    num_nearest = 0
    text = str(prompt)
    yield from _duplicates(prompt, text, items)
    for item in items[:MOST_TAGS]:
        resolution = knows.resolve(item.text)
        if resolution.name is None:
            near = knows.nearest(item.text) if num_nearest < _MOST_NEAREST else ()
            num_nearest += 1
            yield _unknown(item, near)
            continue
        known.append(_Known(item, resolution.name))
        yield from _names(item, resolution.name, resolution.how, knows)
        yield from _rare(item, knows.get(resolution.name), seen_at_least, count)
    yield from _redundant(prompt, text, known, knows)
    yield from _contradictions(prompt, known, knows)


def _is_tag(text: str) -> bool:
    return (
        len(text) <= _LONGEST_TAG
        and len(text.replace("_", " ").split()) <= MOST_WORDS
        and any(sign.isalnum() for sign in text)
    )


def _finding(
    rule: str, level: Level, item: TagItem, fix: Fix | None = None, **values: str
) -> Finding:
    return Finding(
        rule=rule,
        level=level,
        start=item.start,
        end=item.end,
        values={"tag": item.text, **values},
        fix=fix,
    )


def _duplicates(prompt: Prompt, text: str, items: Sequence[TagItem]) -> Iterator[Finding]:
    first: dict[tuple[str, int], TagItem] = {}
    for item in items:
        key = (normal_name(item.text), item.section)
        earlier = first.setdefault(key, item)
        if earlier is item or not may_meet(prompt, earlier, item):
            continue
        start, end = removal(prompt, text, item)
        same = earlier.weight == item.weight
        yield _finding(
            "duplicate" if same else "duplicate_weight",
            Level.WARNING,
            item,
            Fix(edits=(Edit(start=start, end=end, text=""),), sure=same),
            weight=f"{earlier.weight:.4g}",
        )


def _unknown(item: TagItem, near: Sequence[str]) -> Finding:
    if not near:
        return _finding("unknown", Level.NOTE, item)
    edit = Edit(start=item.start, end=item.end, text=written(near[0]))
    names = ", ".join(spoken_name(name) for name in near)
    return _finding(
        "unknown_near", Level.WARNING, item, Fix(edits=(edit,), sure=False), nearest=names
    )


def written(name: str) -> str:
    """Return a tag as it is written in a prompt: blanks, and brackets escaped."""
    return spoken_name(name).replace("(", r"\(").replace(")", r"\)")


def _names(item: TagItem, name: str, how: str, knows: KnowsTags) -> Iterator[Finding]:
    info = knows.get(name)
    if info is not None and info.deprecated:
        if not info.heirs:
            yield _finding("deprecated_alone", Level.WARNING, item)
            return
        better = ", ".join(written(heir) for heir in info.heirs)
        edit = Edit(start=item.start, end=item.end, text=better)
        fix = Fix(edits=(edit,), sure=len(info.heirs) == 1)
        yield _finding("deprecated", Level.WARNING, item, fix, heirs=better)
    elif how != "tag":
        edit = Edit(start=item.start, end=item.end, text=written(name))
        fix = Fix(edits=(edit,), sure=how == "alias")
        yield _finding("alias", Level.WARNING, item, fix, name=spoken_name(name))


def _rare(
    item: TagItem, info: TagInfo | None, seen_at_least: int, count: Count | None
) -> Iterator[Finding]:
    if info is None or info.deprecated:
        return
    told = count(info.name) if count else None
    seen = info.count if told is None else told
    if seen < seen_at_least:
        # Tags of files without counts have 0 in the vocabulary; nobody knows how many they are.
        rule = "uncounted" if told is None and seen == 0 else "rare"
        yield _finding(rule, Level.NOTE, item, count=f"{seen:,}")


def _redundant(
    prompt: Prompt, text: str, known: Sequence[_Known], knows: KnowsTags
) -> Iterator[Finding]:
    by_name: dict[str, TagItem] = {}
    for one in known:
        by_name.setdefault(one.name, one.item)
    told: set[str] = set()
    for one in known:
        for parent in knows.ancestors(one.name):
            item = by_name.get(parent)
            if item is None or parent in told or not may_meet(prompt, item, one.item):
                continue
            told.add(parent)
            start, end = removal(prompt, text, item)
            fix = Fix(edits=(Edit(start=start, end=end, text=""),), sure=False)
            yield _finding("redundant", Level.NOTE, item, fix, child=one.item.text)


def _contradictions(prompt: Prompt, known: Sequence[_Known], knows: KnowsTags) -> Iterator[Finding]:
    names = [one.name for one in known]
    if shows_several(names):
        return
    groups: dict[str, dict[str, TagItem]] = {}
    for one in known:
        # a weight of nothing or less takes a tag away, so it contradicts none
        if one.item.weight > 0:
            for group in knows.exclusive_groups(one.name):
                groups.setdefault(group, {}).setdefault(one.name, one.item)
    told: set[tuple[int, int]] = set()
    for group, members in groups.items():
        if len(members) < 2 or excused(group, names):
            continue
        implied = {parent for name in members for parent in knows.ancestors(name)}
        (_, first), *others = [
            (name, item) for name, item in members.items() if name not in implied
        ] or [("", known[0].item)]
        for _, other in others:
            if may_meet(prompt, first, other) and (first.start, other.start) not in told:
                told.add((first.start, other.start))
                yield _finding("contradiction", Level.WARNING, other, other=first.text)
