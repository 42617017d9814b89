"""What an adapter file says about itself: `ss_*` as sd-scripts writes it, and `modelspec.*` 1.0.1.

All values are strings, `None` and `True` as Python prints them, because the readers of these files
grew up with that. Field names of :class:`RunFacts` and :class:`DataFacts` are the key names.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from enogu import __version__
from enogu.families.spec import FamilySpec, PredictionType

MINIMUM_KEYS = (
    "ss_v2",
    "ss_base_model_version",
    "ss_network_module",
    "ss_network_dim",
    "ss_network_alpha",
    "ss_network_args",
)
"""What every file carries, private or not: programs need it to load the file."""

# The word sd-scripts uses for SDXL adapters, whose module names follow that repository.
_SGM_IMPLEMENTATION = "https://github.com/Stability-AI/generative-models"

_MERGED_KEY = "enogu.base_adapters"


@dataclass(frozen=True, kw_only=True)
class MergedAdapter:
    """An adapter that was merged into the base before training."""

    title: str
    """File stem; never a path."""
    model_hash: str
    """SHA-256 of all after the header, 64 hexadecimal digits."""
    weight: float


@dataclass(frozen=True, kw_only=True)
class BaseFacts:
    """Which base the adapter was trained on."""

    spec: FamilySpec
    prediction: PredictionType
    title: str
    """File stem or folder name; never a path."""
    content_hash: str = ""
    """SHA-256 of the file, 64 hexadecimal digits; empty when unknown."""
    legacy_hash: str = ""
    """A1111's old hash, 8 hexadecimal digits; empty when unknown."""
    zero_terminal_snr: bool = False
    merged: tuple[MergedAdapter, ...] = ()
    """In the order they were merged."""


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """The sizes of the adapter."""

    rank: int
    alpha: float
    conv_rank: int | None = None
    """Rank of the 3x3 convolutions; None when they are not adapted."""
    conv_alpha: float | None = None
    text_encoder_rank: int | None = None
    """Where it differs from `rank`."""
    text_encoder_alpha: float | None = None
    """Where it differs from `alpha`."""
    module: str = "networks.lora"
    """Module of sd-scripts or LyCORIS that makes such an adapter."""
    arguments: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """Further arguments of that module, as text."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """How the training went. Each field is the key `ss_<field>`."""

    output_name: str
    session_id: int | None = None
    """Any number shared by the files of one run."""
    training_started_at: float | None = None
    """Seconds since 1970, UTC."""
    training_finished_at: float | None = None
    """Seconds since 1970, UTC; of an intermediate file: when it was saved."""
    steps: int = 0
    """Optimiser steps done when the file was saved."""
    max_train_steps: int = 0
    epoch: int = 0
    num_epochs: int = 0
    num_train_images: int = 0
    """Repeats included."""
    num_reg_images: int = 0
    num_batches_per_epoch: int = 0
    batch_size_per_device: int = 1
    total_batch_size: int = 1
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False
    seed: int = 0
    learning_rate: float | None = None
    unet_lr: float | None = None
    """None when the UNet was not trained."""
    text_encoder_lr: float | None = None
    """None when the text encoders were not trained."""
    lr_scheduler: str = "constant"
    lr_warmup_steps: int = 0
    optimizer: str = ""
    """Class and arguments, as in `torch.optim.adamw.AdamW(weight_decay=0.01)`."""
    max_grad_norm: float = 0.0
    mixed_precision: str = "no"
    """`no`, `fp16` or `bf16`."""
    full_fp16: bool = False
    loss_type: str = "l2"
    min_snr_gamma: float | None = None
    debiased_estimation: bool = False
    noise_offset: float | None = None
    adaptive_noise_scale: float | None = None
    multires_noise_iterations: int | None = None
    multires_noise_discount: float | None = None
    ip_noise_gamma: float | None = None
    scale_weight_norms: float | None = None
    prior_loss_weight: float = 1.0
    masked_loss: bool = False
    clip_skip: int | None = None
    max_token_length: int | None = None
    cache_latents: bool = True
    training_comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What was trained on. Each field is the key `ss_<field>`; mappings are written as JSON."""

    resolution: tuple[int, int]
    """Width and height in pixels whose product is the largest area of a bucket."""
    enable_bucket: bool = True
    bucket_no_upscale: bool = False
    min_bucket_reso: int | None = None
    max_bucket_reso: int | None = None
    shuffle_caption: bool = False
    keep_tokens: int = 0
    keep_tokens_separator: str | None = None
    caption_dropout_rate: float = 0.0
    caption_dropout_every_n_epochs: int = 0
    caption_tag_dropout_rate: float = 0.0
    flip_aug: bool = False
    color_aug: bool = False
    random_crop: bool = False
    dataset_dirs: Mapping[str, Mapping[str, int]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, int]]
    )
    """Folder name to `n_repeats` and `img_count`."""
    reg_dataset_dirs: Mapping[str, Mapping[str, int]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, int]]
    )
    bucket_info: Mapping[str, object] | None = None
    """`{"buckets": {"0": {"resolution": [512, 512], "count": 20}}}`."""
    tag_frequency: Mapping[str, Mapping[str, int]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, int]]
    )
    """Folder name to tag to number of captions with it."""


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """Everything an adapter file can say about its making."""

    base: BaseFacts
    network: NetworkFacts
    run: RunFacts
    data: DataFacts | None = None
    trigger: str = ""
    """The word that brings the subject back; programs show it as `modelspec.trigger_phrase`."""
    timestep_range: tuple[int, int] | None = None
    """First timestep trained and the one after the last."""


