"""What edits would change, worked out before anything is written."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from enogu.errors import CaptionError
from enogu.tags.dataset.captions import Bools, CaptionSet, Unusable
from enogu.tags.dataset.document import (
    CaptionFile,
    Spelling,
    caption_lines,
    spelling_of,
    split_lines,
)
from enogu.tags.dataset.edits import Edit
from enogu.tags.dataset.line import parse_line


@dataclass(frozen=True, kw_only=True, slots=True)
class LineChange:
    """One caption before and after."""

    line: int
    """Line of the file, from 1."""
    before: tuple[str, ...]
    """Its tags as they are spelt."""
    after: tuple[str, ...]

    @property
    def removed(self) -> tuple[str, ...]:
        """Tags that go, each as often as it goes."""
        return tuple((Counter(self.before) - Counter(self.after)).elements())

    @property
    def added(self) -> tuple[str, ...]:
        """Tags that come."""
        return tuple((Counter(self.after) - Counter(self.before)).elements())


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """One caption file before and after."""

    file: CaptionFile
    after: bytes
    lines: tuple[LineChange, ...]
    is_new: bool = False
    """Whether the edit makes the file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EditPlan:
    """What edits would change."""

    captions: CaptionSet
    titles: tuple[str, ...]
    """The edits in the order they are made."""
    considered: int
    """How many files were chosen."""
    changes: tuple[FileChange, ...]
    """Only files that change, by relative path."""
    refused: tuple[Unusable, ...]
    """Files that would change but cannot be written as they are."""

    @property
    def removed(self) -> Counter[str]:
        """How often each tag goes, over all files."""
        return Counter(
            tag for change in self.changes for line in change.lines for tag in line.removed
        )

    @property
    def added(self) -> Counter[str]:
        """How often each tag comes."""
        return Counter(
            tag for change in self.changes for line in change.lines for tag in line.added
        )


def plan_edits(
    captions: CaptionSet, edits: Sequence[Edit], *, chosen: Bools | None = None
) -> EditPlan:
    """Work out what edits would do; nothing is written.

    Args:
        captions: The data set.
        edits: Made one after the other, at least one.
        chosen: Which files to edit, shape [files]; all by default.

    Raises:
        CaptionError: There is no edit.
    """
    if not edits:
        raise CaptionError(
            "nothing to do: no edit was named",
            hint="For example: enogu captions edit pictures --prepend mychar --drop-implied",
        )
    files = (
        captions.files
        if chosen is None
        else [captions.files[index] for index in np.flatnonzero(chosen)]
    )
    changes, refused = changes_of(captions, files, lambda _: edits)
    return EditPlan(
        captions=captions,
        titles=tuple(edit.title for edit in edits),
        considered=len(files),
        changes=changes,
        refused=refused,
    )


def changes_of(
    captions: CaptionSet,
    files: Iterable[CaptionFile],
    edits_of: Callable[[CaptionFile], Sequence[Edit]],
) -> tuple[tuple[FileChange, ...], tuple[Unusable, ...]]:
    """Work out what each file becomes.

    Args:
        captions: The data set.
        files: Those of its files that are edited.
        edits_of: The edits of one file, made one after the other.

    Returns:
        The files that change, and those that would but cannot be written as they are.
    """
    usual = spelling_of(captions.spellings)
    changes: list[FileChange] = []
    refused: list[Unusable] = []
    seen: set[str] = set()
    for file in files:
        try:
            change = _change_of(file, edits_of(file), captions, usual)
        except CaptionError as error:
            reason = error.message.removeprefix(f"{file.path}: ")
            refused.append(Unusable(path=file.path, reason=reason))
            continue
        # A link to a caption of the same folder is the same file a second time.
        real = str(file.path.resolve()) if change and file.path.is_symlink() else str(file.path)
        if change is not None and real not in seen:
            seen.add(real)
            changes.append(change)
    return tuple(changes), tuple(refused)


def _change_of(
    file: CaptionFile, edits: Sequence[Edit], captions: CaptionSet, usual: Spelling
) -> FileChange | None:
    lines = split_lines(file.text)
    changed: list[LineChange] = []
    parsed = {index: parse_line(lines[index][0], captions.syntax) for index in caption_lines(lines)}
    # A caption of one tag does not show how the file joins tags; another of its captions may.
    joint = next((line.joint for line in parsed.values() if sum(map(len, line.parts)) > 1), None)
    spelling = spelling_of([tag for line in parsed.values() for tag in line.tags()], usual)
    for index, before in parsed.items():
        after = before
        if joint is not None and sum(map(len, before.parts)) < 2:
            after = replace(before, joint=joint)
        for edit in edits:
            after = edit.change(after, spelling)
        if after.parts == before.parts:
            continue
        lines[index] = (after.render(), lines[index][1])
        changed.append(
            LineChange(line=index + 1, before=tuple(before.tags()), after=tuple(after.tags()))
        )
    if not changed:
        return None
    if file.to_bytes(file.text) != file.data:
        raise CaptionError(
            f"{file.path}: holds characters that its encoding writes in two ways, so the rest of "
            "the file would not stay as it is; save it as UTF-8 in a text editor"
        )
    text = "".join(line + end for line, end in lines)
    return FileChange(file=file, after=file.to_bytes(text), lines=tuple(changed))
