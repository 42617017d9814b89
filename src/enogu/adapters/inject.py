"""Putting a fresh LoRA on a base."""

from collections.abc import Sequence

from enogu.adapters.adapter_set import AdapterSet
from enogu.adapters.layers import LoRALayer, chain
from enogu.adapters.targets import Target, choose_targets, find_targets
from enogu.errors import AdapterError
from enogu.families.base import Base


def inject_lora(
    base: Base,
    *,
    rank: int,
    alpha: float,
    text_encoder_rank: int | None = None,
    text_encoder_alpha: float | None = None,
    conv_rank: int | None = None,
    conv_alpha: float | None = None,
    targets: Sequence[str] = (),
    exclude: Sequence[str] = (),
    train_unet: bool = True,
    train_text_encoder: bool = False,
    seed: int = 0,
) -> AdapterSet:
    """Attach a new trainable LoRA. The base answers as before until it is trained.

    By default the linear layers and 1x1 convolutions of the UNet's attention blocks are adapted,
    and attention and MLP of the text encoders when they are trained: the layers sd-scripts adapts.

    Args:
        base: A frozen base with the parts that are trained.
        rank: Inner width in the UNet, 1 or more.
        alpha: The UNet's branches are scaled by ``alpha / rank``.
        text_encoder_rank: Inner width in the text encoders; None is `rank`.
        text_encoder_alpha: Alpha in the text encoders; None is `alpha`.
        conv_rank: Also adapt the UNet's residual and resampling blocks, with this rank in the
            3x3 convolutions; None leaves them alone.
        conv_alpha: Alpha of the 3x3 convolutions; None is `conv_rank`.
        targets: Patterns of layers to adapt (see :func:`~enogu.adapters.targets.choose_targets`).
        exclude: Patterns of layers to leave alone.
        train_unet: Adapt the UNet.
        train_text_encoder: Adapt the text encoders.
        seed: Of the down factors.

    Raises:
        AdapterError: The base has a trainable adapter already, a rank is below 1, or no layer is
            left.
    """
    candidates = [
        target
        for target in find_targets(base)
        if _is_wanted(target, train_unet, train_text_encoder, conv_rank is not None)
    ]
    if any(isinstance(t.module, LoRALayer) and _is_trainable(t.module) for t in candidates):
        raise AdapterError(
            f"{base.title} carries a trainable adapter already",
            hint="Take it out first with its eject().",
        )
    chosen, warnings = choose_targets(candidates, targets, exclude)
    placed: list[tuple[Target, LoRALayer]] = []
    for target in chosen:
        if target.part != "unet":
            layer_rank = text_encoder_rank or rank
            layer_alpha = alpha if text_encoder_alpha is None else text_encoder_alpha
        elif target.wide:
            layer_rank = conv_rank or rank
            layer_alpha = float(layer_rank) if conv_alpha is None else conv_alpha
        else:
            layer_rank, layer_alpha = rank, alpha
        layer = LoRALayer.initialised(
            target.module, target.name, rank=layer_rank, alpha=layer_alpha, seed=seed
        )
        placed.append((target, layer))
    adapter = AdapterSet(placed, title="new LoRA", trainable=True, warnings=warnings)
    adapter.attach()
    return adapter


def _is_trainable(module: LoRALayer) -> bool:
    return any(layer.lora_down.requires_grad for layer in chain(module))


def _is_wanted(target: Target, unet: bool, text_encoder: bool, convolutions: bool) -> bool:
    if target.group == "other" or not (unet if target.part == "unet" else text_encoder):
        return False
    return target.group == "usual" or convolutions
