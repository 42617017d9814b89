"""Reading kohya's ``dataset.toml``: which folders, how often, with which captions and settings."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final, cast

from enogu.config.kohya.option import NoMeaning, PartOf, Same
from enogu.config.kohya.options import OPTIONS
from enogu.errors import CaptionError, PictureError
from enogu.pictures.importing.folder import read_folder
from enogu.pictures.importing.model import Candidate, Reading, RefusedSource
from enogu.pictures.importing.sidecars import FoundCaption, read_metadata
from enogu.pictures.listing import list_files
from enogu.pictures.records import JsonValue
from enogu.tags.sidecar import read_caption

_SETTINGS: Final[Mapping[str, str]] = {
    "bucket_reso_steps": "pictures.bucket_step",
    "min_bucket_reso": "pictures.bucket_min",
    "max_bucket_reso": "pictures.bucket_max",
    **{
        name: option.meaning.setting
        for name, option in OPTIONS.items()
        if option.in_dataset and isinstance(option.meaning, Same)
    },
}
"""Keys that mean the same as a setting of a project."""

_TAKEN: Final = frozenset(
    name
    for name, option in OPTIONS.items()
    if option.in_dataset and isinstance(option.meaning, PartOf | NoMeaning)
)
_DEFAULT_EXTENSION: Final = ".caption"


def read_dataset_toml(path: Path) -> Reading:
    """Read the pictures, captions and settings that a ``dataset.toml`` names.

    Args:
        path: The file; relative folders in it are looked for from here, then beside the file.

    Raises:
        PictureError: It is no such file, or a folder it names is missing.
        CaptionError: A list of captions it names is damaged.
    """
    reading = Reading()
    unknown: set[str] = set()
    for values in subsets_of(path):
        unknown |= set(values) - set(_SETTINGS) - _TAKEN
        reading.add(read_subset(path, values))
        _add_settings(reading, values)
    if unknown:
        reading.notes.append(f"{path}: not taken over: {', '.join(sorted(unknown))}")
    return reading


def subsets_of(path: Path) -> list[dict[str, object]]:
    """Return what a ``dataset.toml`` says of each subset; the inner tables win.

    Raises:
        PictureError: It is no such file.
    """
    document = _document(path)
    general = _table(path, document.get("general", {}), "general")
    datasets = document.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        raise PictureError(
            f"{path}: has no [[datasets]], so it is no data set of kohya's scripts",
            hint="Give the folder of pictures itself.",
        )
    found: list[dict[str, object]] = []
    for dataset in cast(list[object], datasets):
        values = {**general, **_table(path, dataset, "datasets")}
        for subset in _subsets(path, values):
            merged = {**values, **subset}
            del merged["subsets"]
            found.append(merged)
    return found


def _document(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PictureError(
            f"{path}: is not valid TOML ({error})",
            hint="On Windows write paths with / or in single quotes.",
        ) from error


def _table(path: Path, value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise PictureError(f"{path}: {name} must be a table, got {value!r}")
    return cast(dict[str, object], value)


def _subsets(path: Path, dataset: Mapping[str, object]) -> Iterator[dict[str, object]]:
    subsets = dataset.get("subsets")
    if not isinstance(subsets, list) or not subsets:
        raise PictureError(f"{path}: a dataset without [[datasets.subsets]] names no pictures")
    for subset in cast(list[object], subsets):
        yield _table(path, subset, "subsets")


def read_subset(path: Path, values: Mapping[str, object]) -> Reading:
    """Read the pictures of one subset with their captions and masks.

    Args:
        path: The file that describes it; relative folders are looked for from here, then beside it.
        values: Its options.

    Raises:
        PictureError: A folder it names is missing, or it names none.
        CaptionError: A list of captions it names is damaged.
    """
    folder = _folder(path, values)
    metadata = values.get("metadata_file")
    table = _metadata(path, metadata) if isinstance(metadata, str) else None
    if folder is None and table is not None:
        reading = _read_keys(path, table)
    elif folder is not None:
        # The peers look at pictures directly inside only.
        reading = read_folder(folder, recursive=False)
    else:
        raise PictureError(f"{path}: a subset has neither image_dir nor metadata_file")
    extension = str(values.get("caption_extension", _DEFAULT_EXTENSION))
    inside = PurePosixPath(subset_folder(path, values))
    masks = _masks(path, values)
    reading.candidates = [
        replace(
            one,
            place=inside / one.place.name,
            is_reg=values.get("is_reg") is True,
            mask=masks.get(one.path.stem, one.mask),
            **_caption(one, extension, table, values),
        )
        for one in reading.candidates
    ]
    other = sum(
        one.caption is not None and not one.path.with_suffix(extension).exists()
        for one in reading.candidates
    )
    if other and table is None:
        reading.notes.append(
            f"{folder}: {other} captions do not end in {extension} as the file says; taken as found"
        )
    return reading


def subset_folder(path: Path, values: Mapping[str, object]) -> str:
    """Return the folder that the pictures of a subset get inside that of all pictures.

    Args:
        path: The file that describes it.
        values: Its options.
    """
    repeats, words = values.get("num_repeats", 1), values.get("class_tokens")
    name = words if isinstance(words, str) else (_folder(path, values) or path.parent).name
    return f"{repeats}_{name}".replace("/", "_")


def _masks(path: Path, values: Mapping[str, object]) -> dict[str, Path]:
    """Return the masks of a folder that a subset names, by stem."""
    name = values.get("conditioning_data_dir")
    if not isinstance(name, str):
        return {}
    folder = _existing(path, name, "conditioning_data_dir")
    return {file.stem: file for file in list_files(folder, recursive=False).pictures}


def _folder(path: Path, values: Mapping[str, object]) -> Path | None:
    name = values.get("image_dir")
    return _existing(path, name, "image_dir") if isinstance(name, str) else None


def _existing(path: Path, name: str, key: str) -> Path:
    given = Path(name).expanduser()
    for place in (given.absolute(), path.parent / given):
        if place.exists():
            return place
    raise PictureError(
        f"{path}: {key} names {name!r}, which is not there",
        hint=f"Mend the path in the file, or go into the folder it is meant from. Looked for "
        f"{given.absolute()} and {path.parent / given}.",
    )


def _metadata(path: Path, name: str) -> dict[str, FoundCaption]:
    place = _existing(path, name, "metadata_file")
    table = read_metadata(place)
    if table is None:
        raise CaptionError(
            f"{place}: is not a metadata file of kohya's scripts",
            hint='Its form is {"name": {"caption": "…", "tags": "…"}, …}.',
        )
    return table


def _read_keys(path: Path, table: Mapping[str, FoundCaption]) -> Reading:
    """Read a metadata file whose keys are full paths, as ``--full_path`` writes them."""
    reading = Reading()
    for key in table:
        picture = Path(key)
        if picture.is_file():
            reading.candidates.append(
                Candidate(path=picture, origin=key, place=PurePosixPath(picture.name))
            )
        else:
            reading.refused.append(
                RefusedSource(
                    origin=f"{path}: {key}",
                    reason="is no path of a file that is there",
                    proposal="name the folder of the pictures as image_dir",
                )
            )
    return reading


def _caption(
    one: Candidate,
    extension: str,
    table: Mapping[str, FoundCaption] | None,
    values: Mapping[str, object],
) -> dict[str, str | None]:
    """Return caption and its note as fields of a candidate."""
    text, note = one.caption, one.caption_note
    own = one.path.with_suffix(extension)
    if table is not None:
        found = table.get(str(one.path)) or table.get(one.path.stem)
        text, note = (found.text, found.note) if found else (text, note)
    elif own.is_file():
        text, note = read_caption(own).text, None
    if text is not None:
        parts = (values.get("caption_prefix"), text, values.get("caption_suffix"))
        text = " ".join(part for part in parts if isinstance(part, str) and part)
    return {"caption": text, "caption_note": note}


def _add_settings(reading: Reading, values: Mapping[str, object]) -> None:
    for key, setting in _SETTINGS.items():
        value = values.get(key)
        if isinstance(value, bool | int | float | str):
            reading.settings[setting] = value
    resolution = values.get("resolution")
    side = _side(resolution)
    if side is not None:
        reading.settings["pictures.resolution"] = side
    if values.get("enable_bucket"):
        no_upscale = values.get("bucket_no_upscale") is True
        reading.settings["pictures.bucket_mode"] = "no_upscale" if no_upscale else "list"


def _side(resolution: object) -> JsonValue:
    """Return the side of the square with the area of a resolution."""
    if isinstance(resolution, int):
        return resolution
    if isinstance(resolution, list):
        sides = cast(list[object], resolution)
        if len(sides) == 2 and all(isinstance(side, int) for side in sides):
            width, height = (int(str(side)) for side in sides)
            return round((width * height) ** 0.5)
    return None
