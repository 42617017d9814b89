"""What every kind of adapter is: an update to one layer, with its formula and its file keys."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise

Tensors = Mapping[str, Tensor]
"""File suffix (`lora_down.weight`, `hada_w1_a` …) to tensor."""

Shapes = Mapping[str, tuple[int, ...]]
"""File suffix to shape."""


class DoesNotFit(Exception):
    """The tensors of a file are not an update of this layer; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class FreshOptions:
    """How a fresh update of one layer is made."""

    rank: int
    alpha: float
    mid: bool = False
    """LoRA: split convolutions wider than 1x1 into three factors."""
    factor: int = -1
    """LoKr: size of the small matrix; -1 for the split nearest to a square."""
    full_matrix: bool = False
    """LoKr: no low rank anywhere."""
    decompose_both: bool = False
    """LoKr: the small matrix has low rank too."""


class Update(nn.Module, ABC):
    """An update to one layer. Subclasses hold the trained numbers as parameters."""

    kind: ClassVar[str]
    """Name in settings and registry."""
    title: ClassVar[str]
    """Name for people."""
    suffixes: ClassVar[Mapping[str, str]]
    """File suffix to attribute; attributes may be None."""
    needs_weight: ClassVar[bool] = False
    """Whether the weight of the base is read in every step."""

    alpha: float | None
    """Scales the update together with the rank; None for kinds without it."""
    rank: int | None
    """Inner width; None for kinds without it."""

    def __init__(self, shape: LayerShape, alpha: float | None) -> None:
        super().__init__()
        self.shape = shape
        self.alpha = None if alpha is None else float(alpha)
        self.rank = None

    @property
    def scale(self) -> float:
        """`alpha / rank`; 1 for kinds without them."""
        return 1.0 if self.alpha is None or self.rank is None else self.alpha / self.rank

    def set_alpha(self, alpha: float) -> None:
        """Take another alpha, as a saved state has it."""
        self.alpha = float(alpha)

    @classmethod
    @abstractmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build the update from the tensors of a file.

        Args:
            tensors: Without the alpha.
            shape: The layer it is for.
            alpha: What the file states; None when it states none.

        Raises:
            DoesNotFit: A tensor is missing or has a shape that this layer cannot take.
        """

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Return the rank that a file's tensors have; None for kinds without one."""
        return None

    @abstractmethod
    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the adapted output of the layer `base` for `x`."""

    @abstractmethod
    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt` in a training step that leaves parts out."""

    @abstractmethod
    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return what the update adds to the layer's weight, in the precision of `weight`.

        Args:
            weight: The weight of the base, `shape.weight_shape`; kinds whose update does not
                depend on it use its dtype and device only.
            multiplier: Strength.
        """

    def bias_difference(self) -> Tensor | None:
        """Return what the update adds to the layer's bias at strength 1, or None."""
        return None

    def factors(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield file suffix and parameter of everything that is trained."""
        for suffix, attribute in self.suffixes.items():
            value = getattr(self, attribute)
            if value is not None:
                yield suffix, value

    def file_tensors(self) -> dict[str, Tensor]:
        """Return what a file holds of this layer: views of the factors, and the alpha."""
        tensors = {suffix: factor.detach() for suffix, factor in self.factors()}
        if self.alpha is not None:
            tensors["alpha"] = torch.tensor(self.alpha, dtype=torch.float32)
        return tensors

    def squares_added(self, weight: Tensor, axis: "NormAxis") -> Tensor | None:
        """Return by how much the update changes the squared lengths of a weight's rows or columns.

        Args:
            weight: The weight of the base, `shape.weight_shape`.
            axis: Which lengths.

        Returns:
            Like the weight, with 1 in all axes but one; None where it takes the dense update.
        """
        return None

    def norm(self) -> Tensor:
        """Return the Frobenius norm of the update at strength 1."""
        raise NotImplementedError(f"{self.title} has no norm of its own")

    def shrink(self, ratio: float) -> None:
        """Multiply the update by `ratio`, spread over its factors."""
        raise NotImplementedError(f"{self.title} cannot be shrunk")


class AdditiveUpdate(Update):
    """An update that adds a dense weight which does not depend on the base's."""

    @abstractmethod
    def dense(self) -> Tensor:
        """Return the weight that is added at strength 1, `shape.weight_shape`."""

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return `base(x) + multiplier * layer(x, dense)`."""
        y = base(x)
        return y.add(self.shape.apply(x, self.dense().to(x.dtype)), alpha=multiplier)

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`; rank dropout zeroes whole outputs of the update, as LyCORIS does."""
        added = self.shape.apply(x, self.dense().to(x.dtype))
        if noise.rank:
            kept = noise.mask((self.shape.out_width,), noise.rank, name, added)
            added = added * self.shape.per_channel(kept)
        return base(x).add(added, alpha=multiplier)

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return the dense weight times the multiplier."""
        return self.dense().to(weight.device, weight.dtype) * multiplier

    def norm(self) -> Tensor:
        """Return the Frobenius norm of the dense weight."""
        return self.dense().norm()

    def shrink(self, ratio: float) -> None:
        """Multiply each of the factors by the same number, so that their product shrinks."""
        factors = [factor for _, factor in self.factors()]
        for factor in factors:
            factor.mul_(ratio ** (1.0 / len(factors)))


def required(tensors: Tensors, suffixes: tuple[str, ...]) -> list[Tensor]:
    """Return the named tensors.

    Raises:
        DoesNotFit: One is missing.
    """
    missing = [suffix for suffix in suffixes if suffix not in tensors]
    if missing:
        raise DoesNotFit(f"{', '.join(missing)} missing beside {', '.join(tensors)}")
    return [tensors[suffix] for suffix in suffixes]


def plain_layer(base: nn.Module) -> nn.Module:
    """Return the layer of the base below all adapters; each of them holds the next as `base`."""
    while isinstance(inner := getattr(base, "base", None), nn.Module):
        base = inner
    return base


def plain_bias(base: nn.Module) -> Tensor | None:
    """Return the bias of the layer below all adapters, or None."""
    bias = getattr(plain_layer(base), "bias", None)
    return bias if isinstance(bias, Tensor) else None


NormAxis = Literal["output", "input"]
"""Along which axis of the weight DoRA keeps lengths: one per output, or one per input."""
