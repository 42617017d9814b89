"""Writing files safely and naming them by content.

A reader sees either the old file or the new one: data go to a temporary name in the same
folder, are flushed to disk, and are then renamed over the target.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Generator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from enogu.errors import BusyError, StorageError

_STORAGE_ERRNOS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "the folder may not be written",
    errno.EPERM: "the folder may not be written",
}

_CHUNK_BYTES = 1 << 20
# Libraries written in Rust (safetensors, tokenizers) have error types of their own, which name the
# operating system's number at the end of the text.
_RUST_OS_ERROR = re.compile(r"\(os error (\d+)\)")


def _errno_of(error: Exception) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    found = _RUST_OS_ERROR.search(str(error))
    return int(found[1]) if found else None


@contextlib.contextmanager
def storage_errors(path: Path) -> Generator[None]:
    """Turn the operating system's "no room" and "not allowed" into :class:`StorageError`.

    Args:
        path: The file or folder being written; it is named in the message.

    Raises:
        StorageError: Full disk, used-up quota, read-only or forbidden place.
    """
    try:
        yield
    except Exception as error:
        reason = _STORAGE_ERRNOS.get(_errno_of(error) or 0)
        if reason is None:
            raise
        raise StorageError(
            f"cannot write {path}: {reason}",
            hint="Nothing was lost: what stood there before is unchanged. "
            "Make room or choose another place, then run the same command again.",
        ) from error


@contextlib.contextmanager
def atomic_path(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; rename it over `path` when the block succeeds.

    Args:
        path: The final place. Its folder must exist.

    Yields:
        A path in the same folder, for the block to write to.

    Raises:
        StorageError: The folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with storage_errors(path):
        try:
            yield temporary
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes_atomic(path: Path, data: bytes, *, keep_mode: bool = False) -> None:
    """Write `data` to `path` so that a reader sees the old or the new file, never half of one.

    Args:
        path: The final place. Its folder must exist.
        data: All of the new file.
        keep_mode: Give the new file the permissions of the old one, which must exist.

    Raises:
        StorageError: The folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with storage_errors(path):
        try:
            with temporary.open("wb") as handle:
                handle.write(data)
                handle.flush()
                if keep_mode:
                    shutil.copymode(path, temporary)
                os.fsync(handle.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text_atomic(path: Path, text: str) -> None:
    """Write UTF-8 `text` as :func:`write_bytes_atomic` does; line ends stay as they are."""
    write_bytes_atomic(path, text.encode("utf-8"))


def make_dirs(path: Path) -> Path:
    """Create the folder `path` with its parents and return it.

    Raises:
        StorageError: The place cannot be written.
    """
    with storage_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def hold_folder(folder: Path, busy: str) -> Generator[None]:
    """Hold the file `.lock` in `folder`, which is made when missing; never wait for it.

    Args:
        folder: What only one process may write to.
        busy: The message when another process holds it.

    Raises:
        BusyError: Another process holds it.
        StorageError: The folder cannot be written.
    """
    lock = FileLock(make_dirs(folder) / ".lock")
    with storage_errors(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BusyError(
                busy,
                hint="Wait until it has finished, or stop it; then run the command again.",
            ) from error
    try:
        yield
    finally:
        lock.release()


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path, *, start: int = 0) -> str:
    """Return the SHA-256 of a file's bytes from offset `start` on, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        handle.seek(start)
        while chunk := handle.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def content_key(parts: Mapping[str, object]) -> str:
    """Return a name for the values in `parts`, which must be JSON: 64 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return sha256_bytes(text.encode("utf-8"))
