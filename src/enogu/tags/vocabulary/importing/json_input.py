"""Records of JSON files of any size: an array, one object a line, or one object as a table.

An array is read piece by piece, so that memory is bounded by its largest record.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.importing.problems import BadRowError, Problems, shown
from enogu.tags.vocabulary.importing.rows import Record
from enogu.tags.vocabulary.importing.text_input import MAX_LINE, read_lines, read_pieces

_MAX_TABLE: Final = 64 << 20
_NEXT_RECORD: Final = re.compile(r"[}\]]\s*,\s*(?=[{\[])")
_SKIPPED: Final = " \t\r\n,"


def read_json_lines(path: Path, encoding: str, problems: Problems) -> Iterator[Record]:
    """Yield the objects of a file that has one on each line (NDJSON).

    Args:
        path: The file, plain or packed with gzip.
        encoding: As found by looking at its beginning.
        problems: Takes what is wrong.
    """
    for line in read_lines(path, encoding, problems):
        if not line.text.strip():
            continue
        try:
            value: object = json.loads(line.text)
        except (ValueError, RecursionError) as error:
            problems.add(line.number, f"no JSON ({error}): {shown(line.text)}")
            continue
        yield from _records(value, line.number, problems)


def read_json_array(path: Path, encoding: str, problems: Problems) -> Iterator[Record]:
    """Yield the objects of a JSON array; the number of a record stands for its line.

    Args:
        path: The file, plain or packed with gzip.
        encoding: As found by looking at its beginning.
        problems: Takes what is wrong.
    """
    decoder = json.JSONDecoder()
    buffer = ""
    number = 0
    pieces = read_pieces(path, encoding)
    opened = False
    ended = False
    while not ended:
        piece = next(pieces, "")
        ended = not piece
        buffer += piece
        place = 0
        if not opened:
            place = buffer.find("[") + 1
            opened = place > 0
        while opened:
            place = _after(buffer, place)
            if place >= len(buffer) or buffer[place] == "]":
                break
            try:
                value, end = decoder.raw_decode(buffer, place)
            except (ValueError, RecursionError) as error:
                if not ended and len(buffer) - place <= MAX_LINE:
                    break
                number += 1
                problems.add(number, f"no JSON ({error}): {shown(buffer[place : place + 70])}")
                following = _NEXT_RECORD.search(buffer, place)
                place = following.end() if following else len(buffer)
                continue
            place = end
            number += 1
            yield from _records(value, number, problems)
        buffer = buffer[place:]


def read_json_table(path: Path, encoding: str, problems: Problems) -> Iterator[Record]:
    """Yield an object of the form ``{"tag": "name"}`` or ``{"tag": ["name", …]}`` as records.

    The answer of a data set server (``{"rows": [{"row": …}]}``) is understood too.

    Args:
        path: The file, plain or packed with gzip.
        encoding: As found by looking at its beginning.
        problems: Takes what is wrong.

    Raises:
        VocabularyError: Too large for a file that must be read whole, or no JSON.
    """
    pieces: list[str] = []
    size = 0
    for line in read_lines(path, encoding, problems):
        size += len(line.text)
        if size > _MAX_TABLE:
            raise VocabularyError(
                f"{path}: one JSON object of more than {_MAX_TABLE >> 20} MiB",
                hint="Write it as one object a line (NDJSON).",
            )
        pieces.append(line.text)
    try:
        value: object = json.loads("\n".join(pieces))
    except (ValueError, RecursionError) as error:
        raise VocabularyError(f"{path}: is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise VocabularyError(f"{path}: one JSON object is needed, got {type(value).__name__}")
    table = cast(dict[str, object], value)
    rows = table.get("rows")
    if isinstance(rows, list):
        for number, row in enumerate(cast(list[object], rows), start=1):
            inner = cast(dict[str, object], row).get("row", row) if isinstance(row, dict) else row
            yield from _records(inner, number, problems)
        return
    if "name" in table or "title" in table or "tag" in table:
        yield from _records(table, 1, problems)
        return
    for number, (name, names) in enumerate(table.items(), start=1):
        yield Record(number, {"tag": name, "translation": names})


def _after(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SKIPPED:
        place += 1
    return place


def _records(value: object, number: int, problems: Problems) -> Iterator[Record]:
    if not isinstance(value, dict):
        problems.add(number, f"an object is needed, got {shown(value)}")
        return
    fields = cast(dict[str, object], value)
    yield Record(number, {key.strip().lower(): field for key, field in fields.items()})


def first_object(sample: str) -> dict[str, object]:
    """Return the first object in the beginning of a JSON text, to judge the file by.

    Raises:
        BadRowError: There is none in the sample.
    """
    place = sample.find("{")
    try:
        value, _ = json.JSONDecoder().raw_decode(sample, max(place, 0))
    except (ValueError, RecursionError) as error:
        raise BadRowError(f"no JSON object at the beginning ({error})") from error
    if not isinstance(value, dict):
        raise BadRowError("no JSON object at the beginning")
    fields = cast(dict[str, object], value)
    return {key.strip().lower(): field for key, field in fields.items()}
