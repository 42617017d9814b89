"""Making a fresh LoRA on a base, ready to be trained."""

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
    """Put fresh fp32 LoRA layers into a base and freeze everything else.

    The usual layers are the linear and 1x1 layers of the UNet's attention blocks and of the text
    encoders. With `conv_rank` come the residual blocks and the down and up samplers, where 3x3
    convolutions take `conv_rank` and the others `rank`, as in sd-scripts.

    The layers start as a no-op, and their numbers depend on `(seed, layer name)` alone.

    Args:
        base: Its loaded parts are frozen and wrapped in place.
        rank: Inner width, 1 or more.
        alpha: The update is scaled by `alpha / rank`.
        text_encoder_rank: None for `rank`.
        text_encoder_alpha: None for `text_encoder_rank` where that is given, else `alpha`.
        conv_rank: None leaves convolutions alone.
        conv_alpha: None for `conv_rank`.
        targets: Name patterns to keep, see `choose_targets`; empty for all.
        exclude: Name patterns to leave out.
        train_unet: Adapt the UNet.
        train_text_encoder: Adapt all text encoders.
        seed: Seed of the down factors.

    Returns:
        The attached set; `warnings` names patterns that matched nothing and ranks without sense.

    Raises:
        AdapterError: A rank is below 1, no layer is left, or the base has a set in training.
        BaseModelError: A part that is to be trained is not loaded.
    """
    if text_encoder_alpha is None:
        text_encoder_alpha = alpha if text_encoder_rank is None else float(text_encoder_rank)
    text_size = rank if text_encoder_rank is None else text_encoder_rank, text_encoder_alpha
    wide_rank = rank if conv_rank is None else conv_rank
    wide_size = wide_rank, float(wide_rank) if conv_alpha is None else conv_alpha
    for setting, size in (
        ("rank", rank),
        ("text_encoder_rank", text_size[0]),
        ("conv_rank", wide_rank),
    ):
        if size < 1:
            raise AdapterError(f"train.{setting} must be 1 or more, got {size}; 4 to 128 is usual")
    chosen, warnings = _choose(
        base,
        targets,
        exclude,
        train_unet=train_unet,
        train_text_encoder=train_text_encoder,
        convolutions=conv_rank is not None,
    )
    for module in base.modules().values():
        module.requires_grad_(False)
    placed: list[tuple[Target, LoRALayer]] = []
    for target in chosen:
        size = text_size if target.part != "unet" else wide_size if target.wide else (rank, alpha)
        layer = LoRALayer.initialised(
            target.module, target.name, rank=size[0], alpha=size[1], seed=seed
        )
        placed.append((target, layer))
    warnings.extend(_oversized(placed))
    adapter = AdapterSet(placed, title="the new adapter", trainable=True, warnings=warnings)
    adapter.attach()
    return adapter


def _choose(
    base: Base,
    include: Sequence[str],
    exclude: Sequence[str],
    *,
    train_unet: bool,
    train_text_encoder: bool,
    convolutions: bool,
) -> tuple[list[Target], list[str]]:
    """Return the layers to adapt and the warnings of their choice."""
    # A part that is to be trained and is not loaded raises here, not as "no layer left".
    if train_unet:
        _ = base.unet
    if train_text_encoder:
        _ = base.text_encoders

    def is_wanted(target: Target) -> bool:
        trained = train_unet if target.part == "unet" else train_text_encoder
        return trained and (
            target.group == "usual" or (convolutions and target.group == "convolution")
        )

    targets = [target for target in find_targets(base) if target.group != "other"]
    for target in targets:
        if any(layer.lora_down.requires_grad for layer in chain(target.module)):
            raise AdapterError(
                f"{base.title} already has an adapter in training (on {target.name})",
                hint="Call eject() on it first, or load the base again.",
            )
    return choose_targets(
        [target for target in targets if is_wanted(target)],
        include,
        exclude,
        elsewhere=[target for target in targets if not is_wanted(target)],
    )


def _oversized(placed: Sequence[tuple[Target, LoRALayer]]) -> list[str]:
    """Warn where the rank exceeds what the layer can hold: the rest is dead weight."""
    over = [
        (target, layer.rank)
        for target, layer in placed
        if layer.rank > min(layer.lora_down[0].numel(), target.shape.out_width)
    ]
    if not over:
        return []
    target, rank = over[0]
    return [
        f"rank {rank} is more than {len(over)} of {len(placed)} layers can use, for example "
        f"{target.name} ({target.shape}); a smaller rank learns the same with a smaller file"
    ]
