"""Write the generated part of the documentation, or check that it is up to date.

python scripts/reference.py            writes docs/reference/
python scripts/reference.py --check    ends with 1 when a page would change
"""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import get_args

from cyclopts import App
from loss_plots import loss_weights_svg
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from enogu.cli import app
from enogu.config import CONFLICTS, SETTLED, config_json_schema, setting_fields
from enogu.config.kohya import OPTIONS
from enogu.config.kohya.option import Meaning, Missing, PartOf, Same
from enogu.config.kohya.translate import RULES
from enogu.config.presets import BASE_PROFILES, PRESETS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
API_PACKAGES = (
    "enogu.tags.vocabulary",
    "enogu.tags.search",
    "enogu.tags.prompt",
    "enogu.tags.dataset",
    "enogu.tags.phrases",
)
_NOTE = "<!-- Written by scripts/reference.py; edit the source instead. -->\n\n"


def settings_page() -> str:
    """Return the page of all settings, from the texts under the fields."""
    lines = [_NOTE + "# Settings\n", "Written into `enogu.toml`, or given as `--set name=value`.\n"]
    section = None
    for name, field in setting_fields():
        here = name.rpartition(".")[0] or "project"
        if here != section:
            section = here
            lines.append(f"\n## {section}\n\n| setting | default | meaning |\n|---|---|---|\n")
        lines.append(_setting_row(name, field))
    for name, model in _tables():
        lines.append(f"\n## [[{name}]]\n\n{_summary(model)}\n\n")
        lines.append("| setting | default | meaning |\n|---|---|---|\n")
        lines += [_setting_row(key, field) for key, field in model.model_fields.items()]
    lines.append("\n## Presets\n\nA preset holds only what differs from the defaults.\n")
    for title, table in (("preset", PRESETS), ("base", BASE_PROFILES)):
        for name, values in table.items():
            pairs = ", ".join(f"`{key} = {value!r}`" for key, value in values.items())
            lines.append(f"\n- **{title} {name}**: {pairs}\n")
    return "".join(lines)


