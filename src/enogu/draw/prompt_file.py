"""Text files of prompts in the form of sd-scripts: one a line, with switches behind it.

``masterpiece, 1girl --n lowres --w 512 --h 768 --d 1 --l 7.5 --s 28``
"""

import re
from dataclasses import dataclass
from pathlib import Path

from enogu.errors import PromptError

SWITCHES = {
    "n": "what the picture shall not show",
    "w": "width in pixels",
    "h": "height in pixels",
    "d": "seed",
    "l": "how strongly the prompt is followed",
    "s": "steps",
}
"""Switch to meaning."""

_SWITCH = re.compile(r"(?:^|\s)--(\S+)")


@dataclass(frozen=True, kw_only=True)
class PromptLine:
    """One prompt of a file; None is left to the settings."""

    number: int
    """Line of the file, counted from 1."""
    text: str
    negative: str | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    cfg_scale: float | None = None
    steps: int | None = None


def read_prompt_file(path: Path) -> tuple[PromptLine, ...]:
    """Read a file of prompts. Empty lines and lines that begin with ``#`` are left out.

    Args:
        path: UTF-8 text.

    Returns:
        At least one prompt, in the order of the file.

    Raises:
        PromptError: The file is missing, no text or empty, a switch is unknown, twice or without
            a value; the message names the line.
    """
    if path.suffix.lower() in (".toml", ".json"):
        raise PromptError(
            f"{path}: prompt files are read as text, one prompt a line",
            hint="For example: mychar, smile --n lowres --w 512 --h 768 --d 1",
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PromptError(
            f"{path}: the prompt file cannot be read ({error.strerror})",
            hint="Paths in samples.file start from the project folder.",
        ) from error
    except UnicodeDecodeError as error:
        raise PromptError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    lines = [
        read_prompt_line(line.strip(), number=number, where=f"{path}, line {number}")
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.strip().startswith("#")
    ]
    if not lines:
        raise PromptError(f"{path}: holds no prompt", hint="Write one prompt a line.")
    return tuple(lines)


def read_prompt_line(line: str, *, number: int, where: str) -> PromptLine:
    """Read a prompt with its switches.

    Args:
        line: One line.
        number: Its number, counted from 1.
        where: Names it in messages.

    Raises:
        PromptError: A switch is unknown, twice, or without a value of its kind.
    """
    parts = _SWITCH.split(line)
    found: dict[str, str] = {}
    for name, value in zip(parts[1::2], parts[2::2], strict=True):
        if name not in SWITCHES:
            known = ", ".join(f"--{key} ({meaning})" for key, meaning in SWITCHES.items())
            raise PromptError(f"{where}: unknown switch --{name}; known are {known}")
        if name in found:
            raise PromptError(f"{where}: --{name} is given twice")
        found[name] = value.strip()
    return PromptLine(
        number=number,
        text=parts[0].strip(),
        negative=found.get("n"),
        width=_whole(found, "w", where),
        height=_whole(found, "h", where),
        seed=_whole(found, "d", where),
        cfg_scale=_decimal(found, "l", where),
        steps=_whole(found, "s", where),
    )


def _whole(found: dict[str, str], name: str, where: str) -> int | None:
    if name not in found:
        return None
    if not re.fullmatch(r"\d{1,19}", found[name]):
        raise PromptError(
            f"{where}: --{name} ({SWITCHES[name]}) must be a whole number, got {found[name]!r}"
        )
    return int(found[name])


def _decimal(found: dict[str, str], name: str, where: str) -> float | None:
    if name not in found:
        return None
    if not re.fullmatch(r"\d{1,4}(\.\d*)?|\.\d+", found[name]):
        raise PromptError(
            f"{where}: --{name} ({SWITCHES[name]}) must be a number, got {found[name]!r}"
        )
    return float(found[name])
