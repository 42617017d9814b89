"""LoRA on one layer: a frozen linear or convolution plus a trained low-rank branch."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from enogu.adapters.low_rank import ConvBranch, ConvGeometry, LinearBranch, Pair
from enogu.errors import AdapterError


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """What an adapter must know of the layer it wraps. It never looks at the weights."""

    kind: Literal["linear", "conv"]
    in_width: int
    """Input features or channels."""
    out_width: int
    """Output features or channels."""
    geometry: ConvGeometry = field(default_factory=ConvGeometry)

    def down_shape(self, rank: int) -> tuple[int, ...]:
        """Return the shape of the down factor: [R, I], or [R, I, kh, kw] for a convolution."""
        if self.kind == "linear":
            return (rank, self.in_width)
        return (rank, self.in_width, *self.geometry.kernel)

    def up_shape(self, rank: int) -> tuple[int, ...]:
        """Return the shape of the up factor: [O, R], or [O, R, 1, 1] for a convolution."""
        if self.kind == "linear":
            return (self.out_width, rank)
        return (self.out_width, rank, 1, 1)

    def __str__(self) -> str:
        kind = "linear"
        if self.kind == "conv":
            kind = "convolution {}x{}".format(*self.geometry.kernel)
        return f"{kind} {self.in_width} → {self.out_width}"


def layer_shape(module: nn.Module) -> LayerShape | None:
    """Describe a layer that LoRA can wrap, or return None for any other module.

    A layer counts by its attributes (`in_features`, or `in_channels` with `kernel_size`), not by
    its class, so that replacements of `nn.Linear` and `nn.Conv2d` are adapted too.
    """
    if isinstance(module, LoRALayer):
        return module.shape
    in_features = getattr(module, "in_features", None)
    out_features = getattr(module, "out_features", None)
    if isinstance(in_features, int) and isinstance(out_features, int):
        return LayerShape(kind="linear", in_width=in_features, out_width=out_features)
    in_channels = getattr(module, "in_channels", None)
    out_channels = getattr(module, "out_channels", None)
    kernel = _pair(getattr(module, "kernel_size", None))
    padding = _pair(getattr(module, "padding", None))
    if not (isinstance(in_channels, int) and isinstance(out_channels, int) and kernel and padding):
        return None
    if getattr(module, "groups", 1) != 1:
        return None
    geometry = ConvGeometry(
        kernel=kernel,
        padding=padding,
        stride=_pair(getattr(module, "stride", 1)) or (1, 1),
        dilation=_pair(getattr(module, "dilation", 1)) or (1, 1),
    )
    return LayerShape(kind="conv", in_width=in_channels, out_width=out_channels, geometry=geometry)


class LoRALayer(nn.Module):
    """`base(x) + multiplier * (alpha / rank) * up(down(x))`.

    The branch computes in the dtype of `x`; its own parameters keep the dtype they were made with
    (fp32 for training) through every later `.to(...)`. The sum is written into the output of
    `base`, so `base` must return a tensor that nothing else keeps, as linear and convolution
    layers do. Layers nest: `base` may be another LoRALayer, which is how adapters stack.

    Args:
        base: The layer to wrap, kept as it is and never read except by calling it.
        name: The kohya module name, for messages.
        down: Shape `LayerShape.down_shape(rank)`.
        up: Shape `LayerShape.up_shape(rank)`.
        alpha: The branch is scaled by `alpha / rank`.
        multiplier: Strength of this adapter; 0 leaves the base alone.

    Raises:
        AdapterError: The module is not a linear or (ungrouped) convolution layer, or the factors
            do not fit it.
    """

    def __init__(
        self,
        base: nn.Module,
        name: str,
        *,
        down: Tensor,
        up: Tensor,
        alpha: float,
        multiplier: float = 1.0,
    ) -> None:
        super().__init__()
        shape = layer_shape(base)
        if shape is None:
            raise AdapterError(
                f"{name}: LoRA wraps linear and ungrouped convolution layers, "
                f"got {type(base).__name__}"
            )
        rank = down.shape[0]
        expected = shape.down_shape(rank), shape.up_shape(rank)
        if (tuple(down.shape), tuple(up.shape)) != expected:
            raise AdapterError(
                f"{name}: down {tuple(down.shape)} and up {tuple(up.shape)} do not fit this layer; "
                f"at rank {rank} they must be {expected[0]} and {expected[1]}"
            )
        self.base = base
        self.name = name
        self.shape = shape
        self.alpha = float(alpha)
        self.multiplier = float(multiplier)
        self.enabled = True
        self.lora_down = nn.Parameter(down)
        self.lora_up = nn.Parameter(up)

    @classmethod
    def initialised(
        cls, base: nn.Module, name: str, *, rank: int, alpha: float, seed: int
    ) -> "LoRALayer":
        """Wrap `base` with fresh fp32 factors: down Kaiming-uniform (a = √5), up zero.

        The numbers depend on `(seed, name)` alone, so neither the order of layers nor the choice
        of other layers changes them. They are drawn on the CPU and moved to the base's device.

        Raises:
            AdapterError: `rank` is below 1, or the module cannot be wrapped.
        """
        shape = layer_shape(base)
        if shape is None or rank < 1:
            raise AdapterError(
                f"{name}: cannot put LoRA of rank {rank} on {type(base).__name__}; "
                "rank must be 1 or more and the module a linear or ungrouped convolution layer"
            )
        down = torch.empty(shape.down_shape(rank), dtype=torch.float32)
        # Kaiming-uniform with a = √5 is uniform in ±1/√fan_in.
        bound = (shape.in_width * shape.geometry.kernel[0] * shape.geometry.kernel[1]) ** -0.5
        down.uniform_(-bound, bound, generator=_named_generator(seed, name))
        up = torch.zeros(shape.up_shape(rank), dtype=torch.float32)
        device = module_device(base)
        return cls(base, name, down=down.to(device), up=up.to(device), alpha=alpha)

    @property
    def rank(self) -> int:
        """The inner width."""
        return self.lora_down.shape[0]

    @property
    def scale(self) -> float:
        """`alpha / rank`."""
        return self.alpha / self.rank

    def forward(self, x: Tensor) -> Tensor:
        """Return the adapted output for `x`: [..., I] for linear, [B, I, H, W] for convolution."""
        strength = self.multiplier * self.scale
        if not self.enabled or strength == 0.0:
            return self.base(x)
        if self.shape.kind == "conv":
            y = self.base(x)
            geometry = self.shape.geometry
            return ConvBranch.apply(
                y, x, self.lora_down, self.lora_up, strength, geometry, _is_own(y)
            )
        # Two dimensions, because a three-dimensional linear returns a view of its result and
        # autograd copies the whole gradient for a sum written into a view.
        x_NI = x.reshape(-1, self.shape.in_width)
        y_NO = self.base(x_NI)
        y_NO = LinearBranch.apply(y_NO, x_NI, self.lora_down, self.lora_up, strength, _is_own(y_NO))
        return y_NO.reshape(*x.shape[:-1], self.shape.out_width)

    def extra_repr(self) -> str:
        """Describe the branch in `print(model)`."""
        return f"rank={self.rank}, alpha={self.alpha:g}, multiplier={self.multiplier:g}"

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "LoRALayer":
        """Move the base by `fn`; move the branch to the same device but keep its dtype."""
        if recurse:
            self.base._apply(fn)

        def keep_dtype(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        super()._apply(keep_dtype, recurse=False)
        return self


def chain(module: nn.Module) -> Iterator[LoRALayer]:
    """Yield the LoRA layers that wrap one another, outermost first; none for a plain layer."""
    while isinstance(module, LoRALayer):
        yield module
        module = module.base


def innermost(module: nn.Module) -> nn.Module:
    """Return the layer of the base below all LoRA layers."""
    for layer in chain(module):
        module = layer.base
    return module


def module_device(module: nn.Module) -> torch.device:
    """Return the device of the module's first parameter or buffer; CPU when it has none."""
    for tensor in (*module.parameters(), *module.buffers()):
        return tensor.device
    return torch.device("cpu")


def _is_own(output: Tensor) -> bool:
    """Whether `output` is a tensor of its own, not a view into another."""
    return output._base is None  # pyright: ignore[reportPrivateUsage]


def _named_generator(seed: int, name: str) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _pair(value: object) -> Pair | None:
    """Read a kernel size, stride or padding that may stand as one number; None if it is neither."""
    if isinstance(value, int):
        return (value, value)
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(n, int) for n in value):
        return (value[0], value[1])
    return None
