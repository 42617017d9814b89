"""What a base is, from its headers alone, and how certain that is."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from enogu.config import EMBEDDED_BASES
from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import BaseModelError
from enogu.families.architecture import Architecture
from enogu.families.checkpoint import Checkpoint, Layout
from enogu.families.folder import open_folder
from enogu.families.refusals import refuse_missing
from enogu.families.single_file import open_single_file
from enogu.families.spec import ALL_PARTS, FamilySpec, PredictionType

Certainty = Literal["stated", "inferred", "assumed"]
"""The base says so itself; its kind is known to be so; or nothing speaks for or against it."""

_DEFAULT_TIMESTEPS = 1000


@dataclass(frozen=True, kw_only=True)
class BaseInfo:
    """What is known of a base without reading its weights."""

    checkpoint: Checkpoint
    spec: FamilySpec
    title: str
    """The file's stem or the folder's name."""
    layout: Layout
    architecture: Architecture
    prediction: PredictionType
    certainty: Certainty
    """Of the prediction type."""
    reasons: tuple[str, ...]
    """Why it is of this family and predicts this."""
    zero_terminal_snr: bool
    schedule: NoiseSchedule
    native_resolution: int
    """Side in pixels of the square pictures it was made for."""
    downscale: int
    bucket_step: int
    scaling_factor: float
    num_parameters: dict[str, int]
    """By part: ``unet``, ``vae``, ``text_encoders``; absent parts count 0."""
    dtype: str
    """Type of most UNet parameters in the file, as the format names it: ``F16``, ``BF16`` …."""
    num_bytes: int
    """Of all its files."""

    @property
    def num_train_timesteps(self) -> int:
        """Length of the noise schedule."""
        return self.schedule.num_train_timesteps


def resolve_base(reference: str | Path) -> Path:
    """Return the path of a base; the embedded ones are folders beside this file."""
    if str(reference) in EMBEDDED_BASES:
        return Path(__file__).parent / str(reference)
    return Path(reference).expanduser()


def open_checkpoint(reference: str | Path) -> Checkpoint:
    """Look at a base's headers and configs.

    Raises:
        BaseModelError: Missing, damaged, a pickle, an adapter, or of an unknown family.
    """
    path = resolve_base(reference)
    if not path.exists():
        raise refuse_missing(path)
    return open_folder(path) if path.is_dir() else open_single_file(path)


def inspect_base(
    reference: str | Path,
    *,
    prediction: Literal["auto", "epsilon", "v_prediction"] = "auto",
    zero_terminal_snr: Literal["auto", "on", "off"] = "auto",
) -> BaseInfo:
    """Say what a base is. Reads headers and configs only, whatever its size.

    Args:
        reference: ``mini``, ``mini-v``, a diffusers folder, or a `.safetensors` file.
        prediction: What the settings want; ``auto`` asks the base.
        zero_terminal_snr: Likewise.

    Raises:
        BaseModelError: Missing, damaged, of an unknown family, or a setting that contradicts
            what the base states.
    """
    checkpoint = open_checkpoint(reference)
    found, certainty, reason = _prediction_of(checkpoint)
    if prediction != "auto" and prediction != found:
        if certainty == "stated":
            raise BaseModelError(
                f"model.prediction is {prediction!r}, but {checkpoint.path} predicts {found}: "
                f"{reason}",
                hint="Leave model.prediction at 'auto'; the wrong one gives noisy pictures.",
            )
        found, certainty, reason = prediction, "stated", "the settings say so"
    terminal = _zero_terminal_of(checkpoint, zero_terminal_snr)
    if terminal and found == "epsilon":
        raise BaseModelError(
            f"{checkpoint.path}: zero terminal SNR needs v-prediction, but this base predicts "
            "epsilon: at the last timestep there is no signal left to predict noise from",
            hint="Use --set model.zero_terminal_snr=off",
        )
    return _build_info(checkpoint, reference, found, certainty, reason, terminal)


def _build_info(
    checkpoint: Checkpoint,
    reference: str | Path,
    prediction: PredictionType,
    certainty: Certainty,
    reason: str,
    terminal: bool,
) -> BaseInfo:
    spec, architecture = checkpoint.spec, checkpoint.architecture
    schedule = _schedule_of(checkpoint.scheduler)
    resolution = spec.resolution_for(prediction)
    sample_size = architecture.unet.get("sample_size")
    if checkpoint.layout == "diffusers" and isinstance(sample_size, int):
        resolution = sample_size * architecture.downscale
    path = checkpoint.path
    return BaseInfo(
        checkpoint=checkpoint,
        spec=spec,
        title=path.name if path.is_dir() else path.stem,
        layout=checkpoint.layout,
        architecture=architecture,
        prediction=prediction,
        certainty=certainty,
        reasons=(*checkpoint.family_reasons, reason),
        zero_terminal_snr=terminal,
        schedule=schedule.with_zero_terminal_snr() if terminal else schedule,
        native_resolution=resolution,
        downscale=architecture.downscale,
        bucket_step=architecture.bucket_step,
        scaling_factor=architecture.scaling_factor or spec.scaling_factor,
        num_parameters={
            part: sum(
                math.prod(ref.shape)
                for refs in checkpoint.refs.get(part, ())
                for ref in refs.values()
            )
            for part in ALL_PARTS
        },
        dtype=_dtype_of(checkpoint),
        num_bytes=sum(file.stat().st_size for file in checkpoint.files),
    )


def _prediction_of(checkpoint: Checkpoint) -> tuple[PredictionType, Certainty, str]:
    if checkpoint.scheduler is not None and "prediction_type" in checkpoint.scheduler:
        value = checkpoint.scheduler["prediction_type"]
        if value in ("epsilon", "v_prediction"):
            return value, "stated", f"its scheduler config says {value}"
        raise BaseModelError(
            f"{checkpoint.path}: its scheduler config has prediction_type {value!r}; known are "
            "epsilon and v_prediction"
        )
    if "v_pred" in checkpoint.markers:
        return "v_prediction", "stated", "it carries the key v_pred"
    metadata = checkpoint.metadata
    stated = metadata.get("modelspec.prediction_type", "").lower()
    if stated in ("v", "v_prediction", "v-prediction"):
        return "v_prediction", "stated", f"its metadata says prediction_type {stated}"
    if stated in ("epsilon", "eps"):
        return "epsilon", "stated", f"its metadata says prediction_type {stated}"
    if metadata.get("ss_v_parameterization", "").lower() == "true":
        return "v_prediction", "stated", "its metadata says v_parameterization"
    if "ztsnr" in checkpoint.markers:
        reason = "it carries the key ztsnr, and only v-prediction can learn zero terminal SNR"
        return "v_prediction", "inferred", reason
    spec, named = checkpoint.spec, metadata.get("modelspec.architecture", "")
    if spec.v_prediction_architecture and named == spec.v_prediction_architecture:
        return "v_prediction", "stated", f"its metadata names the architecture {named}"
    if spec.v_prediction_architecture and named == spec.modelspec_architecture:
        return "epsilon", "inferred", f"its metadata names the architecture {named}"
    if spec.v_prediction_resolution is not None:
        return (
            spec.default_prediction,
            "assumed",
            f"{spec.title} exists in both forms and the file says nothing",
        )
    return spec.default_prediction, "inferred", f"{spec.title} predicts this unless a file says so"


def _dtype_of(checkpoint: Checkpoint) -> str:
    sizes: Counter[str] = Counter()
    for ref in checkpoint.refs["unet"][0].values():
        sizes[ref.entry.dtype] += ref.entry.num_elements
    return sizes.most_common(1)[0][0]


def _zero_terminal_of(checkpoint: Checkpoint, setting: str) -> bool:
    stated = "ztsnr" in checkpoint.markers or bool(
        (checkpoint.scheduler or {}).get("rescale_betas_zero_snr", False)
    )
    if setting == "off" and stated:
        raise BaseModelError(
            f"model.zero_terminal_snr is 'off', but {checkpoint.path} states that it was trained "
            "with zero terminal SNR",
            hint="Leave model.zero_terminal_snr at 'auto'.",
        )
    return stated or setting == "on"


def _schedule_of(scheduler: Mapping[str, object] | None) -> NoiseSchedule:
    if scheduler is None:
        return NoiseSchedule.scaled_linear()
    kind = scheduler.get("beta_schedule", "scaled_linear")
    if scheduler.get("trained_betas") is not None:
        kind = "trained_betas"
    if kind != "scaled_linear":
        raise BaseModelError(
            f"the base's scheduler config has beta_schedule {kind!r}; known is 'scaled_linear', "
            "which Stable Diffusion 1, 2 and XL use"
        )
    return NoiseSchedule.scaled_linear(
        cast(float, scheduler.get("beta_start", 0.00085)),
        cast(float, scheduler.get("beta_end", 0.012)),
        cast(int, scheduler.get("num_train_timesteps", _DEFAULT_TIMESTEPS)),
    )
