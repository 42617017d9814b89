"""Frozen layers whose weight is kept in fewer bytes, or elsewhere, and made whole for each use.

Two ways to hold less on the device, which can be joined:

- a short format: every row of the weight (one output channel) is divided by its largest absolute
  value and rounded, to int8 (round to nearest of 255 levels, as in LLM.int8, arXiv:2208.07339,
  without its outliers) or to the float format e4m3 (arXiv:2209.05433);
- another home: the weight waits in main memory and is copied to the device of the input for each
  use, forward and backward. The arithmetic is that of the plain layer, bit for bit.

Nothing is saved for the way back: the data gradient needs the weight alone, which is fetched again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, linear
from torch.nn.grad import conv2d_input

from enogu.frozen.layers import own_parameters, unsuitable

BaseFormat = Literal["full", "int8", "fp8"]
"""How the weights of the frozen base are held."""

SMALLEST = 4096
"""Weights of fewer numbers stay as they are: holding them shorter gains nothing."""

_LEVELS = {"int8": (torch.int8, 127.0), "fp8": (torch.float8_e4m3fn, 448.0)}
"""torch type of a short format and its largest value."""


class StoredWeight:
    """One frozen weight, kept short or elsewhere.

    Args:
        weight: The weight, [O, ...]; its dtype is what `dense` returns.
        form: ``full``, ``int8`` or ``fp8``.
        waits: Whether it waits where `weight` is now, whatever device its layer moves to.
    """

    def __init__(self, weight: Tensor, form: BaseFormat, *, waits: bool) -> None:
        self.dtype = weight.dtype
        self.numel = weight.numel()
        self.waits = waits
        self.scale: Tensor | None = None
        if form == "full":
            self.kept = weight
            return
        kind, largest = _LEVELS[form]
        axes = tuple(range(1, weight.ndim))
        # The scale is rounded before it is used, so that a whole row is not shifted by it, and up,
        # so that the largest value is not cut.
        top = weight.abs().amax(axes, keepdim=True).float()
        numbers = torch.finfo(weight.dtype)
        scale = (top / largest).to(weight.dtype).clamp_min(numbers.tiny)
        above = (scale.float() * (1 + numbers.eps)).to(weight.dtype)
        self.scale = torch.where(scale.float() * largest < top, above, scale)
        levels = (weight.float() / self.scale.float()).clamp(-largest, largest)
        self.kept = (levels.round() if form == "int8" else levels).to(kind)

    @property
    def nbytes(self) -> int:
        """Bytes held, wherever they are."""
        return sum(t.numel() * t.element_size() for t in (self.kept, self.scale) if t is not None)

    def dense(self, device: torch.device) -> Tensor:
        """Return the whole weight on `device`, in its own dtype."""
        kept = self.kept.to(device, non_blocking=True)
        if self.scale is None:
            return kept
        return kept.to(self.dtype) * self.scale.to(device, non_blocking=True)

    def pin(self) -> None:
        """Lock the bytes in main memory, from which a GPU copies them faster."""
        self.kept = self.kept.pin_memory()
        self.scale = None if self.scale is None else self.scale.pin_memory()

    def move(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Follow the layer to another device, unless the weight waits; the formats stay."""
        if self.waits:
            return
        device = fn(torch.empty(0, dtype=self.dtype, device=self.kept.device)).device
        self.kept = self.kept.to(device)
        self.scale = None if self.scale is None else self.scale.to(device)


