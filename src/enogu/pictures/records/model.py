"""What is kept of each picture: facts of the file, and what every step found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from enogu.pictures.box import Box

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None

USE_STEP = "use"
"""The name under which a person decides whether a picture is trained at all."""

SKIP = "skip"
"""A decision: the step leaves this picture as it is."""

LEAVE_OUT = "leave-out"
"""A decision on :data:`USE_STEP`: the picture is neither trained nor exported."""

FILES = "files"
"""The value of a decision that names derived files by role; they stand in for those of the step."""

PARTS = "parts"
"""The value of a decision that lists regions, ``[kind, left, top, right, bottom]`` each; they stand
in for all regions of the step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A part of a picture: the subject, a face, what a person has drawn."""

    kind: str
    """``subject``, ``face``, ``text`` …"""
    box: Box
    score: float
    """How sure the step is, 0 to 1; 1 for what a person drew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredTag:
    """A tag that a step read from a picture, kept with its score so that limits can move later."""

    tag: str
    source: str
    """Who said so: the name of a tagger, or ``person``."""
    category: str = "general"
    score: float = 1.0
    """0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """What decoding a picture showed; the same for every copy of the file."""

    id: str
    """SHA-256 of the file's bytes."""
    pixels_id: str
    """SHA-256 of the decoded, upright picture with its alpha; equal for equal pictures however
    they were saved."""
    loader: str
    """Version and settings of the loader; facts of another one are made anew."""
    format: str
    width: int
    """Pixels, upright."""
    height: int
    """Pixels, upright."""
    orientation: int
    """As stored in the file, EXIF 1 to 8; the record itself always means the upright picture."""
    profile: str | None
    """Description of the embedded colour profile, if any."""
    has_alpha: bool
    """Whether any part is truly transparent."""
    prompt: str | None
    """The positive prompt in the file, if a program left one."""
    notes: tuple[str, ...]
    """What was repaired or converted, in plain words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEntry:
    """A picture file of the project and the picture in it."""

    relative: str
    """Path inside the project, with forward slashes."""
    picture_id: str
    """SHA-256 of its bytes."""
    num_bytes: int
    modified_ns: int
    refusal: str | None = None
    """Why it cannot be used; None when it can."""

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> "FileEntry":
        """Return the entry in a row of the table of files."""
        relative, picture_id, num_bytes, modified_ns, refusal = row
        return cls(
            relative=relative,
            picture_id=picture_id,
            num_bytes=num_bytes,
            modified_ns=modified_ns,
            refusal=refusal,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StepResult:
    """What one step found in one picture, and everything that decides whether it still holds."""

    picture_id: str
    step: str
    version: int
    """Of the step's code; rises when results change."""
    settings: str
    """Digest of the step's settings."""
    inputs: str
    """Digest of everything the step looked at: the file, the loader, the results it needs."""
    verdict: str
    """One word of the step's own: ``trim``, ``unsure``, ``clean`` …"""
    values: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """The step's result as JSON; its own module gives it a type."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Derived files by role (``picture``, ``mask``), each named by its content key."""
    regions: tuple[Region, ...] = ()
    tags: tuple[ScoredTag, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What a person decided about one step of one picture; stronger than what the step found."""

    picture_id: str
    step: str
    verdict: str
    """:data:`SKIP`, :data:`LEAVE_OUT`, or a verdict of the step."""
    values: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Replace the values of the step that they name, such as a box drawn by hand."""
