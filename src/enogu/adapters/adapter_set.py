"""One adapter on a base: its layers, its strength, its tensors, and its removal."""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from enogu.adapters.keys import some_names
from enogu.adapters.layers import AdapterLayer, chain
from enogu.adapters.step_noise import StepNoise
from enogu.adapters.targets import Target
from enogu.errors import AdapterError
from enogu.families.kohya_names import LoraPart

AdapterPart = Literal["unet", "text_encoder"]
"""`text_encoder` is all text encoders together."""

_UP = "lora_up.weight"
# sd-scripts turns SD2's linear projections into 1x1 convolutions, and files follow that.
_CONVOLUTIONAL_IN_FILES = ("lora_down.weight", "lora_up.weight", "dora_scale", "lokr_w2", "diff")


@dataclass(frozen=True, kw_only=True)
class ParameterGroup:
    """Trained parameters that share a learning rate."""

    part: LoraPart
    rate: float
    """What the learning rate of the part is multiplied by."""
    parameters: list[nn.Parameter]


@dataclass(frozen=True, kw_only=True)
class NormReport:
    """What limiting the norms did."""

    scaled: int
    """Layers whose update was too long."""
    mean: float
    """Mean Frobenius norm of all updates afterwards."""
    largest: float
    """The largest of them."""


