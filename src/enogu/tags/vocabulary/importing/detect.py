"""Which format a tag file has, judged by its content, with its name as the second witness."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.importing.database_input import SQLITE_MAGIC
from enogu.tags.vocabulary.importing.json_input import first_object
from enogu.tags.vocabulary.importing.problems import BadRowError
from enogu.tags.vocabulary.importing.record_claims import FileFacts
from enogu.tags.vocabulary.importing.rows import header_names, split_row
from enogu.tags.vocabulary.importing.table_input import PARQUET_MAGIC, parquet_columns
from enogu.tags.vocabulary.importing.text_input import detect_encoding, read_sample

Content = Literal[
    "tags",
    "aliases",
    "implications",
    "wiki",
    "artists",
    "cooccurrence",
    "translations",
    "tagcomplete",
    "extra",
    "bdtm",
    "kblueleaf",
]
"""What the rows of a file say."""

CONTENTS: Final[tuple[Content, ...]] = get_args(Content)

Container = Literal["csv", "plain", "json_array", "json_lines", "json_table", "parquet", "sqlite"]
"""How rows stand in a file; `plain` has lines without column names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """What a file turned out to be."""

    container: Container
    content: Content
    encoding: str = "utf-8"
    delimiter: str = ","
    facts: FileFacts = field(default_factory=FileFacts)

    @property
    def title(self) -> str:
        """The format in words, as sources and reports name it."""
        return f"{self.content} ({self.container.replace('_', ' ')})"


_COLUMN_WORDS: Final = frozenset(
    {
        "tag", "name", "title", "tag_name", "source_tag", "tag_id", "id", "category", "type",
        "count", "post_count", "alias", "aliases", "translation", "ja", "japanese", "other_names",
        "tag_a", "tag_b", "antecedent_name", "consequent_name", "popularity", "jp", "zh", "chinese",
    }
)  # fmt: skip
_NAME_COLUMNS: Final = frozenset({"tag", "name", "title", "tag_name", "source_tag"})
_TRANSLATION_COLUMNS: Final = frozenset(
    {"ja", "japanese", "jp", "translation", "other_names", "zh", "chinese", "ko", "korean", "zh_cn"}
)
_COUNTED_COLUMNS: Final = frozenset(
    {"category", "type", "count", "post_count", "tag_type", "posts", "popularity"}
)
_LANGUAGE_IN_NAME: Final = {
    "ja": "ja", "jp": "ja", "jpn": "ja", "japanese": "ja",
    "cn": "zh", "zh": "zh", "chinese": "zh", "tw": "zh",
    "ko": "ko", "kr": "ko", "korean": "ko",
}  # fmt: skip
_SAMPLE_LINES: Final = 200


def detect_format(path: Path, *, content: Content | None = None, site: str = "") -> Format:
    """Return what a tag file is.

    Args:
        path: The file, plain or packed with gzip.
        content: What it holds, when the caller knows better.
        site: The site of its tags; empty to take it from the file's name (e621, else danbooru).

    Raises:
        VocabularyError: Unreadable, or of no known form; the message names what is known.
        MissingExtraError: A Parquet file, and pyarrow is not installed.
    """
    sample = read_sample(path)
    facts = FileFacts(site=site or _site_of(path), language=_language_of(path))
    if sample.startswith(SQLITE_MAGIC):
        return Format(container="sqlite", content=content or "kblueleaf", facts=facts)
    if sample.startswith(PARQUET_MAGIC):
        found = content or _content_by_columns(parquet_columns(path), path)
        return Format(container="parquet", content=_known(found, path), facts=facts)
    if sample.startswith(b"PK\x03\x04"):
        raise VocabularyError(f"{path}: is a ZIP archive", hint="Unpack it and import the files.")
    encoding = detect_encoding(sample)
    if encoding is None:
        raise VocabularyError(
            f"{path}: is not text in UTF-8, UTF-16, Shift_JIS (CP932) or EUC-JP, nor another "
            "format that is known",
            hint=_KNOWN_FORMATS,
        )
    text = sample.decode(encoding, "replace")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("[", "{") and _looks_like_json(text):
        return _json_format(path, text, encoding, content, facts)
    return _text_format(path, text, encoding, content, facts)


_KNOWN_FORMATS: Final = (
    "Known are: tagcomplete CSV (name,category,count,aliases) with extra and translation files; "
    "CSV with a header; selected_tags.csv of taggers; JSON of Danbooru's dumps and API; "
    "tag_a,tag_b,count; tag=translation; KBlueLeaf's SQLite; Parquet. "
    "If you know what it is, say so: --kind tags"
)


def _known(found: Content | None, path: Path) -> Content:
    if found is None:
        raise VocabularyError(f"{path}: is not a tag file of a known form", hint=_KNOWN_FORMATS)
    return found


