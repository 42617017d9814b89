"""LoRA: as layers on a base, as files, and what the files say."""

from enogu.adapters.adapter_set import AdapterSet
from enogu.adapters.file import SavedAdapter, read_adapter_header, save_adapter
from enogu.adapters.inject import inject_lora
from enogu.adapters.layers import LoRALayer
from enogu.adapters.load import load_adapter
from enogu.adapters.metadata import TrainingFacts, adapter_metadata
from enogu.adapters.summary import AdapterSummary, inspect_adapter

__all__ = [
    "AdapterSet",
    "AdapterSummary",
    "LoRALayer",
    "SavedAdapter",
    "TrainingFacts",
    "adapter_metadata",
    "inject_lora",
    "inspect_adapter",
    "load_adapter",
    "read_adapter_header",
    "save_adapter",
]
