"""One option of sd-scripts: how it is written, what it is when left out, and what it means here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

Value = bool | int | float | str | list[str] | list[int] | list[float] | None
"""What an option may hold."""

Kind = Literal["flag", "int", "float", "text", "many", "floats"]
"""`flag` takes no word, `many` and `floats` take any number of them, the others take one."""


@dataclass(frozen=True, kw_only=True)
class Same:
    """The option is a setting, with the same value."""

    setting: str
    words: Mapping[str, Value] | None = None
    """Other program's word to ours, where they differ."""


@dataclass(frozen=True, kw_only=True)
class PartOf:
    """The option is read together with others by the rule of this name."""

    rule: str


@dataclass(frozen=True, kw_only=True)
class NoMeaning:
    """There is nothing to set here, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What the option does cannot be done here, and what to do instead."""

    reason: str


Meaning = Same | PartOf | NoMeaning | Missing


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of sd-scripts.

    Attributes:
        name: As in a settings file, without dashes.
        kind: How many words it takes, and of what type.
        default: Its value when it is left out; None for none.
        meaning: What it is here.
        in_dataset: It may also stand in a ``dataset.toml``.
    """

    name: str
    kind: Kind
    default: Value
    meaning: Meaning
    in_dataset: bool = False


def read_value(option: Option, value: object) -> Value:
    """Return a value in the type of the option.

    Raises:
        ValueError: It is of another type; the message says what is wanted.
    """
    if option.kind == "flag":
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise ValueError("must be true or false")
    if option.kind in ("many", "floats"):
        items = list(cast("list[object]", value)) if isinstance(value, list | tuple) else [value]
        if option.kind == "many":
            return [str(item) for item in items]
        return [float(_number(option, item)) for item in items]
    if option.kind == "text":
        if isinstance(value, str):
            return value
        if isinstance(value, list | tuple):
            return ",".join(str(item) for item in cast("list[object]", value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value}"
        raise ValueError("must be text")
    return _number(option, value)


def _number(option: Option, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")
    try:
        number = float(value)
    except ValueError as error:
        raise ValueError("must be a number") from error
    if option.kind in ("float", "floats"):
        return number
    if number != int(number):
        raise ValueError("must be a whole number")
    return int(number)
