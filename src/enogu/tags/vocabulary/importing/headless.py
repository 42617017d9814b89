"""CSV files without a header, and BooruDatasetTagManager's translations.

Which of them a file is, is decided once from its beginning; a row that does not fit then is a
broken row.
"""

from collections.abc import Callable
from typing import Final

from enogu.tags.vocabulary.claims import UNKNOWN_COUNT, Claim, TagClaim, TextClaim
from enogu.tags.vocabulary.importing.fields import (
    name_claims,
    read_category,
    read_count,
    read_name,
    translation_claims,
)
from enogu.tags.vocabulary.importing.problems import BadRowError, shown
from enogu.tags.vocabulary.importing.record_claims import FileFacts, meta_text
from enogu.tags.vocabulary.importing.rows import split_row

RowReader = Callable[[str, FileFacts], list[Claim]]

_COMMENT: Final = "//"


def tagcomplete_row(text: str, facts: FileFacts) -> list[Claim]:
    """Read ``name,category,count,"alias,alias"``; the last two may be missing.

    Aliases that stand in columns of their own are taken too.

    Raises:
        BadRowError: The row does not have this form.
    """
    fields = split_row(text)
    name = read_name(fields[0])
    if len(fields) < 2:
        raise BadRowError(f"a category must follow the name, got {shown(text)}")
    site, code = read_category(fields[1], facts.site)
    count = read_count(fields[2] if len(fields) > 2 else None)
    claims: list[Claim] = [TagClaim(name, site, code, count)]
    for field in fields[3:]:
        if field:
            claims += name_claims(name, field)
    return claims


def extra_row(text: str, facts: FileFacts) -> list[Claim]:
    """Read ``name,category,free text,aliases,translation`` of an extra file.

    Raises:
        BadRowError: The row does not have this form.
    """
    fields = [*split_row(text), "", "", "", ""]
    name = read_name(fields[0])
    site, code = read_category(fields[1], facts.site)
    claims: list[Claim] = [TagClaim(name, site, code, UNKNOWN_COUNT)]
    if meta_text(fields[2]):
        claims.append(TextClaim(name, "en", meta_text(fields[2])))
    claims += name_claims(name, fields[3])
    claims += translation_claims(name, fields[4], facts.language)
    return claims


def translation_row(text: str, facts: FileFacts) -> list[Claim]:
    """Read ``tag,translation``, or ``tag,ignored,translation`` of the old form.

    Raises:
        BadRowError: The row does not have this form.
    """
    fields = split_row(text)
    if not 2 <= len(fields) <= 3:
        raise BadRowError(f"a tag and its translation are needed, got {shown(text)}")
    return [*translation_claims(read_name(fields[0]), fields[-1], facts.language)]


def bdtm_row(text: str, facts: FileFacts) -> list[Claim]:
    """Read ``tag=text``; a star before the tag says that a person wrote it.

    Raises:
        BadRowError: The row does not have this form.
    """
    if text.startswith(_COMMENT):
        return []
    # Faces such as `=_=` hold the sign themselves; the translation is what follows the last one.
    name, sign, translation = text.removeprefix("*").rpartition("=")
    if not sign or not name:
        raise BadRowError(f"tag=translation is needed, got {shown(text)}")
    return [*translation_claims(read_name(name), translation, facts.language)]
