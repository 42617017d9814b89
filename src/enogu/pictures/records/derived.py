"""Derived pictures and masks under ``work/derived``, each named by the SHA-256 of its bytes.

Masks that a person drew have the same form and names, but lie in ``masks/`` beside ``work/``, since
no program can make them again.
"""

import io
from collections.abc import Container
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from enogu.errors import ProjectError
from enogu.files import make_dirs, sha256_bytes, write_bytes_atomic
from enogu.pictures.pixels import Pixels

DRAWN_FOLDER: Final = "masks"

# Level 1 writes three times as fast as level 6 and is a tenth larger.
_PNG_LEVEL = 1


class DerivedFiles:
    """A folder of PNG files found by their content.

    Args:
        folder: Where they lie; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def drawn(self) -> "DerivedFiles":
        """Files that a person drew; they are found here too, and never pruned."""
        return DerivedFiles(self.folder.parent.parent / DRAWN_FOLDER)

    def path(self, key: str) -> Path:
        """Return the place of a file, whether or not it is there."""
        place = Path(key[:2], f"{key}.png")
        drawn = self.folder.parent.parent / DRAWN_FOLDER / place
        return drawn if drawn.is_file() else self.folder / place

    def write(self, pixels: Pixels) -> str:
        """Keep a picture or a mask and return its key.

        Args:
            pixels: uint8 [H, W, 3], [H, W, 4] with alpha, or [H, W].

        Raises:
            StorageError: The disk is full or the folder cannot be written.
        """
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG", compress_level=_PNG_LEVEL)
        data = buffer.getvalue()
        key = sha256_bytes(data)
        path = self.path(key)
        # The name vouches for the content, so a file that is there need not be written again.
        if not path.is_file():
            make_dirs(path.parent)
            write_bytes_atomic(path, data)
        return key

    def read(self, key: str) -> Pixels:
        """Return a picture or mask that was kept.

        Raises:
            ProjectError: It is gone or damaged.
        """
        try:
            with Image.open(self.path(key)) as image:
                return np.asarray(image, dtype=np.uint8)
        except (OSError, SyntaxError, ValueError) as error:
            raise ProjectError(
                f"{self.path(key)}: a derived picture is gone or damaged ({error})",
                hint="Run enogu prep; it makes what is missing.",
            ) from error

    def prune(self, wanted: Container[str]) -> int:
        """Delete the files whose key is not wanted; return how many."""
        removed = 0
        for path in self.folder.glob("??/*.png"):
            if path.stem not in wanted:
                path.unlink(missing_ok=True)
                removed += 1
        return removed
