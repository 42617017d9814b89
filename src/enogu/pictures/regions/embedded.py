"""The detector of heads and faces that ships with the package."""

import importlib.util
from pathlib import Path
from typing import Final

from enogu.pictures.regions.detector import DetectorModel

FILES_DIR: Final = Path(__file__).parent / "files"
EMBEDDED_PATH: Final = FILES_DIR / "heads.onnx"
"""Its card lies beside it; what was measured of it says ``heads_card.md``."""


def embedded_detector() -> Path | None:
    """Return the shipped network; None where onnxruntime, which runs it, is not installed."""
    return EMBEDDED_PATH if importlib.util.find_spec("onnxruntime") is not None else None


def load_embedded(*, threads: int = 1) -> DetectorModel:
    """Load the shipped network.

    Args:
        threads: How many threads it may use.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: The file or its card is damaged.
    """
    return DetectorModel(EMBEDDED_PATH, threads=threads)
