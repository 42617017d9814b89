"""One adapter on a base: its layers, its strength, its tensors, and its removal."""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from enogu.adapters.keys import some_names
from enogu.adapters.layers import LoRALayer, chain
from enogu.adapters.targets import Target
from enogu.errors import AdapterError

AdapterPart = Literal["unet", "text_encoder"]
"""`text_encoder` is all text encoders together."""


class AdapterSet:
    """The LoRA layers of one adapter, attached to a base.

    Several sets may be attached to one base: a later one wraps the layers of an earlier one, and
    each can be weighted, switched off and removed on its own, in any order.

    Args:
        placed: Where each layer belongs, in the order of the modules.
        title: Name for people and messages.
        trainable: Whether it was made to be trained; a base takes one such set at a time.
        warnings: What the person should know about how it was made.
    """

    def __init__(
        self,
        placed: Sequence[tuple[Target, LoRALayer]],
        *,
        title: str,
        trainable: bool,
        warnings: Sequence[str] = (),
    ) -> None:
        self._targets = {target.name: target for target, _ in placed}
        self.layers: dict[str, LoRALayer] = {target.name: layer for target, layer in placed}
        self.title = title
        self.trainable = trainable
        self.warnings: list[str] = list(warnings)
        for layer in self.layers.values():
            layer.lora_down.requires_grad_(trainable)
            layer.lora_up.requires_grad_(trainable)

    @property
    def attached(self) -> bool:
        """Whether the layers stand in the base."""
        return any(self._is_in_place(name) for name in self.layers)

    def attach(self) -> None:
        """Put the layers into the base. Attaching an attached set changes nothing."""
        for name, layer in self.layers.items():
            target = self._targets[name]
            if not self._is_in_place(name):
                layer.base = target.module
                target.place(layer)

    def eject(self) -> None:
        """Take the layers out; what they wrapped stands in the base again, the same objects.

        Sets that were attached later stay where they are. Ejecting twice changes nothing.
        """
        for name, layer in self.layers.items():
            target = self._targets[name]
            if target.module is layer:
                target.place(layer.base)
                continue
            for outer in chain(target.module):
                if outer.base is layer:
                    outer.base = layer.base
                    break

    def parameters(self, part: AdapterPart | None = None) -> list[nn.Parameter]:
        """Return the factors of a part, or all, each layer's down and then its up."""
        return [
            parameter
            for name, layer in self.layers.items()
            if part is None or (self._targets[name].part == "unet") == (part == "unet")
            for parameter in (layer.lora_down, layer.lora_up)
        ]

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield kohya key and factor, in the order of `parameters()`."""
        for name, layer in self.layers.items():
            yield f"{name}.lora_down.weight", layer.lora_down
            yield f"{name}.lora_up.weight", layer.lora_up

    def state_dict(self) -> dict[str, Tensor]:
        """Return the tensors under their kohya keys, in the shapes files have.

        Factors are views of the parameters in their own dtype; alphas are 0-dimensional fp32.
        """
        tensors: dict[str, Tensor] = {}
        for name, layer in self.layers.items():
            for role, parameter in (("lora_down", layer.lora_down), ("lora_up", layer.lora_up)):
                factor = parameter.detach()
                if self._targets[name].stored_as_convolution:
                    factor = factor[:, :, None, None]
                tensors[f"{name}.{role}.weight"] = factor
            tensors[f"{name}.alpha"] = torch.tensor(layer.alpha, dtype=torch.float32)
        return tensors

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Copy tensors made by `state_dict()` of an equal set into this one.

        Raises:
            AdapterError: Keys are missing or too many, or a shape differs; nothing is changed then.
        """
        own = self.state_dict()
        missing = [key for key in own if key not in tensors]
        extra = [key for key in tensors if key not in own]
        wrong = [
            f"{key} {tuple(tensors[key].shape)} in place of {tuple(own[key].shape)}"
            for key in own
            if key in tensors and tensors[key].shape != own[key].shape
        ]
        problems = [
            f"{len(keys)} {word}: {some_names(keys)}"
            for word, keys in (("missing", missing), ("not known", extra), ("misshapen", wrong))
            if keys
        ]
        if problems:
            raise AdapterError(
                f"these tensors do not belong to {self.title} ({len(own)} tensors): "
                + "; ".join(problems),
                hint="Rank, targets or the base differ from those it was saved with.",
            )
        with torch.no_grad():
            for name, layer in self.layers.items():
                down, up = (tensors[f"{name}.{role}.weight"] for role in ("lora_down", "lora_up"))
                layer.lora_down.copy_(down.reshape(layer.lora_down.shape))
                layer.lora_up.copy_(up.reshape(layer.lora_up.shape))
                layer.alpha = float(tensors[f"{name}.alpha"])

    def set_multiplier(self, multiplier: float) -> None:
        """Set the strength of the whole adapter; 1 is as trained, 0 leaves the base alone."""
        for layer in self.layers.values():
            layer.multiplier = float(multiplier)

    @contextlib.contextmanager
    def disabled(self) -> Generator[None]:
        """Switch the adapter off inside the block; the base answers bit for bit as without it."""
        before = {name: layer.enabled for name, layer in self.layers.items()}
        for layer in self.layers.values():
            layer.enabled = False
        try:
            yield
        finally:
            for name, layer in self.layers.items():
                layer.enabled = before[name]

    def _is_in_place(self, name: str) -> bool:
        layer = self.layers[name]
        return any(outer is layer for outer in chain(self._targets[name].module))


def fit_factor(factor: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Give a factor the shape a layer needs if only axes of length 1 differ; else None.

    Linear layers and 1x1 convolutions keep the same numbers in two and in four dimensions, and
    programs write either.
    """

    def squeezed(sizes: Sequence[int]) -> tuple[int, ...]:
        # The first two axes are width and rank, which may well be 1.
        return (*sizes[:2], *(size for size in sizes[2:] if size != 1))

    if len(factor.shape) < 2 or squeezed(factor.shape) != squeezed(shape):
        return None
    return factor.reshape(shape)
