"""The settings an adapter file was trained with, as settings for a new run.

Files of sd-scripts and of this program name them `ss_<option>`; so they are read as options of
sd-scripts and translated as any other run of it. Where a file says nothing, its tensors do.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from enogu.adapters.summary import AdapterSummary
from enogu.adapters.training_records import datasets
from enogu.config.kohya import OPTIONS, Line, Value, translate
from enogu.config.kohya.option import read_value

_OTHER_NAMES = {
    "debiased_estimation": "debiased_estimation_loss",
    "batch_size_per_device": "train_batch_size",
    "optimizer": "",
    "network_args": "",
    "resolution": "",
    "num_epochs": "",
    "sd_model_name": "",
}
"""Keys without `ss_` that are called otherwise as options; empty for those that are read apart."""

_KINDS = {"LoHa": "loha", "LoKr": "lokr"}
_ON_ITS_OWN = frozenset({"mixed_precision", "save_precision"})
"""Options that depend on the machine the file was made on."""


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """The settings a file was made with.

    Attributes:
        settings: By dotted name.
        lines: What became of each option.
        notes: What the file does not say.
    """

    settings: dict[str, object]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def reuse_settings(summary: AdapterSummary) -> Reuse:
    """Return the settings that an adapter was trained with, as far as its file tells.

    Args:
        summary: From :func:`inspect_adapter`.
    """
    metadata, notes = summary.metadata, list[str]()
    options: dict[str, Value] = {}
    recorded = dict(_recorded(metadata))
    for name, text in recorded.items():
        option = OPTIONS.get(name)
        if option is None or name in _ON_ITS_OWN or text in ("None", ""):
            continue
        try:
            options[name] = read_value(option, text)
        except ValueError:
            notes.append(f"{name} is recorded as {text!r}, which cannot be read")
    options |= _network(summary)
    options |= _optimizer(metadata.get("ss_optimizer", ""))
    if not any(key.startswith("ss_") for key in metadata):
        notes.append("the file says nothing of its training: kind, ranks and alphas are known")
    made = translate(options)
    # What is not recorded is not known: sd-scripts' defaults would be guesses. What is recorded as
    # None was at its default.
    lines = tuple(line for line in made.lines if line.given or line.option in recorded)
    settings = {name: value for line in lines for name, value in line.settings.items()}
    settings |= _trained_parts(made.settings, summary)
    if summary.trigger:
        settings["captions.trigger"] = summary.trigger
    if summary.base_title:
        notes.append(
            f"it was trained on {summary.base_title} {summary.base_hash[:10]}".rstrip()
            + "; name that base yourself"
        )
    return Reuse(settings=settings, lines=lines, notes=tuple(notes))


def _recorded(metadata: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield options and their texts; of several data sets the first is taken."""
    for dataset in datasets(metadata)[:1]:
        subsets = cast("list[object]", dataset.get("subsets") or [])
        first = cast("dict[str, object]", subsets[0]) if subsets else {}
        for name, value in {**dataset, **first}.items():
            if not isinstance(value, dict | list) and name not in ("image_dir", "num_repeats"):
                yield _OTHER_NAMES.get(name, name), str(value)
        if "resolution" in dataset:
            yield "resolution", _size(str(dataset["resolution"]))
    for key, text in metadata.items():
        if key.startswith("ss_"):
            name = key.removeprefix("ss_")
            yield _OTHER_NAMES.get(name, name), text
    if "ss_resolution" in metadata:
        yield "resolution", _size(metadata["ss_resolution"])


def _size(text: str) -> str:
    """Return ``(512, 768)`` as ``512,768``."""
    return ",".join(re.findall(r"\d+", text))


def _network(summary: AdapterSummary) -> dict[str, Value]:
    """Return the options of the adapter: as recorded, else as its tensors show them."""
    metadata = summary.metadata
    options: dict[str, Value] = {}
    arguments = _arguments(metadata.get("ss_network_args", ""))
    if "ss_network_module" not in metadata and summary.ranks:
        rank = max(summary.ranks, key=lambda rank: summary.ranks[rank])
        options["network_dim"] = rank
        alphas = [alpha for alpha in summary.alphas if alpha != "none"]
        options["network_alpha"] = float(alphas[0]) if alphas else float(rank)
        kind = next((_KINDS[kind] for kind in summary.kinds if kind in _KINDS), None)
        if kind:
            options["network_module"] = "lycoris.kohya"
            arguments = {"algo": kind, "conv_dim": "0"}
    if arguments:
        options["network_args"] = [f"{key}={value}" for key, value in arguments.items()]
    parts = set(summary.modules)
    if parts and "UNet" not in parts:
        options["network_train_text_encoder_only"] = True
    if parts == {"UNet"}:
        options["network_train_unet_only"] = True
    return options


def _arguments(text: str) -> dict[str, object]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _optimizer(text: str) -> dict[str, Value]:
    """Read ``package.module.Class(weight_decay=0.1)``."""
    match = re.fullmatch(r"([\w.]+?)(?:\((.*)\))?", text.strip())
    if not match:
        return {}
    # Commas inside brackets belong to the value: betas=(0.9, 0.99).
    arguments = re.findall(r"(\w+=(?:\([^)]*\)|\[[^\]]*\]|[^,])+)", match[2] or "")
    return {
        "optimizer_type": match[1].rsplit(".", 1)[-1],
        "optimizer_args": [argument.strip() for argument in arguments],
    }


def _trained_parts(settings: Mapping[str, object], summary: AdapterSummary) -> dict[str, object]:
    """Return which parts are trained; the layers tell it, whatever is recorded."""
    names = ("train.unet", "train.text_encoder")
    return {name: settings[name] for name in names if summary.modules and name in settings}
