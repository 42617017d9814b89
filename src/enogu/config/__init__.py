"""Reading and writing `enogu.toml`: sections, presets, layers, versions."""

from enogu.config.captions import CaptionsConfig
from enogu.config.conflicts import CONFLICTS, SETTLED, Conflict, Known, find_conflicts
from enogu.config.draw import DrawConfig
from enogu.config.loss import LossConfig
from enogu.config.machine import MachineConfig, parse_memory
from enogu.config.model import ModelConfig
from enogu.config.phrases import PhrasesConfig
from enogu.config.pictures import PicturesConfig
from enogu.config.prep import PrepConfig
from enogu.config.presets import EMBEDDED_BASES
from enogu.config.project import CONFIG_VERSION, ProjectConfig
from enogu.config.resolve import (
    Origin,
    Resolved,
    parse_assignment,
    resolve,
    resolve_snapshot,
    setting_fields,
    setting_names,
)
from enogu.config.samples import SamplesConfig
from enogu.config.schema import config_json_schema
from enogu.config.subsets import CAPTION_SETTINGS, PICTURE_SETTINGS, SubsetConfig, with_subset
from enogu.config.tags import TagsConfig
from enogu.config.toml import read_config_file, write_config_file
from enogu.config.train import TrainConfig

__all__ = [
    "CAPTION_SETTINGS",
    "CONFIG_VERSION",
    "CONFLICTS",
    "EMBEDDED_BASES",
    "PICTURE_SETTINGS",
    "SETTLED",
    "CaptionsConfig",
    "Conflict",
    "DrawConfig",
    "Known",
    "LossConfig",
    "MachineConfig",
    "ModelConfig",
    "Origin",
    "PhrasesConfig",
    "PicturesConfig",
    "PrepConfig",
    "ProjectConfig",
    "Resolved",
    "SamplesConfig",
    "SubsetConfig",
    "TagsConfig",
    "TrainConfig",
    "config_json_schema",
    "find_conflicts",
    "parse_assignment",
    "parse_memory",
    "read_config_file",
    "resolve",
    "resolve_snapshot",
    "setting_fields",
    "setting_names",
    "with_subset",
    "write_config_file",
]
