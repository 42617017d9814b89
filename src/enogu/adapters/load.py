"""Putting an adapter file on a base, whatever program wrote it."""

from dataclasses import dataclass
from pathlib import Path

from enogu.adapters.adapter_set import AdapterSet
from enogu.adapters.file import AdapterHeader, LayerNumbers, read_adapter_header, read_numbers
from enogu.adapters.keys import some_names
from enogu.adapters.kinds import DoesNotFit, read_update
from enogu.adapters.layers import AdapterLayer, module_device
from enogu.adapters.peft_alpha import read_peft_alphas
from enogu.adapters.targets import Target, find_targets
from enogu.errors import AdapterError
from enogu.families.base import Base

_PROBLEMS_SHOWN = 3
_PREDICTION_WORDS = {"epsilon": "epsilon", "v": "v_prediction", "v_prediction": "v_prediction"}


def load_adapter(base: Base, path: Path, weight: float = 1.0) -> AdapterSet:
    """Attach an adapter file to a base. Several may be attached, one after the other.

    Either all layers of the file take part or the file is refused; there is one exception, stated
    in the warnings: layers of a part (a text encoder) that the base was loaded without.

    Args:
        base: A base with the parts the adapter changes.
        path: An adapter of any kind in `KINDS`, in kohya's, LyCORIS', diffusers' or PEFT's naming.
        weight: Its strength; 1 is as trained, 0 off, negative the opposite.

    Returns:
        The attached set, not trainable; the factors keep the dtype of the file.

    Raises:
        AdapterError: Not an adapter, of a kind that cannot be applied, for another family, or
            with layers or shapes the base does not have.
    """
    read = read_placed(base, path, weight)
    adapter = AdapterSet(read.placed, title=path.stem, trainable=False, warnings=read.warnings)
    adapter.attach()
    return adapter


@dataclass(frozen=True, kw_only=True)
class PlacedLayers:
    """The layers of a file with their places in a base, not attached."""

    placed: list[tuple[Target, AdapterLayer]]
    warnings: list[str]


def read_placed(base: Base, path: Path, weight: float = 1.0) -> PlacedLayers:
    """Read an adapter file for a base, without attaching it; see `load_adapter`."""
    header = read_adapter_header(path)
    warnings = _unknown_tensors(header)
    numbers = read_layers(header)
    targets = {name: t for t in find_targets(base) for name in (*t.aliases, t.name)}
    absent, unknown, problems = 0, list[str](), list[str]()
    placed: dict[str, tuple[Target, AdapterLayer]] = {}
    for name, layer in numbers.items():
        target = targets.get(name)
        if target is None:
            if _is_of_absent_part(base, name):
                absent += 1
            else:
                unknown.append(header.keys.layers[name].module)
            continue
        made = _make_layer(target, layer, weight)
        if isinstance(made, str):
            problems.append(made)
        elif target.name in placed:
            problems.append(f"{target.name} occurs twice under two names")
        else:
            placed[target.name] = target, made
    if unknown or problems:
        raise _does_not_fit(base, header, len(numbers), unknown, problems)
    if absent:
        warnings.append(
            f"{absent} of {len(numbers)} layers have no effect: "
            f"that part of {base.title} is not loaded"
        )
    warnings.extend(_prediction_warning(base, header))
    return PlacedLayers(placed=list(placed.values()), warnings=warnings)


def read_layers(header: AdapterHeader) -> dict[str, LayerNumbers]:
    """Read the tensors of all layers, with the alphas that the file states elsewhere.

    Raises:
        AdapterError: A kind that cannot be applied, or broken tensors.
    """
    _refuse_other_kinds(header)
    stated = read_peft_alphas(header.path, header.metadata)
    filled: dict[str, LayerNumbers] = {}
    for name, layer in read_numbers(header).items():
        alpha, down = layer.alpha, layer.tensors.get("lora_down.weight")
        if alpha is None and down is not None:
            alpha = stated.alpha(header.keys.layers[name].module, down.shape[0])
        filled[name] = LayerNumbers(tensors=layer.tensors, alpha=alpha)
    return filled


def _make_layer(target: Target, numbers: LayerNumbers, weight: float) -> AdapterLayer | str:
    """Return the layer, or a description of why its tensors do not fit."""
    device = module_device(target.module)
    tensors = {suffix: tensor.to(device) for suffix, tensor in numbers.tensors.items()}
    try:
        update = read_update(tensors, target.shape, numbers.alpha)
    except DoesNotFit as error:
        return f"{target.name} is {target.shape} here, but the file has {error}"
    return AdapterLayer(target.module, target.name, update, multiplier=weight)


def _is_of_absent_part(base: Base, name: str) -> bool:
    """Whether a layer belongs to a part the family has and this base was loaded without."""
    if name.startswith("lora_unet_"):
        return not base.has("unet")
    prefixes = [encoder.kohya_prefix for encoder in base.spec.text_encoders]
    known = name.startswith(("lora_text_encoder_", *(f"{prefix}_" for prefix in prefixes)))
    return known and not base.has("text_encoders")


def _refuse_other_kinds(header: AdapterHeader) -> None:
    kinds = header.keys.other_kinds
    if kinds:
        counts = ", ".join(
            f"{kind} ({len(set(modules))} layers)" for kind, modules in kinds.items()
        )
        raise AdapterError(
            f"{header.path} holds {counts}, which cannot be applied",
            hint="Export it as LoRA with the program that made it.",
        )


def _unknown_tensors(header: AdapterHeader) -> list[str]:
    """Return a warning for unknown tensors that cannot matter; refuse those that could.

    Raises:
        AdapterError: Tensors of no known convention that are more than a marker.
    """
    names = header.keys.unknown
    harmless = [
        name
        for name in names
        if name.startswith("bundle_emb.") or header.file.tensors[name].num_elements <= 1
    ]
    serious = [name for name in names if name not in harmless]
    if serious:
        raise AdapterError(
            f"{header.path}: {len(serious)} of {len(header.file.tensors)} tensors belong to no "
            f"known kind of adapter: {some_names(serious)}",
            hint="Leaving them out would change what the file does. "
            "Export it as plain LoRA with the program that made it.",
        )
    if not harmless:
        return []
    return [f"{len(harmless)} tensors are not used: {some_names(harmless)}"]


def _prediction_warning(base: Base, header: AdapterHeader) -> list[str]:
    stated = header.metadata.get("modelspec.prediction_type", "")
    prediction = _PREDICTION_WORDS.get(stated)
    if prediction is None or prediction == base.prediction:
        return []
    return [
        f"it was trained with {prediction} prediction, the base {base.title} predicts "
        f"{base.prediction}; the effect may be weak or odd"
    ]


def _does_not_fit(
    base: Base, header: AdapterHeader, total: int, unknown: list[str], problems: list[str]
) -> AdapterError:
    lines: list[str] = []
    if unknown:
        lines.append(
            f"{len(unknown)} of {total} layers are not in this base: {some_names(unknown)}"
        )
    if problems:
        lines.append(
            f"{len(problems)} of {total} layers have other sizes: "
            + "; ".join(problems[:_PROBLEMS_SHOWN])
        )
    origin = header.origin
    if origin.family == base.spec.name:
        hint = (
            "It was made for a base of the same family with other sizes, or for a changed one. "
            "Draw with that base: --base BASE"
        )
    else:
        hint = f"Draw with a base of its own kind ({origin.title}): --base BASE"
    return AdapterError(
        f"{header.path} is for {origin.title} ({origin.reason}) and does not fit the base "
        f"{base.title} ({base.spec.title}): " + ". ".join(lines),
        hint=hint,
    )
