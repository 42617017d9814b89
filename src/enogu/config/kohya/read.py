"""FoundOptions the options of a run from everything a person may give."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from enogu.config.kohya.script import read_script
from enogu.config.kohya.words import FoundOptions, read_words, script_name
from enogu.errors import ConfigError

_SCRIPT_SUFFIXES = (".sh", ".bat", ".cmd", ".txt", ".command")
_HINT = "Give settings or a data set (.toml), a script (.sh, .bat, .txt), or a command."


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The options of a run and where its data set is described.

    Attributes:
        reading: The options, the later ones winning.
        dataset: The ``dataset.toml``, when there is one.
        folders: Where relative paths are looked for: here, then beside the files given.
    """

    reading: FoundOptions
    dataset: Path | None
    folders: tuple[Path, ...]

    def find(self, name: str) -> str | None:
        """Return the absolute path of a file or folder that options name, or None.

        Paths of Windows are understood under WSL too: ``C:/x`` is looked for in ``/mnt/c/x``.
        """
        for form in _forms(name):
            given = Path(form).expanduser()
            for folder in self.folders:
                if (folder / given).exists():
                    return str((folder / given).absolute())
        return None


def _forms(name: str) -> list[str]:
    """Return a path as it is written, and as this system writes it when it is of Windows."""
    if not name:
        return []
    slashes = name.replace("\\", "/")
    drive = re.fullmatch(r"([A-Za-z]):/(.*)", slashes)
    return [name, f"/mnt/{drive[1].lower()}/{drive[2]}" if drive else slashes]


def read_kohya(words: Sequence[str]) -> Sources:
    """Read settings files, data sets, scripts and command lines of sd-scripts.

    Args:
        words: Files first; what is no file begins a command line. A ``.toml`` with ``datasets`` is
            a data set. Settings of the command line win over those of files.

    Raises:
        ConfigError: A file cannot be read or is nothing of this kind, or an option's value is of
            another type.
    """
    reading, dataset = FoundOptions(), None
    folders = [Path.cwd()]
    rest = list(words)
    while rest and not rest[0].startswith("--"):
        path = Path(rest[0]).expanduser()
        suffix = path.suffix.lower()
        if suffix not in (".toml", ".json", *_SCRIPT_SUFFIXES):
            if path.is_file() and script_name(path.name) is None:
                raise ConfigError(f"{path}: files of this kind are not read", hint=_HINT)
            break
        rest.pop(0)
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such file", hint=_HINT)
        folders.append(path.absolute().parent)
        if suffix == ".toml":
            tables = read_toml(path)
            if "datasets" in tables:
                dataset = path
            else:
                reading.add(_read_tables(tables, str(path)))
        elif suffix == ".json":
            raise ConfigError(
                f"{path}: is a file of a graphical front end, not of sd-scripts",
                hint="Let the front end print its training command, and give that.",
            )
        else:
            reading.add(_read_call(read_script(path), str(path), folders))
    if rest:
        reading.add(_read_call(rest, "command line", folders))
    if not reading.values and not reading.unknown and dataset is None:
        raise ConfigError("no file and no command was given", hint=_HINT)
    named = reading.values.get("dataset_config")
    sources = Sources(reading=reading, dataset=dataset, folders=tuple(folders))
    if dataset is None and isinstance(named, str):
        found = sources.find(named)
        if found is None:
            raise ConfigError(
                f"dataset_config names {named!r}, which is not there",
                hint="Give the data set as a further file: enogu import kohya CONFIG DATASET",
            )
        return Sources(reading=reading, dataset=Path(found), folders=sources.folders)
    return sources


def read_toml(path: Path) -> dict[str, object]:
    """Read a TOML file as it stands.

    Raises:
        ConfigError: It is not TOML or not UTF-8.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path}: is not valid TOML ({error})",
            hint="On Windows write paths with / or in single quotes.",
        ) from error


def _read_tables(tables: dict[str, object], where: str) -> FoundOptions:
    """Read a settings file; sections are only headings there."""
    reading = FoundOptions()
    for key, value in tables.items():
        if isinstance(value, dict):
            for name, inner in cast("dict[str, object]", value).items():
                reading.take(name, inner, where)
        else:
            reading.take(key, value, where)
    return reading


def _read_call(words: Sequence[str], where: str, folders: list[Path]) -> FoundOptions:
    """Read a call, and first the settings file that it names."""
    call = read_words(words, where)
    named = call.values.get("config_file")
    if not isinstance(named, str):
        return call
    name = named if named.endswith(".toml") else f"{named}.toml"
    for folder in folders:
        path = folder / Path(name).expanduser()
        if path.is_file():
            folders.append(path.absolute().parent)
            reading = _read_tables(read_toml(path), str(path))
            reading.add(call)
            return reading
    raise ConfigError(
        f"{where}: --config_file names {named!r}, which is not there",
        hint="Give that file too, in front of the others.",
    )