def _site_of(path: Path) -> str:
    name = path.name.lower()
    return (
        "e621"
        if "e621" in name and "danbooru" not in name and "merged" not in name
        else ("danbooru")
    )


def _language_of(path: Path) -> str:
    for word in re.split(r"[^a-z]+", path.name.lower()):
        if word in _LANGUAGE_IN_NAME:
            return _LANGUAGE_IN_NAME[word]
    return ""


def _looks_like_json(text: str) -> bool:
    # A CSV file may begin with a name such as [] or {}.
    return re.match(r"\ufeff?\s*(?:\[\s*)?(?:\{\s*[\"}]|\]\s*$)", text[:4096]) is not None


def _json_format(
    path: Path, text: str, encoding: str, content: Content | None, facts: FileFacts
) -> Format:
    array = text.lstrip("\ufeff \t\r\n").startswith("[")
    try:
        fields = first_object(text)
    except BadRowError:
        fields = {}
    container: Container = "json_array" if array else "json_lines"
    found = content or _content_by_columns(fields, path)
    if not array and (found is None or "rows" in fields or _spans_lines(text)):
        container = "json_table"
        rows = fields.get("rows")
        if found is None and isinstance(rows, list) and rows and isinstance(rows[0], dict):
            row = rows[0].get("row", rows[0])
            found = _content_by_columns(row if isinstance(row, dict) else {}, path)
        elif found is None and _is_table_of_names(fields):
            found = "translations"
    return Format(container=container, content=_known(found, path), encoding=encoding, facts=facts)


def _spans_lines(text: str) -> bool:
    return not text.lstrip("\ufeff \t\r\n").split("\n", 1)[0].rstrip().endswith("}")


def _is_table_of_names(fields: dict[str, object]) -> bool:
    values = list(fields.values())[:50]
    return bool(values) and all(isinstance(value, str | list) for value in values)


def _content_by_columns(columns: Iterable[str], path: Path) -> Content | None:
    names = set(columns)
    if {"tag_a", "tag_b", "count"} <= names:
        return "cooccurrence"
    if {"antecedent_name", "consequent_name"} <= names:
        return _relation_content(path)
    if not names & _NAME_COLUMNS:
        return None
    if "title" in names and "body" in names:
        return "wiki"
    if names & _COUNTED_COLUMNS:
        return "tags"
    if "name" in names and names & {"other_names_string", "group_name", "is_banned", "urls"}:
        return "artists"
    if names & _TRANSLATION_COLUMNS:
        return "artists" if "artist" in path.name.lower() else "translations"
    return "tags" if names & {"alias", "aliases"} else None


def _relation_content(path: Path) -> Content:
    name = path.name.lower()
    if "implication" in name:
        return "implications"
    if "alias" in name:
        return "aliases"
    raise VocabularyError(
        f"{path}: holds aliases or implications, which look the same inside, and its name does "
        "not say which",
        hint="Say it: --kind aliases   or   --kind implications",
    )


def _text_format(
    path: Path, text: str, encoding: str, content: Content | None, facts: FileFacts
) -> Format:
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    lines = [line for line in lines if "\0" not in line][:_SAMPLE_LINES]
    if not lines:
        raise VocabularyError(f"{path}: holds no lines of text")
    delimiter = "\t" if lines[0].count("\t") > lines[0].count(",") else ","
    header = header_names(_fields(lines[0], delimiter))
    headed = len(header) >= 2 and len(_COLUMN_WORDS & set(header)) >= 2
    if headed:
        found = content or _content_by_columns(header, path)
        return Format(
            container="csv",
            content=_known(found, path),
            encoding=encoding,
            delimiter=delimiter,
            facts=facts,
        )
    found = content or _headless_content(lines)
    return Format(container="plain", content=_known(found, path), encoding=encoding, facts=facts)


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return split_row(line, delimiter)
    except BadRowError:
        return []


def _headless_content(lines: list[str]) -> Content | None:
    votes: Counter[Content | None] = Counter(_vote(line) for line in lines)
    del votes[None]
    if not votes:
        return None
    winner, number = votes.most_common(1)[0]
    # A tagcomplete file may hold rows without a count, and an extra file some with one.
    together = number + (votes["extra"] if winner == "tagcomplete" else 0)
    return winner if together * 2 >= len(lines) else None


def _vote(line: str) -> Content | None:
    fields = _fields(line, ",")
    if len(fields) >= 2 and _is_number(fields[1]):
        if len(fields) == 2 or not fields[2] or _is_number(fields[2]):
            return "tagcomplete"
        if len(fields) == 3 and not fields[2].isascii():
            return "translations"
        return "extra" if any(map(str.isalpha, fields[2])) else None
    if 2 <= len(fields) <= 3 and fields[0].strip() and any(map(str.isalpha, fields[-1])):
        return "translations"
    if re.match(r"\*?[^=\s].*=.*\S", line) or line.startswith("//"):
        return "bdtm"
    return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) is not None
