"""Linear and convolution layers whose frozen weight is kept in oneDNN's own layout.

PyTorch lays a convolution weight out anew on every call, forward and backward. A weight that never
changes needs that once per direction. The plain weight is given up when the first layout exists,
and the second, for the data gradient, is made when a gradient first asks for it: layers below the
lowest trained one, and models that only draw, never pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from enogu.errors import EnoguError
from enogu.frozen.support import (
    ConvLayout,
    conv,
    conv_transposed,
    linear,
    pack_conv,
    pack_conv_transposed,
    pack_linear,
    packing_refusal,
)

_CHANNELS_LAST = torch.channels_last
_KEEP_PLAIN = "_enogu_keep_plain"


class _Packs:
    """The two layouts of one weight; None where not made yet."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.forward: Tensor | None = None
        self.backward: Tensor | None = None

    def drop(self) -> None:
        self.forward = None
        self.backward = None


class _PackedLayer(nn.Module):
    """What packed layers share: a weight that is either plain or packed, never both for long.

    A layer becomes packed by changing its class (`become_packed`), so that whoever holds the
    module keeps holding the right one. Reading `.weight` makes the weight plain again; the next
    call packs it. `state_dict`, `load_state_dict`, `.to(...)` and copies behave as before packing.
    On the meta device nothing is packed, but autograd keeps just what it would keep of packed
    layers, so that memory can be forecast.
    """

    plain_class: type[nn.Module]
    _packs: _Packs

    @property
    def weight(self) -> Tensor:
        """The plain weight; the packed layouts are given up until the next call."""
        self.make_plain()
        return cast(Tensor, self._parameters["weight"])

    def make_plain(self) -> None:
        """Bring back the plain weight, bit for bit, and free the packed layouts."""
        if self._parameters["weight"] is None:
            self._parameters["weight"] = nn.Parameter(self._dense(), requires_grad=False)
        self._packs.drop()

    def packed_nbytes(self) -> int:
        """Bytes held in packed layouts at this moment, padding left out."""
        packs = (self._packs.forward, self._packs.backward)
        return sum(pack.numel() * self._packs.dtype.itemsize for pack in packs if pack is not None)

    def ready(self, x: Tensor) -> bool:
        """Pack if needed, and say whether this call can use the packed weight.

        Raises:
            EnoguError: `x` is not of the dtype the layer was packed for.
        """
        plain = self._parameters["weight"]
        bias = self._parameters["bias"]
        if plain is None and bias is not None and bias.requires_grad:
            self.make_plain()
            return False
        if plain is not None:
            if plain.requires_grad or packing_refusal(plain.dtype, plain.device) is not None:
                return False
            self._packs = _Packs(plain.dtype)
        home = "meta" if plain is not None and plain.is_meta else "cpu"
        if x.dtype != self._packs.dtype or x.device.type != home:
            raise EnoguError(
                f"a layer packed for {self._packs.dtype} on {home} was given {x.dtype} on "
                f"{x.device}; cast the input, or call enogu.frozen.unpack first"
            )
        if plain is not None and not plain.is_meta:
            self._packs.forward = self._pack_forward(plain.detach(), x)
            self._parameters["weight"] = None
        return True

    def _pack_forward(self, weight: Tensor, x: Tensor) -> Tensor:
        raise TypeError(f"{type(self).__name__} does not say how to pack its weight")

    def _dense(self) -> Tensor:
        """Return a plain copy of a packed weight."""
        assert self._packs.forward is not None
        return self._packs.forward.to_dense()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> _PackedLayer:
        """Move or cast; a packed weight is touched only when something really changes."""
        if self._parameters["weight"] is None:
            probe = torch.empty(0, dtype=self._packs.dtype)
            moved = fn(probe)
            if (moved.dtype, moved.device) != (probe.dtype, probe.device):
                self.make_plain()
        super()._apply(fn, recurse)
        return self

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        if self._parameters["weight"] is None:
            destination[prefix + "weight"] = self._dense()
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        self.make_plain()
        super()._load_from_state_dict(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles carry the plain weight: a packed layout cannot leave its process."""
        state = self.__dict__.copy()
        if self._parameters["weight"] is None:
            weight = nn.Parameter(self._dense(), requires_grad=False)
            state["_parameters"] = {**self._parameters, "weight": weight}
            state["_packs"] = _Packs(self._packs.dtype)
        return state


class PackedLinear(_PackedLayer, nn.Linear):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A frozen `nn.Linear` with its weight packed for both directions.

    In bf16 both directions equal the plain layer bit for bit on the CPUs seen so far; in fp32 sums
    are taken in another order (relative error about 1e-6).
    """

    plain_class = nn.Linear

    def forward(self, input: Tensor) -> Tensor:
        """Return [..., O] for [..., I]."""
        if not self.ready(input):
            return nn.Linear.forward(self, input)
        if torch.is_grad_enabled() and input.requires_grad:
            return cast(Tensor, _LinearFunction.apply(input, self))
        return self.run(input)

    def run(self, x: Tensor) -> Tensor:
        """Compute the layer after `ready`, unseen by autograd."""
        if self._packs.forward is None:
            return nn.Linear.forward(self, x)
        return linear(x, self._packs.forward, self.bias)

    def run_backward(self, grad: Tensor) -> Tensor:
        """Return the gradient [..., I] for the gradient [..., O] of the output."""
        if self._packs.forward is None:
            return grad @ self.weight
        if self._packs.backward is None:
            self._packs.backward = pack_linear(self._dense().t().contiguous())
        return linear(grad, self._packs.backward, None)

    def _pack_forward(self, weight: Tensor, x: Tensor) -> Tensor:
        return pack_linear(weight.contiguous())


class PackedConv2d(_PackedLayer, nn.Conv2d):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A frozen `nn.Conv2d` with its weight packed for both directions.

    Works in channels-last and returns channels-last. Sums are taken in another order than in the
    plain layer: relative error about 1e-6 in fp32, one unit of the last place in bf16.
    """

    plain_class = nn.Conv2d
    layout: ConvLayout

    def forward(self, input: Tensor) -> Tensor:
        """Return [B, O, H', W'] for [B, I, H, W]."""
        if not self.ready(input):
            return nn.Conv2d.forward(self, input)
        if torch.is_grad_enabled() and input.requires_grad:
            return cast(Tensor, _ConvFunction.apply(input, self))
        return self.run(input)

    def run(self, x_BIHW: Tensor) -> Tensor:
        """Compute the layer after `ready`, unseen by autograd."""
        if self._packs.forward is None:
            return nn.Conv2d.forward(self, x_BIHW)
        x_BIHW = x_BIHW.contiguous(memory_format=_CHANNELS_LAST)
        return conv(x_BIHW, self._packs.forward, self.bias, self.layout)

    def run_backward(self, grad_BOHW: Tensor, input_size: tuple[int, int]) -> Tensor:
        """Return the gradient [B, I, H, W] for the gradient [B, O, H', W'] of the output.

        The data gradient of a convolution is the transposed convolution with the same weight,
        whatever the stride.
        """
        if self._packs.forward is None:
            return grad_BOHW.new_empty(grad_BOHW.shape[0], self.in_channels, *input_size)
        grad_BOHW = grad_BOHW.contiguous(memory_format=_CHANNELS_LAST)
        shape = tuple(grad_BOHW.shape)
        output_padding = self.layout.output_padding(input_size, (shape[2], shape[3]))
        if self._packs.backward is None:
            self._packs.backward = pack_conv_transposed(
                self._dense(), self.layout, shape, output_padding
            )
        return conv_transposed(grad_BOHW, self._packs.backward, self.layout, output_padding)

    def _pack_forward(self, weight: Tensor, x: Tensor) -> Tensor:
        return pack_conv(weight.contiguous(), self.layout, tuple(x.shape))


class _LinearFunction(torch.autograd.Function):
    """The layer for autograd. Nothing is saved: the data gradient needs the weight alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: PackedLinear) -> Tensor:  # noqa: ANN401
        """Return the output."""
        ctx.layer = layer
        return layer.run(x)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad: Tensor,
    ) -> tuple[Tensor, None]:
        """Return the gradient of the input."""
        return ctx.layer.run_backward(grad), None


