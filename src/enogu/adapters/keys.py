"""Tensor names of adapter files: the several conventions, read into one form.

Known only here: kohya (`lora_unet_mid_block_….lora_down.weight`), diffusers
(`unet.mid_block.….lora.down.weight`, older `….processor.to_q_lora.down.weight`), PEFT
(`unet.mid_block.….lora_A.weight`) and LyCORIS used alone (`lycoris_mid_block_….lokr_w1`). The one
form is the kohya module name with the suffix of kohya and LyCORIS.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from enogu.adapters.kinds import kind_of, layer_title

Convention = Literal["kohya", "lycoris", "diffusers", "peft"]

_NAMED_AT_MOST = 4

_SUFFIXES: tuple[tuple[re.Pattern[str], str | None, Convention | None], ...] = (
    (re.compile(r"\.(lora_(?:down|up|mid)\.weight)$"), None, "kohya"),
    (re.compile(r"\.(alpha)$"), None, None),
    (re.compile(r"\.lora_A(?:\.[\w-]+)?\.weight$"), "lora_down.weight", "peft"),
    (re.compile(r"\.lora_B(?:\.[\w-]+)?\.weight$"), "lora_up.weight", "peft"),
    (
        re.compile(r"(?:\.lora_linear_layer|\.lora|_lora)\.down\.weight$"),
        "lora_down.weight",
        "diffusers",
    ),
    (
        re.compile(r"(?:\.lora_linear_layer|\.lora|_lora)\.up\.weight$"),
        "lora_up.weight",
        "diffusers",
    ),
    (re.compile(r"\.(hada_(?:w[12]_[ab]|t[12]))(?:\.[\w-]+)?$"), None, None),
    (re.compile(r"\.(lokr_(?:w[12](?:_[ab])?|t2))(?:\.[\w-]+)?$"), None, None),
    (re.compile(r"\.(dora_scale)$"), None, None),
    (re.compile(r"\.lora_magnitude_vector(?:\.[\w-]+)?(?:\.weight)?$"), "dora_scale", "peft"),
    (re.compile(r"\.(oft_blocks|rescale|diff|diff_b|w_norm|b_norm|on_input)$"), None, None),
    (re.compile(r"\.([ab][12]\.weight)$"), None, None),
)
"""Pattern of a tensor name's end, what it is in our files (None: as written), whose it is."""

_OTHER_KINDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\.oft_R(?:\.\w+)*$"), "OFT of PEFT"),
    (re.compile(r"\.oft_diag$"), "OFT of older LyCORIS"),
    (re.compile(r"\.bm\.weight$"), "GLoRA with a middle factor"),
    (re.compile(r"\.ia3_l(?:\..+)?$"), "(IA)³ of PEFT"),
    (re.compile(r"\.vera_lambda\w*$"), "VeRA"),
    (re.compile(r"\.lora_embedding_[AB](?:\..+)?$"), "LoRA of an embedding"),
    (re.compile(r"\.lora_(?:up|down|[AB])(?:\.[\w-]+)?\.bias$"), "LoRA with bias"),
)
"""Kinds that are told by name and refused."""

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
_LYCORIS_PREFIX = "lycoris_"
_TEXT_WITHOUT_ROOT = re.compile(r"^(lora_(?:te|te1|te2|text_encoder)_)(?=encoder_layers_)")


@dataclass
class LayerTensors:
    """The tensors of one adapted layer, by the names they have in the file."""

    module: str
    """Module name as the file has it."""
    tensors: dict[str, str] = field(default_factory=dict[str, str])
    """Our file suffix (`lora_down.weight`, `alpha` …) to the tensor's name."""

    @property
    def title(self) -> str:
        """Kind of the layer for people."""
        return layer_title(self.tensors)


@dataclass
class ParsedKeys:
    """The names of an adapter file, sorted out."""

    layers: dict[str, LayerTensors] = field(default_factory=dict[str, LayerTensors])
    """By canonical module name, in file order; only layers of a kind that is known."""
    other_kinds: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Kind of adapter that cannot be applied (`VeRA` …) to the module names that have it."""
    unknown: list[str] = field(default_factory=list[str])
    """Tensor names that belong to no convention."""
    conventions: set[Convention] = field(default_factory=set[Convention])


def parse_keys(names: Iterable[str]) -> ParsedKeys:
    """Sort the tensor names of a file into layers, other kinds of adapter, and the unknown.

    Nothing is left out: every name is found again in one of the three.
    """
    parsed = ParsedKeys()
    names = list(names)
    plain = _layers_with_a_plain_weight(names)
    for name in names:
        kind = _match_kind(name)
        if kind is not None:
            module = name[: name.rindex(".")]
            parsed.other_kinds.setdefault(kind, []).append(module)
            continue
        match = _match_suffix(name, plain)
        if match is None:
            parsed.unknown.append(name)
            continue
        module, suffix, convention = match
        layer = parsed.layers.setdefault(canonical_module(module), LayerTensors(module))
        if suffix in layer.tensors:
            parsed.unknown.append(name)
            continue
        layer.tensors[suffix] = name
        if module.startswith(_LYCORIS_PREFIX):
            parsed.conventions.add("lycoris")
        elif convention is not None:
            parsed.conventions.add(convention)
        elif _KOHYA_PREFIX.match(module):
            parsed.conventions.add("kohya")
    for canonical, layer in list(parsed.layers.items()):
        if kind_of(layer.tensors) is None:
            parsed.unknown.extend(layer.tensors.values())
            del parsed.layers[canonical]
    return parsed


def canonical_module(module: str) -> str:
    """Return the kohya form of a module name; text encoder one becomes `lora_text_encoder_…`.

    A dotted diffusers name gives underscores in place of dots, so for SDXL the result names the
    diffusers layout while kohya files name the original one; a base knows its layers by both.
    """
    if module.startswith(_LYCORIS_PREFIX):
        return _from_lycoris(module.removeprefix(_LYCORIS_PREFIX))
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


def _from_lycoris(module: str) -> str:
    """Return the kohya form of a name of LyCORIS used alone: UNet and text encoder share it."""
    if module.startswith(tuple(root.replace(".", "_") for root in _UNET_ROOTS)):
        return f"lora_unet_{module}"
    for prefix, replacement in _DOTTED_PREFIXES:
        flat = prefix.replace(".", "_")
        if module.startswith(flat):
            return _TEXT_WITHOUT_ROOT.sub(r"\1text_model_", replacement + module.removeprefix(flat))
    return f"lora_text_encoder_{module}"


def _layers_with_a_plain_weight(names: Iterable[str]) -> frozenset[str]:
    """Return the modules whose `.weight` is a factor of (IA)³: those that have its marker."""
    return frozenset(name.removesuffix(".on_input") for name in names if name.endswith(".on_input"))


def _match_suffix(name: str, plain: frozenset[str]) -> tuple[str, str, Convention | None] | None:
    for pattern, suffix, convention in _SUFFIXES:
        match = pattern.search(name)
        if match:
            return name[: match.start()], suffix or match[1], convention
    module = name.removesuffix(".weight")
    return (module, "weight", None) if module in plain else None


def _match_kind(name: str) -> str | None:
    for pattern, kind in _OTHER_KINDS:
        if pattern.search(name):
            return kind
    return None
