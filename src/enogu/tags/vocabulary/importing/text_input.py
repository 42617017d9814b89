"""Lines of a text file of any size, in whatever encoding it is likely to be in.

Memory is bounded by the longest line allowed. The encoding is judged by the first MiB: a byte
order mark, the pattern of NUL bytes that UTF-16 makes, UTF-8, then CP932 and EUC-JP.
"""

import codecs
import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.importing.problems import Problems

MAX_LINE: Final = 4 << 20
"""Longest line, in characters; the largest wiki pages have about a tenth of it."""

SAMPLE_BYTES: Final = 1 << 20
_PIECE: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HALF_WIDTH_KATAKANA: Final = re.compile("[｡-ﾟ]")


class Line(NamedTuple):
    """One line without its end."""

    number: int
    text: str


@contextlib.contextmanager
def open_binary(path: Path) -> Generator[BinaryIO]:
    """Open a file for reading, unpacked where it is packed with gzip.

    Raises:
        VocabularyError: The file cannot be read, is a folder, or is empty.
    """
    try:
        handle = path.open("rb")
    except OSError as error:
        raise VocabularyError(f"{path}: cannot be read ({error.strerror})") from error
    with handle:
        magic = handle.peek(2)[:2]
        if not magic:
            raise VocabularyError(f"{path}: the file is empty")
        if magic == _GZIP_MAGIC:
            with gzip.GzipFile(fileobj=handle) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield handle


def read_sample(path: Path) -> bytes:
    """Return the first MiB of a file, unpacked.

    Raises:
        VocabularyError: The file cannot be read, is empty, or its packing is damaged.
    """
    with open_binary(path) as handle, _packing_errors(path):
        return handle.read(SAMPLE_BYTES)


def detect_encoding(sample: bytes) -> str | None:
    """Return the encoding of a text by its beginning, or None when it is no text.

    Args:
        sample: The first bytes; the last character may be cut.
    """
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    utf16 = _utf16_without_mark(sample)
    if utf16:
        return utf16
    if _decodes(sample, "utf-8") is not None:
        return "utf-8"
    text = _decodes(sample, "cp932")
    # EUC-JP often passes for CP932, as a row of half-width katakana.
    doubtful = text is None or len(_HALF_WIDTH_KATAKANA.findall(text)) * 10 > len(text)
    if doubtful and _decodes(sample, "euc_jp") is not None:
        return "euc_jp"
    if text is not None:
        return "cp932"
    # Text with some broken bytes: the rows that hold them are reported. UTF-8 is hard to meet by
    # accident, so whole characters of it count more than fewer errors in another encoding.
    text = sample.decode("utf-8", "surrogateescape")
    broken = len(_SURROGATE.findall(text))
    if broken * 2 < len(sample) - len(text) + broken:
        return "utf-8"
    other = {
        encoding: len(_SURROGATE.findall(sample.decode(encoding, "surrogateescape")))
        for encoding in ("cp932", "euc_jp")
    }
    best = min(other, key=lambda encoding: other[encoding])
    if min(broken, other[best]) * 20 > len(sample):
        return None
    return best if other[best] < broken else "utf-8"


def read_pieces(path: Path, encoding: str) -> Iterator[str]:
    """Yield a text in pieces of some size, for formats whose records are not lines.

    Args:
        path: The file, plain or packed with gzip.
        encoding: As :func:`detect_encoding` gives it. Bytes that do not belong to it are kept as
            lone surrogates, which no reader of fields lets through.
    """
    with open_binary(path) as handle, _packing_errors(path), _wrapped(handle, encoding) as text:
        while piece := text.read(_PIECE):
            yield piece


def read_lines(path: Path, encoding: str, problems: Problems) -> Iterator[Line]:
    """Yield the lines of a text; those that cannot be decoded become problems.

    Args:
        path: The file, plain or packed with gzip.
        encoding: As :func:`detect_encoding` gives it.
        problems: Takes what is wrong.
    """
    with open_binary(path) as handle, _packing_errors(path), _wrapped(handle, encoding) as text:
        number = 0
        while line := text.readline(MAX_LINE):
            number += 1
            if len(line) >= MAX_LINE and not line.endswith("\n"):
                _skip_rest(text)
                problems.add(number, f"the line is longer than {MAX_LINE:,} characters")
                continue
            line = line.rstrip("\n")
            if line.isascii() and "\0" not in line:
                usable = line
            else:
                usable = _usable(line, encoding, number, problems)
            if usable:
                yield Line(number, usable)


@contextlib.contextmanager
def _wrapped(handle: BinaryIO, encoding: str) -> Generator[io.TextIOWrapper]:
    # A broken unit of UTF-16 becomes U+FFFD; in other encodings the bytes are kept, so that a
    # line in CP932 after a beginning in ASCII can still be read.
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    wrapper = io.TextIOWrapper(handle, encoding, errors=errors, newline=None)
    try:
        yield wrapper
    finally:
        wrapper.detach()


def _usable(text: str, encoding: str, number: int, problems: Problems) -> str | None:
    if not text.isascii():
        if _SURROGATE.search(text):
            again = _as_cp932(text, encoding)
            if again is None:
                problems.add(number, f"bytes that are not {encoding.upper()}")
                return None
            text = again
        elif "\ufffd" in text:
            problems.add(number, "characters that were lost when the file was written")
            return None
    if "\0" in text:
        problems.add(number, "a NUL byte")
        return None
    return text


def _as_cp932(text: str, encoding: str) -> str | None:
    if encoding != "utf-8":
        return None
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp932")
    except UnicodeError:
        return None


def _skip_rest(wrapper: io.TextIOWrapper) -> None:
    while (more := wrapper.readline(MAX_LINE)) and not more.endswith("\n"):
        pass


def _utf16_without_mark(sample: bytes) -> str | None:
    even, odd = sample[0:4096:2], sample[1:4096:2]
    if len(odd) >= 2 and odd.count(0) * 10 >= len(odd) * 6 and even.count(0) * 20 <= len(even):
        return "utf-16-le"
    if len(odd) >= 2 and even.count(0) * 10 >= len(even) * 6 and odd.count(0) * 20 <= len(odd):
        return "utf-16-be"
    return None


def _decodes(sample: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None


@contextlib.contextmanager
def _packing_errors(path: Path) -> Generator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise VocabularyError(
            f"{path}: the gzip packing is damaged or cut off ({error})",
            hint="Fetch the file again.",
        ) from error
    except OSError as error:
        raise VocabularyError(f"{path}: cannot be read ({error})") from error