class _ConvFunction(torch.autograd.Function):
    """The layer for autograd. Nothing is saved: the data gradient needs the weight alone."""

    @staticmethod
    def forward(ctx: Any, x_BIHW: Tensor, layer: PackedConv2d) -> Tensor:  # noqa: ANN401
        """Return the output."""
        ctx.layer = layer
        ctx.input_size = (x_BIHW.shape[2], x_BIHW.shape[3])
        return layer.run(x_BIHW)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad_BOHW: Tensor,
    ) -> tuple[Tensor, None]:
        """Return the gradient of the input."""
        return ctx.layer.run_backward(grad_BOHW, ctx.input_size), None


def keep_plain(module: nn.Module) -> None:
    """Ask that a layer is never packed: its weight is read in every step (DoRA)."""
    module.__dict__[_KEEP_PLAIN] = True


def unsuitable(module: nn.Module) -> str | None:
    """Return why a plain linear or convolution layer cannot be packed, or None when it can."""
    weight = cast(Tensor, module.weight)
    bias = cast(Tensor | None, module.bias)
    if weight.requires_grad or (bias is not None and bias.requires_grad):
        return "is trained"
    if module.__dict__.get(_KEEP_PLAIN):
        return "has its weight read in every step"
    if isinstance(module, nn.Conv2d):
        if module.groups != 1:
            return "is a grouped convolution"
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            return "pads with something else than a number of zeros"
    return None


def own_parameters(module: nn.Module) -> dict[str, nn.Parameter | None]:
    """Return the parameters that the module itself holds; a packed weight stands as None."""
    return module._parameters  # pyright: ignore[reportPrivateUsage]


def become_packed(module: nn.Module) -> None:
    """Turn a plain `nn.Linear` or `nn.Conv2d` into its packed form; the first call packs."""
    weight = cast(Tensor, module.weight)
    packs = _Packs(weight.dtype)
    if isinstance(module, nn.Conv2d):
        module.__class__ = PackedConv2d
        padding = cast(tuple[int, int], module.padding)
        kernel, stride = cast(tuple[int, int], module.kernel_size), module.stride
        dilation = cast(tuple[int, int], module.dilation)
        module.__dict__["layout"] = ConvLayout(
            kernel, cast(tuple[int, int], stride), padding, dilation
        )
    else:
        module.__class__ = PackedLinear
    module.__dict__["_packs"] = packs


def become_plain(module: PackedLinear | PackedConv2d) -> None:
    """Turn a packed layer back into the class it came from, with a bit-equal weight."""
    module.make_plain()
    del module.__dict__["_packs"]
    module.__dict__.pop("layout", None)
    module.__class__ = module.plain_class  # pyright: ignore[reportAttributeAccessIssue]
