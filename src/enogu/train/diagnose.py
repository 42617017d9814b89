"""Where NaN or Inf came from."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from enogu.config import LossConfig
from enogu.errors import NonFiniteError
from enogu.families.base import Base
from enogu.families.text import TextFeatures
from enogu.train.base_answers import BaseAnswers
from enogu.train.batch import Batch
from enogu.train.loss import compute_loss, first_non_finite


def first_non_finite_module(
    base: Base,
    batch: Batch,
    features: TextFeatures,
    settings: LossConfig,
    answers: BaseAnswers | None = None,
) -> str:
    """Run the forward pass again and return the first layer whose output is not finite.

    Returns:
        The layer's dotted name, or a phrase that says the inputs or the loss itself are at fault.
    """
    inputs = {"the cached latents": batch.latents, "the text features": features.prompt_embeds}
    if (name := first_non_finite(inputs)) is not None:
        return name
    found: list[str] = []

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def check(module: nn.Module, inputs: object, output: object) -> None:
            if not found and any(not bool(torch.isfinite(t).all()) for t in _tensors(output)):
                found.append(name)

        return modules[name].register_forward_hook(check)

    modules = {
        f"unet.{name}": module
        for name, module in base.unet.named_modules()
        if not any(True for _ in module.children())
    }
    handles = [watch(name) for name in modules]
    try:
        with torch.no_grad():
            compute_loss(base, batch, features, settings, answers)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else "the loss (every layer was finite)"


def first_non_finite_gradient(parameters: Iterable[tuple[str, nn.Parameter]]) -> str:
    """Return the name of the first parameter whose gradient is not finite."""
    gradients = {name: value.grad for name, value in parameters if value.grad is not None}
    return first_non_finite(gradients) or "the norm of all gradients together"


def non_finite_error(step: int, batch: Batch, what: str, where: str) -> NonFiniteError:
    """Return the error that stops a run.

    Args:
        step: Step that failed, counted from 1.
        batch: Its pictures.
        what: ``loss`` or ``gradient``.
        where: The first layer that was not finite.
    """
    names = ", ".join(str(item.record.relative) for item in batch.items)
    levels = ", ".join(str(int(value)) for value in batch.timesteps)
    return NonFiniteError(
        f"step {step}: the {what} is not a finite number. First in: {where}. "
        f"Pictures: {names}. Timesteps: {levels}.",
        hint="The last saved state is kept. What helps, in this order:\n"
        "  lower the learning rate by half: --set train.learning_rate=…\n"
        "  compute the base in fp32: --set machine.precision=fp32\n"
        "  look at the pictures named above: is one of them broken or blank?",
    )


def _tensors(output: object) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output] if output.is_floating_point() else []
    if isinstance(output, (tuple, list)):
        return [tensor for part in output for tensor in _tensors(part)]
    return []