class AdapterSet:
    """The layers of one adapter, attached to a base.

    Several sets may be attached to one base: a later one wraps the layers of an earlier one, and
    each can be weighted, switched off and removed on its own, in any order.

    Args:
        placed: Where each layer belongs, in the order of the modules.
        title: Name for people and messages.
        trainable: Whether it was made to be trained; a base takes one such set at a time.
        warnings: What the person should know about how it was made.
        rates: Layer name to what its learning rate is multiplied by; 1 for those not named.
        noise: What is left out in training steps; None for nothing.
    """

    def __init__(
        self,
        placed: Sequence[tuple[Target, AdapterLayer]],
        *,
        title: str,
        trainable: bool,
        warnings: Sequence[str] = (),
        rates: Mapping[str, float] | None = None,
        noise: StepNoise | None = None,
    ) -> None:
        self.targets = {target.name: target for target, _ in placed}
        self.layers: dict[str, AdapterLayer] = {target.name: layer for target, layer in placed}
        self.title = title
        self.trainable = trainable
        self.warnings: list[str] = list(warnings)
        self.noise = noise if noise is not None and noise.needed else None
        self._rates = dict(rates or {})
        for layer in self.layers.values():
            layer.noise = self.noise
            layer.update.requires_grad_(trainable)

    @property
    def attached(self) -> bool:
        """Whether the layers stand in the base."""
        return any(self._is_in_place(name) for name in self.layers)

    def attach(self) -> None:
        """Put the layers into the base. Attaching an attached set changes nothing."""
        for name, layer in self.layers.items():
            target = self.targets[name]
            if not self._is_in_place(name):
                layer.base = target.module
                target.place(layer)

    def eject(self) -> None:
        """Take the layers out; what they wrapped stands in the base again, the same objects.

        Sets that were attached later stay where they are. Ejecting twice changes nothing.
        """
        for name, layer in self.layers.items():
            target = self.targets[name]
            if target.module is layer:
                target.place(layer.base)
                continue
            for outer in chain(target.module):
                if outer.base is layer:
                    outer.base = layer.base
                    break

    def parameters(self, part: AdapterPart | None = None) -> list[nn.Parameter]:
        """Return the factors of a part, or all, layer by layer."""
        return [
            parameter
            for name, layer in self.layers.items()
            if part is None or (self.targets[name].part == "unet") == (part == "unet")
            for _, parameter in layer.update.factors()
        ]

    def parameter_groups(self, *, up_rate: float = 1.0) -> list[ParameterGroup]:
        """Return all parameters by part and by what their learning rate is multiplied by.

        Args:
            up_rate: What that of up matrices is multiplied by in addition (LoRA+).
        """
        groups: dict[tuple[LoraPart, float], list[nn.Parameter]] = {}
        for name, layer in self.layers.items():
            for suffix, factor in layer.update.factors():
                own = up_rate if suffix == _UP else 1.0
                key = self.targets[name].part, self._rates.get(name, 1.0) * own
                groups.setdefault(key, []).append(factor)
        return [
            ParameterGroup(part=part, rate=rate, parameters=parameters)
            for (part, rate), parameters in groups.items()
        ]

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield kohya key and factor, in the order of `parameters()`."""
        for name, layer in self.layers.items():
            for suffix, factor in layer.update.factors():
                yield f"{name}.{suffix}", factor

    def state_dict(self) -> dict[str, Tensor]:
        """Return the tensors under their kohya keys, in the shapes files have.

        Factors are views of the parameters in their own dtype; alphas are 0-dimensional fp32.
        """
        tensors: dict[str, Tensor] = {}
        for name, layer in self.layers.items():
            convolutional = self.targets[name].stored_as_convolution
            for suffix, tensor in layer.update.file_tensors().items():
                if convolutional and suffix in _CONVOLUTIONAL_IN_FILES:
                    tensor = tensor[:, :, None, None]
                tensors[f"{name}.{suffix}"] = tensor
        return tensors

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Copy tensors made by `state_dict()` of an equal set into this one.

        Raises:
            AdapterError: Keys are missing or too many, or a shape differs; nothing is changed then.
        """
        own = self.state_dict()
        missing = [key for key in own if key not in tensors]
        extra = [key for key in tensors if key not in own]
        wrong = [
            f"{key} {tuple(tensors[key].shape)} in place of {tuple(own[key].shape)}"
            for key in own
            if key in tensors and tensors[key].shape != own[key].shape
        ]
        problems = [
            f"{len(keys)} {word}: {some_names(keys)}"
            for word, keys in (("missing", missing), ("not known", extra), ("misshapen", wrong))
            if keys
        ]
        if problems:
            raise AdapterError(
                f"these tensors do not belong to {self.title} ({len(own)} tensors): "
                + "; ".join(problems),
                hint="Kind, rank, targets or the base differ from those it was saved with.",
            )
        with torch.no_grad():
            for name, layer in self.layers.items():
                for suffix, factor in layer.update.factors():
                    factor.copy_(tensors[f"{name}.{suffix}"].reshape(factor.shape))
                if layer.update.alpha is not None:
                    layer.update.set_alpha(float(tensors[f"{name}.alpha"]))

    def freeze(self, part: AdapterPart) -> None:
        """Train a part no longer; it keeps what it learnt."""
        for parameter in self.parameters(part):
            parameter.requires_grad_(False)
            parameter.grad = None

    def set_multiplier(self, multiplier: float) -> None:
        """Set the strength of the whole adapter; 1 is as trained, 0 leaves the base alone."""
        for layer in self.layers.values():
            layer.multiplier = float(multiplier)

    @torch.no_grad()
    def limit_norms(self, limit: float) -> NormReport:
        """Shrink every update whose Frobenius norm is above `limit` to that norm.

        What sd-scripts calls `scale_weight_norms`: the factors share the shrinking.

        Args:
            limit: Above 0; 1 is usual.
        """
        scaled, norms = 0, list[float]()
        for layer in self.layers.values():
            norm = float(layer.update.norm())
            if norm > limit:
                layer.update.shrink(limit / norm)
                scaled += 1
            norms.append(min(norm, limit))
        return NormReport(scaled=scaled, mean=sum(norms) / len(norms), largest=max(norms))

    @contextlib.contextmanager
    def training_step(self, step: int, *, first: int = 0, pictures: int = 1) -> Generator[None]:
        """Leave out what the settings say, for a forward and backward pass inside the block.

        Args:
            step: Says what is left out; the same step leaves out the same.
            first: Place in the step of the first picture that is computed, when it is computed in
                several parts.
            pictures: How many are computed in this part.
        """
        if self.noise is None:
            yield
            return
        self.noise.step, self.noise.first, self.noise.pictures = step, first, pictures
        self.noise.active = True
        try:
            yield
        finally:
            self.noise.active = False

    @contextlib.contextmanager
    def disabled(self) -> Generator[None]:
        """Switch the adapter off inside the block; the base answers bit for bit as without it."""
        before = {name: layer.enabled for name, layer in self.layers.items()}
        for layer in self.layers.values():
            layer.enabled = False
        try:
            yield
        finally:
            for name, layer in self.layers.items():
                layer.enabled = before[name]

    @contextlib.contextmanager
    def as_saved(self, dtype: torch.dtype) -> Generator[None]:
        """Inside the block the adapter is what a file of this number format gives back.

        Pictures drawn then are, bit for bit, those that are drawn with the saved file.

        Args:
            dtype: Number format of the file.
        """
        updates = [layer.update for layer in self.layers.values()]
        factors = [factor for update in updates for _, factor in update.factors()]
        exact = [factor.data for factor in factors]
        alphas = [update.alpha for update in updates]
        try:
            for factor in factors:
                factor.data = factor.data.to(dtype)
            for update, alpha in zip(updates, alphas, strict=True):
                if alpha is not None:
                    update.set_alpha(float(torch.tensor(alpha).to(dtype)))
            yield
        finally:
            for factor, values in zip(factors, exact, strict=True):
                factor.data = values
            for update, alpha in zip(updates, alphas, strict=True):
                if alpha is not None:
                    update.set_alpha(alpha)

    def _is_in_place(self, name: str) -> bool:
        layer = self.layers[name]
        return any(outer is layer for outer in chain(self.targets[name].module))
