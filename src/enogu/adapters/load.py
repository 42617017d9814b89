"""Putting an adapter file on a base, whatever program wrote it."""

from pathlib import Path

from enogu.adapters.adapter_set import AdapterSet, fit_factor
from enogu.adapters.file import AdapterHeader, Factors, read_adapter_header, read_factors
from enogu.adapters.keys import some_names
from enogu.adapters.layers import LoRALayer, module_device
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
        path: A LoRA or LoCon in kohya's, diffusers' or PEFT's naming.
        weight: Its strength; 1 is as trained, 0 off, negative the opposite.

    Returns:
        The attached set, not trainable; the factors keep the dtype of the file.

    Raises:
        AdapterError: Not an adapter, of a kind that cannot be applied, for another family, or
            with layers or shapes the base does not have.
    """
    header = read_adapter_header(path)
    _refuse_other_kinds(header)
    warnings = _unknown_tensors(header)
    factors = _with_alphas(header, read_factors(header))
    targets = {name: t for t in find_targets(base) for name in (*t.aliases, t.name)}
    absent, unknown, problems = 0, list[str](), list[str]()
    placed: dict[str, tuple[Target, LoRALayer]] = {}
    for name, layer in factors.items():
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
        raise _does_not_fit(base, header, len(factors), unknown, problems)
    if absent:
        warnings.append(
            f"{absent} of {len(factors)} layers have no effect: "
            f"that part of {base.title} is not loaded"
        )
    warnings.extend(_prediction_warning(base, header))
    adapter = AdapterSet(list(placed.values()), title=path.stem, trainable=False, warnings=warnings)
    adapter.attach()
    return adapter


def _with_alphas(header: AdapterHeader, factors: dict[str, Factors]) -> dict[str, Factors]:
    """Fill in alphas that the file states elsewhere than beside the factors; else the rank."""
    stated = read_peft_alphas(header.path, header.metadata)
    filled: dict[str, Factors] = {}
    for name, layer in factors.items():
        rank = layer.down.shape[0]
        alpha = layer.alpha
        if alpha is None:
            alpha = stated.alpha(header.keys.layers[name].module, rank)
        filled[name] = Factors(
            down=layer.down, up=layer.up, alpha=float(rank) if alpha is None else alpha
        )
    return filled


def _make_layer(target: Target, factors: Factors, weight: float) -> LoRALayer | str:
    """Return the layer, or a description of why its factors do not fit."""
    rank = factors.down.shape[0]
    down = fit_factor(factors.down, target.shape.down_shape(rank))
    up = fit_factor(factors.up, target.shape.up_shape(rank))
    if down is None or up is None:
        return (
            f"{target.name} is {target.shape} here, but the file has down "
            f"{tuple(factors.down.shape)} and up {tuple(factors.up.shape)}"
        )
    device = module_device(target.module)
    return LoRALayer(
        target.module,
        target.name,
        down=down.to(device),
        up=up.to(device),
        alpha=float(rank) if factors.alpha is None else factors.alpha,
        multiplier=weight,
    )


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
            f"{header.path} holds {counts}; this version applies LoRA and LoCon only",
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
        hint = "It was made for a base of the same family with other sizes, or for a changed one."
    else:
        hint = f"Draw with a base of its own kind ({origin.title}): --base BASE"
    return AdapterError(
        f"{header.path} is for {origin.title} ({origin.reason}) and does not fit the base "
        f"{base.title} ({base.spec.title}): " + ". ".join(lines),
        hint=hint,
    )