class _StoredLayer(nn.Module):
    """What both layers share. A layer becomes stored by changing its class, as packed ones do."""

    stored: StoredWeight

    @property
    def weight(self) -> Tensor:
        """The whole weight, where it is kept; for a short format with its rounding."""
        return self.stored.dense(self.stored.kept.device)

    def fetch(self, like: Tensor) -> Tensor:
        """Return the whole weight on the device of `like`."""
        return self.stored.dense(like.device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "_StoredLayer":
        super()._apply(fn, recurse)
        self.stored.move(fn)
        return self

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        destination[prefix + "weight"] = self.weight
        super()._save_to_state_dict(destination, prefix, keep_vars)


class StoredLinear(_StoredLayer, nn.Linear):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A frozen `nn.Linear` whose weight is stored."""

    def forward(self, input: Tensor) -> Tensor:
        """Return [..., O] for [..., I]."""
        return cast(Tensor, _LinearFunction.apply(input, self))


class StoredConv2d(_StoredLayer, nn.Conv2d):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A frozen `nn.Conv2d` whose weight is stored."""

    def forward(self, input: Tensor) -> Tensor:
        """Return [B, O, H', W'] for [B, I, H, W]."""
        return cast(Tensor, _ConvFunction.apply(input, self))


class _LinearFunction(torch.autograd.Function):
    """The linear layer for autograd."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: StoredLinear) -> Tensor:  # noqa: ANN401
        """Return the output."""
        ctx.layer = layer
        return linear(x, layer.fetch(x), layer.bias)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad: Tensor,
    ) -> tuple[Tensor, None]:
        """Return the gradient of the input."""
        return grad @ ctx.layer.fetch(grad), None


class _ConvFunction(torch.autograd.Function):
    """The convolution for autograd."""

    @staticmethod
    def forward(ctx: Any, x_BIHW: Tensor, layer: StoredConv2d) -> Tensor:  # noqa: ANN401
        """Return the output."""
        ctx.layer = layer
        ctx.input_size = x_BIHW.shape
        return conv2d(x_BIHW, layer.fetch(x_BIHW), layer.bias, *_geometry(layer))

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad_BOHW: Tensor,
    ) -> tuple[Tensor, None]:
        """Return the gradient of the input."""
        layer = ctx.layer
        weight = layer.fetch(grad_BOHW)
        return conv2d_input(ctx.input_size, weight, grad_BOHW, *_geometry(layer)), None


def _geometry(layer: nn.Conv2d) -> tuple[Any, Any, Any]:
    return layer.stride, layer.padding, layer.dilation


@dataclass(frozen=True, kw_only=True)
class StoreReport:
    """What `store_frozen` did.

    Attributes:
        num_layers: Layers whose weight is stored now.
        num_waiting: Those among them whose weight waits in main memory.
        plain_bytes: What the stored weights took before.
        device_bytes: What they take on the device now.
        waiting_bytes: What they take in main memory now, where they wait.
        largest_bytes: The largest of them, whole: what is on the device for one use.
    """

    num_layers: int = 0
    num_waiting: int = 0
    plain_bytes: int = 0
    device_bytes: int = 0
    waiting_bytes: int = 0
    largest_bytes: int = 0


def store_frozen(
    module: nn.Module, *, form: BaseFormat = "full", waiting: float = 0.0, pin: bool = False
) -> StoreReport:
    """Hold the frozen linear and convolution weights in `module` with less memory on the device.

    Call it when the adapters are in and the weights are in main memory; then move the module to
    its device: weights that wait stay behind. Trained layers, and those whose weight an adapter
    reads in every step (DoRA), stay as they are.

    Args:
        module: Any model.
        form: Number format of the weights.
        waiting: Share 0..1 of the bytes that wait in main memory, the largest weights first.
        pin: Lock waiting weights in memory, for a CUDA device.
    """
    if form == "full" and not waiting:
        return StoreReport()
    layers = [layer for layer in module.modules() if _can_be_stored(layer)]
    layers.sort(key=lambda layer: -_weight(layer).numel())
    plain = [_weight(layer).numel() * _weight(layer).element_size() for layer in layers]
    budget = waiting * sum(plain)
    counts = {"layers": 0, "waiting": 0, "plain": 0, "device": 0, "elsewhere": 0, "largest": 0}
    moved = 0
    for layer, size in zip(layers, plain, strict=True):
        waits = moved < budget
        if form == "full" and not waits:
            break
        moved += size
        stored = StoredWeight(_weight(layer).detach(), form, waits=waits)
        if waits and pin:
            stored.pin()
        _become_stored(layer, stored)
        counts["layers"] += 1
        counts["waiting"] += waits
        counts["plain"] += size
        counts["elsewhere" if waits else "device"] += stored.nbytes
        counts["largest"] = max(counts["largest"], size)
    return StoreReport(
        num_layers=counts["layers"],
        num_waiting=counts["waiting"],
        plain_bytes=counts["plain"],
        device_bytes=counts["device"],
        waiting_bytes=counts["elsewhere"],
        largest_bytes=counts["largest"],
    )


def _can_be_stored(layer: nn.Module) -> bool:
    if type(layer) not in (nn.Linear, nn.Conv2d):
        return False
    weight = own_parameters(layer)["weight"]
    return weight is not None and weight.numel() >= SMALLEST and unsuitable(layer) is None


def _weight(layer: nn.Module) -> nn.Parameter:
    weight = own_parameters(layer)["weight"]
    assert weight is not None
    return weight


def _become_stored(layer: nn.Module, stored: StoredWeight) -> None:
    own_parameters(layer)["weight"] = None
    kind = StoredConv2d if isinstance(layer, nn.Conv2d) else StoredLinear
    layer.__class__ = kind  # pyright: ignore[reportAttributeAccessIssue]
    layer.__dict__["stored"] = stored
