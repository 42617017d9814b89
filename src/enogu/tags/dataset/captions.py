"""All captions of a folder as one compact table of numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from enogu.errors import CaptionError
from enogu.tags.dataset.document import (
    CaptionFile,
    caption_lines,
    read_caption_file,
    split_lines,
    tag_key,
)
from enogu.tags.dataset.line import CaptionSyntax, parse_line
from enogu.tags.sidecar import captions_by_stem, stem_key

Ids: TypeAlias = NDArray[np.int32]
Bools: TypeAlias = NDArray[np.bool_]

MOST_TAGS: Final = 10_000
"""A file with more tags is a list of something, not a caption."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unusable:
    """A caption file that is left out."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptionSet:
    """The captions of a folder.

    A caption is one line of a file; a file without text is one empty caption. Tags are numbers:
    indices into :attr:`names`. The tags of caption ``c`` are ``tags[starts[c] : starts[c + 1]]``.
    """

    folder: Path
    syntax: CaptionSyntax
    files: tuple[CaptionFile, ...]
    """Sorted by relative path."""
    names: tuple[str, ...]
    """Normal names, in the order of their first place."""
    tags: Ids
    """Tags of all captions one after the other, in the order they stand; shape [places]."""
    starts: NDArray[np.int64]
    """Shape [captions + 1]."""
    file_of: Ids
    """Index of the file of each caption; shape [captions], ascending."""
    spelt: Ids
    """For each place, an index into :attr:`spellings`; shape [places]."""
    spellings: tuple[str, ...]
    unusable: tuple[Unusable, ...]
    warnings: tuple[str, ...]
    without_caption: tuple[Path, ...]
    """Pictures that have no caption file."""
    without_picture: tuple[Path, ...]
    """Caption files that have no picture; empty when no pictures were given."""

    @property
    def num_captions(self) -> int:
        """How many captions there are, empty ones too."""
        return len(self.file_of)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tags each caption has, repeated ones too; shape [captions]."""
        return np.diff(self.starts)

    @cached_property
    def distinct(self) -> tuple[NDArray[np.int64], Ids]:
        """Each caption's tags once: caption and tag of each, sorted by caption, then tag."""
        captions = np.repeat(np.arange(self.num_captions, dtype=np.int64), self.lengths)
        keys = np.unique(captions * max(len(self.names), 1) + self.tags)
        captions, tags = np.divmod(keys, max(len(self.names), 1))
        return captions, tags.astype(np.int32)

    def tags_of(self, caption: int) -> list[str]:
        """Return the normal names of one caption in order."""
        start, stop = self.starts[caption], self.starts[caption + 1]
        return [self.names[tag] for tag in self.tags[start:stop]]

    def with_notes(self, unusable: tuple[Unusable, ...], warnings: tuple[str, ...]) -> "CaptionSet":
        """Return the same captions with more that a person should know."""
        return replace(
            self, unusable=(*self.unusable, *unusable), warnings=(*self.warnings, *warnings)
        )

    def where(self, caption: int) -> str:
        """Return the file of a caption, with its number where the file has several."""
        file = int(self.file_of[caption])
        first = int(np.searchsorted(self.file_of, file))
        last = int(np.searchsorted(self.file_of, file, side="right"))
        name = self.files[file].relative
        return name if last - first == 1 else f"{name}, caption {caption - first + 1}"


