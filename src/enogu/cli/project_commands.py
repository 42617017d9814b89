"""`enogu new`: a project folder out of a folder of drawings."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import Common, console, print_json
from enogu.project import create_project


def new(
    name: Path,
    *,
    pictures: Path,
    base: str = "mini",
    preset: str = "character",
    trigger: str = "",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Make a project folder with copies of your pictures; the originals are only read.

    Example: enogu new my-character --pictures ~/drawings --trigger mychar

    Args:
        name: The folder to make.
        pictures: A folder with drawings, and captions beside them if there are any.
        base: The base model: mini, a diffusers folder, or a .safetensors file.
        preset: The settings to begin with: character or quick.
        trigger: The word that shall bring back what is learnt. Empty: one is proposed.
    """
    created = create_project(
        name, pictures, base=base, preset=preset, trigger=trigger, assignments=common.set
    )
    scan = created.scan
    if common.json:
        print_json(
            {
                "project": str(created.root),
                "pictures": len(scan.records),
                "trigger": created.trigger,
                "trigger_reason": created.trigger_reason,
                "refused": [
                    {"path": str(item.path), "reason": item.reason} for item in scan.refused
                ],
            }
        )
        return
    captioned = sum(record.caption is not None for record in scan.records)
    console.print(f"Made [bold]{escape(str(created.root))}[/]")
    console.print(f"  {len(scan.records)} pictures copied, {captioned} of them with captions")
    console.print(f"  trigger word: [bold]{escape(created.trigger)}[/] ({created.trigger_reason})")
    for item in scan.refused:
        console.print(f"  [yellow]left out[/] {escape(f'{item.path.name}: {item.reason}')}")
    for warning in scan.warnings:
        console.print(f"  [yellow]note[/] {escape(warning)}")
    console.print(f"Next: cd {escape(str(created.root))} && enogu plan")
