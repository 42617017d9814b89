"""The blocks of a UNet, counted as other programs count them, with a rank and a rate for each.

SD1 and SD2 have 25: twelve on the way down (IN00 is the first convolution), the middle, twelve on
the way up. SDXL has nine, three and nine; other programs count 23 there, with the time embedding
in front and the last convolution behind. Weights of blocks come as three lists (12/1/12, 9/3/9).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.families.kohya_names import unet_layout
from enogu.families.ldm_names import unet_ldm_name
from enogu.families.spec import Config, FamilySpec

_Number = TypeVar("_Number", int, float)

PRESETS = ("sine", "cosine", "linear", "reverse_linear", "zeros")


@dataclass(frozen=True, kw_only=True)
class BlockLayout:
    """How many blocks a UNet has, and which block a layer belongs to."""

    num_down: int
    num_mid: int
    num_up: int
    layers_per_block: int
    attention_levels: frozenset[int]

    @classmethod
    def of_config(cls, spec: FamilySpec, config: Config) -> "BlockLayout":
        """Count the blocks of a UNet by its description."""
        layers, levels = unet_layout(config)
        num_levels = len(cast("list[str]", config["down_block_types"]))
        number = (layers + 1) * num_levels
        return cls(
            num_down=number,
            num_mid=3 if spec.kohya_unet_names == "sgm" else 1,
            num_up=number,
            layers_per_block=layers,
            attention_levels=levels,
        )

    @classmethod
    def of_base(cls, base: Base) -> "BlockLayout":
        """Count the blocks of a base's UNet."""
        return cls.of_config(base.spec, cast(Config, base.unet.config))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the blocks in the order of the lists: IN00, MID, OUT00 and so on."""
        mids = ["MID"] if self.num_mid == 1 else [f"MID{n:02d}" for n in range(self.num_mid)]
        return (
            *(f"IN{n:02d}" for n in range(self.num_down)),
            *mids,
            *(f"OUT{n:02d}" for n in range(self.num_up)),
        )

    def label(self, path: str) -> str | None:
        """Return the block of a layer by its dotted path (`unet.mid_block…`), or None.

        None is what lies outside all blocks: the time embedding and the last convolution.
        """
        name = unet_ldm_name(
            path.removeprefix("unet."),
            layers_per_block=self.layers_per_block,
            attention_levels=self.attention_levels,
        )
        root, _, rest = name.partition(".")
        number = rest.split(".")[0]
        if root == "input_blocks":
            return f"IN{int(number):02d}"
        if root == "output_blocks":
            return f"OUT{int(number):02d}"
        if root == "middle_block":
            return "MID" if self.num_mid == 1 else f"MID{int(number):02d}"
        return None


@dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """Rates and sizes by block.

    Attributes:
        layout: The blocks.
        rates: By label, what the learning rate is multiplied by; 0 leaves the block out.
        ranks: By label; empty for the same rank everywhere. 0 leaves the block out.
        alphas: By label; empty to keep the ratio of alpha and rank.
        conv_ranks: The same for convolutions wider than 1x1.
        conv_alphas: The same for convolutions wider than 1x1.
    """

    layout: BlockLayout
    rates: dict[str, float]
    ranks: dict[str, int]
    alphas: dict[str, float]
    conv_ranks: dict[str, int]
    conv_alphas: dict[str, float]

    def rate(self, path: str) -> float:
        """Return what the learning rate of a layer is multiplied by."""
        label = self.layout.label(path)
        return 1.0 if label is None else self.rates.get(label, 1.0)

    def size(self, path: str, rank: int, alpha: float, *, wide: bool) -> tuple[int, float]:
        """Return rank and alpha of a layer whose size without blocks is given."""
        label = self.layout.label(path)
        ranks, alphas = (self.conv_ranks, self.conv_alphas) if wide else (self.ranks, self.alphas)
        if label is None or not ranks:
            return rank, alphas.get(label or "", alpha)
        chosen = ranks[label]
        return chosen, alphas.get(label, alpha * chosen / rank)


def block_plan(
    layout: BlockLayout,
    *,
    down: Sequence[float] | str = "",
    mid: Sequence[float] = (),
    up: Sequence[float] | str = "",
    threshold: float = 0.0,
    ranks: Sequence[int] = (),
    alphas: Sequence[float] = (),
    conv_ranks: Sequence[int] = (),
    conv_alphas: Sequence[float] = (),
) -> BlockPlan:
    """Work out rates and sizes by block.

    Args:
        layout: The blocks of the base.
        down: One rate per block on the way down, or a preset such as `sine` or `cosine+0.25`;
            empty for 1 everywhere.
        mid: One rate per block in the middle; empty for 1.
        up: As `down`, for the way up.
        threshold: Rates up to this one count as 0.
        ranks: One per block, or two more where other programs count the outside; empty for none.
        alphas: As `ranks`.
        conv_ranks: As `ranks`, for convolutions wider than 1x1.
        conv_alphas: As `ranks`, for convolutions wider than 1x1.

    Raises:
        AdapterError: A list is of the wrong length; the message says which length fits.
    """
    rates = (
        *_rates("down", down, layout.num_down),
        *_rates("mid", mid, layout.num_mid),
        *_rates("up", up, layout.num_up),
    )
    kept = [0.0 if rate <= threshold else rate for rate in rates]
    return BlockPlan(
        layout=layout,
        rates=dict(zip(layout.labels, kept, strict=True)),
        ranks=_by_block("ranks", ranks, layout),
        alphas=_by_block("alphas", alphas, layout),
        conv_ranks=_by_block("conv_ranks", conv_ranks, layout),
        conv_alphas=_by_block("conv_alphas", conv_alphas, layout),
    )


def preset_rates(text: str, count: int) -> list[float]:
    """Return the rates of a preset, from the first block to the last.

    Args:
        text: `sine`, `cosine`, `linear`, `reverse_linear` or `zeros`, with `+offset` after it or
            not. Sine and linear rise from 0 to 1, cosine and reverse_linear fall from 1 to 0.
        count: Number of blocks, 2 or more.

    Raises:
        AdapterError: The name is unknown or the offset is no number.
    """
    name, _, offset_text = text.partition("+")
    try:
        offset = float(offset_text or 0)
    except ValueError as error:
        raise AdapterError(f"{text!r}: the offset {offset_text!r} is not a number") from error
    rising = [place / (count - 1) for place in range(count)]
    forms = {
        "sine": [math.sin(math.pi / 2 * x) for x in rising],
        "cosine": [math.sin(math.pi / 2 * x) for x in reversed(rising)],
        "linear": rising,
        "reverse_linear": rising[::-1],
        "zeros": [0.0] * count,
    }
    if name not in forms:
        raise AdapterError(f"there is no preset {name!r} of block rates; known: {', '.join(forms)}")
    return [value + offset for value in forms[name]]


def _rates(way: str, rates: Sequence[float] | str, count: int) -> Sequence[float]:
    if isinstance(rates, str):
        return preset_rates(rates, count) if rates else [1.0] * count
    if not rates:
        return [1.0] * count
    if len(rates) != count:
        raise AdapterError(
            f"train.blocks.{way} has {len(rates)} rates, but this base has {count} such blocks"
        )
    return rates


def _by_block(setting: str, values: Sequence[_Number], layout: BlockLayout) -> dict[str, _Number]:
    if not values:
        return {}
    count = len(layout.labels)
    if len(values) == count + 2 and layout.num_mid == 3:
        values = values[1:-1]
    if len(values) != count:
        also = f" (or {count + 2})" if layout.num_mid == 3 else ""
        raise AdapterError(
            f"train.blocks.{setting} has {len(values)} numbers, "
            f"but this base has {count} blocks{also}: {layout.num_down} down, "
            f"{layout.num_mid} in the middle, {layout.num_up} up"
        )
    return dict(zip(layout.labels, values, strict=True))
