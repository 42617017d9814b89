"""The list of tags beside a tagger's ONNX file: which output is which tag, of which category."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from enogu.errors import ModelFileError
from enogu.pictures.tagging.model import GENERAL, RATING, RATING_PREFIX
from enogu.tags.names import normal_name, spoken_name

CSV_NAME: Final = "selected_tags.csv"
JSON_NAME: Final = "tag_mapping.json"

# Danbooru's numbers, and 9 as WD taggers write it.
_BY_NUMBER: Final = {
    "0": GENERAL,
    "1": "artist",
    "3": "copyright",
    "4": "character",
    "5": "meta",
    "9": RATING,
}


@dataclass(frozen=True, slots=True)
class Label:
    """One output of a tagger."""

    tag: str
    """As captions spell it; ratings as ``rating:general``."""
    category: str


def read_labels(path: Path) -> list[Label]:
    """Read a list of tags in the order of the network's outputs.

    Args:
        path: ``selected_tags.csv`` with the columns name and category (more are ignored), or
            ``tag_mapping.json``: an object of ``"0": {"tag": …, "category": …}`` or one of
            ``idx_to_tag`` and ``tag_to_category``.

    Raises:
        ModelFileError: The file is missing or is not such a list.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: the list of tags is not there",
            hint=f"Put {CSV_NAME} from the model's page beside the model file.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path}: the list of tags cannot be read ({error})") from error
    labels = _from_json(path, text) if path.suffix.lower() == ".json" else _from_csv(path, text)
    if not labels:
        raise ModelFileError(f"{path}: there is no tag in the list")
    return labels


def _from_csv(path: Path, text: str) -> list[Label]:
    reader = csv.DictReader(text.splitlines())
    columns = reader.fieldnames or []
    if not {"name", "category"} <= set(columns):
        raise ModelFileError(
            f"{path}: a list of tags has the columns name and category, got {', '.join(columns)}"
        )
    labels: list[Label] = []
    for row in reader:
        name, number = row["name"], (row["category"] or "").strip()
        if number not in _BY_NUMBER:
            raise ModelFileError(
                f"{path}, line {reader.line_num}: category must be one of "
                f"{', '.join(_BY_NUMBER)}, got {number!r}"
            )
        labels.append(_label(path, f"line {reader.line_num}", name, _BY_NUMBER[number]))
    return labels


def _from_json(path: Path, text: str) -> list[Label]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ModelFileError(f"{path}: is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{path}: must be a JSON object, got {type(document).__name__}")
    entries = cast(dict[str, object], document)
    if "idx_to_tag" in entries:
        names = _object(path, entries["idx_to_tag"], "idx_to_tag")
        kinds = _object(path, entries.get("tag_to_category", {}), "tag_to_category")
        pairs = {key: (name, kinds.get(str(name), GENERAL)) for key, name in names.items()}
    else:
        pairs = {}
        for key, value in entries.items():
            entry = _object(path, value, f"entry {key!r}")
            pairs[key] = (entry.get("tag"), entry.get("category"))
    labels: list[Label] = []
    for number in range(len(pairs)):
        if str(number) not in pairs:
            raise ModelFileError(
                f"{path}: has {len(pairs)} tags, but none with the number {number}; the numbers "
                "must go from 0 without gaps"
            )
        name, kind = pairs[str(number)]
        labels.append(_label(path, f"entry {number}", name, str(kind).strip().lower()))
    return labels


def _object(path: Path, value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ModelFileError(f"{path}: {where} must be a JSON object, got {value!r}")
    return cast(dict[str, object], value)


def _label(path: Path, where: str, name: object, category: str) -> Label:
    tag = spoken_name(normal_name(name)) if isinstance(name, str) else ""
    if not tag:
        raise ModelFileError(f"{path}, {where}: the tag has no name, got {name!r}")
    if category == RATING:
        tag = RATING_PREFIX + tag.removeprefix(RATING_PREFIX)
    return Label(tag, category)
