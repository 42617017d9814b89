"""Which layers of a base can be adapted, and the choice among them by name pattern."""

import difflib
import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.upsampling import Upsample2D
from torch import nn
from transformers.models.clip.modeling_clip import CLIPMLP, CLIPAttention

from enogu.adapters.layers import layer_shape
from enogu.adapters.shapes import LayerShape
from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.families.kohya_names import LoraPart, lora_module_names

Group = Literal["usual", "convolution", "other"]
"""`usual`: linear and 1x1 layers in attention blocks and text encoders. `convolution`: what
adapting the convolutions adds. `other`: never trained here, but files of other makers have them."""

_USUAL_BLOCKS = (Transformer2DModel, CLIPAttention, CLIPMLP)
_CONVOLUTION_BLOCKS = (ResnetBlock2D, Downsample2D, Upsample2D)

# sd-scripts turns SD2's linear projections into 1x1 convolutions before training, and reads its
# own files strictly, so files for SD2 have the shape of a convolution there.
_FAMILIES_WITH_CONVOLUTION_PROJECTIONS = frozenset({"sd2"})


@dataclass(frozen=True, kw_only=True)
class Target:
    """One layer of a base that an adapter may wrap."""

    name: str
    """Kohya module name."""
    part: LoraPart
    path: str
    """Dotted path with the part in front: `unet.mid_block.attentions.0.proj_in`."""
    parent: nn.Module
    attribute: str
    group: Group
    shape: LayerShape
    stored_as_convolution: bool
    """A linear layer whose factors files keep as 1x1 convolutions."""

    @property
    def module(self) -> nn.Module:
        """What stands in the base at this place now: the layer, or the adapter layer around it."""
        return getattr(self.parent, self.attribute)

    def place(self, module: nn.Module) -> None:
        """Put `module` into the base at this place."""
        setattr(self.parent, self.attribute, module)

    @property
    def wide(self) -> bool:
        """Whether the layer is a convolution that sees more than one pixel."""
        return self.shape.wide

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other canonical names that files use for this layer."""
        root, _, inner = self.path.partition(".")
        flat = inner.replace(".", "_")
        if root == "unet":
            return (f"lora_unet_{flat}",)
        if not flat.startswith("text_model_") and flat.startswith("encoder_layers_"):
            flat = f"text_model_{flat}"
        own = f"{_prefix(self.part)}_{flat}"
        return (own, f"lora_text_encoder_{flat}") if root == "text_encoder" else (own,)


def find_targets(base: Base) -> list[Target]:
    """List every layer of the loaded parts that an adapter can wrap, in the order of the modules.

    Layers that are wrapped already are listed once, as themselves.
    """
    targets: list[Target] = []
    for root, part, model in _parts(base):
        names = lora_module_names(base, part)
        for inner, parent, attribute, group in _walk(model, "", "other"):
            shape = layer_shape(getattr(parent, attribute))
            if shape is None:
                continue
            name = names.get(inner) or f"{_prefix(part)}_{inner.replace('.', '_')}"
            targets.append(
                Target(
                    name=name,
                    part=part,
                    path=f"{root}.{inner}",
                    parent=parent,
                    attribute=attribute,
                    group=group,
                    shape=shape,
                    stored_as_convolution=(
                        base.spec.name in _FAMILIES_WITH_CONVOLUTION_PROJECTIONS
                        and attribute in ("proj_in", "proj_out")
                        and shape.kind == "linear"
                    ),
                )
            )
    return targets


def choose_targets(
    candidates: Sequence[Target],
    include: Sequence[str],
    exclude: Sequence[str],
    elsewhere: Sequence[Target] = (),
) -> tuple[list[Target], list[str]]:
    """Choose layers by name pattern.

    A pattern is matched against the whole kohya name and the whole dotted path, either is enough:
    `*attn2*`, `unet.down_blocks.*`, or a regular expression after `re:`, as in
    `re:.*attn[12]_to_[kv]`.

    Args:
        candidates: The layers that would be adapted.
        include: Keep layers that match one of these; empty keeps all.
        exclude: Then leave out layers that match one of these.
        elsewhere: Layers that are not adapted; a pattern that means one of them is told so.

    Returns:
        The chosen layers in the given order, and a warning for each pattern that matches nothing.

    Raises:
        AdapterError: A regular expression is wrong, or no layer is left.
    """
    warnings: list[str] = []

    def matching(patterns: Sequence[str], setting: str) -> set[str]:
        found: set[str] = set()
        for pattern in patterns:
            expression = _compile(pattern, setting)
            names = _matching(candidates, expression)
            if not names:
                others = len(_matching(elsewhere, expression))
                warnings.append(_no_match(pattern, setting, candidates, others))
            found |= names
        return found

    kept = matching(include, "targets")
    dropped = matching(exclude, "exclude")
    chosen = [
        target
        for target in candidates
        if (not include or target.name in kept) and target.name not in dropped
    ]
    if not chosen:
        examples = ", ".join(target.name for target in candidates[:2]) or "none"
        raise AdapterError(
            f"no layer is left to adapt: targets {list(include)} and exclude {list(exclude)} "
            f"leave 0 of {len(candidates)} layers",
            hint="Patterns match whole names, so write *attn2* to find attn2 anywhere. "
            f"The names look like: {examples}",
        )
    return chosen, warnings


def _matching(targets: Sequence[Target], expression: re.Pattern[str]) -> set[str]:
    return {
        target.name
        for target in targets
        if expression.fullmatch(target.name) or expression.fullmatch(target.path)
    }


def _compile(pattern: str, setting: str) -> re.Pattern[str]:
    if not pattern.startswith("re:"):
        return re.compile(fnmatch.translate(pattern))
    try:
        return re.compile(pattern.removeprefix("re:"))
    except re.error as error:
        raise AdapterError(
            f"train.{setting}: {pattern!r} is not a regular expression ({error})",
            hint="Simple patterns with * and ? need no re: in front.",
        ) from error


def _no_match(pattern: str, setting: str, targets: Sequence[Target], others: int) -> str:
    message = f"train.{setting}: the pattern {pattern!r} matches none of {len(targets)} layers"
    if others:
        return (
            f"{message}, but {others} that are not trained now; convolutions need "
            "train.conv_rank, text encoders train.text_encoder = true"
        )
    bare = pattern.strip("*")
    if any(bare in name for target in targets for name in (target.name, target.path)):
        return f"{message}; patterns match whole names, so write {f'*{bare}*'!r}"
    pieces = sorted({piece for target in targets for piece in target.path.split(".")})
    near = difflib.get_close_matches(bare, pieces, n=1)
    return f"{message}; did you mean {f'*{near[0]}*'!r}?" if near else message


def _parts(base: Base) -> Iterator[tuple[str, LoraPart, nn.Module]]:
    modules = base.modules()
    if "unet" in modules:
        yield "unet", "unet", modules["unet"]
    for encoder in base.spec.text_encoders:
        if encoder.folder in modules:
            yield encoder.folder, _PARTS[encoder.kohya_prefix], modules[encoder.folder]


def _walk(
    module: nn.Module, path: str, group: Group
) -> Iterator[tuple[str, nn.Module, str, Group]]:
    """Yield path, parent, attribute and group of every leaf; a wrapped layer counts as a leaf."""
    for attribute, child in module.named_children():
        inner = f"{path}.{attribute}" if path else attribute
        shape = layer_shape(child)
        if shape is not None:
            yield inner, module, attribute, "other" if shape.kind == "norm" else group
            continue
        child_group: Group = group
        if isinstance(child, _USUAL_BLOCKS):
            child_group = "usual"
        elif isinstance(child, _CONVOLUTION_BLOCKS):
            child_group = "convolution"
        yield from _walk(child, inner, child_group)


def _prefix(part: LoraPart) -> str:
    return f"lora_{part}"


_PARTS: dict[str, LoraPart] = {"lora_te": "te", "lora_te1": "te1", "lora_te2": "te2"}
