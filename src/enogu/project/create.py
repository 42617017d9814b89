"""Making a project out of a folder of drawings."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from enogu.config import CONFIG_VERSION, parse_assignment, resolve, write_config_file
from enogu.errors import ProjectError
from enogu.files import atomic_path, make_dirs, storage_errors
from enogu.pictures.scan import Scan, scan_pictures
from enogu.project.layout import CONFIG_NAME
from enogu.tags.caption import split_tags

_COMMENTS = {
    "base": "mini, or the path of a diffusers folder or a .safetensors file",
    "captions.trigger": "the word that brings back what was learnt",
}


@dataclass(frozen=True, kw_only=True)
class Created:
    """What :func:`create_project` made.

    Attributes:
        root: The new project folder.
        trigger: The trigger word it will be trained with.
        trigger_reason: Where the trigger word came from.
        scan: What was found in the folder of originals.
    """

    root: Path
    trigger: str
    trigger_reason: str
    scan: Scan


def create_project(
    root: Path,
    pictures: Path,
    *,
    base: str = "mini",
    preset: str = "character",
    trigger: str = "",
    assignments: Sequence[str] = (),
) -> Created:
    """Make a project folder with copies of the pictures and captions of another folder.

    The folder appears whole or not at all: it is built under a temporary name beside its place.

    Args:
        root: The folder to make. It must not exist, or be empty.
        pictures: A folder of drawings, with or without captions. It is only read.
        base: The base to train on.
        preset: The preset to begin with.
        trigger: The trigger word; empty to find one (see :func:`find_trigger`).
        assignments: Further settings as ``name=value``, written into the settings file.

    Raises:
        ProjectError: The place is taken, or the pictures lie where the project would be.
        PictureError: The folder of pictures is missing or holds no picture that can be read.
        ConfigError: A setting is wrong.
    """
    root = root.expanduser().absolute()
    pictures = pictures.expanduser().absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ProjectError(
            f"{root} exists already",
            hint="Choose another name. To use the project that is there, go into it: "
            f"cd {root} && enogu plan",
        )
    if root == pictures or root.is_relative_to(pictures):
        raise ProjectError(
            f"the project {root} would lie inside the folder of originals {pictures}",
            hint="Make the project beside that folder instead.",
        )
    scan = scan_pictures(pictures)
    captions = [record.caption for record in scan.records]
    trigger, reason = (trigger, "given") if trigger else find_trigger(captions, root.name)
    values = first_settings(
        base=base,
        preset=preset,
        trigger=trigger,
        more=dict(parse_assignment(text) for text in assignments),
    )

    make_dirs(root.parent)
    if root.is_dir():
        root.rmdir()
    with storage_errors(root):
        building = root.with_name(f".{root.name}.new")
        shutil.rmtree(building, ignore_errors=True)
        try:
            _copy_pictures(scan, pictures, building / "pictures")
            write_first_settings(building, values)
            building.rename(root)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return Created(
        root=root,
        trigger=trigger,
        trigger_reason=reason,
        scan=scan,
    )


def first_settings(
    *, base: str = "mini", preset: str = "character", trigger: str, more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings a new project begins with, by dotted name.

    Args:
        base: The base to train on.
        preset: The preset to begin with.
        trigger: The trigger word.
        more: Further settings; they win.

    Raises:
        ConfigError: A setting is wrong.
    """
    values: dict[str, Any] = {
        "version": CONFIG_VERSION,
        "base": base,
        "preset": preset,
        "captions.trigger": trigger,
        **more,
    }
    resolve({}, values, source=CONFIG_NAME)
    return values


def write_first_settings(
    root: Path, values: Mapping[str, Any], comments: Mapping[str, str] | None = None
) -> None:
    """Write the settings file of a new project, with further comments above settings.

    Raises:
        StorageError: The place cannot be written.
    """
    write_config_file(root / CONFIG_NAME, values, comments={**_COMMENTS, **(comments or {})})


def write_new_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write settings that were found elsewhere into a file that is not there yet.

    Args:
        path: Usually `enogu.toml` in a folder of its own.
        settings: By dotted name; tuples become lists.

    Raises:
        ProjectError: The file is there, or its folder is not.
        ConfigError: The settings contradict each other.
        StorageError: The place cannot be written.
    """
    if path.exists():
        raise ProjectError(f"{path} is there already; nothing was written")
    if not path.absolute().parent.is_dir():
        raise ProjectError(f"{path}: there is no folder {path.parent}")
    values: dict[str, Any] = {"version": CONFIG_VERSION}
    values |= {
        name: list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
        for name, value in settings.items()
        if value is not None
    }
    resolve({}, values, source=str(path))
    write_config_file(path, values, comments={})


def find_trigger(texts: Sequence[str | None], name: str) -> tuple[str, str]:
    """Propose a trigger word.

    Args:
        texts: The captions of all pictures; None for those without one.
        name: The name of the project.

    Returns:
        The tag that begins every caption when there is one and no two captions differ in it;
        else the letters of the project's name; with a sentence that says which.
    """
    first = common_first_tag(texts)
    if first is not None and len(texts) > 1:
        return first, "it begins every caption"
    word = re.sub(r"[\W_]+", "", name).lower() or "mychar"
    return word, "made from the name of the project"


def common_first_tag(texts: Sequence[str | None], *, separator: str = ",") -> str | None:
    """Return the tag that begins every caption; None when they differ, or when it only counts.

    Args:
        texts: The captions; None for pictures without one.
        separator: Divides tags.
    """
    firsts = {next(iter(split_tags(text or "", separator=separator)), "") for text in texts}
    first = firsts.pop() if len(firsts) == 1 else ""
    return None if not first or re.fullmatch(r"\d?(girl|boy|other)s?|solo", first) else first


def _copy_pictures(scan: Scan, source: Path, target: Path) -> None:
    make_dirs(target)
    for record in scan.records:
        for path in (record.path, record.caption_path, record.mask_path):
            if path is not None:
                place = target / path.relative_to(source)
                make_dirs(place.parent)
                with atomic_path(place) as temporary:
                    shutil.copyfile(path, temporary)