def _setting_row(name: str, field: FieldInfo) -> str:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    shown = "" if default is None else f"`{default!r}`".replace("|", "\\|")
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{name}` | {shown} | {meaning} |\n"


def _tables() -> list[tuple[str, type[BaseModel]]]:
    """Return the settings that are lists of tables, with what such a table holds."""
    return [
        (name, inner)
        for name, field in setting_fields()
        for inner in get_args(field.annotation)
        if inspect.isclass(inner) and issubclass(inner, BaseModel)
    ]


def commands_page() -> str:
    """Return the page of all commands, from their docstrings."""
    lines = [_NOTE + "# Commands\n"]
    for words, command in _commands(app, ()):
        documentation = (command.default_command.__doc__ or "").strip()
        summary, _, rest = documentation.partition("\n")
        example, _, arguments = rest.partition("Args:")
        lines.append(f"\n## enogu {' '.join(words)}\n\n{summary}\n")
        for line in example.splitlines():
            if line.strip().startswith("Example:"):
                lines.append(f"\n```\n{line.strip().removeprefix('Example:').strip()}\n```\n")
            elif line.strip():
                lines.append(f"\n{line.strip()}\n")
        for line in arguments.splitlines():
            if line.strip():
                name, colon, text = line.strip().partition(":")
                is_new = colon and name.isidentifier()
                lines.append(f"\n- `{name}`:{text}" if is_new else f" {line.strip()}")
        lines.append("\n")
    lines.append(
        "\n## Options of every command\n\n"
        "- `--project FOLDER`: the project folder, or a folder inside it\n"
        "- `--set name=value`: change a setting for this call; may be given several times\n"
        "- `--json`: print JSON for programs\n"
        "- `--debug`: show the full traceback of an error\n\n"
        "Exit codes: 0 done, 1 the run or the program failed, 2 something in the call, the "
        "settings or the files must be changed, 130 stopped with Ctrl-C.\n"
    )
    return "".join(lines)


def _commands(group: App, words: tuple[str, ...]) -> list[tuple[tuple[str, ...], App]]:
    found: list[tuple[tuple[str, ...], App]] = []
    for name in sorted(entry for entry in group if not entry.startswith("-")):
        command = group[name]
        inner = _commands(command, (*words, name))
        found += inner or [((*words, name), command)]
    return found


def tags_api_page() -> str:
    """Return the page of the Python API of the tag language, from its docstrings."""
    lines = [
        _NOTE + "# Python API of the tag language\n\n"
        "What `enogu.tags` offers to programs. Nothing here imports torch.\n"
    ]
    for package in API_PACKAGES:
        module = importlib.import_module(package)
        lines.append(f"\n## {package}\n\n{_summary(module)}\n")
        for name in sorted(module.__all__, key=str.lower):
            thing = getattr(module, name)
            lines += _api_entry(name, inspect.unwrap(thing) if callable(thing) else thing)
    return "".join(lines)


def _api_entry(name: str, thing: object) -> list[str]:
    if inspect.isclass(thing) and issubclass(thing, Enum):
        members = ", ".join(f"`{member.name}`" for member in thing)
        return [f"\n### {name}\n\n{_summary(thing)}\n\nOne of {members}.\n"]
    if not inspect.isclass(thing) and not inspect.isfunction(thing):
        shown = list(thing) if isinstance(thing, Mapping) else thing
        return [f"\n### {name}\n\n`{_short(repr(shown))}`\n"]
    call = _wrapped(name + _signature(thing))
    lines = [f"\n### {name}\n\n```python\n{call}\n```\n\n{_summary(thing)}\n"]
    members = vars(thing).items() if inspect.isclass(thing) else ()
    for key, member in members:
        function = getattr(member, "__func__", getattr(member, "fget", member))
        if key.startswith("_") or not inspect.isfunction(function):
            continue
        call = "" if isinstance(member, property) else _signature(getattr(thing, key))
        lines.append(f"\n- `{key}{call}`: {_summary(function)}")
    return [*lines, "\n"] if len(lines) > 1 else lines


def _signature(function: Callable[..., object]) -> str:
    shown = str(inspect.signature(function)).replace("(self, ", "(").replace("(self)", "()")
    return _short(shown.removesuffix(" -> None") if inspect.isclass(function) else shown)


def _short(text: str) -> str:
    """Return a signature without the modules of its types."""
    text = re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])", "", text)
    return re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]", text)


def _wrapped(call: str) -> str:
    """Return a long call with one parameter a line."""
    start, end = call.find("("), call.rfind(")")
    if len(call) <= 100 or start < 0:
        return call
    parts, depth = [""], 0
    for sign in call[start + 1 : end]:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    inner = "".join(f"    {part.strip()},\n" for part in parts)
    return f"{call[: start + 1]}\n{inner}{call[end:]}"


def _summary(thing: object) -> str:
    documentation = inspect.getdoc(thing) or ""
    paragraph = " ".join(documentation.partition("\n\n")[0].split())
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", paragraph)


def conflicts_page() -> str:
    """Return the table of settings that exclude each other."""
    lines = [
        _NOTE + "# Settings that exclude each other\n\n"
        "These are refused before anything is computed. The message names the values and the way "
        "out. What depends on the base is checked as soon as its headers are read.\n\n"
        "| rule | settings | why |\n|---|---|---|\n"
    ]
    for row in CONFLICTS:
        names = ", ".join(f"`{name}`" for name in row.settings)
        lines.append(f"| {row.name} | {names} | {row.why} |\n")
    lines.append(
        "\n## What cannot go wrong here\n\n| known from other trainers | here |\n|---|---|\n"
    )
    lines += [f"| {problem} | {answer} |\n" for problem, answer in SETTLED]
    return "".join(lines)


def sd_scripts_page() -> str:
    """Return the table of all options of sd-scripts and what each is here."""
    known = {name for name, _ in setting_fields()}
    lines = [
        _NOTE + "# Every option of sd-scripts, and what it is here\n\n"
        "The options of `train_network.py` and `sdxl_train_network.py`, version 0.10.\n"
        "`enogu import kohya` follows this table; see [how](../how-to/come-from-sd-scripts.md).\n"
        "Options marked \\* may also stand in a `dataset.toml`.\n\n"
        "| option | default there | here |\n|---|---|---|\n"
    ]
    for option in OPTIONS.values():
        default = "" if option.default in (None, "") else f"`{option.default}`"
        mark = " \\*" if option.in_dataset else ""
        text = _option_text(option.meaning, known)
        lines.append(f"| `{option.name}`{mark} | {default} | {text} |\n")
    lines.append(
        "\n## Groups\n\nOptions that are read together, and the settings they become.\n\n"
        "| group | settings |\n|---|---|\n"
    )
    for name, rule in RULES.items():
        names = [f"`{setting}`" for setting in rule.settings if setting in known]
        lines.append(f"| {name} | {', '.join(names)} |\n")
    return "".join(lines)


def _option_text(meaning: Meaning, known: set[str]) -> str:
    if isinstance(meaning, Same):
        return f"`{meaning.setting}`" if meaning.setting in known else "not available"
    if isinstance(meaning, PartOf):
        return f"with the group {meaning.rule}"
    word = "not available" if isinstance(meaning, Missing) else "no meaning"
    return f"{word}: {meaning.reason}"


PAGES = {
    "sd-scripts-options.md": sd_scripts_page,
    "conflicts.md": conflicts_page,
    "loss-weights.svg": loss_weights_svg,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "tags-api.md": tags_api_page,
    "enogu.schema.json": config_json_schema,
}


def main() -> int:
    """Write or check all pages; return the exit code."""
    check = "--check" in sys.argv[1:]
    stale: list[str] = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run: python scripts/reference.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
