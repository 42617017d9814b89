"""Which family of bases an adapter file was made for: told from names and shapes, then metadata."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from enogu.adapters.keys import ParsedKeys
from enogu.families import FAMILIES

_CROSS_ATTENTION = re.compile(r"^lora_unet_.*attn2_to_[kv]$")
_TEXT_ATTENTION = re.compile(
    r"^lora_(?:te|te1|te2|text_encoder)_text_model_.*self_attn_[qkv]_proj$"
)
_TWO_ENCODERS = re.compile(r"^lora_te[12]_")

_FOREIGN_ARCHITECTURES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"double_blocks|single_blocks|single_transformer_blocks"), "FLUX or a relative"),
    (re.compile(r"joint_blocks"), "Stable Diffusion 3"),
    (re.compile(r"noise_refiner|context_refiner"), "Lumina or Z-Image"),
    (re.compile(r"lora_te3_|t5xxl"), "Stable Diffusion 3 or FLUX"),
    (re.compile(r"^(?:lora_)?transformer_"), "a transformer such as Stable Diffusion 3 or FLUX"),
    (
        re.compile(r"(?:lora_unet|diffusion_model)_(?:blocks|layers)_\d"),
        "a video or image transformer",
    ),
)

_SINGLE_TEXT_ENCODERS = {768: "sd1", 1024: "sd2"}
"""Width of the only text encoder to family."""

_BASE_VERSIONS = {
    "sd_v1": "sd1",
    "sd_v2": "sd2",
    "sdxl": "sdxl",
    "stable-diffusion-v1": "sd1",
    "stable-diffusion-v2": "sd2",
    "stable-diffusion-xl": "sdxl",
}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What an adapter file is for."""

    family: str | None
    """A name in `FAMILIES`; None when it is none of them or cannot be told."""
    title: str
    """For people: the family's title, another architecture, or `unknown`."""
    reason: str
    """What tells it."""
    text_width: int | None = None
    """Width of the text features its UNet layers take; tells small bases from full ones."""


def detect_origin(
    parsed: ParsedKeys,
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]],
    metadata: Mapping[str, str],
) -> Origin:
    """Tell for which family a file was made.

    Args:
        parsed: The file's names.
        shapes: Canonical module name to the shapes of its tensors by file suffix.
        metadata: The file's metadata; asked only where names and shapes are silent, because
            merging tools copy metadata that no longer fits.
    """
    for pattern, title in _FOREIGN_ARCHITECTURES:
        for name in (*parsed.layers, *(m.replace(".", "_") for m in _other_modules(parsed))):
            if pattern.search(name):
                return Origin(family=None, title=title, reason=f"it has a layer {name}")
    widths = {
        name: width for name, layer in shapes.items() if (width := _input_width(layer)) is not None
    }
    text_width = next((width for n, width in widths.items() if _CROSS_ATTENTION.match(n)), None)
    return (
        _from_widths(shapes, widths, text_width)
        or _from_metadata(metadata, text_width)
        or Origin(
            family=None,
            title="unknown",
            reason="neither its layers nor its metadata say for which base it is",
            text_width=text_width,
        )
    )


def _input_width(shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Return the input width of a layer as its tensors tell it; of the kinds that do."""
    for suffix in ("lora_down.weight", "hada_w1_b", "diff"):
        if len(shapes.get(suffix, ())) > 1:
            return shapes[suffix][1]
    small = shapes.get("lokr_w1") or shapes.get("lokr_w1_b")
    large = shapes.get("lokr_w2") or shapes.get("lokr_w2_b")
    return small[1] * large[1] if small and large else None


def _from_widths(
    names: Iterable[str], widths: Mapping[str, int], text_width: int | None
) -> Origin | None:
    for spec in FAMILIES.values():
        if spec.cross_attention_dim == text_width:
            return _of_family(
                spec.name, f"its layers take text features {text_width} wide", text_width
            )
    for name in names:
        if _TWO_ENCODERS.match(name):
            return _of_family("sdxl", f"it has layers such as {name}", text_width)
        if text_width is None and _TEXT_ATTENTION.match(name) and name in widths:
            family = _SINGLE_TEXT_ENCODERS.get(widths[name])
            if family is not None:
                return _of_family(family, f"{name} is {widths[name]} wide", None)
    return None


def _from_metadata(metadata: Mapping[str, str], text_width: int | None) -> Origin | None:
    for key in ("ss_base_model_version", "modelspec.architecture"):
        value = metadata.get(key, "")
        for start, family in _BASE_VERSIONS.items():
            if value.startswith(start):
                return _of_family(family, f"its metadata says {key} = {value}", text_width)
        if value:
            reason = f"its metadata says {key} = {value}"
            return Origin(family=None, title=value, reason=reason, text_width=text_width)
    return None


def _of_family(name: str, reason: str, text_width: int | None) -> Origin:
    return Origin(family=name, title=FAMILIES[name].title, reason=reason, text_width=text_width)


def _other_modules(parsed: ParsedKeys) -> list[str]:
    return [module for modules in parsed.other_kinds.values() for module in modules]
