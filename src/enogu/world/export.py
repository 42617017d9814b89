"""Writing `mini` as a diffusers folder in fp16, and reading its parts back."""

import copy
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.targets import PredictionType
from enogu.errors import WorldError
from enogu.files import make_dirs, write_text_atomic
from enogu.world.architecture import PREDICTION
from enogu.world.tokenizer import load_tokenizer

_INDEX: dict[str, object] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
_SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "_diffusers_version": "0.42.1",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": PREDICTION,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
_ZERO_SNR_SCHEDULER = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
"""What arXiv:2305.08891 asks of sampling when the last step is pure noise."""
_SCHEDULER_FILE = "scheduler/scheduler_config.json"
_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
_TOKENIZER_FILES = (
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
)


@dataclass(frozen=True, kw_only=True)
class MiniParts:
    """The networks and the tokenizer of one `mini`."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    prediction: PredictionType = PREDICTION
    zero_terminal_snr: bool = False

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise schedule it was trained with."""
        schedule = NoiseSchedule.scaled_linear()
        return schedule.with_zero_terminal_snr() if self.zero_terminal_snr else schedule

    @property
    def scaling_factor(self) -> float:
        """Factor from raw latents to unit variance, as the autoencoder's config says."""
        return float(self.vae.config["scaling_factor"])

    @property
    def downscale(self) -> int:
        """Pixels per latent, in each direction."""
        return 2 ** (len(self.vae.config["block_out_channels"]) - 1)


def write_mini(folder: Path, parts: MiniParts, tokenizer_dir: Path) -> int:
    """Write a diffusers folder and return its size in bytes.

    The networks are converted to fp16 in a copy; `parts` stay as they are.

    Raises:
        StorageError: The folder cannot be written.
    """
    make_dirs(folder)
    for name, network in (("unet", parts.unet), ("vae", parts.vae)):
        half = copy.deepcopy(network).half()
        half.save_pretrained(str(folder / name), safe_serialization=True)
    text_encoder = copy.deepcopy(parts.text_encoder).half()
    text_encoder.save_pretrained(str(folder / "text_encoder"))
    make_dirs(folder / "tokenizer")
    for name in _TOKENIZER_FILES:
        shutil.copyfile(tokenizer_dir / name, folder / "tokenizer" / name)
    make_dirs(folder / "scheduler")
    scheduler = {**_SCHEDULER, **(_ZERO_SNR_SCHEDULER if parts.zero_terminal_snr else {})}
    write_text_atomic(folder / _SCHEDULER_FILE, json.dumps(scheduler, indent=2) + "\n")
    write_text_atomic(folder / "model_index.json", json.dumps(_INDEX, indent=2) + "\n")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def read_mini(folder: Path) -> MiniParts:
    """Return the parts in a folder that :func:`write_mini` wrote, in fp32 and evaluation mode.

    Raises:
        WorldError: The folder does not hold a whole `mini`.
    """
    missing = [name for name in _PARTS if not (folder / name).is_dir()]
    if missing:
        raise WorldError(
            f"{folder}: not a whole mini, these folders are missing: {', '.join(missing)}",
            hint="enogu world train   makes it again from nothing",
        )
    unet = UNet2DConditionModel.from_pretrained(
        str(folder),
        subfolder="unet",
        local_files_only=True,
        low_cpu_mem_usage=False,
        torch_dtype=torch.float32,
    )
    vae = AutoencoderKL.from_pretrained(
        str(folder),
        subfolder="vae",
        local_files_only=True,
        low_cpu_mem_usage=False,
        torch_dtype=torch.float32,
    )
    text_encoder = CLIPTextModel.from_pretrained(
        str(folder / "text_encoder"), local_files_only=True, dtype=torch.float32
    )
    for network in (unet, vae, text_encoder):
        network.eval().requires_grad_(False)
    scheduler = json.loads((folder / _SCHEDULER_FILE).read_text("utf-8"))
    return MiniParts(
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=load_tokenizer(folder / "tokenizer"),
        prediction=scheduler["prediction_type"],
        zero_terminal_snr=bool(scheduler.get("rescale_betas_zero_snr", False)),
    )
