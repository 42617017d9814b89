"""Alpha of PEFT and diffusers files: not beside the factors but in the header or a second file."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from enogu.errors import AdapterError

_HEADER_KEY = "lora_adapter_metadata"
_CONFIG_FILE = "adapter_config.json"
_PEFT_ROOT = "base_model.model."


@dataclass(frozen=True, kw_only=True)
class PeftAlphas:
    """Alphas by component (`unet`, `text_encoder` …; empty for a file of one component)."""

    settings: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )

    def alpha(self, module: str, rank: int) -> float | None:
        """Return the alpha of a layer by its name in the file, or None when nothing states it."""
        module = module.removeprefix(_PEFT_ROOT)
        for component, settings in self.settings.items():
            start = f"{component}." if component else ""
            if not module.startswith(start):
                continue
            alpha = _from_pattern(settings.get("alpha_pattern"), module.removeprefix(start))
            if alpha is None:
                alpha = settings.get("lora_alpha")
            if isinstance(alpha, int | float):
                # Rank-stabilised LoRA divides by the root of the rank.
                return float(alpha) * (math.sqrt(rank) if settings.get("use_rslora") else 1.0)
        return None


def read_peft_alphas(path: Path, metadata: Mapping[str, str]) -> PeftAlphas:
    """Read the alphas that a diffusers header or PEFT's `adapter_config.json` states.

    Args:
        path: The adapter file; PEFT puts its settings beside it.
        metadata: The file's metadata.

    Raises:
        AdapterError: The settings are there but are not JSON.
    """
    if _HEADER_KEY in metadata:
        entries = _parse(metadata[_HEADER_KEY], f"{path}: {_HEADER_KEY}")
        settings: dict[str, dict[str, object]] = {}
        for key, value in entries.items():
            component, _, name = key.rpartition(".")
            settings.setdefault(component, {})[name] = value
        return PeftAlphas(settings=settings)
    config = path.with_name(_CONFIG_FILE)
    if path.stem == "adapter_model" and config.is_file():
        return PeftAlphas(settings={"": _parse(config.read_text(encoding="utf-8"), str(config))})
    return PeftAlphas()


def _parse(text: str, where: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise AdapterError(
            f"{where} is not JSON ({error}), and the adapter's alpha stands there",
            hint="Fetch or export the adapter again.",
        ) from error
    if not isinstance(value, dict):
        raise AdapterError(f"{where} must be a JSON object, got {type(value).__name__}")
    return cast("dict[str, object]", value)


def _from_pattern(patterns: object, module: str) -> object:
    """Look a module up the way PEFT does: a pattern matches the end of the dotted name."""
    if not isinstance(patterns, dict):
        return None
    for pattern, alpha in cast("dict[str, object]", patterns).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return alpha
    return None
