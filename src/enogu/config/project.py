"""The whole of `enogu.toml`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from enogu.config.captions import CaptionsConfig
from enogu.config.conflicts import find_conflicts
from enogu.config.draw import DrawConfig
from enogu.config.machine import MachineConfig
from enogu.config.model import ModelConfig
from enogu.config.phrases import PhrasesConfig
from enogu.config.pictures import PicturesConfig
from enogu.config.prep import PrepConfig
from enogu.config.samples import SamplesConfig
from enogu.config.section import Section
from enogu.config.tags import TagsConfig
from enogu.config.train import TrainConfig
from enogu.config.validation import ValidationConfig

CONFIG_VERSION = 1
"""Version of the settings file this program writes."""


class ProjectConfig(Section):
    """Every setting of a project."""

    version: Literal[1] = CONFIG_VERSION
    """Version of the settings file."""

    base: str = Field(default="mini", min_length=1)
    """The base model: `mini`, `mini-v`, the path of a diffusers folder, or that of a
    `.safetensors` file."""

    preset: Literal["quick", "character"] | None = None
    """A named set of differences from the defaults; settings written in the file win over it."""

    model: ModelConfig = ModelConfig()
    pictures: PicturesConfig = PicturesConfig()
    prep: PrepConfig = PrepConfig()
    captions: CaptionsConfig = CaptionsConfig()
    phrases: PhrasesConfig = PhrasesConfig()
    train: TrainConfig = TrainConfig()
    validation: ValidationConfig = ValidationConfig()
    samples: SamplesConfig = SamplesConfig()
    draw: DrawConfig = DrawConfig()
    tags: TagsConfig = TagsConfig()
    machine: MachineConfig = MachineConfig()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if found := find_conflicts(self):
            raise ValueError("\n".join(found))
        return self