def bucket_info(counts: Mapping[tuple[int, int], int]) -> dict[str, object]:
    """Build the value of `ss_bucket_info` from (width, height) in pixels to number of pictures."""
    buckets = {
        str(index): {"resolution": [width, height], "count": count}
        for index, ((width, height), count) in enumerate(sorted(counts.items()))
    }
    return {"buckets": buckets}


def adapter_metadata(facts: TrainingFacts, *, private: bool = False) -> dict[str, str]:
    """Build the metadata of an adapter file, without the hashes that saving adds.

    Args:
        facts: What is known.
        private: Keep only what a program needs to load the file. The list is of what may stay, so
            that a key added later stays out by itself: no tags, names of files, folders or
            pictures, comments, times, seeds, counts or hashes of the base.

    Returns:
        String to string, keys sorted.
    """
    metadata = {**_network_keys(facts), **_modelspec_keys(facts, private=private)}
    if not private:
        metadata.update(_base_keys(facts.base))
        metadata.update(_keys_of(facts.run))
        if facts.data is not None:
            metadata.update(_keys_of(facts.data))
    return dict(sorted(metadata.items()))


def _network_keys(facts: TrainingFacts) -> dict[str, str]:
    """Return the keys of `MINIMUM_KEYS`."""
    network = facts.network
    # sd-scripts stores the arguments of its network as they were typed, so numbers are strings.
    arguments = {
        "conv_dim": network.conv_rank,
        "conv_alpha": network.conv_alpha,
        "text_encoder_dim": network.text_encoder_rank,
        "text_encoder_alpha": network.text_encoder_alpha,
    }
    given = {key: str(value) for key, value in arguments.items() if value is not None}
    given |= network.arguments
    return {
        "ss_v2": str(facts.base.spec.name == "sd2"),
        "ss_base_model_version": facts.base.spec.kohya_version_for(facts.base.prediction),
        "ss_network_module": network.module,
        "ss_network_dim": str(network.rank),
        "ss_network_alpha": str(network.alpha),
        "ss_network_args": json.dumps(given),
    }


def _base_keys(base: BaseFacts) -> dict[str, str]:
    keys = {
        "ss_sd_model_name": base.title,
        "ss_sd_model_hash": base.legacy_hash,
        "ss_new_sd_model_hash": base.content_hash,
        "ss_v_parameterization": str(base.prediction == "v_prediction"),
        "ss_zero_terminal_snr": str(base.zero_terminal_snr),
    }
    if base.merged:
        entries = [dataclasses.asdict(entry) for entry in base.merged]
        keys[_MERGED_KEY] = json.dumps(entries, ensure_ascii=False)
    return {key: value for key, value in keys.items() if value}


def merged_adapters_of(metadata: Mapping[str, str]) -> tuple[MergedAdapter, ...]:
    """Return what a file says was merged into the base it was trained on; damage counts as none."""
    try:
        entries = json.loads(metadata.get(_MERGED_KEY, "[]"))
        return tuple(
            MergedAdapter(
                title=str(entry["title"]),
                model_hash=str(entry["model_hash"]),
                weight=float(entry["weight"]),
            )
            for entry in entries
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


def _keys_of(facts: RunFacts | DataFacts) -> dict[str, str]:
    """Write each field as `ss_<field>`, mappings as JSON, the rest as Python prints it."""
    keys: dict[str, str] = {}
    for field in dataclasses.fields(facts):
        value: object = getattr(facts, field.name)
        is_json = isinstance(value, Mapping)
        keys[f"ss_{field.name}"] = json.dumps(value, ensure_ascii=False) if is_json else str(value)
    return keys


def _modelspec_keys(facts: TrainingFacts, *, private: bool) -> dict[str, str]:
    spec, prediction = facts.base.spec, facts.base.prediction
    side = spec.resolution_for(prediction)
    keys = {
        "sai_model_spec": "1.0.1",
        "architecture": f"{spec.modelspec_architecture_for(prediction)}/lora",
        "implementation": _SGM_IMPLEMENTATION if spec.kohya_unet_names == "sgm" else "diffusers",
        "implementation_version": f"enogu/{__version__}",
        "title": "LoRA",
        "resolution": f"{side}x{side}",
        "prediction_type": "v" if prediction == "v_prediction" else "epsilon",
    }
    if not private:
        keys["title"] = facts.run.output_name
        if facts.run.training_finished_at is not None:
            finished = datetime.fromtimestamp(int(facts.run.training_finished_at), UTC)
            keys["date"] = finished.isoformat()
        if facts.data is not None:
            keys["resolution"] = "{}x{}".format(*facts.data.resolution)
        if facts.trigger:
            keys["trigger_phrase"] = facts.trigger
        if facts.timestep_range is not None:
            keys["timestep_range"] = "{},{}".format(*facts.timestep_range)
        if facts.run.clip_skip is not None:
            keys["encoder_layer"] = str(facts.run.clip_skip)
    return {f"modelspec.{key}": value for key, value in keys.items()}
