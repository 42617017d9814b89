"""Everything that determines one picture, as one document.

The command line, the samples of a training run and the picture's own metadata carry the same
recipe, so a picture can always be drawn again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)

from enogu.diffusion.samplers import SAMPLERS
from enogu.diffusion.sigmas import SCHEDULES
from enogu.errors import ConfigError
from enogu.tags.prompt.a1111 import parse_a1111
from enogu.tags.prompt.parts import refuse_networks

RECIPE_VERSION = 1
"""Layout of the recipe document; raised when an old reader would misunderstand a new one."""

MAX_SEED = 2**63 - 1


def _clean_text(text: str) -> str:
    """Give line ends one form, and refuse characters that no picture file can carry."""
    bad = next((c for c in text if c == "\0" or "\ud800" <= c <= "\udfff"), None)
    if bad is not None:
        raise ValueError(f"must be plain text, holds the character U+{ord(bad):04X}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


Text = Annotated[str, AfterValidator(_clean_text)]


class _Document(BaseModel):
    """A frozen part of a recipe; what is wrong is raised as a :class:`ConfigError`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class BaseUse(_Document):
    """The base a picture was drawn with."""

    title: Text
    """Name for people: the file's stem or the folder's name."""
    hash: str = Field(pattern="^([0-9a-f]{8,64})?$")
    """SHA-256 of the file (of a folder: over its weight files), hexadecimal; may be shortened."""


class LoraUse(_Document):
    """One LoRA in the picture."""

    title: Text
    """Name for people: the file's stem."""
    hash: str = Field(default="", pattern="^([0-9a-f]{8,64})?$")
    """SHA-256 of everything after the file's header ("AutoV3"), hexadecimal; may be shortened."""
    weight: float = Field(default=1.0, ge=-100.0, le=100.0)
    """Strength; 1 is as trained, 0 switches it off."""
    path: Path | None = Field(default=None, exclude=True)
    """Where the file lies on this machine; never written into a picture."""


class Recipe(_Document):
    """Everything that determines one picture.

    Raises:
        ConfigError: A value is missing, unknown or out of range; all of them are named.
        PromptError: A prompt holds A1111's ``<lora:…>`` syntax.
    """

    version: int = Field(default=RECIPE_VERSION, ge=1)
    """Layout of this document."""
    prompt: Text
    """What the picture shall show; A1111 weights such as `(red hair:1.2)` are understood."""
    negative_prompt: Text = ""
    """What the picture shall not show."""
    seed: int = Field(ge=0, le=MAX_SEED)
    """Seed of the noise; the same recipe gives the same picture."""
    width: int = Field(ge=8, le=16384)
    """Pixels; a multiple of what the base can draw."""
    height: int = Field(ge=8, le=16384)
    """Pixels; a multiple of what the base can draw."""
    steps: int = Field(ge=1, le=500)
    """Model evaluations, 20 is usual."""
    cfg_scale: float = Field(ge=0.0, le=100.0)
    """How strongly the prompt is followed; 1 ignores the negative prompt."""
    sampler: str
    """The way from noise to picture: `euler`, `euler_a` or `dpmpp_2m`."""
    schedule: str
    """Which noise levels are visited: `karras`, `uniform` or `exponential`."""
    clip_skip: int | None = Field(default=None, ge=1, le=24)
    """Text encoder layer, counted from the last; None is the family's own."""
    base: BaseUse | None = None
    """The base; None when it is not known."""
    loras: tuple[LoraUse, ...] = ()
    """LoRAs in the picture, in the order they were given."""
    merged: tuple[LoraUse, ...] = ()
    """LoRAs that are merged into the base before the others are put on it, in this order."""

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, value: Any, handler: ModelWrapValidatorHandler["Recipe"]) -> "Recipe":  # noqa: ANN401
        if isinstance(value, Mapping) and isinstance(version := value.get("version"), int):
            _check_version(version)
        try:
            return handler(value)
        except ValidationError as error:
            raise ConfigError(_explanation(error)) from error

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _no_extra_networks(cls, text: str) -> str:
        refuse_networks(parse_a1111(text, negative=True), known_only=True)
        return text

    @field_validator("sampler")
    @classmethod
    def _known_sampler(cls, name: str) -> str:
        return _known("sampler", name, SAMPLERS)

    @field_validator("schedule")
    @classmethod
    def _known_schedule(cls, name: str) -> str:
        return _known("schedule", name, SCHEDULES)

    def to_json(self) -> str:
        """Return the document on one line; paths of this machine are left out."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read what :meth:`to_json` wrote.

        Raises:
            ConfigError: Not JSON, not a recipe, or one of a newer version.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"the recipe cannot be used: it is not JSON ({error})") from error
        return cls.model_validate(document)


def _known(kind: str, name: str, table: Mapping[str, object]) -> str:
    if name not in table:
        raise ValueError(f"unknown {kind}; known: {', '.join(table)}")
    return name


def _check_version(version: int) -> None:
    if version > RECIPE_VERSION:
        raise ConfigError(
            f"the recipe has version {version}, this Enogu reads up to {RECIPE_VERSION}",
            hint="Update Enogu: pip install -U enogu",
        )


def _explanation(error: ValidationError) -> str:
    lines: list[str] = []
    for item in error.errors(include_url=False):
        where = ".".join(str(part) for part in item["loc"]) or "document"
        reason = item["msg"].removeprefix("Value error, ")
        reason = reason[:1].lower() + reason[1:]
        came = "" if item["type"] == "missing" else f", got {_shown(item['input'])}"
        lines.append(f"{where}: {reason}{came}")
    return "the recipe cannot be used:\n" + "\n".join(f"  {line}" for line in lines)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
