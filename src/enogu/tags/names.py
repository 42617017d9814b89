"""One rule for the spelling of tag names.

Danbooru writes ``long_hair``; captions and prompts show ``long hair``. The underscore form is the
key of a tag everywhere in this package. Kaomoji such as ``^_^`` keep their underscore, because it
is a mouth and not a blank.
"""

import re
import unicodedata
from typing import Final

_LISTED_KAOMOJI: Final = frozenset(
    {"+_-", "6_9", ">_o", "<o>_<o>", "<|>_<|>", "(o)_(o)", "||_||", "3_3", "0_0", "o_o"}
)
_SYMBOLS: Final = re.compile(r"[^\w\s]+_[^\w\s]+|[^\w\s]*(\w)[^\w\s]*_[^\w\s]*\1[^\w\s]*")
_BLANK_RUN: Final = re.compile(r"[\s_]+")
# Joiners and direction marks that copying from web pages brings along; they cannot be seen.
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ESCAPED_BRACKET: Final = re.compile(r"\\([()\[\]])")


def normal_name(text: str) -> str:
    """Return the key of a tag: NFKC, lower case, trimmed, blanks as one underscore.

    Args:
        text: A tag in any spelling: ``Long  Hair``, ``ＬＯＮＧ＿ＨＡＩＲ``, ``long_hair``.

    Returns:
        The Danbooru spelling, here ``long_hair``; empty when nothing but blanks came. A second
        call changes nothing.
    """
    text = lower_case(text).strip()
    if " " in text or not text.isprintable():
        text = _BLANK_RUN.sub(_one_blank, text)
    return text


def lower_case(text: str) -> str:
    """Return `text` as NFKC in lower case, without signs that cannot be seen; blanks stay."""
    if text.isascii():
        return text.lower()
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    # Lower case can undo the composition (İ), so it is composed once more.
    return unicodedata.normalize("NFKC", text.lower())


def _one_blank(run: re.Match[str]) -> str:
    # Underscores alone stay as many as they are.
    return run[0] if not run[0].strip("_") else "_"


def spoken_name(name: str) -> str:
    """Return how captions and prompts show a tag: underscores as blanks, kaomoji as they are.

    Args:
        name: A normal name, as ``long_hair`` or ``^_^``.
    """
    return name if is_kaomoji(name) else name.replace("_", " ")


def is_kaomoji(name: str) -> bool:
    """Say whether `name` is a face made of signs, whose underscore is a mouth.

    A face has one underscore with either signs alone (``>_<``) or the same single letter
    (``o_o``, ``;o_o;``) on both sides; the few others that exist are listed.
    """
    return name in _LISTED_KAOMOJI or (
        name.count("_") == 1 and len(name) <= 12 and _SYMBOLS.fullmatch(name) is not None
    )


def tidy_text(text: str) -> str:
    """Return `text` for showing: NFKC, trimmed, blanks and control characters as one space.

    Used for Japanese names and explanations, where case and spaces are kept.
    """
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())


def unescaped(text: str) -> str:
    r"""Return `text` with ``\(`` as a plain bracket; captions made for prompts escape them."""
    return _ESCAPED_BRACKET.sub(r"\1", text)
