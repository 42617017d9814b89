"""Where vocabulary files are."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

VOCABULARY_NAME = "tags.db"


@dataclass(frozen=True, slots=True)
class VocabularyPlace:
    """The files of one vocabulary, which stand side by side."""

    path: Path
    """The vocabulary itself, read by every search."""

    @property
    def sources(self) -> Path:
        """The rows of every import, kept so that one can be taken back."""
        return self.path.with_suffix(".sources.db")

    @property
    def lock(self) -> Path:
        """Held while sources change and the vocabulary is built anew; may take minutes."""
        return self.path.with_suffix(".lock")

    @property
    def swap_lock(self) -> Path:
        """Held for the moment of swapping, and while own use is written."""
        return self.path.with_suffix(".swap.lock")

    def remove_unfinished(self) -> None:
        """Delete what builds left that were killed; the caller holds the lock."""
        for left in self.path.parent.glob(f".{self.path.name}.*.tmp"):
            left.unlink(missing_ok=True)


def user_vocabulary_path() -> Path:
    """Return where the person's own vocabulary is, whether or not it exists.

    The folder is the operating system's place for data of a program, or what the environment
    variable ``ENOGU_DATA_DIR`` names.
    """
    folder = os.environ.get("ENOGU_DATA_DIR")
    root = Path(folder) if folder else platformdirs.user_data_path("enogu", appauthor=False)
    return root / VOCABULARY_NAME


def embedded_vocabulary_path(digest: str) -> Path:
    """Return where the vocabulary of the embedded words alone is built, safe to delete.

    Args:
        digest: What the embedded words and the code that builds from them are.
    """
    folder = os.environ.get("ENOGU_DATA_DIR")
    root = (
        Path(folder) / "cache" if folder else platformdirs.user_cache_path("enogu", appauthor=False)
    )
    return root / f"embedded-{digest}.db"
