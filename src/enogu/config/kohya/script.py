"""Finding the call of a training script in a shell script, a batch file or plain text."""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from enogu.config.kohya.words import SCRIPTS, script_name
from enogu.errors import ConfigError

_WINDOWS_SUFFIXES = (".bat", ".cmd")
_SHELL_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_BATCH_VARIABLE = re.compile(r"%(\w+)%")
_SHELL_ASSIGNMENT = re.compile(r"^\s*(?:export\s+|readonly\s+|local\s+)?([A-Za-z_]\w*)=(.*)$")
_BATCH_ASSIGNMENT = re.compile(r"^\s*@?set\s+\"?(\w+)=(.*?)\"?\s*$", re.IGNORECASE)
_FROM_OUTSIDE = ("HOME", "USER", "PWD", "USERPROFILE")


@dataclass(frozen=True)
class _Line:
    number: int
    text: str


def read_script(path: Path) -> list[str]:
    """Return the words of the one call of a training script that a file holds.

    Variables that the file sets are put in. Plain text may also be options alone.

    Args:
        path: A shell script, a Windows batch file or a text.

    Raises:
        ConfigError: There is no call or there are several, a variable is not set in the file, or
            words come out of other programs.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    windows = path.suffix.lower() in _WINDOWS_SUFFIXES or (
        path.suffix.lower() != ".sh" and re.search(r"\^\s*\n", text) is not None
    )
    calls = list(_windows_calls(path, text) if windows else _shell_calls(path, text))
    if len(calls) == 1:
        return calls[0][1]
    if not calls:
        raise ConfigError(
            f"{path}: holds no call of {' or '.join(SCRIPTS)}",
            hint="Give the file that holds the command, or the command itself behind --.",
        )
    numbers = ", ".join(str(number) for number, _ in calls)
    raise ConfigError(
        f"{path}: holds {len(calls)} calls of a training script, in lines {numbers}",
        hint="Give one of them behind --, or put each in a file of its own.",
    )


def _joined(text: str, continuation: str) -> Iterator[_Line]:
    """Yield the lines of a file, those that go on joined."""
    number, parts = 0, list[str]()
    for at, line in enumerate(text.splitlines(), start=1):
        number = number if parts else at
        bare = line.rstrip()
        if bare.endswith(continuation):
            parts.append(bare[: -len(continuation)])
            continue
        yield _Line(number, " ".join([*parts, line]))
        parts = []
    if parts:
        yield _Line(number, " ".join(parts))


def _shell_calls(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    variables: dict[str, str] = {}
    for line in _joined(text, "\\"):
        assigned = _SHELL_ASSIGNMENT.match(line.text)
        if assigned and not assigned[2].startswith("("):
            value = _filled(assigned[2].strip(), variables, path, line.number, strict=False)
            try:
                words = shlex.split(value, comments=True)
            except ValueError:
                words = [value]
            variables[assigned[1]] = words[0] if words else ""
            continue
        wanted = line.text.strip()
        is_options = wanted.startswith("--")
        if wanted.startswith("#") or not (is_options or _names_script(wanted)):
            continue
        filled = _filled(line.text, variables, path, line.number, strict=True)
        for words in _commands(path, line.number, filled):
            if is_options or any(script_name(word) for word in words):
                yield line.number, words


def _names_script(text: str) -> bool:
    return any(script_name(word.strip("\"'")) for word in text.split())


def _filled(
    text: str, variables: Mapping[str, str], path: Path, number: int, *, strict: bool
) -> str:
    """Put variables in, except between single quotes."""

    def value(match: re.Match[str]) -> str:
        name, default = match[1] or match[3], match[2]
        if name in variables:
            return variables[name]
        if name in _FROM_OUTSIDE and name in os.environ:
            return os.environ[name]
        if default is not None:
            return default
        if not strict:
            return match[0]
        raise ConfigError(
            f"{path}, line {number}: ${name} is not set in the file",
            hint=f"Put {name}=… into a line above, or write its value in its place.",
        )

    parts = re.split(r"('[^']*')", text)
    joined = "".join(
        part if part.startswith("'") else _SHELL_VARIABLE.sub(value, part) for part in parts
    )
    if strict and ("$(" in joined or "`" in joined or "${" in joined):
        raise ConfigError(
            f"{path}, line {number}: words that come out of other programs or lists, such as "
            "$(…) and ${list[@]}, are not read",
            hint="Let the script print its command (put echo in front) and give that.",
        )
    return joined


def _commands(path: Path, number: int, text: str) -> Iterator[list[str]]:
    """Split a line of a shell script into the words of its commands."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    try:
        for word in lexer:
            if word and set(word) <= set(";&|<>"):
                yield words
                words = []
            else:
                words.append(word)
    except ValueError as error:
        raise ConfigError(f"{path}, line {number}: a quote is not closed") from error
    yield words


def _windows_calls(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    variables: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        name = match[1].upper()
        if name in variables:
            return variables[name]
        if name in _FROM_OUTSIDE and name in os.environ:
            return os.environ[name]
        raise ConfigError(
            f"{path}, line {number}: %{match[1]}% is not set in the file",
            hint=f"Put set {match[1]}=… into a line above, or write its value in its place.",
        )

    for line in _joined(text, "^"):
        number = line.number
        bare = line.text.strip()
        if bare.lower().startswith(("rem ", "::", "@rem")):
            continue
        here = bare.replace("%~dp0", f"{path.parent}/")
        assigned = _BATCH_ASSIGNMENT.match(here)
        if assigned:
            variables[assigned[1].upper()] = _BATCH_VARIABLE.sub(value, assigned[2])
        elif bare.startswith("--") or _names_script(here):
            words = [
                word.replace('"', "")
                for word in re.findall(r'(?:"[^"]*"|[^\s"])+', _BATCH_VARIABLE.sub(value, here))
            ]
            yield number, words
