"""Adding tags that a reader found to captions, each its own, beside what a person wrote there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from enogu.errors import CaptionError
from enogu.tags.dataset.captions import CaptionSet, Unusable
from enogu.tags.dataset.change import EditPlan, FileChange, LineChange, changes_of
from enogu.tags.dataset.document import CaptionFile, Spelling, spelling_of, tag_key
from enogu.tags.dataset.edits import Edit
from enogu.tags.dataset.line import CaptionLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Addition:
    """What comes into one caption file, and what goes."""

    add: tuple[str, ...] = ()
    """Normal names, best first. Those that the caption has already stay where they are."""
    drop: frozenset[str] = field(default_factory=frozenset[str])
    """Normal names that leave: what an earlier reading added and no longer holds."""


def plan_additions(
    captions: CaptionSet,
    additions: Mapping[str, Addition],
    new: Mapping[str, Sequence[str]],
    *,
    title: str,
) -> EditPlan:
    """Work out what captions become; nothing is written.

    What a person wrote keeps its place and its spelling; new tags stand behind it, before a fixed
    tail, spelt as the file spells its own. A tag that holds the separator would fall apart and is
    left out.

    Args:
        captions: The data set; may have no file yet.
        additions: By relative path of a caption file of `captions`.
        new: Normal names by relative path of a file that is to be made; none is made empty.
        title: What is done, in a few words.

    Raises:
        CaptionError: A file to make is there already.
    """
    separator = captions.syntax.separator
    files = [file for file in captions.files if file.relative in additions]
    changes, refused = changes_of(
        captions, files, lambda file: [_edit(additions[file.relative], separator)]
    )
    usual = spelling_of(captions.spellings)
    made: list[FileChange] = []
    held: list[Unusable] = []
    for relative, names in sorted(new.items()):
        path = captions.folder / relative
        texts = [usual.spell(name) for name in names if separator not in usual.spell(name)]
        if path.exists() or path.is_symlink():
            reason = "is there already, but was not read as a caption"
            held.append(Unusable(path=path, reason=reason))
        elif texts:
            made.append(_new_file(captions, relative, texts))
    return EditPlan(
        captions=captions,
        titles=(title,),
        considered=len(files) + len(new),
        changes=tuple(sorted((*changes, *made), key=lambda change: change.file.relative)),
        refused=(*refused, *held),
    )


def _edit(addition: Addition, separator: str) -> Edit:
    def change(line: CaptionLine, spelling: Spelling) -> CaptionLine:
        if addition.drop:
            line = line.map_tags(lambda tag: "" if tag_key(tag) in addition.drop else tag)
        there = {tag_key(tag) for tag in line.tags()}
        texts = [spelling.spell(name) for name in addition.add if name not in there]
        new = tuple((text,) for text in texts if separator not in text)
        if not new:
            return line
        # Of head, movable part and fixed tail, the movable part takes them.
        place = min(1, len(line.parts) - 1)
        parts = list(line.parts)
        parts[place] = (*parts[place], *new)
        return replace(line, parts=tuple(parts))

    return Edit("", change)


def _new_file(captions: CaptionSet, relative: str, texts: Sequence[str]) -> FileChange:
    separator = captions.syntax.separator
    joint = separator if separator.isspace() else f"{separator} "
    text = joint.join(texts)
    if any(sign in text for sign in "\n\r"):
        raise CaptionError(f"{captions.folder / relative}: a tag holds a line break: {text!r}")
    file = CaptionFile(
        path=captions.folder / relative,
        relative=relative,
        text="",
        encoding="utf-8",
        mark=b"",
        data=b"",
    )
    line = LineChange(line=1, before=(), after=tuple(texts))
    return FileChange(file=file, after=f"{text}\n".encode(), lines=(line,), is_new=True)
