"""From a heap of files to pictures of a project: any source, safe names, one caption each."""

from enogu.pictures.importing.model import Candidate, Reading, RefusedSource
from enogu.pictures.importing.sources import read_sources
from enogu.pictures.importing.take import (
    AlreadyThere,
    ImportReport,
    Kept,
    Places,
    notes_by_text,
    take_pictures,
)

__all__ = [
    "AlreadyThere",
    "Candidate",
    "ImportReport",
    "Kept",
    "Places",
    "Reading",
    "RefusedSource",
    "notes_by_text",
    "read_sources",
    "take_pictures",
]
