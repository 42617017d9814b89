"""From rows with named fields to claims: dumps and API answers, headed CSV files, pair sets."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from enogu.tags.names import tidy_text
from enogu.tags.vocabulary.claims import (
    UNKNOWN_COUNT,
    Claim,
    CooccurrenceClaim,
    FormClaim,
    HeirClaim,
    ImplicationClaim,
    SeriesClaim,
    TagClaim,
    TextClaim,
)
from enogu.tags.vocabulary.importing.fields import (
    name_claims,
    read_category,
    read_count,
    read_date,
    read_flag,
    read_name,
    read_names,
    translation_claims,
)
from enogu.tags.vocabulary.importing.problems import BadRowError, shown
from enogu.tags.vocabulary.importing.wiki_text import explanation_of, heirs_of


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFacts:
    """What is known about a file beside its rows."""

    site: str = "danbooru"
    """The site whose numbers and names these are."""
    language: str = ""
    """Language of its translations; empty to judge each by its script."""


Fields = Mapping[str, object]
RecordReader = Callable[[Fields, FileFacts], Iterator[Claim]]

_NAME_KEYS: Final = ("tag", "name", "title", "tag_name", "source_tag")
_COUNT_KEYS: Final = ("count", "post_count", "posts", "popularity")
_CATEGORY_KEYS: Final = ("category", "type", "tag_type")
_ALIAS_KEYS: Final = ("alias", "aliases")
_LANGUAGE_KEYS: Final = {
    "ja": "ja",
    "japanese": "ja",
    "jp": "ja",
    "zh": "zh",
    "chinese": "zh",
    "zh_cn": "zh",
    "ko": "ko",
    "korean": "ko",
    "translation": "",
    "other_names": "",
}
_MAX_SERIES: Final = 50


def _first(fields: Fields, keys: tuple[str, ...]) -> object:
    for key in keys:
        if key in fields:
            return fields[key]
    return None


def tag_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read a row that is a tag: with category, count, aliases, translations, series.

    Serves tag dumps and API answers, the exports of e621, headed CSV files, WD taggers'
    ``selected_tags.csv`` with or without PixAI's columns, and sets of Japanese names.

    Raises:
        BadRowError: The name, count or category cannot be used.
    """
    name = read_name(_first(fields, _NAME_KEYS))
    if read_flag(fields.get("is_deleted")):
        return
    category = _first(fields, _CATEGORY_KEYS)
    if not str(fields.get("tag_id", "0")).strip().isdecimal():
        # Other fields of such a row have likely slipped into the wrong columns too.
        raise BadRowError(f"tag_id must be a whole number, got {shown(fields['tag_id'])}")
    if "tag_id" in fields and str(category).strip() == "9":
        return  # The ratings that taggers output are no tags.
    site, code = read_category(category, facts.site)
    yield TagClaim(
        name,
        site,
        code,
        read_count(_first(fields, _COUNT_KEYS)),
        int(read_flag(fields.get("is_deprecated"))),
        read_date(fields.get("updated_at")),
    )
    yield from name_claims(name, _first(fields, _ALIAS_KEYS))
    yield from _translations(name, fields, facts)
    for series in read_names(fields.get("ips"))[:_MAX_SERIES]:
        yield SeriesClaim(name, read_name(series))


def translation_row_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read a row of names in other languages for a tag that other files know.

    Raises:
        BadRowError: The name cannot be used.
    """
    name = read_name(_first(fields, _NAME_KEYS))
    if read_flag(fields.get("is_deleted")):
        return
    yield from _translations(name, fields, facts)
    yield from name_claims(name, _first(fields, _ALIAS_KEYS), facts.language)


def _translations(name: str, fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    for key, language in _LANGUAGE_KEYS.items():
        if fields.get(key):
            yield from translation_claims(name, fields[key], language or facts.language)


def alias_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read a row of the site's aliases: ``antecedent_name`` means ``consequent_name``.

    Raises:
        BadRowError: A name cannot be used.
    """
    alias, name = _relation(fields)
    if _is_active(fields) and alias != name:
        yield FormClaim(name, alias, "alias", "")


def implication_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read a row of the site's implications: the antecedent implies the consequent.

    Raises:
        BadRowError: A name cannot be used.
    """
    child, parent = _relation(fields)
    if _is_active(fields):
        yield ImplicationClaim(child, parent)


def _relation(fields: Fields) -> tuple[str, str]:
    return read_name(fields.get("antecedent_name")), read_name(fields.get("consequent_name"))


def _is_active(fields: Fields) -> bool:
    return str(fields.get("status") or "active").lower() == "active"


def wiki_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read a wiki page: other names, the first sentence, and the heirs a deprecated tag names.

    Raises:
        BadRowError: The title cannot be used.
    """
    name = read_name(fields.get("title"))
    if read_flag(fields.get("is_deleted")) or name.startswith(("help:", "list_of_", "tag_group:")):
        return
    yield from translation_claims(name, fields.get("other_names"), facts.language)
    body = fields.get("body")
    if not isinstance(body, str):
        return
    explanation = explanation_of(body)
    if explanation:
        yield TextClaim(name, "en", explanation)
    for heir in heirs_of(body):
        if heir != name:
            yield HeirClaim(name, heir)


def artist_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read an artist: a tag whose posts other files count.

    Raises:
        BadRowError: The name cannot be used.
    """
    name = read_name(fields.get("name"))
    if read_flag(fields.get("is_deleted")) or read_flag(fields.get("is_banned")):
        return
    yield TagClaim(name, facts.site, 1, UNKNOWN_COUNT, 0, read_date(fields.get("updated_at")))
    yield from translation_claims(name, fields.get("other_names"))


def cooccurrence_claims(fields: Fields, facts: FileFacts) -> Iterator[Claim]:
    """Read how many posts have two tags.

    Raises:
        BadRowError: A name or the count cannot be used.
    """
    first, second = read_name(fields.get("tag_a")), read_name(fields.get("tag_b"))
    count = read_count(fields.get("count"))
    if count == UNKNOWN_COUNT:
        raise BadRowError(f"the count is missing for {shown(first)} and {shown(second)}")
    if first != second and count > 0:
        yield CooccurrenceClaim(first, second, count)


def meta_text(value: str) -> str:
    """Return the free text of an extra file as an explanation."""
    return tidy_text(value)[:200]
