"""From layers of settings to one resolved configuration that knows where each value came from.

Later layers win: default, what the base asks for, preset, file, command line.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from enogu.config.presets import BASE_PROFILES, PRESETS
from enogu.config.project import ProjectConfig
from enogu.errors import ConfigError

Origin = Literal["default", "base", "preset", "file", "command line"]


@dataclass(frozen=True)
class Resolved:
    """A configuration and, for each dotted setting name, where its value came from."""

    config: ProjectConfig
    origins: Mapping[str, Origin]

    def rows(self) -> list[tuple[str, object, Origin]]:
        """Return (name, value, origin) for every setting, in the order of the sections."""
        values = flatten(self.config.model_dump(mode="json"))
        return [(name, values[name], self.origins.get(name, "default")) for name in setting_names()]


def setting_fields(
    model: type[BaseModel] = ProjectConfig, prefix: str = ""
) -> Iterator[tuple[str, FieldInfo]]:
    """Yield (dotted name, field) for every setting that holds a value."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_fields(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def setting_names() -> list[str]:
    """Return the dotted names of all settings."""
    return [name for name, _ in setting_fields()]


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as dotted names; a table that is a setting itself stays a value."""
    flat: dict[str, Any] = {}
    tables = _table_settings()
    for key, value in tree.items():
        if isinstance(value, Mapping) and prefix + key not in tables:
            flat.update(flatten(cast(Mapping[str, Any], value), f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


@cache
def _table_settings() -> frozenset[str]:
    """Return the settings whose value is a table, such as the arguments of a class."""
    return frozenset(
        name for name, field in setting_fields() if get_origin(field.annotation) is dict
    )


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Undo :func:`flatten`.

    Raises:
        ConfigError: One name is both a value and a table.
    """
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, last = name.split(".")
        node: dict[str, Any] = tree
        for parent in parents:
            child = node.setdefault(parent, {})
            if not isinstance(child, dict):
                raise ConfigError(f"{name}: {parent!r} is a value, not a table of settings")
            node = cast(dict[str, Any], child)
        node[last] = value
    return tree


def unknown_setting_message(name: str) -> str:
    """Return a sentence that names the unknown setting and the nearest known ones."""
    known = setting_names()
    sections = {entry.rsplit(".", 1)[0] for entry in known if "." in entry}
    if name in sections:
        inside = ", ".join(entry for entry in known if entry.startswith(name + "."))
        return f"{name} is a section, not a setting; it holds {inside}"
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    last = name.rsplit(".", 1)[-1]
    near += [entry for entry in known if entry.rsplit(".", 1)[-1] == last and entry not in near]
    if not near:
        tails = {entry.rsplit(".", 1)[-1]: entry for entry in known}
        near = [tails[hit] for hit in difflib.get_close_matches(last, tails, n=2, cutoff=0.6)]
    suggestion = f"; did you mean {' or '.join(near[:3])}?" if near else ""
    return f"unknown setting {name}{suggestion}"


def parse_assignment(text: str) -> tuple[str, object]:
    """Read one `name=value` of the command line.

    The value is read as TOML where that is possible (`8`, `true`, `[1, 2]`), else as text.

    Raises:
        ConfigError: There is no `=`, or the name is unknown.
    """
    import tomllib

    name, equals, raw = text.partition("=")
    name, raw = name.strip(), raw.strip()
    if not equals or not name:
        raise ConfigError(
            f"--set needs name=value, got {text!r}", hint="For example: --set train.rank=8"
        )
    if name not in setting_names():
        raise ConfigError(
            f"--set: {unknown_setting_message(name)}", hint="All settings: enogu config show"
        )
    if raw == "":
        return name, None if _accepts_none(name) else ""
    try:
        return name, tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return name, raw


def resolve(
    file_values: Mapping[str, Any] | None = None,
    assignments: Mapping[str, Any] | None = None,
    *,
    source: str = "enogu.toml",
) -> Resolved:
    """Put the layers together and check the result.

    Args:
        file_values: Nested tables as read from the file.
        assignments: Dotted names and values from the command line.
        source: What the file is called in messages.

    Raises:
        ConfigError: An unknown or mistyped setting, a value out of range, or settings that
            contradict each other; the message says where the value came from.
    """
    layers: list[tuple[Origin, Mapping[str, Any]]] = [
        ("file", flatten(file_values or {})),
        ("command line", dict(assignments or {})),
    ]
    where = {"file": source, "command line": "--set", "preset": "preset", "base": "base profile"}
    for origin, values in layers:
        for name in values:
            if name not in setting_names():
                raise ConfigError(
                    f"{where[origin]}: {unknown_setting_message(name)}",
                    hint="All settings: enogu config show",
                )
    chosen = {name: value for _, values in layers for name, value in values.items()}
    preset = chosen.get("preset")
    base = chosen.get("base", ProjectConfig.model_fields["base"].default)
    if isinstance(preset, str) and preset in PRESETS:
        layers.insert(0, ("preset", PRESETS[preset]))
    if isinstance(base, str) and base in BASE_PROFILES:
        layers.insert(0, ("base", BASE_PROFILES[base]))

    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for origin, values in layers:
        for name, value in values.items():
            merged[name] = value
            origins[name] = origin
    try:
        config = ProjectConfig.model_validate(nest(merged))
    except ValidationError as error:
        raise ConfigError(
            _validation_message(error, origins, where),
            hint="What a setting means and allows: enogu config show --help-settings",
        ) from error
    return Resolved(config, origins)


def resolve_snapshot(values: Mapping[str, Any], source: str) -> ProjectConfig:
    """Read back a resolved configuration that a run has saved.

    Raises:
        ConfigError: The snapshot does not fit this version's settings.
    """
    try:
        return ProjectConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_validation_message(error, {}, {"file": source})) from error


def _nearest_in_table(name: str, field: str) -> str:
    """Return the settings of a list of tables that an unknown name may mean."""
    owner = dict(setting_fields())[name.partition("[")[0]].annotation
    inner = next(one for one in get_args(owner) if isinstance(one, type))
    known = list(cast("type[BaseModel]", inner).model_fields)
    near = difflib.get_close_matches(field, known, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(known)}"


def _accepts_none(name: str) -> bool:
    annotation = dict(setting_fields())[name].annotation
    return type(None) in getattr(annotation, "__args__", ())


def _validation_message(
    error: ValidationError, origins: Mapping[str, Origin], where: Mapping[str, str]
) -> str:
    lines: list[str] = []
    for item in cast(Sequence[Any], error.errors()):
        name = whole = ".".join(str(part) for part in item["loc"])
        while name and name not in origins and "." in name and name not in setting_names():
            name = name.rsplit(".", 1)[0]
        place = where.get(origins.get(name, "file"), "settings")
        reason = str(item["msg"]).removeprefix("Value error, ")
        reason = reason[0].lower() + reason[1:]
        got = "" if isinstance(item["input"], (dict, BaseModel)) else f", got {item['input']!r}"
        if not name:  # several settings that contradict each other, one line each
            lines += [f"{place}: {line}" for line in reason.splitlines()]
            continue
        inside = re.fullmatch(r"\.(\d+)\.(\w+)(\..*)?", whole.removeprefix(name))
        if inside:  # a table in a list of tables
            name = f"{name}[{inside[1]}].{inside[2]}"
            if item["type"] == "extra_forbidden":
                reason, got = f"unknown setting{_nearest_in_table(name, inside[2])}", ""
        lines.append(f"{place}: {name}: {reason}{got}")
    return "\n".join(lines)
