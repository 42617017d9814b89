"""Tagcomplete's chants: a JSON list of objects with ``name``, ``terms`` and ``content``."""

import json
from collections.abc import Iterator
from typing import cast

from enogu.errors import PhraseError
from enogu.tags.phrases.model import Phrase, fault_of
from enogu.tags.vocabulary.importing.problems import Problems


def read_chants(text: str, category: str, problems: Problems) -> Iterator[Phrase]:
    """Yield the chants of a file; problems name the number of the chant.

    Args:
        text: The file.
        category: What to file them under.
        problems: Takes the chants that cannot be used.

    Raises:
        PhraseError: The text is no JSON, or no list.
    """
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PhraseError(f"is no JSON ({error})") from error
    if not isinstance(document, list):
        raise PhraseError(f"must hold a list of chants, holds {type(document).__name__}")
    for number, item in enumerate(cast(list[object], document), start=1):
        if not isinstance(item, dict):
            problems.add(number, f"a chant must be an object, got {str(item)[:60]!r}")
            continue
        fields = cast(dict[str, object], item)
        phrase = Phrase(
            label=_text(fields, "name"),
            prompt=_text(fields, "content"),
            reading=_text(fields, "terms"),
            category=category,
        )
        if fault := fault_of(phrase):
            problems.add(number, fault)
        else:
            yield phrase


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""
