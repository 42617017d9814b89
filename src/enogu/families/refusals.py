"""Saying no with a way on: files that are not a base, and what they are instead."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from enogu.config import EMBEDDED_BASES
from enogu.errors import BaseModelError
from enogu.families.safetensors_file import MAX_HEADER_BYTES

PICKLE_SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".bin", ".pkl"})

_ADAPTER_SIGNS = (
    ".lora_down.",
    ".lora_up.",
    ".lora_A.",
    ".lora_B.",
    ".lora.down.",
    ".lora.up.",
    ".hada_w1",
    ".lokr_w",
    ".oft_blocks",
    ".dora_scale",
    ".a1.weight",
    "lora_unet_",
    "lycoris_",
)

_OTHER_KINDS: tuple[tuple[str, str], ...] = (
    ("control_model.", "a ControlNet"),
    ("input_hint_block.", "a ControlNet"),
    ("controlnet_cond_embedding.", "a ControlNet"),
    ("emb_params", "a textual inversion embedding"),
    ("string_to_param", "a textual inversion embedding"),
    ("conditioner.embedders.0.model.", "an SDXL refiner or another relative of SDXL"),
    ("model.diffusion_model.joint_blocks.", "a Stable Diffusion 3 checkpoint"),
    ("joint_blocks.", "a Stable Diffusion 3 checkpoint"),
    ("model.diffusion_model.double_blocks.", "a FLUX checkpoint"),
    ("double_blocks.", "a FLUX checkpoint"),
    ("transformer_blocks.", "a transformer of another family"),
    ("down_blocks.", "one part of a diffusers folder"),
    ("encoder.down.", "a VAE alone"),
    ("first_stage_model.", "a VAE alone"),
    ("text_model.", "a text encoder alone"),
)

_DOWNLOADED_PAGE = (
    "a web page",
    "The site sent a page in place of the download; many ask you to log in first.",
)
_PICTURE_HINT = "Give the .safetensors file of the model; a picture is no model."
_FORMATS: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (
        b"version https://git-lfs",
        (
            "a Git LFS pointer: the file itself was not fetched",
            "Run git lfs pull in that folder, or download the file itself.",
        ),
    ),
    (b"<", _DOWNLOADED_PAGE),
    (
        b"GGUF",
        (
            "a GGUF file, which holds quantised weights for other programs",
            "Take the .safetensors version of the model.",
        ),
    ),
    (b"\x89PNG", ("a PNG picture", _PICTURE_HINT)),
    (b"\xff\xd8\xff", ("a JPEG picture", _PICTURE_HINT)),
    (b"RIFF", ("a WebP picture or a sound", _PICTURE_HINT)),
)
"""First bytes of what is given in place of a `.safetensors` file, what it is, and what to do."""


def refuse_missing(path: Path) -> BaseModelError:
    """Return the error for a path where nothing is, with the nearest name beside it."""
    parent = path.parent if path.parent.is_dir() else None
    names = [entry.name for entry in parent.iterdir()] if parent else []
    near = difflib.get_close_matches(path.name, names, n=1)
    embedded = difflib.get_close_matches(str(path), EMBEDDED_BASES, n=1)
    if embedded:
        hint = f"Did you mean {embedded[0]}, which ships with the package?"
    elif near and parent:
        hint = f"Did you mean {parent / near[0]}?"
    elif len(path.parts) == 2 and not path.suffix and not path.is_absolute():
        hint = (
            "If this is the name of a model on a hub, download it first, for example:\n"
            f"  hf download {path.as_posix()} --local-dir {path.name}\n"
            f"and give the folder: --base {path.name}"
        )
    else:
        hint = (
            "Give a diffusers folder, a .safetensors file, or one that ships with the package: "
            f"{', '.join(EMBEDDED_BASES)}."
        )
    return BaseModelError(f"there is no base at {path.absolute()}", hint=hint)


def refuse_pickle(path: Path) -> BaseModelError:
    """Return the error for a pickle checkpoint, with a command that converts it safely."""
    target, command = pickle_conversion(path)
    return BaseModelError(
        f"{path} is a pickle file: opening one can run any program hidden in it, "
        "so only .safetensors is read",
        hint="Look for a .safetensors version of the model. Or convert it, which reads tensors "
        f"only and stops at anything else:\n  {command}\nthen use --base {target}",
    )


def pickle_conversion(path: Path) -> tuple[Path, str]:
    """Return a new file beside a pickle, and the command that writes the pickle's tensors to it."""
    target = path.with_suffix(".safetensors")
    if target == path:
        target = path.with_name(f"{path.stem}-converted.safetensors")
    command = (
        "import torch, safetensors.torch as s; "
        f"d = torch.load({str(path)!r}, map_location='cpu', weights_only=True); "
        "d = d.get('state_dict', d); "
        "s.save_file({k: v.clone().contiguous() for k, v in d.items() "
        f"if isinstance(v, torch.Tensor)}}, {str(target)!r})"
    )
    return target, f'python -c "{command}"'


