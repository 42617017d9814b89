"""How much an adapter changes each block, as numbers and as a picture."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from enogu.adapters.effect import effect_of
from enogu.adapters.file import read_adapter_header
from enogu.adapters.load import read_layers
from enogu.adapters.place import BlockNames, block_order

_ROW, _LABEL, _BAR, _NUMBER = 18, 64, 420, 170


@dataclass(frozen=True, kw_only=True)
class BlockNorms:
    """The size of what an adapter adds, by block.

    Attributes:
        title: Of the file.
        norms: Block to the Frobenius norm of all its differences together.
        layers: Block to number of layers.
        unmeasured: Layers whose difference depends on the base.
    """

    title: str
    norms: Mapping[str, float]
    layers: Mapping[str, int]
    unmeasured: int

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "norms": dict(self.norms),
            "layers": dict(self.layers),
            "unmeasured": self.unmeasured,
        }


def block_norms(path: Path) -> BlockNorms:
    """Measure what an adapter file adds to each block; its base is not needed.

    Args:
        path: An adapter of any kind; of DoRA, OFT and the like nothing can be said without a base.

    Raises:
        AdapterError: No adapter, of a kind that cannot be applied, or with broken numbers.
    """
    header = read_adapter_header(path)
    layers = read_layers(header)
    names = BlockNames(layers)
    squares: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    unmeasured = 0
    for name, numbers in layers.items():
        effect = effect_of(numbers)
        if effect is None:
            unmeasured += 1
            continue
        label = names.of(name)
        squares[label] += effect.norm() ** 2
        counts[label] += 1
    order = sorted(squares, key=block_order)
    return BlockNorms(
        title=path.stem,
        norms={label: squares[label] ** 0.5 for label in order},
        layers={label: counts[label] for label in order},
        unmeasured=unmeasured,
    )


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
        f"{escape(measured.title)}: how much each block is changed</text>",
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
