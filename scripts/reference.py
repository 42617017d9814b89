"""Write the generated part of the documentation, or check that it is up to date.

python scripts/reference.py            writes docs/reference/
python scripts/reference.py --check    ends with 1 when a page would change
"""

import sys
from pathlib import Path

from cyclopts import App

from enogu.cli import app
from enogu.config import config_json_schema, setting_fields
from enogu.config.presets import BASE_PROFILES, PRESETS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
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
        default = field.get_default(call_default_factory=True)
        shown = "" if default is None else f"`{default!r}`".replace("|", "\\|")
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {shown} | {meaning} |\n")
    lines.append("\n## Presets\n\nA preset holds only what differs from the defaults.\n")
    for title, table in (("preset", PRESETS), ("base", BASE_PROFILES)):
        for name, values in table.items():
            pairs = ", ".join(f"`{key} = {value!r}`" for key, value in values.items())
            lines.append(f"\n- **{title} {name}**: {pairs}\n")
    return "".join(lines)


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


PAGES = {
    "settings.md": settings_page,
    "commands.md": commands_page,
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
