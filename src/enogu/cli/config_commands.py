"""`enogu config`: settings with their origins, and the schema for editors."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, print_json
from enogu.config import config_json_schema, setting_fields
from enogu.files import write_text_atomic

config_app = App(name="config", help="Show settings, where each came from, and what it means.")


@config_app.command
def show(
    *,
    help_settings: Annotated[bool, Parameter(negative=())] = False,
    changed: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show every setting, its value, and where it came from.

    Example: enogu config show --changed

    Args:
        help_settings: Show what each setting means.
        changed: Show only settings that are not at their default.
    """
    _, resolved = common.open_project_or_none()
    meanings = {name: field.description or "" for name, field in setting_fields()}
    rows = [row for row in resolved.rows() if not changed or row[2] != "default"]
    if common.json:
        print_json(
            [
                {"name": name, "value": value, "origin": origin, "help": meanings[name]}
                for name, value, origin in rows
            ]
        )
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "from"):
        table.add_column(heading)
    for name, value, origin in rows:
        text = "" if value is None else str(value)
        table.add_row(name, escape(text), origin, style=None if origin == "default" else "bold")
        if help_settings:
            table.add_row("", f"[dim]{escape(' '.join(meanings[name].split()))}[/]", "")
    console.print(table)


@config_app.command
def schema(
    *,
    out: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write the JSON Schema of enogu.toml, for editors that complete and check settings.

    Example: enogu config schema --out enogu.schema.json

    Args:
        out: The file to write. Without it the schema is printed.
    """
    text = config_json_schema()
    if out is None:
        print(text, end="")
        return
    write_text_atomic(out, text)
    if common.json:
        print_json({"schema": str(out)})
    else:
        console.print(f"Wrote {escape(str(out))}")
