"""Records of pictures: what is known of each, what every step found, what a person decided."""

from enogu.pictures.records.decisions import DECISIONS_NAME, Decisions
from enogu.pictures.records.derived import DerivedFiles
from enogu.pictures.records.listed import ListedFiles
from enogu.pictures.records.model import (
    FILES,
    LEAVE_OUT,
    PARTS,
    SKIP,
    USE_STEP,
    Decision,
    FileEntry,
    JsonValue,
    PictureFacts,
    Region,
    ScoredTag,
    StepResult,
)
from enogu.pictures.records.store import Records

__all__ = [
    "DECISIONS_NAME",
    "FILES",
    "LEAVE_OUT",
    "PARTS",
    "SKIP",
    "USE_STEP",
    "Decision",
    "Decisions",
    "DerivedFiles",
    "FileEntry",
    "JsonValue",
    "ListedFiles",
    "PictureFacts",
    "Records",
    "Region",
    "ScoredTag",
    "StepResult",
]
