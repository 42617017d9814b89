"""What reading a source gives: pictures that could be taken, each with its caption, and remarks."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from enogu.pictures.records import JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A picture file that could be taken into a project."""

    path: Path
    """The file to read."""
    origin: str
    """How the report names it: the path, or the archive and the place inside."""
    place: PurePosixPath
    """Where it belongs inside the folder of pictures, name included."""
    caption: str | None = None
    """None where nothing was found; the prompt inside the file is not looked at here."""
    caption_note: str | None = None
    """Where the caption came from, when that is not a text file of the same name."""
    mask: Path | None = None
    is_reg: bool = False
    """Whether it is a regularisation picture."""
    shares_with: str | None = None
    """Origin of an earlier picture that has the same name but for the ending: one caption file
    could not tell them apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedSource:
    """Something that is not taken, and why."""

    origin: str
    reason: str
    proposal: str = ""
    """What the person can do about it; may be empty."""


@dataclass(kw_only=True, slots=True)
class Reading:
    """What one source holds."""

    candidates: list[Candidate] = field(default_factory=list[Candidate])
    refused: list[RefusedSource] = field(default_factory=list[RefusedSource])
    notes: list[str] = field(default_factory=list[str])
    settings: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Settings of a project, by dotted name, that the source asks for."""

    def add(self, other: "Reading") -> None:
        """Take over everything another source holds."""
        self.candidates += other.candidates
        self.refused += other.refused
        self.notes += other.notes
        self.settings.update(other.settings)
