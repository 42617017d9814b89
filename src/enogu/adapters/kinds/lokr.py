"""LoKr: the Kronecker product of a small matrix and a larger one of low rank (KronA, LyCORIS)."""

import math
from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.update import AdditiveUpdate, DoesNotFit, FreshOptions, Shapes, Tensors
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise, named_generator

_NAMES = ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")


class LoKr(AdditiveUpdate):
    """`ΔW = scale * w1 ⊗ w2`, where `w1` [a, c] and `w2` [b, d, kh, kw], O = a·b, I = c·d.

    Either matrix may be whole or a product of two thin ones (`_a` @ `_b`); `w2` of a convolution
    may have a core `t2` between them. The scale is `alpha / rank` where any part is thin, else 1.

    The layer is never made whole: the input is cut into c pieces, `w2` runs on each, and `w1`
    mixes the pieces, which costs a small part of the dense product.

    Args:
        shape: A linear layer or a convolution.
        parts: Suffix to tensor, those that are there.
        alpha: None for the rank.
    """

    kind: ClassVar[str] = "lokr"
    title: ClassVar[str] = "LoKr"
    suffixes: ClassVar[Mapping[str, str]] = {name: name for name in _NAMES}

    def __init__(self, shape: LayerShape, *, parts: Tensors, alpha: float | None) -> None:
        rank = self.rank_of({name: tuple(part.shape) for name, part in parts.items()})
        super().__init__(shape, alpha if alpha is not None else float(rank or 1))
        self.lokr_w1 = _parameter(parts, "lokr_w1")
        self.lokr_w1_a = _parameter(parts, "lokr_w1_a")
        self.lokr_w1_b = _parameter(parts, "lokr_w1_b")
        self.lokr_w2 = _parameter(parts, "lokr_w2")
        self.lokr_w2_a = _parameter(parts, "lokr_w2_a")
        self.lokr_w2_b = _parameter(parts, "lokr_w2_b")
        self.lokr_t2 = _parameter(parts, "lokr_t2")
        self.rank = rank

    @classmethod
    def fresh(cls, shape: LayerShape, name: str, seed: int, options: FreshOptions) -> Self:
        """Make fp32 parts with the sizes and starting numbers of LyCORIS; nothing changes yet.

        `w1` is whole unless `decompose_both` and the rank is below half its longer side; `w2` is
        thin unless `full_matrix` or the rank is not below half its longer side.
        """
        rank, generator = options.rank, named_generator(seed, name)
        a, b = factorization(shape.out_width, options.factor)
        c, d = factorization(shape.in_width, options.factor)
        kernel = shape.geometry.kernel if shape.kind == "conv" else ()
        area = math.prod(kernel)

        def kaiming(*sizes: int) -> Tensor:
            part = torch.empty(sizes)
            bound = part[0].numel() ** -0.5
            return part.uniform_(-bound, bound, generator=generator)

        parts: dict[str, Tensor] = {}
        if options.decompose_both and rank < max(a, c) / 2 and not options.full_matrix:
            parts |= {"lokr_w1_a": kaiming(a, rank), "lokr_w1_b": kaiming(rank, c)}
        else:
            parts["lokr_w1"] = kaiming(a, c)
        if options.full_matrix or rank >= max(b, d) / 2:
            parts["lokr_w2"] = torch.zeros(b, d, *kernel)
        elif options.mid and shape.wide:
            parts["lokr_t2"] = kaiming(rank, rank, *kernel)
            parts |= {"lokr_w2_a": kaiming(rank, b), "lokr_w2_b": torch.zeros(rank, d)}
        else:
            parts |= {"lokr_w2_a": kaiming(b, rank), "lokr_w2_b": torch.zeros(rank, d * area)}
        whole = cls.rank_of({part: tuple(value.shape) for part, value in parts.items()}) is None
        # LyCORIS writes the rank as alpha when nothing is thin, so that a reader divides to 1.
        return cls(shape, parts=parts, alpha=float(rank) if whole else options.alpha)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from the parts of a file, of any split that multiplies to the layer."""
        parts = {name: tensors[name] for name in _NAMES if name in tensors}
        small = _sizes(parts, "lokr_w1", "lokr_w1_a", "lokr_w1_b")
        core = parts.get("lokr_t2")
        if core is None:
            large = _sizes(parts, "lokr_w2", "lokr_w2_a", "lokr_w2_b")
        else:
            large = _sizes(parts, "lokr_w2", "lokr_w2_a", "lokr_w2_b", turned=True)
        area = math.prod(shape.geometry.kernel) if core is None else 1
        fits = (
            shape.kind != "norm"
            and small[0] * large[0] == shape.out_width
            and small[1] * large[1] == shape.in_width * area
            and (core is None or tuple(core.shape[2:]) == shape.geometry.kernel)
        )
        if not fits:
            raise DoesNotFit(f"w1 {small} ⊗ w2 {large}")
        if "lokr_w2" in parts:
            d = large[1] // area
            kernel = shape.geometry.kernel if shape.kind == "conv" else ()
            parts["lokr_w2"] = parts["lokr_w2"].reshape(large[0], d, *kernel)
        elif core is None:
            parts["lokr_w2_b"] = parts["lokr_w2_b"].flatten(1)
        return cls(shape, parts=parts, alpha=alpha)

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Return the rank of the thin part; None when both matrices are whole."""
        for name in ("lokr_w2_b", "lokr_w1_b"):
            if name in shapes:
                return shapes[name][0]
        return None

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the sum of the base and the Kronecker product, taken piece by piece."""
        return base(x).add(self._apply_pieces(x), alpha=multiplier * self.scale)

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`; rank dropout zeroes whole outputs of the update."""
        added = self._apply_pieces(x)
        if noise.rank:
            kept = noise.mask((self.shape.out_width,), noise.rank, name, added)
            added = added * self.shape.per_channel(kept)
        return base(x).add(added, alpha=multiplier * self.scale)

    def dense(self) -> Tensor:
        """Return the Kronecker product as one weight."""
        small, large = self._small(), self._large()
        product = torch.einsum("ac,bd...->abcd...", small, large)
        return product.reshape(self.shape.weight_shape) * self.scale

    def norm(self) -> Tensor:
        """Return the Frobenius norm: that of a Kronecker product is the product of the norms."""
        return self._small().norm() * self._large().norm() * abs(self.scale)

    def _small(self) -> Tensor:
        if self.lokr_w1 is not None:
            return self.lokr_w1
        assert self.lokr_w1_a is not None and self.lokr_w1_b is not None
        return self.lokr_w1_a @ self.lokr_w1_b

    def _large(self) -> Tensor:
        if self.lokr_w2 is not None:
            return self.lokr_w2
        assert self.lokr_w2_a is not None and self.lokr_w2_b is not None
        if self.lokr_t2 is not None:
            return torch.einsum("ijkl,jr,ip->prkl", self.lokr_t2, self.lokr_w2_b, self.lokr_w2_a)
        product = self.lokr_w2_a @ self.lokr_w2_b
        if self.shape.kind == "linear":
            return product
        return product.view(product.shape[0], -1, *self.shape.geometry.kernel)

    def _apply_pieces(self, x: Tensor) -> Tensor:
        """Apply `w1 ⊗ w2` without the scale."""
        small = self._small().to(x.dtype)
        pieces = small.shape[1]
        if self.shape.kind == "linear":
            cut = x.reshape(-1, pieces, x.shape[-1] // pieces)
            narrow, widen = self._narrow(), self._widen()
            mid = cut @ narrow.to(x.dtype).T if narrow is not None else cut
            # The mixing runs where the pieces are narrowest.
            mixed = torch.einsum("ac,ncr->nar", small, mid)
            out = mixed @ widen.to(x.dtype).T
            return out.reshape(*x.shape[:-1], self.shape.out_width)
        batch, _, height, width = x.shape
        cut = x.reshape(batch * pieces, -1, height, width)
        mid, widen = self._convolve(cut)
        mid = mid.view(batch, pieces, mid.shape[1], -1)
        mixed = torch.einsum("ac,bcrp->barp", small, mid)
        if widen is not None:
            mixed = torch.einsum("or,barp->baop", widen.to(x.dtype), mixed)
        size = self._out_size(height, width)
        return mixed.reshape(batch, self.shape.out_width, *size)

    def _narrow(self) -> Tensor | None:
        return None if self.lokr_w2 is not None else self.lokr_w2_b

    def _widen(self) -> Tensor:
        wide = self.lokr_w2 if self.lokr_w2 is not None else self.lokr_w2_a
        assert wide is not None
        return wide

    def _convolve(self, cut: Tensor) -> tuple[Tensor, Tensor | None]:
        """Run `w2` on pieces [B·c, d, H, W]; return what is still narrow and how to widen it."""
        dtype = cut.dtype
        if self.lokr_w2 is not None:
            return self.shape.apply(cut, self.lokr_w2.to(dtype)), None
        assert self.lokr_w2_a is not None and self.lokr_w2_b is not None
        if self.lokr_t2 is not None:
            narrow = torch.conv2d(cut, self.lokr_w2_b.to(dtype)[:, :, None, None])
            return self.shape.apply(narrow, self.lokr_t2.to(dtype)), self.lokr_w2_a.T
        kernel = self.lokr_w2_b.view(-1, cut.shape[1], *self.shape.geometry.kernel)
        return self.shape.apply(cut, kernel.to(dtype)), self.lokr_w2_a

    def _out_size(self, height: int, width: int) -> tuple[int, int]:
        geometry = self.shape.geometry
        sizes = [
            (
                size
                + 2 * geometry.padding[axis]
                - geometry.dilation[axis] * (geometry.kernel[axis] - 1)
                - 1
            )
            // geometry.stride[axis]
            + 1
            for axis, size in enumerate((height, width))
        ]
        return sizes[0], sizes[1]


def factorization(size: int, factor: int = -1) -> tuple[int, int]:
    """Split a size into two factors, the smaller first, as LyCORIS does.

    Args:
        size: 1 or more.
        factor: Taken as one of the two where it divides `size`; otherwise the first does not
            exceed it. -1 gives the pair nearest to the square root.
    """
    if factor > 0 and size % factor == 0:
        first, second = factor, size // factor
        return min(first, second), max(first, second)
    limit = size if factor < 0 else factor
    first, second = 1, size
    while first < second:
        candidate = next(n for n in range(first + 1, size + 1) if size % n == 0)
        other = size // candidate
        if candidate + other > first + second or candidate > limit:
            break
        first, second = candidate, other
    return min(first, second), max(first, second)


def _parameter(parts: Tensors, name: str) -> nn.Parameter | None:
    return nn.Parameter(parts[name]) if name in parts else None


def _sizes(
    parts: Tensors, whole: str, left: str, right: str, *, turned: bool = False
) -> tuple[int, int]:
    """Return rows and columns of a matrix that is whole or a product of two."""
    if whole in parts:
        return parts[whole].shape[0], parts[whole][0].numel()
    if left not in parts or right not in parts:
        raise DoesNotFit(f"neither {whole} nor both of {left} and {right} are there")
    first, second = parts[left].shape, parts[right].flatten(1).shape
    if turned:
        return first[1], second[1]
    return first[0], second[1]
