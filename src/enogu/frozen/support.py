"""Can this machine pack weights? Asked of the library, and proven by one small convolution."""

from functools import cache

import torch
from torch import Tensor

_OPERATIONS = (
    "_reorder_convolution_weight",
    "_reorder_convolution_transpose_weight",
    "_reorder_linear_weight",
    "_convolution_pointwise",
    "_convolution_transpose_pointwise",
    "_linear_pointwise",
)
_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def packing_refusal(dtype: torch.dtype, device: torch.device) -> str | None:
    """Return why weights of `dtype` on `device` cannot be packed, or None when they can.

    Args:
        dtype: The dtype of the weights and of the activations.
        device: Where the weights live; only a CPU gains from packing. The meta device stands for
            the CPU, so that memory can be forecast without weights.
    """
    if device.type not in ("cpu", "meta"):
        return f"weights on {device.type} need no packing"
    return _cpu_refusal(dtype)


def pack_conv(weight: Tensor, layout: "ConvLayout", input_shape: tuple[int, ...]) -> Tensor:
    """Lay out a convolution weight [O, I, kh, kw] for the forward pass over `input_shape`.

    The result is an opaque oneDNN tensor of the same shape; `to_dense()` gives the weight back
    bit for bit.
    """
    return torch.ops.mkldnn._reorder_convolution_weight(
        weight, *layout.arguments, 1, list(input_shape)
    )


def pack_conv_transposed(
    weight: Tensor, layout: "ConvLayout", grad_shape: tuple[int, ...], output_padding: list[int]
) -> Tensor:
    """Lay out a convolution weight [O, I, kh, kw] for the data gradient of `grad_shape`."""
    padding, stride, dilation = layout.arguments
    return torch.ops.mkldnn._reorder_convolution_transpose_weight(
        weight, padding, output_padding, stride, dilation, 1, list(grad_shape)
    )


def conv(x_BIHW: Tensor, packed: Tensor, bias: Tensor | None, layout: "ConvLayout") -> Tensor:
    """Convolve with a weight from `pack_conv`; the result follows the memory format of x."""
    return torch.ops.mkldnn._convolution_pointwise(
        x_BIHW, packed, bias, *layout.arguments, 1, "none", [], ""
    )


def conv_transposed(
    grad_BOHW: Tensor, packed: Tensor, layout: "ConvLayout", output_padding: list[int]
) -> Tensor:
    """Return the data gradient of a convolution, with a weight from `pack_conv_transposed`."""
    padding, stride, dilation = layout.arguments
    return torch.ops.mkldnn._convolution_transpose_pointwise(
        grad_BOHW, packed, None, padding, output_padding, stride, dilation, 1, "none", [], ""
    )


def pack_linear(weight: Tensor) -> Tensor:
    """Lay out a linear weight [O, I].

    No batch size is given to the library on purpose: in fp32 the layout chosen for one batch size
    changes the last bit at another, and a resumed run must not depend on which batch came first.
    """
    return torch.ops.mkldnn._reorder_linear_weight(weight)


def linear(x: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply [..., I] by a weight from `pack_linear`."""
    return torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")


class ConvLayout:
    """Stride, padding and dilation of a convolution, in the form the operations take.

    Args:
        kernel: Height and width, in cells.
        stride: Vertical and horizontal step.
        padding: Cells of zeros added on each side, vertically and horizontally.
        dilation: Spacing of the kernel's cells.
    """

    def __init__(
        self,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
    ) -> None:
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.arguments = (list(padding), list(stride), list(dilation))

    def output_padding(
        self, input_size: tuple[int, int], output_size: tuple[int, int]
    ) -> list[int]:
        """Return the rows and columns of the input that no output cell reaches.

        A stride above 1 may leave some; the transposed convolution has to be told of them.
        """
        return [self._unreached(axis, input_size[axis], output_size[axis]) for axis in range(2)]

    def _unreached(self, axis: int, input_length: int, output_length: int) -> int:
        reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1
        covered = (output_length - 1) * self.stride[axis] - 2 * self.padding[axis] + reach
        return input_length - covered


@cache
def _cpu_refusal(dtype: torch.dtype) -> str | None:
    if dtype not in _TOLERANCE:
        return f"no packed layout for {dtype}"
    if not (torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled):
        return "this PyTorch runs without oneDNN"
    missing = [name for name in _OPERATIONS if not hasattr(torch.ops.mkldnn, name)]
    if missing:
        return f"this PyTorch lacks torch.ops.mkldnn.{missing[0]}"
    if dtype is torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return "oneDNN has no bfloat16 on this CPU"
    if dtype is torch.float16 and not torch.ops.mkldnn._is_mkldnn_fp16_supported():
        return "oneDNN has no float16 on this CPU"
    return _proof(dtype)


def _proof(dtype: torch.dtype) -> str | None:
    """Run one small layer of each kind: some CPUs have the operations but not the code."""
    generator = torch.Generator().manual_seed(0)
    x = (
        torch.randn(1, 32, 6, 6, generator=generator)
        .to(dtype)
        .to(memory_format=torch.channels_last)
    )
    weight = (torch.randn(16, 32, 3, 3, generator=generator) / 17).to(dtype)
    layout = ConvLayout((3, 3), (2, 2), (1, 1), (1, 1))
    flat, matrix = x.permute(0, 2, 3, 1).reshape(36, 32), weight[:, :, 0, 0].contiguous()
    try:
        packed = pack_conv(weight, layout, tuple(x.shape))
        restored = torch.equal(packed.to_dense(), weight)
        y = conv(x, packed, None, layout)
        back_weight = pack_conv_transposed(weight, layout, tuple(y.shape), [1, 1])
        back = conv_transposed(y, back_weight, layout, [1, 1])
        z = linear(flat, pack_linear(matrix), None)
    except RuntimeError as error:
        return f"oneDNN cannot run packed {dtype} layers here: {str(error).splitlines()[0]}"
    wide, wide_weight = x.float(), weight.float()
    wide_y = torch.nn.functional.conv2d(wide, wide_weight, None, 2, 1)
    wide_back = torch.nn.functional.conv_transpose2d(y.float(), wide_weight, None, 2, 1, 1)
    wide_z = flat.float() @ matrix.float().t()
    pairs = ((y, wide_y), (back, wide_back), (z, wide_z))
    if not restored or any(
        bool((got.float() - want).abs().max() > _TOLERANCE[dtype]) for got, want in pairs
    ):
        return f"oneDNN's packed {dtype} layers give other numbers here"
    return None
