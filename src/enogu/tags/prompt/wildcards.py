"""Wildcard files: what ``__name__`` of dynamic prompts stands for.

A text file ``hair/colour.txt`` is ``__hair/colour__``, one value a line. YAML and JSON files hold
lists under names: the names of the lists, with slashes between levels, follow the folder of the
file and not its name; a file that is one list is named like the file. ``0.5::red`` weighs a value.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from enogu.errors import PromptError

SUFFIXES: Final = (".txt", ".yaml", ".yml", ".json")

_MOST_BYTES: Final = 32 << 20
_MOST_FILES: Final = 20_000
_MOST_VALUES: Final = 2_000_000
_MOST_LEVELS: Final = 20
_WEIGHT: Final = re.compile(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})::")


@dataclass(frozen=True, slots=True)
class WildcardValue:
    """One value of a wildcard: a template itself."""

    text: str
    weight: float = 1.0


class WildcardLibrary:
    """Lists of values by name.

    Args:
        lists: Name, with slashes, to values.
        problems: What could not be read, as sentences with the file's name.
    """

    def __init__(self, lists: dict[str, list[WildcardValue]], problems: Sequence[str] = ()) -> None:
        self._lists = lists
        self.problems = tuple(problems)

    @property
    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._lists)

    def matching(self, pattern: str) -> list[str]:
        """Return the names that a pattern stands for, sorted.

        Args:
            pattern: A name; ``*`` stands for a part of one level, ``**`` for levels.
        """
        clean = re.sub(r"[\\/]+", "/", pattern).strip("/ ")
        if "*" not in clean:
            return [clean] if clean in self._lists else []
        parts = (_GLOBS.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*)", clean))
        rule = re.compile("".join(parts))
        return [name for name in self.names if rule.fullmatch(name)]

    def values(self, pattern: str) -> list[WildcardValue]:
        """Return the values of all names that fit, in order and each text once."""
        found: dict[str, WildcardValue] = {}
        for name in self.matching(pattern):
            for value in self._lists[name]:
                found.setdefault(value.text, value)
        return list(found.values())


_GLOBS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}


def read_wildcards(folder: Path) -> WildcardLibrary:
    """Read all wildcard files below a folder.

    Links that lead out of the folder are not followed. A file that cannot be read is named in
    `problems` and does not stop the others.

    Args:
        folder: The folder.

    Raises:
        PromptError: The folder is not there, or holds more than can be wildcards.
    """
    if not folder.is_dir():
        raise PromptError(
            f"{folder}: there is no such folder of wildcards",
            hint="Name a folder with .txt, .yaml or .json files: --wildcards FOLDER",
        )
    lists: dict[str, list[WildcardValue]] = {}
    problems: list[str] = []
    num_values = 0
    for number, path in enumerate(_files(folder)):
        if number == _MOST_FILES:
            raise PromptError(
                f"{folder}: more than {_MOST_FILES:,} files; that is no folder of wildcards"
            )
        try:
            for name, values in _read(path, folder):
                num_values += len(values)
                lists.setdefault(name, []).extend(values)
        except _UnreadableError as error:
            problems.append(f"{path.relative_to(folder)}: {error}")
        if num_values > _MOST_VALUES:
            raise PromptError(f"{folder}: more than {_MOST_VALUES:,} values, at {path.name}")
    return WildcardLibrary(lists, problems)


class _UnreadableError(Exception):
    """A wildcard file is no use; the text says why."""


def _files(folder: Path) -> Iterator[Path]:
    home = folder.resolve()
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            inside = not path.is_symlink() or path.resolve().is_relative_to(home)
            if path.suffix.lower() in SUFFIXES and inside and path.is_file():
                yield path


def _read(path: Path, folder: Path) -> Iterator[tuple[str, list[WildcardValue]]]:
    relative = path.relative_to(folder)
    text = _text(path)
    if path.suffix.lower() == ".txt":
        lines = (line.strip() for line in text.splitlines())
        yield (
            relative.with_suffix("").as_posix(),
            [_value(line) for line in lines if line and not line.startswith("#")],
        )
        return
    data = _structure(path, text)
    if isinstance(data, dict):
        prefix = relative.parent.as_posix()
        yield from _lists_of(data, "" if prefix == "." else prefix)
    elif isinstance(data, list):
        yield relative.with_suffix("").as_posix(), list(_values_of(data))
    else:
        raise _UnreadableError("holds neither names with lists nor a list")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _UnreadableError(f"is larger than {_MOST_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise _UnreadableError(error.strerror or str(error)) from error
    codings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp932")
    for coding in codings:
        try:
            text = data.decode(coding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _UnreadableError("is not text in UTF-8, UTF-16 or Shift_JIS")


def _structure(path: Path, text: str) -> object:
    try:
        if path.suffix.lower() == ".json":
            return json.loads(text)
        return yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise _UnreadableError(" ".join(str(error).split())[:200]) from error
    except RecursionError as error:
        raise _UnreadableError("is nested too deeply") from error


def _lists_of(data: object, prefix: str) -> Iterator[tuple[str, list[WildcardValue]]]:
    """Give the lists of a mapping of mappings; links of YAML may make it endless."""
    stack: list[tuple[object, str, int]] = [(data, prefix, 0)]
    visited = 0
    while stack:
        here, name, level = stack.pop()
        visited += 1
        if level > _MOST_LEVELS or visited > _MOST_FILES:
            raise _UnreadableError("is nested too deeply")
        if isinstance(here, dict):
            for key, value in reversed(list(here.items())):
                stack.append((value, f"{name}/{key}" if name else str(key), level + 1))
        elif isinstance(here, list):
            yield name, list(_values_of(here))
        elif isinstance(here, str | int | float):
            yield name, [_value(str(here))]


def _values_of(items: Sequence[object]) -> Iterator[WildcardValue]:
    for item in items:
        if isinstance(item, dict):
            text = item.get("text") or item.get("content")
            weight = item.get("weight", 1)
            if isinstance(text, str) and isinstance(weight, int | float) and weight >= 0:
                yield WildcardValue(text, float(weight))
        elif isinstance(item, str | int | float) and str(item).strip():
            yield _value(str(item))


def _value(text: str) -> WildcardValue:
    match = _WEIGHT.match(text)
    return WildcardValue(text[match.end() :], float(match[1])) if match else WildcardValue(text)
