"""The low-rank branch as two autograd functions: add `scale * up(down(x))` to an output.

Written by hand because autograd would keep more and do more: here only `x` in compute dtype and
the narrow middle are kept, the sum is formed inside one matrix product where the output allows it,
and parameters of another dtype (fp32 beside a bf16 model) get gradients in their own dtype.

Dimension suffixes: B batch, N tokens, I input width, O output width, R rank, H and W pixels.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class ConvGeometry:
    """How a convolution slides over its input, in pixels (height, width)."""

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def pointwise(self) -> bool:
        """Whether each output pixel depends on the same input pixel only."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.padding == (0, 0)


class LinearBranch(torch.autograd.Function):
    """`y + scale * x @ down.T @ up.T` for a linear layer.

    Arguments of `apply`: y `[N, O]` (changed in place when `in_place`), x `[N, I]` of the same
    dtype, down `[R, I]` and up `[O, R]` of any floating dtype, scale, in_place.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch gives the context no public type
        y_NO: Tensor,
        x_NI: Tensor,
        down_RI: Tensor,
        up_OR: Tensor,
        scale: float,
        in_place: bool,
    ) -> Tensor:
        """Return the sum; it is `y_NO` itself when `in_place`."""
        mid_NR = x_NI @ down_RI.to(x_NI.dtype).T
        up_RO = up_OR.to(x_NI.dtype).T
        if in_place:
            ctx.mark_dirty(y_NO)
            out_NO = y_NO.addmm_(mid_NR, up_RO, alpha=scale)
        else:
            out_NO = torch.addmm(y_NO, mid_NR, up_RO, alpha=scale)
        ctx.save_for_backward(x_NI, mid_NR, down_RI, up_OR)
        ctx.scale = scale
        return out_NO

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad_NO: Tensor,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of y, x, down and up."""
        x_NI, mid_NR, down_RI, up_OR = ctx.saved_tensors
        _, need_x, need_down, need_up, *_ = ctx.needs_input_grad
        grad_x = grad_down = grad_up = None
        if need_x or need_down:
            grad_mid_NR = (grad_NO @ up_OR.to(grad_NO.dtype)).mul_(ctx.scale)
            if need_x:
                grad_x = grad_mid_NR @ down_RI.to(grad_NO.dtype)
            if need_down:
                grad_down = (grad_mid_NR.T @ x_NI).to(down_RI.dtype)
        if need_up:
            # The narrow factor first: the product is [R, O], whose rows are long.
            grad_up = (mid_NR.T @ grad_NO).T.to(up_OR.dtype).mul_(ctx.scale)
        return grad_NO, grad_x, grad_down, grad_up, None, None


class ConvBranch(torch.autograd.Function):
    """`y + scale * conv1x1(conv(x, down), up)` for a convolution.

    Arguments of `apply`: y `[B, O, H', W']` (changed in place when `in_place`), x `[B, I, H, W]`
    of the same dtype, down `[R, I, kh, kw]` and up `[O, R, 1, 1]` of any floating dtype, scale,
    the geometry of the adapted convolution, in_place.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        y: Tensor,
        x: Tensor,
        down: Tensor,
        up: Tensor,
        scale: float,
        geometry: ConvGeometry,
        in_place: bool,
    ) -> Tensor:
        """Return the sum; it is `y` itself when `in_place`."""
        down_x, up_OR = down.to(x.dtype), up.to(x.dtype).flatten(1)
        if geometry.pointwise:
            mid = _pointwise(x, down_x.flatten(1))
        else:
            mid = torch.conv2d(
                x, down_x, None, geometry.stride, geometry.padding, geometry.dilation
            )
        if in_place:
            ctx.mark_dirty(y)
            out = y
        else:
            out = y.clone()
        _add_pointwise(out, mid, up_OR, scale)
        ctx.save_for_backward(x, mid, down, up)
        ctx.scale, ctx.geometry = scale, geometry
        return out

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad: Tensor,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of y, x, down and up."""
        x, mid, down, up = ctx.saved_tensors
        _, need_x, need_down, need_up, *_ = ctx.needs_input_grad
        geometry: ConvGeometry = ctx.geometry
        grad_x = grad_down = grad_up = None
        if need_x or need_down:
            up_RO = up.to(grad.dtype).flatten(1).T
            grad_mid = _pointwise(grad, up_RO).mul_(ctx.scale)
            down_x = down.to(grad.dtype)
            if geometry.pointwise:
                if need_x:
                    grad_x = _pointwise(grad_mid, down_x.flatten(1).T)
                if need_down:
                    grad_down = _pointwise_weight(grad_mid, x).view_as(down)
            else:
                grad_x, grad_down, _ = torch.ops.aten.convolution_backward(
                    grad_mid,
                    x,
                    down_x,
                    None,
                    geometry.stride,
                    geometry.padding,
                    geometry.dilation,
                    False,
                    (0, 0),
                    1,
                    (need_x, need_down, False),
                )
            if grad_down is not None:
                grad_down = grad_down.to(down.dtype)
        if need_up:
            grad_up = _pointwise_weight(grad, mid).view_as(up).to(up.dtype).mul_(ctx.scale)
        return grad, grad_x, grad_down, grad_up, None, None, None


def _is_channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def _tokens(x: Tensor) -> Tensor:
    """View a channels-last `[B, C, H, W]` as `[B*H*W, C]`."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _pointwise(x: Tensor, matrix: Tensor) -> Tensor:
    """Apply `matrix` `[C', C]` to the channels of `x` `[B, C, H, W]`, keeping its memory format."""
    batch, _, height, width = x.shape
    if _is_channels_last(x):
        flat = _tokens(x) @ matrix.T
        return flat.view(batch, height, width, matrix.shape[0]).permute(0, 3, 1, 2)
    # Not torch.matmul: it orders the sums by whether an argument requires a gradient, and a loaded
    # adapter must answer bit for bit as the same one in training.
    product = torch.bmm(matrix.expand(batch, -1, -1), x.flatten(2))
    return product.view(batch, matrix.shape[0], height, width)


def _pointwise_weight(grad: Tensor, x: Tensor) -> Tensor:
    """Return `[C', C]`, the sum over pixels of `grad` `[B, C', H, W]` times `x` `[B, C, H, W]`."""
    if _is_channels_last(x) and _is_channels_last(grad):
        return _tokens(grad).T @ _tokens(x)
    return torch.bmm(grad.flatten(2), x.flatten(2).transpose(1, 2)).sum(0)


def _add_pointwise(out: Tensor, mid: Tensor, up_OR: Tensor, scale: float) -> None:
    """Add `scale * up(mid)` to `out` in place, in whichever memory format `out` has."""
    batch, channels = out.shape[:2]
    if _is_channels_last(out):
        _tokens(out).addmm_(_tokens(mid), up_OR.T, alpha=scale)
    elif out.is_contiguous():
        up_BOR = up_OR.expand(batch, -1, -1)
        out.view(batch, channels, -1).baddbmm_(up_BOR, mid.flatten(2), alpha=scale)
    else:
        out.add_(_pointwise(mid, up_OR), alpha=scale)
