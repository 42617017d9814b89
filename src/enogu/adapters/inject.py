"""Making a fresh adapter on a base, ready to be trained."""

from collections.abc import Sequence

from enogu.adapters.adapter_set import AdapterSet
from enogu.adapters.kinds import DoRA, fresh_update
from enogu.adapters.layers import AdapterLayer, chain, innermost, module_device
from enogu.adapters.spec import AdapterSpec, Size
from enogu.adapters.targets import Target, choose_targets, find_targets
from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.frozen import keep_plain


def inject_adapter(base: Base, spec: AdapterSpec) -> AdapterSet:
    """Put fresh fp32 layers into a base and freeze everything else.

    The usual layers are the linear and 1x1 layers of the UNet's attention blocks and of the text
    encoders. With `conv_rank` come the residual blocks and the down and up samplers, where 3x3
    convolutions take `conv_rank` and the others `rank`, as in sd-scripts.

    The layers start as a no-op, and their numbers depend on `(seed, layer name)` alone.

    Args:
        base: Its loaded parts are frozen and wrapped in place.
        spec: What is made.

    Returns:
        The attached set; `warnings` names patterns that matched nothing and ranks without sense.

    Raises:
        AdapterError: No layer is left, or the base has a set in training.
        BaseModelError: A part that is to be trained is not loaded.
    """
    chosen, warnings = choose_layers(base, spec)
    for module in base.modules().values():
        module.requires_grad_(False)
    placed: list[tuple[Target, AdapterLayer]] = []
    for target, size in chosen:
        placed.append((target, _fresh_layer(target, size, spec)))
    warnings.extend(_oversized(placed))
    adapter = AdapterSet(
        placed,
        title="the new adapter",
        trainable=True,
        warnings=warnings,
        rates={target.name: spec.rate(target) for target, _ in placed},
        noise=spec.noise,
    )
    adapter.attach()
    return adapter


def choose_layers(base: Base, spec: AdapterSpec) -> tuple[list[tuple[Target, Size]], list[str]]:
    """Return the layers to adapt with their sizes, and the warnings of their choice.

    Raises:
        AdapterError: No layer is left, or the base has a set in training.
        BaseModelError: A part that is to be trained is not loaded.
    """
    # A part that is to be trained and is not loaded raises here, not as "no layer left".
    if spec.train_unet:
        _ = base.unet
    if spec.train_text_encoder:
        _ = base.text_encoders

    def is_wanted(target: Target) -> bool:
        trained = spec.train_unet if target.part == "unet" else spec.train_text_encoder
        return trained and (
            target.group == "usual"
            or (spec.conv_rank is not None and target.group == "convolution")
        )

    targets = [target for target in find_targets(base) if target.group != "other"]
    refuse_second_training(base, targets)
    wanted, warnings = choose_targets(
        [target for target in targets if is_wanted(target)],
        spec.targets,
        spec.exclude,
        elsewhere=[target for target in targets if not is_wanted(target)],
    )
    sized = [(target, size) for target in wanted if (size := spec.size(target)) is not None]
    if not sized:
        raise AdapterError(
            f"no layer is left to adapt: the blocks' rates and ranks are 0 for all "
            f"{len(wanted)} layers that were chosen"
        )
    return sized, warnings


def refuse_second_training(base: Base, targets: Sequence[Target]) -> None:
    """Refuse a base that has an adapter in training already.

    Raises:
        AdapterError: It has.
    """
    for target in targets:
        for layer in chain(target.module):
            if any(factor.requires_grad for _, factor in layer.update.factors()):
                raise AdapterError(
                    f"{base.title} already has an adapter in training (on {target.name})",
                    hint="Call eject() on it first, or load the base again.",
                )


def _fresh_layer(target: Target, size: Size, spec: AdapterSpec) -> AdapterLayer:
    update = fresh_update(spec.kind, target.shape, target.name, spec.seed, spec.options(size))
    plain = innermost(target.module)
    if spec.decompose is not None:
        update = DoRA.around(update, spec.decompose, plain)
    if update.needs_weight:
        keep_plain(plain)
    update.to(module_device(target.module))
    return AdapterLayer(target.module, target.name, update)


def _oversized(placed: Sequence[tuple[Target, AdapterLayer]]) -> list[str]:
    """Warn where the rank exceeds what the layer can hold: the rest is dead weight."""
    over = [
        (target, layer.update.rank)
        for target, layer in placed
        if layer.update.kind in ("lora", "lora_mid", "dylora")
        and (layer.update.rank or 0) > min(target.shape.fan_in, target.shape.out_width)
    ]
    if not over:
        return []
    target, rank = over[0]
    return [
        f"rank {rank} is more than {len(over)} of {len(placed)} layers can use, for example "
        f"{target.name} ({target.shape}); a smaller rank learns the same with a smaller file"
    ]
