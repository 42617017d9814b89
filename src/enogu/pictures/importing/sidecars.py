"""Captions that other tools keep beside pictures, in whatever form; never from pickle files.

- ``name.txt``, ``name.caption``: kohya, TagGUI, BooruDatasetTagManager, img2dataset.
- ``name.ext.txt``: gallery-dl, one tag a line with underscores.
- ``name.ext.json``, ``name.json``: gallery-dl (``tags``, ``tag_string…``), img2dataset
  (``caption``).
- ``meta_cap.json``, ``meta_lat.json`` and relatives: kohya, one JSON for many pictures.
- ``metadata.jsonl``, ``metadata.csv``: diffusers, one line for each ``file_name``.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from enogu.errors import CaptionError
from enogu.tags.names import normal_name, spoken_name
from enogu.tags.sidecar import (
    captions_by_stem,
    decode_caption,
    read_caption,
    stem_key,
)

PICKLE_SUFFIXES: Final = frozenset({".pkl", ".pickle", ".npz", ".npy", ".pt", ".pth", ".ckpt"})
"""Side files that could hold pickled Python objects; they are never opened."""

_MAX_JSON_BYTES: Final = 1 << 30
_TABLE_NAMES: Final = ("metadata.jsonl", "metadata.csv")
_TAG_KEYS: Final = ("character", "copyright", "general", "species")
"""The categories of boards that describe what is seen; artists and file facts are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundCaption:
    """The caption of one picture."""

    text: str
    note: str | None = None
    """Where it came from, when that is not a text file of the picture's own name."""


class Sidecars:
    """Finds the caption of each picture of one folder tree.

    Args:
        pictures: Its pictures.
        captions: Its caption files.
        others: Its files that are neither pictures nor captions.
    """

    def __init__(
        self, pictures: Iterable[Path], captions: Sequence[Path], others: Sequence[Path]
    ) -> None:
        keys = {key for path in pictures for key in (stem_key(path), stem_key(path, path.name))}
        self._texts, self.notes = captions_by_stem(captions)
        self._json = {path for path in others if path.suffix.lower() == ".json"}
        self._tables: dict[Path, dict[str, FoundCaption]] = {}
        self._used: set[Path] = set()
        self._captions = captions
        for path in others:
            if path.name.lower() in _TABLE_NAMES:
                self._take_table(path, read_table(path))
        for path in sorted(self._json):
            if stem_key(path) not in keys:
                table = read_metadata(path)
                if table is not None:
                    self._take_table(path, table)

    def caption_of(self, picture: Path) -> FoundCaption | None:
        """Return the caption of a picture; None where nothing holds one.

        Raises:
            CaptionError: A file that belongs to the picture cannot be read.
        """
        own = self._texts.get(stem_key(picture))
        if own is not None:
            self._used.add(own)
            caption = read_caption(own)
            notes = [note for note in caption.notes if "read as" in note]
            return FoundCaption(text=caption.text, note=notes[0] if notes else None)
        full = self._texts.get(stem_key(picture, picture.name))
        if full is not None:
            self._used.add(full)
            return FoundCaption(text=tags_of_lines(read_caption(full).text), note=full.name)
        for path in (
            picture.with_name(picture.name + ".json"),
            picture.with_suffix(".json"),
        ):
            if path in self._json:
                found = read_picture_json(path)
                if found is not None:
                    return FoundCaption(text=found, note=path.name)
        return self._in_tables(picture)

    def orphans(self) -> list[Path]:
        """Return the caption files that no picture asked for."""
        return [path for path in self._captions if path not in self._used]

    def _take_table(self, path: Path, table: Mapping[str, FoundCaption]) -> None:
        self._tables[path] = dict(table)
        self.notes.append(f"{path}: {len(table)} captions in it")

    def _in_tables(self, picture: Path) -> FoundCaption | None:
        for path, table in self._tables.items():
            if picture.is_relative_to(path.parent):
                inside = picture.relative_to(path.parent).as_posix()
                for key in (str(picture), inside, picture.name, picture.stem):
                    if key in table:
                        return table[key]
        return None


