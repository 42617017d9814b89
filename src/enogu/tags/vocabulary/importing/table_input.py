"""Records of Parquet files, the form in which data set hubs give out Japanese names.

Needs the optional package pyarrow; everything else here reads with the standard library.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from enogu.errors import MissingExtraError, VocabularyError
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.rows import Record

PARQUET_MAGIC: Final = b"PAR1"
_BATCH_ROWS: Final = 2_000


def parquet_columns(path: Path) -> list[str]:
    """Return the column names of a Parquet file, in lower case.

    Raises:
        VocabularyError: The file is damaged.
        MissingExtraError: pyarrow is not installed.
    """
    return [str(name).strip().lower() for name in _open(path).schema_arrow.names]


def read_parquet_records(path: Path, problems: Problems) -> Iterator[Record]:
    """Yield the rows of a Parquet file; the row number stands for the line.

    Args:
        path: The file.
        problems: Takes what is wrong.

    Raises:
        VocabularyError: The file is damaged.
        MissingExtraError: pyarrow is not installed.
    """
    number = 0
    batches = _open(path).iter_batches(batch_size=_BATCH_ROWS)
    while True:
        try:
            batch = next(batches, None)
            rows = cast(list[dict[str, object]], batch.to_pylist() if batch is not None else [])
        except (OSError, ValueError) as error:
            raise VocabularyError(f"{path}: the Parquet file is damaged ({error})") from error
        if batch is None:
            return
        for row in rows:
            number += 1
            yield Record(number, {key.strip().lower(): value for key, value in row.items()})


def _open(path: Path) -> Any:  # noqa: ANN401 pyarrow has no types
    try:
        arrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: reading Parquet files needs the package pyarrow",
            hint="pip install 'enogu[parquet]'   or save the table as CSV or JSON",
        ) from error
    try:
        return parquet.ParquetFile(path)
    except (OSError, arrow.ArrowException) as error:
        raise VocabularyError(f"{path}: the Parquet file is damaged ({error})") from error
