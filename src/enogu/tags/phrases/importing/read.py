"""Reading one file of phrases, whatever its format and encoding."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from enogu.errors import PhraseError
from enogu.tags.phrases.importing.chants import read_chants
from enogu.tags.phrases.importing.markdown import read_markdown
from enogu.tags.phrases.importing.table import is_styles, read_styles, read_table
from enogu.tags.phrases.model import Phrase
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.text_input import detect_encoding

PhraseFormat = Literal["markdown", "csv", "styles", "chants"]
MAX_BYTES: Final = 32 << 20
_NOT_TEXT: Final = re.compile(r"[\0-\x08\x0e-\x1f\ufffd]")
_READERS: Final = {
    "markdown": read_markdown,
    "csv": read_table,
    "styles": read_styles,
    "chants": read_chants,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PhraseFile:
    """What a file holds."""

    path: Path
    format: PhraseFormat
    phrases: tuple[Phrase, ...]
    problems: Problems = field(default_factory=Problems)
    """Rows that cannot be used; the others are not lost for them."""


def read_phrase_file(path: Path, *, category: str = "") -> PhraseFile:
    """Read a file of phrases: markdown tables, CSV, A1111's styles.csv, or tagcomplete's chants.

    Args:
        path: The file. Its format is told by its ending and its beginning.
        category: What to file entries under that name no category; empty for the file's name.

    Raises:
        PhraseError: The file cannot be read, is too large, is no text, or holds no entry.
    """
    text = _read_text(path)
    form = _format_of(path, text)
    problems = Problems()
    try:
        entries = tuple(_READERS[form](text, category or path.stem, problems))
    except PhraseError as error:
        raise PhraseError(f"{path}: {error.message}", hint=error.hint) from error
    if not entries and not problems.count:
        raise PhraseError(
            f"{path}: holds no entry ({form})",
            hint="Needed are a markdown table, CSV rows label,tags, A1111's styles.csv, or "
            "tagcomplete's chants as JSON.",
        )
    named = tuple(replace(entry, source=path.name) for entry in entries)
    return PhraseFile(path=path, format=form, phrases=named, problems=problems)


def _format_of(path: Path, text: str) -> PhraseFormat:
    start = text.lstrip()[:1]
    if path.suffix.lower() == ".json" or start in ("[", "{"):
        return "chants"
    if path.suffix.lower() in (".md", ".markdown") or "|--" in text or "| --" in text:
        return "markdown"
    return "styles" if is_styles(text) else "csv"


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise PhraseError(f"{path}: is a folder; give the files in it one by one")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PhraseError(
                f"{path}: {size:,} bytes are too many for a phrase book (at most {MAX_BYTES:,})",
                hint="Is it a list of tags? Those are read by: enogu tags import",
            )
        data = path.read_bytes()
    except OSError as error:
        raise PhraseError(f"{path}: cannot be read ({error.strerror})") from error
    if not data:
        raise PhraseError(f"{path}: is empty")
    encoding = detect_encoding(data)
    text = data.decode(encoding, "replace") if encoding else ""
    if not text or len(_NOT_TEXT.findall(text)) * 100 > len(text):
        raise PhraseError(
            f"{path}: is no text in UTF-8, UTF-16, CP932 or EUC-JP",
            hint="Save it as UTF-8 in a text editor.",
        )
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
