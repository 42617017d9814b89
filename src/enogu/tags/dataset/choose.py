"""Which pictures of a data set a query chooses."""

import fnmatch
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from enogu.tags.dataset.captions import Bools, CaptionSet
from enogu.tags.dataset.document import tag_key
from enogu.tags.dataset.query import And, Compare, FieldFits, HasTag, Not, Or, Query, parse_query

_COMPARE: Final[dict[str, Callable[[Any, int], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """What a query chose."""

    files: Bools
    """Whether each file is chosen; shape [files]."""
    unmatched: tuple[str, ...]
    """Tags of the query that no caption has, as they are spelt in it."""


def choose(captions: CaptionSet, query: str | Query) -> Choice:
    """Return the files whose captions fit a query.

    A picture with several captions has a tag when one of them has it; numbers are those of its
    longest caption.

    Raises:
        QueryError: The text of a query cannot be understood.
    """
    tree = parse_query(query) if isinstance(query, str) else query
    unmatched = [
        pattern
        for pattern in dict.fromkeys(_patterns(tree))
        if not any(map(tag_matcher(pattern), captions.names))
    ]
    return Choice(files=_evaluate(tree, captions), unmatched=tuple(unmatched))


def tag_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test for normal names; ``*`` stands for any signs, ``?`` for one.

    Args:
        pattern: In any spelling: ``* hair`` fits ``blue_hair``.
    """
    key = tag_key(pattern)
    if not any(sign in key for sign in "*?"):
        return lambda name: name == key
    fits = re.compile(_as_regex(key)).fullmatch
    return lambda name: name == key or fits(name) is not None


def _as_regex(pattern: str) -> str:
    # Square brackets are ordinary signs here, unlike in file name patterns.
    return fnmatch.translate(re.sub(r"\*+", "*", pattern).replace("[", "[[]"))


def _patterns(query: Query) -> Iterator[str]:
    if isinstance(query, HasTag):
        yield query.pattern
    elif isinstance(query, Not):
        yield from _patterns(query.inner)
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from _patterns(part)


def _evaluate(query: Query, captions: CaptionSet) -> Bools:
    if isinstance(query, Not):
        return ~_evaluate(query.inner, captions)
    if isinstance(query, And):
        return np.logical_and.reduce([_evaluate(part, captions) for part in query.parts])
    if isinstance(query, Or):
        return np.logical_or.reduce([_evaluate(part, captions) for part in query.parts])
    if isinstance(query, HasTag):
        return _has_tag(query.pattern, captions)
    if isinstance(query, Compare):
        return _COMPARE[query.comparison](_numbers(query, captions), query.value)
    return _field_fits(query, captions)


def _has_tag(pattern: str, captions: CaptionSet) -> Bools:
    fits = tag_matcher(pattern)
    wanted = np.array([fits(name) for name in captions.names], dtype=np.bool_)
    caption_of = np.repeat(np.arange(captions.num_captions), captions.lengths)
    found = np.zeros(len(captions.files), dtype=np.bool_)
    if len(captions.tags):
        found[captions.file_of[caption_of[wanted[captions.tags]]]] = True
    return found


def _numbers(query: Compare, captions: CaptionSet) -> np.ndarray[Any, np.dtype[np.int64]]:
    if query.number == "lines":
        return np.bincount(captions.file_of, minlength=len(captions.files))
    if query.number == "chars":
        return np.array([len(file.text.strip()) for file in captions.files], dtype=np.int64)
    most = np.zeros(len(captions.files), dtype=np.int64)
    np.maximum.at(most, captions.file_of, captions.lengths)
    return most


def _field_fits(query: FieldFits, captions: CaptionSet) -> Bools:
    if query.field == "first":
        fits_tag = tag_matcher(query.pattern)
        found = np.zeros(len(captions.files), dtype=np.bool_)
        for caption in np.flatnonzero(captions.lengths > 0):
            if fits_tag(captions.names[captions.tags[captions.starts[caption]]]):
                found[captions.file_of[caption]] = True
        return found
    pattern = query.pattern.casefold()
    fits = re.compile(_as_regex(f"*{pattern}*" if query.field == "text" else pattern)).fullmatch
    texts: list[str] = []
    for file in captions.files:
        folder, _, name = file.relative.rpartition("/")
        by_field = {"text": file.text, "folder": folder or ".", "name": name.rpartition(".")[0]}
        texts.append(by_field[query.field].casefold())
    return np.array([fits(text) is not None for text in texts], dtype=np.bool_)