def is_pickle(path: Path) -> bool:
    """Return whether a file is a pickle or PyTorch archive, by its first bytes or its name."""
    with path.open("rb") as handle:
        start = handle.read(4)
    is_archive = start.startswith(b"PK\x03\x04")
    is_raw_pickle = start[:1] == b"\x80" and start[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
    named_so = path.suffix.lower() in PICKLE_SUFFIXES
    # a header of 0x..0280 bytes also starts with \x80\x02, but the fifth byte on are then zero
    if is_raw_pickle and path.suffix.lower() == ".safetensors":
        return not _has_json_header(path)
    return is_archive or is_raw_pickle or named_so


def refuse_other_format(path: Path) -> None:
    """Refuse a file that is no `.safetensors` by its first bytes.

    Raises:
        BaseModelError: A pickle, a picture, a web page, another format, or an empty file.
    """
    if path.stat().st_size == 0:
        raise BaseModelError(
            f"{path} is empty (0 bytes)", hint="The download did not finish. Fetch it again."
        )
    if is_pickle(path):
        raise refuse_pickle(path)
    if other := other_format(path):
        raise BaseModelError(f"{path} is {other[0]}, not a base", hint=other[1])


def other_format(path: Path) -> tuple[str, str] | None:
    """Return what a file is by its first bytes, and what to do, when it is no `.safetensors`."""
    with path.open("rb") as handle:
        start = handle.read(64)
    if int.from_bytes(start[:8], "little") <= MAX_HEADER_BYTES:
        # The length of a header, whatever its first byte reads like.
        return None
    text = start.lstrip()
    return next((found for sign, found in _FORMATS if text.startswith(sign)), None)


def refuse_keys(path: Path, keys: Iterable[str]) -> BaseModelError:
    """Return the error for a `.safetensors` file that is not a base, saying what it looks like."""
    names = list(keys)
    if looks_like_adapter(names):
        return BaseModelError(
            f"{path} is an adapter (a LoRA or a relative), not a base",
            hint=f"Use it together with a base: enogu draw … --base BASE --lora {path}",
        )
    for sign, kind in _OTHER_KINDS:
        if any(name.startswith(sign) for name in names):
            return BaseModelError(
                f"{path} is {kind}, not a base of a family Enogu knows (sd1, sd2, sdxl)",
                hint="Give a full checkpoint of Stable Diffusion 1.x, 2.x or XL, or the whole "
                "diffusers folder.",
            )
    first = ", ".join(names[:3]) or "none"
    return BaseModelError(
        f"{path} is of an unknown family: {len(names)} tensors, the first are {first}",
        hint="Enogu knows Stable Diffusion 1.x, 2.x and XL in their original key layout, and "
        "diffusers folders of them.",
    )


def looks_like_adapter(keys: Iterable[str]) -> bool:
    """Return whether tensor names are those of an adapter file."""
    return any(sign in key for key in keys for sign in _ADAPTER_SIGNS)


def _has_json_header(path: Path) -> bool:
    with path.open("rb") as handle:
        start = handle.read(9)
    return start[8:9] == b"{"
