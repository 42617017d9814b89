"""DoRA: direction and lengths of the weight are trained apart (arXiv:2402.09353)."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.update import (
    DoesNotFit,
    NormAxis,
    Shapes,
    Tensors,
    Update,
    plain_bias,
    plain_layer,
)
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise

_EPSILON = torch.finfo(torch.float32).eps

SUFFIX = "dora_scale"


class DoRA(Update):
    """`W' = m * (W + ΔW) / ‖W + ΔW‖`, around an update of another kind.

    The lengths are those of the rows (one per output, as PEFT and newer LyCORIS) or of the columns
    (one per input, as older LyCORIS). They count as constants on the way back, as section 4.3 of
    the paper proposes. The strength goes straight between base and adapted layer.

    The dense weight is never multiplied with the input: one length per output scales the output,
    one per input scales the input.

    Args:
        inner: The update of the direction.
        magnitude: The trained lengths, with 1 in all axes of the weight but one.
    """

    kind: ClassVar[str] = "dora"
    title: ClassVar[str] = "DoRA"
    suffixes: ClassVar[Mapping[str, str]] = {SUFFIX: "dora_scale"}
    needs_weight: ClassVar[bool] = True

    def __init__(self, inner: Update, *, magnitude: Tensor) -> None:
        super().__init__(inner.shape, inner.alpha)
        shape = inner.shape
        on_output = _magnitude_shape(shape, "output")
        on_input = _magnitude_shape(shape, "input")
        sizes = tuple(magnitude.shape)
        if magnitude.dim() == 1 and magnitude.numel() == shape.out_width:
            magnitude, sizes = magnitude.view(on_output), on_output
        elif magnitude.dim() == 4 and shape.kind == "linear":
            magnitude = magnitude.flatten(1)
            sizes = tuple(magnitude.shape)
        if shape.kind == "norm" or sizes not in (on_output, on_input):
            raise DoesNotFit(f"lengths {sizes} in place of {on_output} or {on_input}")
        self.inner = inner
        self.rank = inner.rank
        self.axis: NormAxis = "output" if sizes == on_output else "input"
        self.dora_scale = nn.Parameter(magnitude)
        self._lengths: Tensor | None = None
        self._squares: tuple[tuple[int, int], Tensor] | None = None

    @classmethod
    def around(cls, inner: Update, axis: NormAxis, layer: nn.Module) -> Self:
        """Start with the lengths of the base's own weight, so that nothing changes yet."""
        return cls(inner, magnitude=_lengths(_weight(layer), axis))

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Not used: what DoRA wraps decides how it is read (`read_update`)."""
        raise DoesNotFit("DoRA needs the update it wraps")

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Not used: the rank is that of the update it wraps."""
        return None

    def factors(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield the factors of the inner update, then the lengths."""
        yield from self.inner.factors()
        yield SUFFIX, self.dora_scale

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the output of the rescaled layer."""
        return self._rescaled(base, x, multiplier, lambda y: self.inner.adapt(base, y, 1.0))

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`, with the inner update's parts left out; the lengths are of the whole."""
        return self._rescaled(
            base, x, multiplier, lambda y: self.inner.adapt_noisily(base, y, 1.0, noise, name)
        )

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return `multiplier * (W' - W)`."""
        adapted = weight + self.inner.difference(weight)
        lengths = _lengths(adapted, self.axis) + _EPSILON
        return (adapted * (self.dora_scale.detach().to(weight) / lengths) - weight) * multiplier

    def set_alpha(self, alpha: float) -> None:
        """Take another alpha, for the inner update too."""
        super().set_alpha(alpha)
        self.inner.set_alpha(alpha)

    def norm(self) -> Tensor:
        """Return the norm of the inner update, before the lengths are set."""
        return self.inner.norm()

    def shrink(self, ratio: float) -> None:
        """Shrink the inner update; the lengths stay."""
        self.inner.shrink(ratio)

    def _rescaled(
        self,
        base: nn.Module,
        x: Tensor,
        multiplier: float,
        run: Callable[[Tensor], Tensor],
    ) -> Tensor:
        scale = (self.dora_scale / self._current_lengths(base)).to(x.dtype)
        if self.axis == "input":
            adapted = run(x * self.shape.per_channel(scale.flatten()))
        else:
            per_output = self.shape.per_channel(scale.flatten())
            adapted = run(x) * per_output
            bias = plain_bias(base)
            if bias is not None:
                # The scale is the weight's alone: the bias that went through it is put right.
                adapted = adapted + self.shape.per_channel(bias.to(x.dtype)) * (1.0 - per_output)
        if multiplier == 1.0:
            return adapted
        return torch.lerp(base(x), adapted, multiplier)

    @torch.no_grad()
    def _current_lengths(self, base: nn.Module) -> Tensor:
        """Return ‖W + ΔW‖; once for an adapter that is not trained, else in every step."""
        if self._lengths is not None and not self.dora_scale.requires_grad:
            return self._lengths
        layer = plain_layer(base)
        added = self.inner.squares_added(_kept_weight(layer), self.axis)
        if added is None:
            weight = _weight(layer)
            lengths = _lengths(weight + self.inner.difference(weight), self.axis)
        else:
            lengths = (self._base_squares(layer) + added).clamp_min(0).sqrt()
        self._lengths = lengths + _EPSILON
        return self._lengths

    def _base_squares(self, layer: nn.Module) -> Tensor:
        """Return the squared lengths of the base's weight, measured again only when it changes."""
        weight = _kept_weight(layer)
        state = weight.data_ptr(), weight._version  # pyright: ignore[reportPrivateUsage]
        if self._squares is None or self._squares[0] != state:
            self._squares = state, _lengths(weight.float(), self.axis).square()
        return self._squares[1]


def _kept_weight(layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.detach()


def _weight(layer: nn.Module) -> Tensor:
    return _kept_weight(layer).float()


def _lengths(weight: Tensor, axis: NormAxis) -> Tensor:
    axes = [n for n in range(weight.dim()) if n != (0 if axis == "output" else 1)]
    return torch.linalg.vector_norm(weight, dim=axes, keepdim=True)


def _magnitude_shape(shape: LayerShape, axis: NormAxis) -> tuple[int, ...]:
    kept = 0 if axis == "output" else 1
    return tuple(size if n == kept else 1 for n, size in enumerate(shape.weight_shape))
