"""Reading a tag file of any known format as claims."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.claims import Claim
from enogu.tags.vocabulary.importing.database_input import read_database_claims
from enogu.tags.vocabulary.importing.detect import Content, Format
from enogu.tags.vocabulary.importing.headless import (
    RowReader,
    bdtm_row,
    extra_row,
    tagcomplete_row,
    translation_row,
)
from enogu.tags.vocabulary.importing.json_input import (
    read_json_array,
    read_json_lines,
    read_json_table,
)
from enogu.tags.vocabulary.importing.problems import BadRowError, Problems
from enogu.tags.vocabulary.importing.record_claims import (
    RecordReader,
    alias_claims,
    artist_claims,
    cooccurrence_claims,
    implication_claims,
    tag_claims,
    translation_row_claims,
    wiki_claims,
)
from enogu.tags.vocabulary.importing.rows import Record, read_csv_records
from enogu.tags.vocabulary.importing.table_input import read_parquet_records
from enogu.tags.vocabulary.importing.text_input import read_lines

_RECORD_READERS: Final[dict[Content, RecordReader]] = {
    "tags": tag_claims,
    "aliases": alias_claims,
    "implications": implication_claims,
    "wiki": wiki_claims,
    "artists": artist_claims,
    "cooccurrence": cooccurrence_claims,
    "translations": translation_row_claims,
}
_ROW_READERS: Final[dict[Content, RowReader]] = {
    "tagcomplete": tagcomplete_row,
    "tags": tagcomplete_row,
    "extra": extra_row,
    "translations": translation_row,
    "bdtm": bdtm_row,
}


def read_claims(
    path: Path, form: Format, problems: Problems, count_row: Callable[[], object]
) -> Iterator[Claim]:
    """Yield what a tag file says. Memory stays bounded however large the file is.

    Args:
        path: The file.
        form: What it is, from :func:`~enogu.tags.vocabulary.importing.detect.detect_format`.
        problems: Takes the broken rows; they end nothing.
        count_row: Called for each row that was understood.

    Raises:
        VocabularyError: The file as a whole is damaged, or the content does not fit its form.
        MissingExtraError: A Parquet file, and pyarrow is not installed.
    """
    if form.container == "sqlite":
        for claim in read_database_claims(path, problems):
            count_row()
            yield claim
    elif form.container == "plain":
        yield from _plain_claims(path, form, problems, count_row)
    else:
        reader = _RECORD_READERS.get(form.content)
        if reader is None:
            raise _misfit(path, form)
        for record in _records(path, form, problems):
            try:
                yield from reader(record.fields, form.facts)
            except BadRowError as error:
                problems.add(record.line, str(error))
            else:
                count_row()


def _plain_claims(
    path: Path, form: Format, problems: Problems, count_row: Callable[[], object]
) -> Iterator[Claim]:
    reader = _ROW_READERS.get(form.content)
    if reader is None:
        raise _misfit(path, form)
    for line in read_lines(path, form.encoding, problems):
        try:
            claims = reader(line.text, form.facts)
        except BadRowError as error:
            problems.add(line.number, str(error))
        else:
            count_row()
            yield from claims


def _records(path: Path, form: Format, problems: Problems) -> Iterator[Record]:
    if form.container == "parquet":
        return read_parquet_records(path, problems)
    if form.container == "csv":
        return read_csv_records(path, form.encoding, form.delimiter, problems)
    readers = {
        "json_array": read_json_array,
        "json_lines": read_json_lines,
        "json_table": read_json_table,
    }
    return readers[form.container](path, form.encoding, problems)


def _misfit(path: Path, form: Format) -> VocabularyError:
    rows = form.container.replace("_", " ")
    return VocabularyError(
        f"{path}: cannot be read as {form.content}; its rows are {rows}",
        hint="Leave --kind away to let the content decide.",
    )
