"""How much an adapter changes each block, or a base holds in it, as numbers and as a picture."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import torch
from torch import Tensor

from enogu.adapters.effect import effect_of
from enogu.adapters.file import read_adapter_header
from enogu.adapters.load import read_layers
from enogu.adapters.place import BlockNames, block_order
from enogu.adapters.tools.dense import dense_layers
from enogu.families.base import Base
from enogu.families.detect import BaseInfo
from enogu.families.kohya_names import text_kohya_name, unet_kohya_name

_ROW, _LABEL, _BAR, _NUMBER = 18, 64, 420, 170


@dataclass(frozen=True, kw_only=True)
class BlockNorms:
    """The size of what an adapter adds, or of the weights of a base, by block.

    Attributes:
        title: Of the file.
        measure: What was measured, in words.
        norms: Block to the Frobenius norm of all its differences, or weights, together.
        layers: Block to number of layers.
        unmeasured: Layers whose difference depends on the base, which was not at hand.
    """

    title: str
    measure: str
    norms: Mapping[str, float]
    layers: Mapping[str, int]
    unmeasured: int

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "measure": self.measure,
            "norms": dict(self.norms),
            "layers": dict(self.layers),
            "unmeasured": self.unmeasured,
        }


def block_norms(path: Path, base: Base | None = None) -> BlockNorms:
    """Measure what an adapter file adds to each block.

    Args:
        path: An adapter of any kind.
        base: The base it is for, with the parts it adapts; without it nothing can be said of
            layers whose difference depends on the base, such as those of DoRA and OFT.

    Raises:
        AdapterError: No adapter, of a kind that cannot be applied, with broken numbers, or for
            another base.
    """
    layers = read_layers(read_adapter_header(path))
    if base is None:
        effects = {name: effect_of(numbers) for name, numbers in layers.items()}
        norms = {name: effect.norm() for name, effect in effects.items() if effect is not None}
    else:
        norms = {layer.name: _norm(layer.weight) for layer in dense_layers(path, base)}
    return _by_block(path.stem, "how much each block is changed", norms, len(layers) - len(norms))


def base_norms(info: BaseInfo) -> BlockNorms:
    """Measure the weights of each block of a base; its tensors are read one at a time.

    Args:
        info: The base, looked at. Its VAE is left out.

    Raises:
        BaseModelError: A file was changed while it was read.
    """
    spec, refs = info.spec, info.checkpoint.refs
    squares: defaultdict[str, float] = defaultdict(float)
    for unet in refs.get("unet", ()):
        for parameter, ref in unet.items():
            module = parameter.rpartition(".")[0]
            name = unet_kohya_name(spec, info.architecture.unet, module)
            squares[name] += _norm(ref.read()) ** 2
    for encoder, part in zip(spec.text_encoders, refs.get("text_encoders", ()), strict=False):
        for parameter, ref in part.items():
            module = parameter.rpartition(".")[0]
            squares[text_kohya_name(encoder.kohya_prefix, module)] += _norm(ref.read()) ** 2
    norms = {name: square**0.5 for name, square in squares.items()}
    return _by_block(info.title, "the size of each block's weights", norms, 0)


def _by_block(title: str, measure: str, norms: Mapping[str, float], unmeasured: int) -> BlockNorms:
    names = BlockNames(norms)
    squares: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for name, norm in norms.items():
        label = names.of(name)
        squares[label] += norm**2
        counts[label] += 1
    order = sorted(squares, key=block_order)
    return BlockNorms(
        title=title,
        measure=measure,
        norms={label: squares[label] ** 0.5 for label in order},
        layers={label: counts[label] for label in order},
        unmeasured=unmeasured,
    )


def _norm(tensor: Tensor) -> float:
    return float(torch.linalg.vector_norm(tensor.float()))


def norms_svg(measured: BlockNorms) -> str:
    """Return the norms as an SVG drawing: one bar per block, its number and its layers."""
    top = max(measured.norms.values(), default=0.0) or 1.0
    height = _ROW * (len(measured.norms) + 2)
    width = _LABEL + _BAR + _NUMBER
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="{_ROW - 4}" font-weight="bold">'
        f"{escape(measured.title)}: {escape(measured.measure)}</text>",
    ]
    for place, (label, norm) in enumerate(measured.norms.items(), start=1):
        y = _ROW * place + 6
        bar = norm / top * _BAR
        parts.append(
            f'<text x="8" y="{y + 12}">{escape(label)}</text>'
            f'<rect x="{_LABEL}" y="{y}" width="{bar:.1f}" height="{_ROW - 4}" fill="#c2410c"/>'
            f'<text x="{_LABEL + bar + 6:.1f}" y="{y + 12}">{norm:.3g} '
            f"({measured.layers[label]} layers)</text>"
        )
    return "\n".join([*parts, "</svg>", ""])
