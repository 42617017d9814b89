"""One adapted layer: the layer of the base, and what the adapter adds to it."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.update import Update
from enogu.adapters.shapes import LayerShape, module_shape
from enogu.adapters.step_noise import StepNoise
from enogu.errors import AdapterError


class AdapterLayer(nn.Module):
    """A layer of the base with the update of one adapter on it.

    The update computes in the dtype of its input; its own parameters keep the dtype they were
    made with (fp32 for training) through every later `.to(...)`. It may write into the output of
    `base`, so `base` must return a tensor that nothing else keeps, as linear and convolution
    layers do. Layers nest: `base` may be another AdapterLayer, which is how adapters stack.

    Args:
        base: The layer to wrap, kept as it is.
        name: The kohya module name, for messages.
        update: What is added, made for a layer of this shape.
        multiplier: Strength of this adapter; 0 leaves the base alone.

    Raises:
        AdapterError: The module is no layer that can be adapted, or of another shape.
    """

    def __init__(
        self, base: nn.Module, name: str, update: Update, *, multiplier: float = 1.0
    ) -> None:
        super().__init__()
        shape = layer_shape(base)
        if shape is None:
            raise AdapterError(
                f"{name}: an adapter wraps linear, normalisation and ungrouped convolution "
                f"layers, got {type(base).__name__}"
            )
        if shape != update.shape:
            raise AdapterError(f"{name}: the update is for {update.shape}, the layer is {shape}")
        self.base = base
        self.name = name
        self.update = update
        self.multiplier = float(multiplier)
        self.enabled = True
        self.noise: StepNoise | None = None
        """What is left out while training; None for nothing, which costs nothing."""

    @property
    def shape(self) -> LayerShape:
        """Sizes of the wrapped layer."""
        return self.update.shape

    def forward(self, x: Tensor) -> Tensor:
        """Return the adapted output for `x`: [..., I] for linear, [B, I, H, W] for convolution."""
        if not self.enabled or self.multiplier == 0.0:
            return self.base(x)
        if self.noise is None or not self.noise.active:
            return self.update.adapt(self.base, x, self.multiplier)
        if self.noise.skips(self.name):
            return self.base(x)
        return self.update.adapt_noisily(self.base, x, self.multiplier, self.noise, self.name)

    def extra_repr(self) -> str:
        """Describe the adapter in `print(model)`."""
        return f"{self.name}, multiplier={self.multiplier:g}"

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "AdapterLayer":
        """Move the base by `fn`; move the update to the same device but keep its dtype."""
        if recurse:
            self.base._apply(fn)

        def keep_dtype(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        self.update._apply(keep_dtype)
        return self


def layer_shape(module: nn.Module) -> LayerShape | None:
    """Describe a layer that an adapter can wrap, wrapped already or not; None for others."""
    return module.shape if isinstance(module, AdapterLayer) else module_shape(module)


def chain(module: nn.Module) -> Iterator[AdapterLayer]:
    """Yield the adapter layers that wrap one another, outermost first; none for a plain layer."""
    while isinstance(module, AdapterLayer):
        yield module
        module = module.base


def innermost(module: nn.Module) -> nn.Module:
    """Return the layer of the base below all adapter layers."""
    while isinstance(module, AdapterLayer):
        module = module.base
    return module


def module_device(module: nn.Module) -> torch.device:
    """Return the device of the module's first parameter or buffer; CPU when it has none."""
    for tensor in (*module.parameters(), *module.buffers()):
        return tensor.device
    return torch.device("cpu")
