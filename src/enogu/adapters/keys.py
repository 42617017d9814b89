"""Tensor names of adapter files: the several conventions, read into one form.

Known only here: kohya (`lora_unet_mid_block_….lora_down.weight`), diffusers
(`unet.mid_block.….lora.down.weight`, older `….processor.to_q_lora.down.weight`) and PEFT
(`unet.mid_block.….lora_A.weight`). The one form is the kohya module name with the factor's role.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["down", "up", "mid", "alpha"]
"""`mid` is LoCon's third factor, a convolution between the two."""

Convention = Literal["kohya", "diffusers", "peft"]

_NAMED_AT_MOST = 4

_ROLES: tuple[tuple[re.Pattern[str], Role, Convention | None], ...] = (
    (re.compile(r"\.lora_down\.weight$"), "down", "kohya"),
    (re.compile(r"\.lora_up\.weight$"), "up", "kohya"),
    (re.compile(r"\.lora_mid\.weight$"), "mid", "kohya"),
    (re.compile(r"\.alpha$"), "alpha", None),
    (re.compile(r"\.lora_A(?:\.[\w-]+)?\.weight$"), "down", "peft"),
    (re.compile(r"\.lora_B(?:\.[\w-]+)?\.weight$"), "up", "peft"),
    (re.compile(r"(?:\.lora_linear_layer|\.lora|_lora)\.down\.weight$"), "down", "diffusers"),
    (re.compile(r"(?:\.lora_linear_layer|\.lora|_lora)\.up\.weight$"), "up", "diffusers"),
)

_OTHER_KINDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\.hada_\w+$"), "LoHa"),
    (re.compile(r"\.lokr_\w+$"), "LoKr"),
    (re.compile(r"\.(?:dora_scale|lora_magnitude_vector(?:\..+)?)$"), "DoRA"),
    (re.compile(r"\.(?:oft_\w+(?:\.\w+)*|rescale)$"), "OFT"),
    (re.compile(r"\.(?:diff|diff_b)$"), "full difference"),
    (re.compile(r"\.(?:w_norm|b_norm)$"), "trained norm"),
    (re.compile(r"\.(?:a1|a2|b1|b2|bm1|bm2)\.weight$"), "GLoRA"),
    (re.compile(r"\.on_input$"), "(IA)³"),
    (re.compile(r"\.vera_lambda\w*$"), "VeRA"),
    (re.compile(r"\.lora_embedding_[AB](?:\..+)?$"), "LoRA of an embedding"),
    (re.compile(r"\.lora_(?:up|down|[AB])(?:\.[\w-]+)?\.bias$"), "LoRA with bias"),
)

_DOTTED_PREFIXES = (
    ("unet.", "lora_unet_"),
    ("diffusion_model.", "lora_unet_"),
    ("text_encoder_2.", "lora_te2_"),
    # With one text encoder kohya's prefix is lora_te, with two lora_te1: the base decides.
    ("text_encoder.", "lora_text_encoder_"),
)

_UNET_ROOTS = (
    "down_blocks.",
    "mid_block.",
    "up_blocks.",
    "input_blocks.",
    "middle_block.",
    "output_blocks.",
)

_KOHYA_PREFIX = re.compile(r"^lora_(?:unet|te|te1|te2)_")
_TEXT_WITHOUT_ROOT = re.compile(r"^(lora_(?:te|te1|te2|text_encoder)_)(?=encoder_layers_)")


@dataclass
class LayerTensors:
    """The tensors of one adapted layer, by the names they have in the file."""

    module: str
    """Module name as the file has it."""
    tensors: dict[Role, str] = field(default_factory=dict[Role, str])


@dataclass
class ParsedKeys:
    """The names of an adapter file, sorted out."""

    layers: dict[str, LayerTensors] = field(default_factory=dict[str, LayerTensors])
    """By canonical module name, in file order; only layers that have LoRA factors."""
    other_kinds: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Kind of adapter (`LoHa`, `DoRA` …) to the module names that have it."""
    unknown: list[str] = field(default_factory=list[str])
    """Tensor names that belong to no convention."""
    conventions: set[Convention] = field(default_factory=set[Convention])


def parse_keys(names: Iterable[str]) -> ParsedKeys:
    """Sort the tensor names of a file into layers, other kinds of adapter, and the unknown.

    Nothing is left out: every name is found again in one of the three.
    """
    parsed = ParsedKeys()
    alone: list[str] = []
    for name in names:
        kind = _match_kind(name)
        if kind is not None:
            module = name[: name.rindex(".")]
            parsed.other_kinds.setdefault(kind, []).append(module)
            continue
        match = _match_role(name)
        if match is None:
            parsed.unknown.append(name)
            continue
        module, role, convention = match
        layer = parsed.layers.setdefault(canonical_module(module), LayerTensors(module))
        if role in layer.tensors:
            parsed.unknown.append(name)
            continue
        layer.tensors[role] = name
        if convention is not None:
            parsed.conventions.add(convention)
    for canonical, layer in list(parsed.layers.items()):
        if not {"down", "up"} & layer.tensors.keys():
            alone.extend(layer.tensors.values())
            del parsed.layers[canonical]
    # A LoHa or LoKr layer has an alpha too; it says nothing new. Any other lone alpha is odd.
    if not parsed.other_kinds:
        parsed.unknown.extend(alone)
    return parsed


def canonical_module(module: str) -> str:
    """Return the kohya form of a module name; text encoder one becomes `lora_text_encoder_…`.

    A dotted diffusers name gives underscores in place of dots, so for SDXL the result names the
    diffusers layout while kohya files name the original one; a base knows its layers by both.
    """
    if not _KOHYA_PREFIX.match(module):
        module = module.removeprefix("base_model.model.")
        module = module.replace(".processor.", ".")
        # The oldest diffusers files write to_out for the projection that is now to_out.0.
        module = re.sub(r"\.to_out$", ".to_out.0", module)
        for prefix, replacement in _DOTTED_PREFIXES:
            if module.startswith(prefix):
                module = replacement + module.removeprefix(prefix)
                break
        else:
            if module.startswith(_UNET_ROOTS):
                module = "lora_unet_" + module
        module = module.replace(".", "_")
    return _TEXT_WITHOUT_ROOT.sub(r"\1text_model_", module)


def some_names(names: Sequence[str]) -> str:
    """Return the first few names and how many more there are, for a message."""
    more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
    return ", ".join(names[:_NAMED_AT_MOST]) + more


def _match_role(name: str) -> tuple[str, Role, Convention | None] | None:
    for pattern, role, convention in _ROLES:
        match = pattern.search(name)
        if match:
            return name[: match.start()], role, convention
    return None


def _match_kind(name: str) -> str | None:
    for pattern, kind in _OTHER_KINDS:
        if pattern.search(name):
            return kind
    return None