def tags_of_lines(text: str) -> str:
    """Turn one tag a line, as gallery-dl writes them, into a caption.

    A text of one line or with commas is a caption already.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or any("," in line for line in lines):
        return text
    return joined(lines)


def joined(tags: Iterable[str]) -> str:
    """Return tags with underscores as a caption with blanks; each once, faces as they are."""
    names = (normal_name(tag) for tag in tags)
    return ", ".join(dict.fromkeys(spoken_name(name) for name in names if name))


def read_picture_json(path: Path) -> str | None:
    """Return the caption in the JSON of one picture (gallery-dl, img2dataset).

    Returns:
        None where the document has neither caption nor tags.

    Raises:
        CaptionError: The file cannot be read or is no JSON.
    """
    document = _json_object(path)
    caption = document.get("caption")
    if isinstance(caption, str) and caption.strip():
        return caption.strip()
    tags = list(_board_tags(document))
    return joined(tags) if tags else None


def _board_tags(document: Mapping[str, object]) -> Iterable[str]:
    by_category = [
        document.get(f"{prefix}_{key}") for key in _TAG_KEYS for prefix in ("tag_string", "tags")
    ]
    found = [tag for value in by_category for tag in _tag_list(value)]
    if found:
        return found
    tags = document.get("tags")
    if isinstance(tags, dict):
        groups = cast(dict[str, object], tags)
        return [tag for key in _TAG_KEYS for tag in _tag_list(groups.get(key))]
    return _tag_list(tags) or _tag_list(document.get("tag_string"))


def _tag_list(value: object) -> list[str]:
    if isinstance(value, str):
        parts = value.split(",") if "," in value else value.split()
        return [part.strip() for part in parts if part.strip()]
    if isinstance(value, list):
        return [item for item in cast(list[object], value) if isinstance(item, str)]
    return []


def read_metadata(path: Path) -> dict[str, FoundCaption] | None:
    """Return the captions in a metadata file of kohya's scripts, by key.

    Args:
        path: A JSON file: ``{key: {"caption": …, "tags": …}}``.

    Returns:
        None when the document has another form. Keys are stems or full paths, as written.
    """
    try:
        document = _json_object(path)
    except CaptionError:
        return None
    found: dict[str, FoundCaption] = {}
    for key, value in document.items():
        if not isinstance(value, dict):
            return None
        entry = cast(dict[str, object], value)
        caption, tags = entry.get("caption"), entry.get("tags")
        if not isinstance(caption, str | None) or not isinstance(tags, str | None):
            return None
        text = _with_tags(caption, tags)
        if text:
            found[key] = FoundCaption(text=text, note=path.name)
    return found or None


def _with_tags(caption: str | None, tags: str | None) -> str:
    """Join both as sd-scripts does: the tags follow each line of the caption."""
    if not caption:
        return (tags or "").strip()
    if not tags:
        return caption.strip()
    return "\n".join(f"{line}, {tags}" for line in caption.strip().splitlines())


def read_table(path: Path) -> dict[str, FoundCaption]:
    """Return the captions in a ``metadata.jsonl`` or ``metadata.csv``, by file name.

    Raises:
        CaptionError: It cannot be read, or no line names a file.
    """
    text = decode_caption(path, _bytes_of(path))[0]
    rows: list[Mapping[str, object]] = []
    if path.suffix.lower() == ".csv":
        rows += csv.DictReader(io.StringIO(text))
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                rows.append(_table_line(path, number, line))
    found: dict[str, FoundCaption] = {}
    for row in rows:
        name = row.get("file_name")
        caption = next(
            (
                value
                for key in ("text", "caption", "prompt", "additional_feature")
                if isinstance(value := row.get(key), str)
            ),
            None,
        )
        if isinstance(name, str) and caption is not None:
            found[name.replace("\\", "/")] = FoundCaption(text=caption.strip(), note=path.name)
    if rows and not found:
        raise CaptionError(
            f"{path}: no line has file_name with text (columns: {', '.join(map(str, rows[0]))})",
            hint="The form of diffusers is one line per picture with file_name and text.",
        )
    return found


def _table_line(path: Path, number: int, line: str) -> Mapping[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaptionError(f"{path}, line {number}: is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise CaptionError(f"{path}, line {number}: is no JSON object")
    return cast(dict[str, object], value)


def _json_object(path: Path) -> Mapping[str, object]:
    text = decode_caption(path, _bytes_of(path))[0]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaptionError(f"{path}: is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise CaptionError(f"{path}: is a JSON {type(value).__name__}, an object is needed")
    return cast(dict[str, object], value)


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MAX_JSON_BYTES:
            raise CaptionError(f"{path}: {size:,} bytes are too many for a list of captions")
        return path.read_bytes()
    except OSError as error:
        raise CaptionError(f"{path}: cannot be read ({error.strerror})") from error
