"""Reading and writing `enogu.toml`."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.items import Table

from enogu.config.project import CONFIG_VERSION
from enogu.config.resolve import nest, setting_names
from enogu.errors import ConfigError, ProjectError
from enogu.files import write_text_atomic

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""For each version, the function that turns its tables into those of the next version."""


def read_config_file(path: Path) -> dict[str, Any]:
    """Read the tables of a settings file, migrated to the present version.

    Raises:
        ProjectError: The file is missing, or was written by a newer version of the program.
        ConfigError: It is not TOML, not UTF-8, or has no usable version.
    """
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise ProjectError(
            f"no settings file at {path}",
            hint="Make a project first: enogu new NAME --pictures FOLDER",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 text (byte {error.start})",
            hint="Save the file as UTF-8 in your editor.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: not valid TOML: {error}",
            hint="Text needs quotes: base = \"mini\". On Windows write paths with / or '…'.",
        ) from error
    return migrate(tables, source=str(path))


def migrate(tables: dict[str, Any], *, source: str) -> dict[str, Any]:
    """Return the tables in the form of the present version.

    Raises:
        ProjectError: They come from a newer version.
        ConfigError: The version is not a whole number of at least 1.
    """
    version = tables.get("version", CONFIG_VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(f"{source}: version must be a whole number from 1 on, got {version!r}")
    if version > CONFIG_VERSION:
        raise ProjectError(
            f"{source} has version {version}, but this program reads up to version "
            f"{CONFIG_VERSION}: the project was made by a newer Enogu",
            hint="Update Enogu: pip install --upgrade enogu. Nothing was changed.",
        )
    while version < CONFIG_VERSION:
        tables = MIGRATIONS[version](tables)
        version += 1
    return tables


def write_config_file(
    path: Path, values: Mapping[str, Any], *, comments: Mapping[str, str]
) -> None:
    """Write a settings file with the given dotted settings and a comment above some of them.

    Raises:
        StorageError: The place cannot be written.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment("Settings of this project. All of them: enogu config show"))
    _fill(document, nest(values), "", comments)
    write_text_atomic(path, tomlkit.dumps(document))


def _fill(
    table: tomlkit.TOMLDocument | Table,
    values: Mapping[str, Any],
    prefix: str,
    comments: Mapping[str, str],
) -> None:
    """Write values, then the tables inside: a comment must stand above its own line."""
    tables = _tables_in(values, prefix)
    for key, value in values.items():
        if key in tables:
            continue
        if prefix + key in comments:
            table.add(tomlkit.comment(comments[prefix + key]))
        table.add(key, tomlkit.item(value))
    for key, inner in tables.items():
        section = tomlkit.table()
        _fill(section, inner, f"{prefix}{key}.", comments)
        if not prefix:
            table.add(tomlkit.nl())
        table.add(key, section)


def _tables_in(values: Mapping[str, Any], prefix: str) -> dict[str, Mapping[str, Any]]:
    """Return the sections among the values; a setting whose value is a table is none of them."""
    names = setting_names()
    return {
        key: cast("Mapping[str, Any]", value)
        for key, value in values.items()
        if isinstance(value, Mapping) and prefix + key not in names
    }
