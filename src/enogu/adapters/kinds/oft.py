"""OFT and BOFT: outputs of a layer are turned, block by block (arXiv:2306.07280, 2311.06243)."""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.update import DoesNotFit, Tensors, Update, plain_bias, required
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise


class OFT(Update):
    """`W' = rescale * R @ W` with R orthogonal, made of small blocks. Only read.

    R = (I + Q)(I - Q)⁻¹ with Q = B - Bᵀ skew-symmetric, as in LyCORIS and sd-scripts. Blocks
    [K, N, N] turn neighbouring outputs; with one more axis [M, K, N, N] they are the M stages of a
    butterfly (BOFT). The alpha is not a scale but a limit: ‖Q‖ is kept below `alpha * O`; 0 is no
    limit.

    Args:
        shape: A linear layer or a convolution.
        blocks: B.
        rescale: [O] factors on top, or None.
        alpha: The limit, or None.
    """

    kind: ClassVar[str] = "oft"
    title: ClassVar[str] = "OFT"
    suffixes: ClassVar[Mapping[str, str]] = {"oft_blocks": "oft_blocks", "rescale": "rescale"}

    def __init__(
        self, shape: LayerShape, *, blocks: Tensor, rescale: Tensor | None, alpha: float | None
    ) -> None:
        super().__init__(shape, alpha)
        self.oft_blocks = nn.Parameter(blocks)
        self.rescale = None if rescale is None else nn.Parameter(rescale)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from `oft_blocks` and perhaps `rescale`."""
        (blocks,) = required(tensors, ("oft_blocks",))
        sizes = tuple(blocks.shape)
        square = len(sizes) in (3, 4) and sizes[-1] == sizes[-2]
        if shape.kind == "norm" or not square or sizes[-3] * sizes[-1] != shape.out_width:
            raise DoesNotFit(f"blocks {sizes} for {shape.out_width} outputs")
        rescale = tensors.get("rescale")
        if rescale is not None and rescale.numel() != shape.out_width:
            raise DoesNotFit(f"rescale {tuple(rescale.shape)} for {shape.out_width} outputs")
        return cls(
            shape,
            blocks=blocks,
            rescale=None if rescale is None else rescale.flatten(),
            alpha=alpha,
        )

    def file_tensors(self) -> dict[str, Tensor]:
        """Return blocks, limit and factors in LyCORIS's shapes."""
        tensors = super().file_tensors()
        if self.rescale is not None:
            axes = (-1, *(1 for _ in self.shape.weight_shape[1:]))
            tensors["rescale"] = self.rescale.detach().view(axes)
        return tensors

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the layer's output with its part that comes from the weight turned."""
        y = base(x)
        bias = plain_bias(base)
        at = self.shape.per_channel
        product = y if bias is None else y - at(bias.to(y.dtype))
        axis = 1 if self.shape.kind == "conv" else -1
        turned = self._turn(product.movedim(axis, 0), multiplier).movedim(0, axis)
        return y + (turned - product)

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`: nothing is left out of a kind that is not trained."""
        return self.adapt(base, x, multiplier)

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return `W' - W`."""
        return self._turn(weight, multiplier) - weight

    def _turn(self, rows: Tensor, multiplier: float) -> Tensor:
        """Turn the first axis, [O, …]; the strength goes straight between I and R, per stage."""
        rotation = self._rotation().to(rows)
        identity = torch.eye(rotation.shape[-1], dtype=rows.dtype, device=rows.device)
        rotation = identity + multiplier * (rotation - identity)
        size = rotation.shape[-1]
        if rotation.dim() == 3:
            blocks = rows.unflatten(0, (-1, size))
            turned = torch.einsum("knm,kn...->km...", rotation, blocks).flatten(0, 1)
        else:
            turned = _butterfly(rotation, rows)
        if self.rescale is None:
            return turned
        factor = 1 + multiplier * (self.rescale.detach().to(rows) - 1)
        return turned * factor.view(-1, *(1 for _ in rows.shape[1:]))

    def _rotation(self) -> Tensor:
        blocks = self.oft_blocks.detach().float()
        skew = blocks - blocks.transpose(-1, -2)
        limit = (self.alpha or 0.0) * self.shape.out_width
        length = float(skew.norm())
        if 0 < limit < length:
            skew = skew * (limit / length)
        identity = torch.eye(skew.shape[-1], device=skew.device)
        return (identity + skew) @ torch.linalg.inv(identity - skew)


def _butterfly(rotation: Tensor, rows: Tensor) -> Tensor:
    """Apply the stages [M, K, N, N]; stage i mixes outputs that are 2^i · N/2 apart."""
    size = rotation.shape[-1]
    for stage, blocks in enumerate(rotation):
        distance = 2**stage * size // 2
        shuffled = rows.unflatten(0, (-1, 2, distance)).transpose(1, 2).flatten(0, 2)
        turned = torch.einsum("bij,bj...->bi...", blocks, shuffled.unflatten(0, (-1, size)))
        rows = turned.flatten(0, 1).unflatten(0, (-1, distance, 2)).transpose(1, 2).flatten(0, 2)
    return rows
