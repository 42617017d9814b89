"""Derived tensors on disk, found again by what they were made from.

A key names everything that went into an entry. Change a picture, a setting or a base, and the
key changes, so exactly the affected entries are made anew; nothing is ever stale.
"""

from collections.abc import Mapping
from pathlib import Path

import safetensors
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from enogu.files import atomic_path, make_dirs


class ContentCache:
    """A folder of tensor files named by key.

    Args:
        folder: Where the files lie; made when the first entry is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return the place of an entry."""
        return self.folder / key[:2] / f"{key}.safetensors"

    def has(self, key: str) -> bool:
        """Return whether a readable entry exists; a damaged one is removed."""
        path = self.path(key)
        if not path.is_file():
            return False
        try:
            with safetensors.safe_open(path, framework="pt") as handle:
                handle.keys()
        except SafetensorError:
            path.unlink(missing_ok=True)
            return False
        return True

    def read(self, key: str) -> dict[str, Tensor]:
        """Return the tensors of an entry."""
        return load_file(self.path(key))

    def read_row(self, key: str, row: int) -> dict[str, Tensor]:
        """Return row `row` of every tensor of an entry, without reading the others."""
        with safetensors.safe_open(self.path(key), framework="pt") as handle:
            return {name: handle.get_slice(name)[row : row + 1] for name in handle.keys()}  # noqa: SIM118

    def write(self, key: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep the tensors of an entry.

        Raises:
            StorageError: The disk is full or the folder cannot be written.
        """
        path = self.path(key)
        make_dirs(path.parent)
        with atomic_path(path) as temporary:
            save_file({name: value.contiguous() for name, value in tensors.items()}, temporary)
