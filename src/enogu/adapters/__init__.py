"""Adapters: as layers on a base, as files, and what the files say."""

from enogu.adapters.adapter_set import AdapterSet, ParameterGroup
from enogu.adapters.file import SavedAdapter, read_adapter_header, save_adapter
from enogu.adapters.inject import inject_adapter
from enogu.adapters.layers import AdapterLayer
from enogu.adapters.load import load_adapter
from enogu.adapters.metadata import TrainingFacts, adapter_metadata
from enogu.adapters.spec import AdapterSpec
from enogu.adapters.step_noise import StepNoise
from enogu.adapters.summary import AdapterSummary, inspect_adapter

__all__ = [
    "AdapterLayer",
    "AdapterSet",
    "AdapterSpec",
    "AdapterSummary",
    "ParameterGroup",
    "SavedAdapter",
    "StepNoise",
    "TrainingFacts",
    "adapter_metadata",
    "inject_adapter",
    "inspect_adapter",
    "load_adapter",
    "read_adapter_header",
    "save_adapter",
]
