"""Reading single fields of rows: names, counts, categories, lists of names, languages."""

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, cast

from enogu.tags.names import normal_name, tidy_text
from enogu.tags.vocabulary.categories import CODE_OF, site_and_code
from enogu.tags.vocabulary.claims import MAX_COUNT, UNKNOWN_COUNT, FormClaim
from enogu.tags.vocabulary.importing.problems import BadRowError, shown

MAX_NAME: Final = 255
_MAX_FORMS: Final = 500
_KANA: Final = re.compile("[ぁ-ゖァ-ヺｦ-ﾝ]")
_HAN: Final = re.compile("[㐀-䶿一-鿿豈-﫿]")
_HANGUL: Final = re.compile("[ᄀ-ᇿㄱ-ㆎ가-힣]")
_SEPARATOR: Final = re.compile("[,，|]")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_name(value: object) -> str:
    """Return the normal name in a field.

    Raises:
        BadRowError: Empty, too long, or with a character no tag may hold.
    """
    if not isinstance(value, str):
        raise BadRowError(f"the name must be text, got {shown(value)}")
    name = normal_name(value)
    if 0 < len(name) <= MAX_NAME and "," not in name and name.isprintable():
        return name
    if not name:
        raise BadRowError("the name is empty")
    if len(name) > MAX_NAME:
        raise BadRowError(f"the name has {len(name)} characters, at most {MAX_NAME} are possible")
    raise BadRowError(f"the name holds a comma or a control character: {shown(value)}")


def read_count(value: object) -> int:
    """Return the number of posts in a field; an empty field is a count that is not known.

    Raises:
        BadRowError: No number, negative, or larger than any site.
    """
    if value is None or value == "":
        return UNKNOWN_COUNT
    number: float
    try:
        number = int(cast(str, value))
    except (ValueError, TypeError):
        number = _as_float(value)
    if not 0 <= number <= MAX_COUNT:
        raise BadRowError(f"the count must be 0 or more, got {shown(value)}")
    return int(number)


def _as_float(value: object) -> float:
    try:
        number = float(str(value).strip())
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadRowError(f"the count must be a whole number, got {shown(value)}")
    return number


def read_category(value: object, site: str) -> tuple[str, int]:
    """Return (site, code) of a category written as a number or a word; empty means general.

    Raises:
        BadRowError: Neither a number nor a known word.
    """
    return _read_category("" if value is None else str(value), site)


@lru_cache(maxsize=1024)
def _read_category(value: str, site: str) -> tuple[str, int]:
    text = value.strip().lower()
    if not text:
        return site, 0
    code = CODE_OF.get((site, text))
    if code is not None:
        return site, code
    try:
        code = int(float(text))
    except (ValueError, OverflowError):
        known = ", ".join(word for (of, word) in CODE_OF if of == site)
        raise BadRowError(
            f"the category must be a number or one of {known}; got {shown(value)}"
        ) from None
    if not 0 <= code <= 999:
        raise BadRowError(f"the category must be 0 to 999, got {shown(value)}")
    return site_and_code(code, site=site)


def read_date(value: object) -> str:
    """Return the day of a time stamp as ``2026-01-31``, empty when there is none."""
    found = _DATE.match(value) if isinstance(value, str) else None
    return found[0] if found else ""


def read_flag(value: object) -> bool:
    """Return whether a field says yes: true, 1, "t", "true", "yes"."""
    return str(value).strip().lower() in ("true", "1", "t", "yes")


def read_names(value: object) -> list[str]:
    """Return the names in a field: a list, a list written as text, or names with commas between.

    Names are trimmed; empty ones and repetitions are left out.
    """
    parts: Sequence[object]
    if value is None:
        return []
    if isinstance(value, str):
        parts = _listed(value) if value.lstrip()[:1] in ("[", "{") else _SEPARATOR.split(value)
    elif isinstance(value, list):
        parts = cast(list[object], value)
    else:
        parts = [value]
    names = dict.fromkeys(tidy_text(part) for part in parts if isinstance(part, str))
    names.pop("", None)
    return list(names)[:_MAX_FORMS]


def _listed(text: str) -> list[object]:
    """Read a JSON list, a list as Python prints it, or an array as PostgreSQL prints it."""
    text = text.strip()
    try:
        found = json.loads(text)
        return cast(list[object], found) if isinstance(found, list) else [text]
    except (ValueError, RecursionError):
        if text[-1:] not in ("]", "}"):
            return [text]
    inner = re.findall(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^,\s][^,]*)", text[1:-1])
    return [re.sub(r"\\(.)", r"\1", "".join(groups)) for groups in inner]


def name_claims(name: str, value: object, language: str = "") -> list[FormClaim]:
    """Return the other spellings in a field as claims: ASCII ones as aliases, the rest as names.

    Args:
        name: Normal name of the tag.
        value: As :func:`read_names` takes it.
        language: Language of the names that are not ASCII; empty to judge by their script.
    """
    claims: list[FormClaim] = []
    for text in read_names(value):
        if text.isascii():
            alias = normal_name(text)
            if alias and alias != name and len(alias) <= MAX_NAME:
                claims.append(FormClaim(name, alias, "alias", ""))
        elif len(text) <= MAX_NAME:
            claims.append(FormClaim(name, text, "other", language or language_of(text)))
    return claims


def translation_claims(name: str, value: object, language: str = "") -> list[FormClaim]:
    """Return the names in a field of translations as claims; none of them is an alias.

    Args:
        name: Normal name of the tag.
        value: As :func:`read_names` takes it.
        language: Their language; empty to judge by the script.
    """
    return [
        FormClaim(name, text, "other", language or language_of(text))
        for text in read_names(value)
        if len(text) <= MAX_NAME and normal_name(text) != name
    ]


@lru_cache(maxsize=4096)
def language_of(text: str) -> str:
    """Return the language of a name, as far as its script tells.

    Kana are Japanese for sure. Chinese characters count as Japanese when all of them stand in
    JIS X 0208, which leaves out most simplified ones; a Chinese name may still pass.

    Returns:
        ``ja``, ``zh``, ``ko`` or ``en``.
    """
    if text.isascii():
        return "en"
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    if _HAN.search(text):
        try:
            text.encode("shift_jis")
        except UnicodeEncodeError:
            return "zh"
        return "ja"
    return "en"
