"""What is compared when a tag is searched: text without case, width, accents and punctuation."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from enogu.tags.names import lower_case, normal_name

MAX_QUERY_LENGTH: Final = 200
"""Longer queries are cut: names end at 170 characters."""

MAX_QUERY_WORDS: Final = 12

_IDEOGRAPHIC: Final = (
    (0x1100, 0x11FF),  # Hangul letters
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),  # 々 〆 〇
    (0x3041, 0x30FF),  # kana
    (0x3105, 0x318F),  # Bopomofo, Hangul letters
    (0x31F0, 0x31FF),  # small katakana
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),  # Hangul syllables
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_KATAKANA: Final = range(0x30A1, 0x30F7)
_KATAKANA_TO_HIRAGANA: Final = 0x60


_IDEOGRAPHS: Final = re.compile(
    "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _IDEOGRAPHIC) + "]"
)


def has_ideographic(text: str) -> bool:
    """Say whether a character of `text` belongs to a script that is written without blanks."""
    return not text.isascii() and _IDEOGRAPHS.search(text) is not None


class _Signs(dict[int, str | None]):
    """The folded form of each character, worked out when it is first met; None where it goes."""

    def __missing__(self, code: int) -> str | None:
        folded = _folded_sign(chr(code))
        # An empty text would do the same, but turns the fast way of translating ASCII off.
        self[code] = folded or None
        return folded or None


def _folded_sign(sign: str) -> str:
    code = ord(sign)
    if code in _KATAKANA:
        return chr(code - _KATAKANA_TO_HIRAGANA)
    if sign in "'’`":
        return ""
    if not sign.isalnum():
        # Marks that NFKC could not put onto a letter vanish, everything else parts words.
        return "" if unicodedata.category(sign) in {"Mn", "Me", "Cf"} else " "
    if has_ideographic(sign):
        return sign
    base = unicodedata.normalize("NFD", sign)[0]
    return base if base.isalnum() else sign


_SIGNS: Final = _Signs()
_BLANKS: Final = re.compile("  +")
_LINE_SIGNS: Final = _Signs({ord("\n"): "\n"})


@dataclass(frozen=True, slots=True)
class Folded:
    """Text as it is compared."""

    words: tuple[str, ...]
    """Its words, without blanks; a face such as ``:d`` is one word of signs."""
    ideographic: bool
    """It has kana, kanji or Hangul, so parts of words are compared sign by sign."""

    @property
    def text(self) -> str:
        """The words with single blanks between; ideographic text has none."""
        return ("" if self.ideographic else " ").join(self.words)

    @property
    def compact(self) -> str:
        """The words without blanks between them."""
        return "".join(self.words)


def fold(text: str) -> Folded:
    """Return `text` as it is compared: ``ＣＡＴ＿Ears`` as the words ``cat`` and ``ears``.

    Args:
        text: A tag, another name, or what a person typed; any characters, any length.

    Returns:
        The words. Text without two letters or digits (``:d``, ``^_^``, ``!?``) keeps its signs.
    """
    # Most names are ASCII, where folding needs no look at Unicode.
    normal = text.lower() if text.isascii() else normal_name(text)
    words = normal.translate(_SIGNS).split()
    if not words or (len(words) == 1 and len(words[0]) == 1 and len(normal) > 1):
        # A face: its signs are all it has. A letter with an accent alone is a letter.
        signs = "".join(normal.split())
        face = any(sign.isprintable() and not sign.isalnum() and sign != "_" for sign in signs)
        if face and not has_ideographic(signs):
            return Folded((signs,), ideographic=False)
    return Folded(tuple(words), ideographic=has_ideographic(normal))


def fold_all(texts: Sequence[str]) -> tuple[list[str], list[bool]]:
    """Fold many names at once, several times as fast as :func:`fold` for each.

    Args:
        texts: Any names.

    Returns:
        ``folded.text`` and ``folded.ideographic`` of each.
    """
    folded = [""] * len(texts)
    ideographic = [False] * len(texts)
    ascii_places = [place for place, text in enumerate(texts) if text.isascii()]
    other_places = [place for place, text in enumerate(texts) if not text.isascii()]
    for places in (ascii_places, other_places):
        normal = lower_case("\n".join([texts[place] for place in places]))
        lines = _tidy_lines(normal.translate(_LINE_SIGNS))
        if len(lines) != len(places):
            # No name at all, or one with a line break in it.
            lines = [""] * len(places)
        for place, line in zip(places, lines, strict=True):
            if len(line) > 1:
                folded[place] = line
            else:
                # A face, a single letter, or nothing: that depends on all signs together.
                alone = fold(texts[place])
                folded[place], ideographic[place] = alone.text, alone.ideographic
        if places is other_places:
            for place, line, before in zip(places, lines, normal.split("\n"), strict=False):
                if len(line) > 1 and has_ideographic(before):
                    folded[place], ideographic[place] = line.replace(" ", ""), True
    return folded, ideographic


def _tidy_lines(text: str) -> list[str]:
    """Return the lines of a text with single blanks, none at the ends."""
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    return text.replace("\n ", "\n").replace(" \n", "\n").strip(" ").split("\n")


def fold_query(text: str) -> Folded:
    """Return what a person typed as it is compared, cut to a length that a name can have."""
    folded = fold(text[:MAX_QUERY_LENGTH])
    return Folded(folded.words[:MAX_QUERY_WORDS], ideographic=folded.ideographic)
