"""Kana and romaji as one key, so that every way of writing a reading finds the same tag.

The key is romaji in which the differences between Hepburn (``shi``), Kunrei (``si``) and typing
systems (``tu``, ``nn``, ``jya``), long vowels (``ou``, ``oo``, ``ー``) and doubled consonants
(``っ``) are gone. It is meant for comparing, not for reading: different words may share a key.
"""

import re
from typing import Final

_VOWELS: Final = "aiueo"
# Kunrei syllables by row; a blank stands for a sign that does not exist.
_ROWS: Final = {
    "": "あいうえお",
    "k": "かきくけこ",
    "s": "さしすせそ",
    "t": "たちつてと",
    "n": "なにぬねの",
    "h": "はひふへほ",
    "m": "まみむめも",
    "y": "や ゆ よ",
    "r": "らりるれろ",
    "w": "わゐ ゑ ",
    "g": "がぎぐげご",
    "z": "ざじずぜぞ",
    "d": "だ  でど",
    "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
}
_SMALL_VOWELS: Final = "ぁぃぅぇぉ"
_GLIDES: Final = "ゃぃゅぇょ"

_HIRAGANA: Final = re.compile(r"[ぁ-ゖー]+")
_LONG_VOWEL: Final = re.compile(r"ou+|o{2,}|u{2,}|a{2,}|i{2,}|e{2,}")
_LONG_O: Final = re.compile(r"oh(?![aiueoy])")
_DOUBLED: Final = re.compile(r"([bcdfghjklmnprstvwyz])\1+")
_HEPBURN: Final = re.compile(r"t?ch|[cs]h|ts|jy|dz|j|f(?=u)|d(?=[iuy])|m(?=[bpm])|v|wo|n'|cy|l")
_KUNREI: Final = {
    "tch": "ty",
    "ch": "ty",
    "sh": "sy",
    "ts": "t",
    "jy": "zy",
    "dz": "z",
    "j": "zy",
    "f": "h",
    "d": "z",
    "m": "n",
    "v": "b",
    "wo": "o",
    "n'": "n",
    "cy": "ty",
    "l": "r",
}
_SYLLABLE: Final = (
    r"(?:(?:n(?![aiueoy])|m(?=[bpm]))|"
    r"(?:kk?|ss?h?|tt?s?|t?ch|cch|nn?|hh?|mm?|rr?|gg?|zz?|dd?|bb?|pp?|ff?|jj?|w|y|dz|v)?y?[aiueo])"
)
_ROMAJI: Final = re.compile(rf"{_SYLLABLE}+(?: {_SYLLABLE}+)*")
_ROMAJI_START: Final = re.compile(rf"{_SYLLABLE}*[bcdfghjkmnprstwyz]{{0,3}}")


def _kana_table() -> dict[str, str]:
    table = {
        sign: row + vowel
        for row, signs in _ROWS.items()
        for sign, vowel in zip(signs, _VOWELS, strict=True)
        if sign != " "
    }
    table |= {"ぢ": "zi", "づ": "zu", "を": "o", "ん": "n", "ゔ": "bu", "っ": "", "ー": ""}
    table |= dict(zip(_SMALL_VOWELS, _VOWELS, strict=True))
    table |= {"ゃ": "ya", "ゅ": "yu", "ょ": "yo", "ゎ": "wa", "ゕ": "ka", "ゖ": "ke"}
    glides = dict(zip(_GLIDES, ("ya", "yi", "yu", "ye", "yo"), strict=True))
    for sign in "きしちにひみりぎじぢびぴ":
        for small, glide in glides.items():
            table[sign + small] = table[sign][:-1] + glide
    # Sounds of loanwords: ファ, ティ, ウェ …
    for sign, row in {"ふ": "f", "て": "t", "で": "d", "う": "w", "ゔ": "b", "つ": "t"}.items():
        for small, vowel in zip(_SMALL_VOWELS, _VOWELS, strict=True):
            table[sign + small] = row + vowel
    table |= {"とぅ": "tu", "どぅ": "zu", "でぃ": "zi", "てゅ": "tyu", "でゅ": "zyu", "ふゅ": "hyu"}
    return table


_KANA: Final = _kana_table()
_KANA_UNIT: Final = re.compile("|".join(sorted(map(re.escape, _KANA), key=len, reverse=True)))


def is_kana(text: str) -> bool:
    """Say whether `text` is hiragana and long marks alone (katakana is folded before)."""
    return _HIRAGANA.fullmatch(text) is not None


def has_kana(text: str) -> bool:
    """Say whether a sign of `text` is hiragana."""
    return _HIRAGANA.search(text) is not None


def kana_to_romaji(text: str) -> str:
    """Return `text` with every hiragana as folded romaji; other signs stay.

    Args:
        text: Folded text, as ``ねこみみ`` or the half-typed ``ねこm``.

    Returns:
        The key, as ``nekomimi`` or ``nekom``.
    """
    return fold_romaji(_KANA_UNIT.sub(lambda unit: _KANA[unit.group()], text))


def fold_romaji(text: str) -> str:
    """Return romaji in the one form that all systems share.

    Args:
        text: Lower-case romaji in any system, as ``shoujo``, ``syoujo``, ``shojo``.

    Returns:
        The key, here ``syozyo``.
    """
    text = _LONG_O.sub("o", text)
    text = _HEPBURN.sub(_to_kunrei, _DOUBLED.sub(r"\1", text))
    # ``syi`` and ``tyi`` come from shi and chi; ``syy`` from shy.
    text = text.replace("yi", "i").replace("yy", "y")
    return _LONG_VOWEL.sub(lambda run: run.group()[0], _DOUBLED.sub(r"\1", text))


def _to_kunrei(found: re.Match[str]) -> str:
    return _KUNREI[found.group()]


def is_romaji(text: str) -> bool:
    """Say whether lower-case ASCII words read as Japanese syllables from end to end."""
    return _ROMAJI.fullmatch(text) is not None


def starts_romaji(word: str) -> bool:
    """Say whether a lower-case ASCII word may be the start of a Japanese reading."""
    return _ROMAJI_START.fullmatch(word) is not None