def load_captions(
    folder: Path,
    captions: Sequence[Path],
    *,
    pictures: Iterable[Path] = (),
    syntax: CaptionSyntax | None = None,
) -> CaptionSet:
    """Read caption files into a table.

    Args:
        folder: Absolute; relative names are told from here.
        captions: Caption files inside it, as :func:`enogu.pictures.listing.list_files` finds them.
        pictures: The pictures of the folder, to tell which lack a caption.
        syntax: Signs that divide a caption; commas by default.

    Returns:
        The table. Files that cannot be read are named in it and never stop the rest.

    Raises:
        CaptionError: No caption file can be read.
    """
    syntax = syntax or CaptionSyntax()
    chosen, warnings = captions_by_stem(captions)
    prefix = len(str(folder)) + 1
    named = sorted((path.as_posix()[prefix:], path) for path in chosen.values())
    files: list[CaptionFile] = []
    unusable: list[Unusable] = []
    for relative, path in named:
        try:
            file = read_caption_file(path, relative)
            if (num_tags := file.text.count(syntax.separator)) > MOST_TAGS:
                raise CaptionError(f"has {num_tags:,} tags; at most {MOST_TAGS:,} are a caption")
            files.append(file)
        except CaptionError as error:
            unusable.append(Unusable(path=path, reason=error.message.removeprefix(f"{path}: ")))
    if not files:
        raise _nothing_found(folder, unusable)
    with_picture = {stem_key(path): path for path in pictures}
    return _table(
        folder,
        syntax,
        files,
        unusable=tuple(unusable),
        warnings=tuple(warnings),
        without_caption=tuple(path for key, path in with_picture.items() if key not in chosen),
        without_picture=tuple(path for key, path in chosen.items() if key not in with_picture)
        if with_picture
        else (),
    )


def _table(
    folder: Path,
    syntax: CaptionSyntax,
    files: list[CaptionFile],
    *,
    unusable: tuple[Unusable, ...] = (),
    warnings: tuple[str, ...] = (),
    without_caption: tuple[Path, ...] = (),
    without_picture: tuple[Path, ...] = (),
) -> CaptionSet:
    spelt_ids: dict[str, int] = {}
    spelt: list[int] = []
    lengths: list[int] = []
    file_of: list[int] = []
    for index, file in enumerate(files):
        for line in texts_of(file.text):
            tags = [spelt_ids.setdefault(tag, len(spelt_ids)) for tag in tags_of(line, syntax)]
            spelt += tags
            lengths.append(len(tags))
            file_of.append(index)
    name_ids: dict[str, int] = {}
    key_of = np.array(
        [name_ids.setdefault(tag_key(text), len(name_ids)) for text in spelt_ids], dtype=np.int32
    )
    places = np.array(spelt, dtype=np.int32)
    return CaptionSet(
        folder=folder,
        syntax=syntax,
        files=tuple(files),
        names=tuple(name_ids),
        tags=key_of[places] if len(places) else places,
        starts=np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))),
        file_of=np.array(file_of, dtype=np.int32),
        spelt=places,
        spellings=tuple(spelt_ids),
        unusable=unusable,
        warnings=warnings,
        without_caption=without_caption,
        without_picture=without_picture,
    )


def captions_from_texts(
    folder: Path, texts: Iterable[tuple[str, str]], syntax: CaptionSyntax
) -> CaptionSet:
    """Make a table from texts that were read before.

    Args:
        folder: Where they lie.
        texts: Name inside the folder, and text, of each.
        syntax: Signs that divide a caption.
    """
    files = [
        CaptionFile(
            path=folder / name, relative=name, text=text, encoding="utf-8", mark=b"",
            data=text.encode(errors="surrogatepass"),
        )
        for name, text in sorted(texts)
    ]  # fmt: skip
    return _table(folder, syntax, files)


def texts_of(text: str) -> list[str]:
    """Return the captions of a file's text: its lines with text, or one empty one."""
    lines = split_lines(text)
    return [lines[index][0] for index in caption_lines(lines)]


def tags_of(text: str, syntax: CaptionSyntax) -> list[str]:
    """Return the tags of one caption as they are spelt."""
    if syntax.keep_separator or syntax.secondary_separator:
        return list(parse_line(text, syntax).tags())
    return [tag for piece in text.split(syntax.separator) if (tag := piece.strip())]


def _nothing_found(folder: Path, unusable: list[Unusable]) -> CaptionError:
    if unusable:
        first = unusable[0]
        return CaptionError(
            f"{folder}: none of the {len(unusable)} caption files can be read; "
            f"{first.path.name}: {first.reason}"
        )
    return CaptionError(
        f"{folder}: there is no caption file in it",
        hint="Captions are text files beside the pictures, with the same name: drawing.txt beside "
        "drawing.png. Name the folder that holds them.",
    )
