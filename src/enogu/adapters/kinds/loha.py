"""LoHa: the element-wise product of two low-rank matrices (FedPara, arXiv:2108.06098)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from enogu.adapters.kinds.lora import add_low_rank
from enogu.adapters.kinds.update import (
    AdditiveUpdate,
    DoesNotFit,
    FreshOptions,
    Shapes,
    Tensors,
    required,
)
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import named_generator

_DENSE_OVERHEAD = 40
"""What making the dense weight and its gradients costs, in inputs that pass it: six thin products
and a dozen passes over numbers of its size. An estimate for a CPU."""

_FACTORS = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")


class LoHa(AdditiveUpdate):
    """`ΔW = alpha / rank * (w1_a @ w1_b) ∘ (w2_a @ w2_b)`.

    Its rank goes up to `rank²` for twice the numbers of LoRA. With the cores `t1` and `t2`
    (convolutions) each half is the Tucker product `Σ t[i, j, k, l] b[j, in] a[i, out]`.

    Args:
        shape: A linear layer or a convolution.
        factors: `w1_a`, `w1_b`, `w2_a`, `w2_b`: [O, R], [R, I * kh * kw] twice; with cores
            [R, O], [R, I].
        cores: `t1` and `t2`, [R, R, kh, kw], or None.
        alpha: The update is scaled by `alpha / rank`.
    """

    kind: ClassVar[str] = "loha"
    title: ClassVar[str] = "LoHa"
    suffixes: ClassVar[Mapping[str, str]] = {
        name: name for name in (*_FACTORS, "hada_t1", "hada_t2")
    }

    def __init__(
        self,
        shape: LayerShape,
        *,
        factors: tuple[Tensor, Tensor, Tensor, Tensor],
        cores: tuple[Tensor, Tensor] | None,
        alpha: float,
    ) -> None:
        super().__init__(shape, alpha)
        self.hada_w1_a, self.hada_w1_b, self.hada_w2_a, self.hada_w2_b = map(nn.Parameter, factors)
        self.hada_t1 = None if cores is None else nn.Parameter(cores[0])
        self.hada_t2 = None if cores is None else nn.Parameter(cores[1])
        self.rank = self.hada_w1_b.shape[0]

    @classmethod
    def fresh(cls, shape: LayerShape, name: str, seed: int, options: FreshOptions) -> Self:
        """Make fp32 factors as LyCORIS does: normal, and `w2_a` zero, so nothing changes yet."""
        rank, generator = options.rank, named_generator(seed, name)

        def normal(*sizes: int, std: float) -> Tensor:
            return torch.empty(sizes).normal_(std=std, generator=generator)

        cores = None
        rows, columns = (shape.out_width, rank), (rank, shape.fan_in)
        if options.mid and shape.wide:
            kernel = shape.geometry.kernel
            cores = (normal(rank, rank, *kernel, std=0.1), normal(rank, rank, *kernel, std=0.1))
            rows, columns = (rank, shape.out_width), (rank, shape.in_width)
        first = normal(*rows, std=0.1), normal(*columns, std=1.0)
        factors = (*first, torch.zeros(rows), normal(*columns, std=1.0))
        return cls(shape, factors=factors, cores=cores, alpha=options.alpha)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from the factors of a file; a missing alpha is the rank."""
        a1, b1, a2, b2 = required(tensors, _FACTORS)
        cores = None
        if "hada_t1" in tensors:
            core1, core2 = required(tensors, ("hada_t1", "hada_t2"))
            cores = core1, core2
        rank = b1.shape[0]
        if cores is None:
            expected = (shape.out_width, rank), (rank, shape.fan_in)
        else:
            expected = (rank, shape.out_width), (rank, shape.in_width)
        given = [tuple(factor.flatten(1).shape) for factor in (a1, b1, a2, b2)]
        core_shape = (rank, rank, *shape.geometry.kernel)
        if shape.kind == "norm" or given != [*expected, *expected]:
            raise DoesNotFit(f"w1 and w2 of {', '.join(map(str, given))}")
        if cores is not None and any(tuple(core.shape) != core_shape for core in cores):
            raise DoesNotFit(f"cores of {[tuple(core.shape) for core in cores]}")
        flat = (a1.flatten(1), b1.flatten(1), a2.flatten(1), b2.flatten(1))
        return cls(shape, factors=flat, cores=cores, alpha=float(rank) if alpha is None else alpha)

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Return the rank of each of the two halves."""
        return shapes["hada_w1_b"][0] if "hada_w1_b" in shapes else None

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the adapted output: through a middle of `rank²`, or by the dense weight.

        `(A B) ∘ (C D)` is one product of rank `rank²`, whose columns are the products of each
        column of A with each of C, and whose rows those of B with D. Which way is shorter depends
        on the sizes of layer and input.
        """
        if self.hada_t1 is not None or not self._thin_is_shorter(x):
            return super().adapt(base, x, multiplier)
        rank = self.hada_w1_b.shape[0] ** 2
        up = (self.hada_w1_a[:, :, None] * self.hada_w2_a[:, None, :]).to(x.dtype)
        down = (self.hada_w1_b[:, None, :] * self.hada_w2_b[None, :, :]).to(x.dtype)
        return add_low_rank(
            base,
            x,
            down.view(self.shape.down_shape(rank)),
            up.view(self.shape.up_shape(rank)),
            multiplier * self.scale,
            self.shape,
        )

    def _thin_is_shorter(self, x: Tensor) -> bool:
        """Compare the products of both ways; the dense weight has to be made first."""
        inputs = x.numel() // self.shape.in_width
        width_out, width_in = self.shape.out_width, self.shape.fan_in
        thin = self.hada_w1_b.shape[0] ** 2 * (width_out + width_in) * inputs
        return thin < width_out * width_in * (inputs + _DENSE_OVERHEAD)

    def dense(self) -> Tensor:
        """Return the scaled product of the two halves."""
        if self.hada_t1 is not None and self.hada_t2 is not None:
            halves = (
                _tucker(self.hada_t1, self.hada_w1_b, self.hada_w1_a),
                _tucker(self.hada_t2, self.hada_w2_b, self.hada_w2_a),
            )
            return halves[0] * halves[1] * self.scale
        product: Tensor = _HadamardProduct.apply(
            self.hada_w1_a, self.hada_w1_b, self.hada_w2_a, self.hada_w2_b, self.scale
        )
        return product.view(self.shape.weight_shape)


class _HadamardProduct(torch.autograd.Function):
    """The product for autograd: keeps the thin factors and makes the halves again on the way back.

    Autograd would keep both halves, twice the size of the layer's weight.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch gives the context no public type
        a1: Tensor,
        b1: Tensor,
        a2: Tensor,
        b2: Tensor,
        scale: float,
    ) -> Tensor:
        """Return `scale * (a1 @ b1) ∘ (a2 @ b2)`."""
        ctx.save_for_backward(a1, b1, a2, b2)
        ctx.scale = scale
        return (a1 @ b1).mul_(a2 @ b2).mul_(scale)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad: Tensor,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of the four factors."""
        a1, b1, a2, b2 = ctx.saved_tensors
        grad = grad * ctx.scale
        to_first = grad * (a2 @ b2)
        grad_a1, grad_b1 = to_first @ b1.T, a1.T @ to_first
        to_second = grad * (a1 @ b1)
        return grad_a1, grad_b1, to_second @ b2.T, a2.T @ to_second, None


def _tucker(core: Tensor, inner: Tensor, outer: Tensor) -> Tensor:
    return torch.einsum("ijkl,jr,ip->prkl", core, inner, outer)
