"""Telling whether a vocabulary was built by this very package: its words and its code.

A vocabulary that another version built is built anew from its sources when it is next opened, so
that new words and a better search reach everybody without an import.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

_VOCABULARY_DIR: Final = Path(__file__).parent
_FOLDERS: Final = (
    _VOCABULARY_DIR / "embedded",
    _VOCABULARY_DIR,
    _VOCABULARY_DIR.parent / "search",
)


def _files() -> list[Path]:
    found = [path for folder in _FOLDERS for path in folder.iterdir() if path.is_file()]
    return sorted([*found, _VOCABULARY_DIR.parent / "names.py"])


@cache
def quick_fingerprint() -> str:
    """Return 16 hexadecimal digits from the sizes and times of the package's files."""
    digest = hashlib.sha256()
    for path in _files():
        state = path.stat()
        digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


@cache
def content_fingerprint() -> str:
    """Return 16 hexadecimal digits from the content of the package's files; slower, but sure."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def fingerprint_entries() -> dict[str, str]:
    """Return what a vocabulary notes about the package that built it."""
    return {"package": content_fingerprint(), "package_files": quick_fingerprint()}


def is_current(meta: dict[str, str]) -> bool:
    """Say whether this package built a vocabulary, by what it notes in `meta`."""
    return (
        meta.get("package_files") == quick_fingerprint()
        or meta.get("package") == content_fingerprint()
    )
