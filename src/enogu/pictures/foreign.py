"""Files that may hold drawings but are not read with a folder, so that none is passed over."""

from pathlib import Path
from typing import Final

FOREIGN_SUFFIXES: Final[dict[str, str]] = {
    ".heic": "a HEIC photo",
    ".heif": "a HEIF photo",
    ".jxl": "a JPEG XL picture",
    ".jp2": "a JPEG 2000 picture",
    ".psd": "a Photoshop document",
    ".psb": "a Photoshop document",
    ".clip": "a Clip Studio Paint document",
    ".kra": "a Krita document",
    ".xcf": "a GIMP document",
    ".sai": "a PaintTool SAI document",
    ".sai2": "a PaintTool SAI document",
    ".mdp": "a FireAlpaca or MediBang document",
    ".ora": "an OpenRaster document",
    ".procreate": "a Procreate document",
    ".svg": "an SVG vector drawing",
    ".pdf": "a PDF document",
    ".tga": "a Targa picture",
    ".exr": "an OpenEXR picture",
}
"""Endings of drawings that cannot be read here, so that a scan can name them."""

ARCHIVE_SUFFIXES: Final = (".zip", ".cbz", ".tar", ".tgz", ".tar.gz")
"""Endings of archives that can be unpacked."""


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file is an archive that can be unpacked."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def is_foreign(path: Path) -> bool:
    """Tell by its name whether a file may hold drawings, but none that a folder is read for."""
    return path.suffix.lower() in FOREIGN_SUFFIXES or is_archive(path)


def foreign_reason(path: Path) -> tuple[str, str]:
    """Return why a foreign file is not read, and what to do, in plain words."""
    if is_archive(path):
        return (
            "is an archive, and archives inside a folder are not opened",
            f'bring in its pictures with: enogu pictures import "{path.name}"',
        )
    kind = FOREIGN_SUFFIXES[path.suffix.lower()]
    return f"is {kind}, which cannot be read here", "export it as PNG"
