"""Which version of the world's vocabulary a trained file belongs to.

A judge answers "value number 3 of axis 5". After a value was added, the same number means something
else, so files carry the digest of the vocabulary they were trained on, and another one is refused.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from enogu.errors import WorldError

Questions = Mapping[str, Sequence[str]]
"""Axes with their values, in the order in which a network answers them."""


def questions_to_text(questions: Questions) -> str:
    """Return `questions` as one line of JSON, order included."""
    pairs = [[axis, list(values)] for axis, values in questions.items()]
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def questions_from_text(text: str) -> dict[str, tuple[str, ...]]:
    """Return what :func:`questions_to_text` wrote.

    Raises:
        ValueError: `text` is not such a line.
    """
    pairs = json.loads(text)
    if not isinstance(pairs, list):
        raise ValueError(f"expected a list of axes, got {type(pairs).__name__}")
    return {str(axis): tuple(str(value) for value in values) for axis, values in pairs}


def vocabulary_digest(questions: Questions) -> str:
    """Return 12 hexadecimal digits that change with any axis, value or their order."""
    return hashlib.sha256(questions_to_text(questions).encode()).hexdigest()[:12]


def check_vocabulary(path: Path, stored: Questions, current: Questions, *, rebuild: str) -> None:
    """Refuse a file that was trained on another vocabulary.

    Args:
        path: The file, named in the message.
        stored: The questions it was trained on.
        current: The questions of now.
        rebuild: The command that makes the file anew.

    Raises:
        WorldError: The two differ; both versions and what differs are named.
    """
    theirs, ours = vocabulary_digest(stored), vocabulary_digest(current)
    if theirs == ours:
        return
    axes = [*current, *(axis for axis in stored if axis not in current)]
    differing = [a for a in axes if list(stored.get(a, ())) != list(current.get(a, ()))]
    what = f"they differ in {', '.join(differing)}" if differing else "the axes are ordered anew"
    raise WorldError(
        f"{path}: was trained on vocabulary {theirs} ({len(stored)} axes), "
        f"the drawn world now has {ours} ({len(current)} axes); {what}",
        hint=f"Make it anew: {rebuild}",
    )
