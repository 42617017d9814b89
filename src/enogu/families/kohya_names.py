"""Module names of adapter files, as sd-scripts writes them, by the module paths of a base."""

from typing import Literal, cast

from enogu.errors import BaseModelError
from enogu.families.base import Base
from enogu.families.ldm_names import unet_ldm_name
from enogu.families.spec import Config, FamilySpec

LoraPart = Literal["unet", "te", "te1", "te2"]
"""The part of a base as adapter files name it: ``lora_<part>_…``."""


def lora_module_names(base: Base, part: LoraPart) -> dict[str, str]:
    """Return the file name of every module of a part.

    Args:
        base: A base with that part loaded.
        part: ``unet``; ``te`` for one text encoder; ``te1``, ``te2`` for two.

    Returns:
        Module path inside the part (without adapter layers' own ``.base``) to kohya name.

    Raises:
        BaseModelError: The base has no such part.
    """
    if part == "unet":
        config = cast(Config, base.unet.config)
        paths = {_plain(name) for name, _ in base.unet.named_modules() if name}
        return {path: unet_kohya_name(base.spec, config, path) for path in paths}
    for spec, encoder in zip(base.spec.text_encoders, base.text_encoders, strict=True):
        if spec.kohya_prefix == f"lora_{part}":
            paths = {_plain(name) for name, _ in encoder.named_modules() if name}
            return {path: text_kohya_name(spec.kohya_prefix, path) for path in paths}
    raise BaseModelError(f"{base.spec.title} has no part {part!r} in adapter files")


def unet_kohya_name(spec: FamilySpec, config: Config, path: str) -> str:
    """Return the name of a UNet module: SD1 and SD2 by the library's names, SDXL by sgm's."""
    if spec.kohya_unet_names == "sgm":
        layers, levels = unet_layout(config)
        path = unet_ldm_name(path, layers_per_block=layers, attention_levels=levels)
    return "lora_unet_" + path.replace(".", "_")


def text_kohya_name(prefix: str, path: str) -> str:
    """Return the name of a text-encoder module; files always carry ``text_model``."""
    return f"{prefix}_text_model_{path.removeprefix('text_model.').replace('.', '_')}"


def unet_layout(config: Config) -> tuple[int, frozenset[int]]:
    """Return residual blocks per level, and which up blocks have attention."""
    up_blocks = cast("list[str]", config["up_block_types"])
    levels = frozenset(level for level, name in enumerate(up_blocks) if "CrossAttn" in name)
    return cast(int, config["layers_per_block"]), levels


def _plain(path: str) -> str:
    return path.replace(".base.", ".").removesuffix(".base")
