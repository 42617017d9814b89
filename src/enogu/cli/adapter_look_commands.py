"""`enogu adapter diff`, `scrub` and `reuse`: what adapter files say, compared, cut and reused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.adapter_commands import adapter_app
from enogu.cli.common import Common, console, counted, print_json
from enogu.cli.kohya_commands import show_lines
from enogu.project import find_adapter

_TAGS_SHOWN = 20
_VALUE_SHOWN = 60


@adapter_app.command
def diff(
    first: Path,
    second: Path,
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show what differs between two adapters: settings, tags, layers, and each block's change.

    Example: enogu adapter diff runs/0001 runs/0002

    Args:
        first: An adapter file of any maker, or a run folder.
        second: Another.
    """
    from enogu.adapters.compare import compare_adapters

    found = compare_adapters(find_adapter(first), find_adapter(second))
    if common.json:
        print_json(found.to_dict())
        return
    _two_columns("Files", found.facts)
    _two_columns("Settings", found.settings)
    tags = dict(list(found.tags.items())[:_TAGS_SHOWN])
    _two_columns("Tags", {tag: (str(one), str(two)) for tag, (one, two) in tags.items()})
    for side, names in (("first", found.only_first), ("second", found.only_second)):
        if names:
            shown = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
            console.print(f"Only the {side} has {counted(len(names), 'layer')}: {escape(shown)}")
    console.print(f"{counted(found.equal_layers, 'layer')} equal, bit for bit")
    if found.blocks:
        table = Table(title="Blocks", title_justify="left", box=None)
        for heading in ("block", "layers", "first", "second", "difference", "direction"):
            table.add_column(heading, justify="right")
        for row in found.blocks:
            table.add_row(
                row.block,
                str(row.layers),
                f"{row.first:.3g}",
                f"{row.second:.3g}",
                f"{row.difference:.3g}",
                f"{row.cosine:+.2f}",
            )
        console.print(table)
    if found.unmeasured:
        console.print(f"{counted(found.unmeasured, 'layer')} cannot be compared without the base")


def _two_columns(title: str, rows: Mapping[str, tuple[str, str]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("", "first", "second"):
        table.add_column(heading)
    for name, (one, two) in rows.items():
        table.add_row(escape(name), _short(one), _short(two))
    console.print(table)


def _short(text: str) -> str:
    return escape(text if len(text) <= _VALUE_SHOWN else f"{text[:_VALUE_SHOWN]}…")


@adapter_app.command
def scrub(
    file: Path,
    *,
    out: Path,
    keep: Annotated[list[str] | None, Parameter(negative=())] = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write a copy without tags, names, comments and times; the tensors stay bit for bit.

    Example: enogu adapter scrub runs/latest --out to-share.safetensors

    Args:
        file: An adapter or a base, or a run folder.
        out: The file to write.
        keep: A key of the metadata that shall stay, such as modelspec.trigger_phrase. May be given
            several times.
    """
    from enogu.adapters.scrub import scrub as run_scrub

    made = run_scrub(find_adapter(file), out, keep=keep or [])
    if common.json:
        print_json({"file": str(made.path), "kept": [*made.kept], "removed": [*made.removed]})
        return
    console.print(f"Removed {counted(len(made.removed), 'key')}: {escape(', '.join(made.removed))}")
    console.print(f"Kept {escape(', '.join(made.kept)) or 'none'}")
    console.print(f"Wrote {escape(str(made.path))}")


@adapter_app.command
def reuse(
    file: Path,
    *,
    out: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show the settings an adapter was trained with, or write them as an enogu.toml.

    Example: enogu adapter reuse found.safetensors --out enogu.toml

    Args:
        file: An adapter file of any maker, or a run folder.
        out: The settings file to write; it must not exist. Left out: they are only shown.
    """
    from enogu.adapters import inspect_adapter
    from enogu.adapters.reuse import reuse_settings
    from enogu.project.create import write_new_settings

    made = reuse_settings(inspect_adapter(find_adapter(file)))
    if out is not None:
        write_new_settings(out, made.settings)
    if common.json:
        settings = {
            name: list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]
            for name, value in made.settings.items()
        }
        print_json({"settings": settings, "notes": [*made.notes], "out": str(out) if out else None})
        return
    show_lines(made.lines)
    for note in made.notes:
        console.print(f"[yellow]note[/] {escape(note)}")
    if out is not None:
        console.print(f"Wrote {escape(str(out))}")
