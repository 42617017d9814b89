"""Settings of the adapter beside its ranks: kind, what is left out, where it starts, blocks."""

from typing import Annotated, Literal

from pydantic import Field

from enogu.config.section import Section

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
BlockPreset = Annotated[
    str, Field(pattern=r"^((sine|cosine|linear|reverse_linear|zeros)(\+\d*\.?\d+)?)?$")
]
Rate = Annotated[float, Field(ge=0.0, le=100.0)]
BlockRank = Annotated[int, Field(ge=0, le=1024)]
BlockAlpha = Annotated[float, Field(gt=0.0)]


class AdapterConfig(Section):
    """What kind of adapter is trained, and from where."""

    kind: Literal["lora", "loha", "lokr", "dylora"] = "lora"
    """`lora`: two thin matrices, loads everywhere. `loha`: the product of two such pairs, more
    shades for the same numbers. `lokr`: small files. `dylora`: LoRA of which any lower rank can be
    cut out afterwards."""

    decompose: Literal["off", "output", "input"] = "off"
    """DoRA: train the lengths of the weight apart from its direction, one length per output or
    per input. Learns more like full training; slower, because lengths are measured every step."""

    mid: bool = False
    """Split 3x3 convolutions into three factors (CP, Tucker) instead of two: smaller files."""

    factor: int = Field(default=-1, ge=-1, le=1024)
    """LoKr: size of the small matrix; -1 splits as near to a square as it goes."""

    full_matrix: bool = False
    """LoKr: no low rank anywhere; the rank has no effect then."""

    decompose_both: bool = False
    """LoKr: the small matrix has low rank too."""

    unit: int = Field(default=1, ge=1, le=1024)
    """DyLoRA: ranks are cut in steps of this many."""

    dropout: Share = 0.0
    """Share of the numbers between the two matrices that is zeroed in each step, against
    overfitting. Only for kinds that have such a middle."""

    rank_dropout: Share = 0.0
    """Share of the ranks (of LoHa and LoKr: of the outputs) that is zeroed in each step."""

    module_dropout: Share = 0.0
    """Share of the layers that is left out in each step."""

    max_norm: float | None = Field(default=None, gt=0)
    """Shrink the update of a layer whose norm grows beyond this; 1 is usual. Empty: no limit."""

    up_rate: float = Field(default=1.0, gt=0, le=1000)
    """What the learning rate of the second of the two matrices, which starts at zero, is multiplied
    by (LoRA+, arXiv:2402.12354; 16 is usual there). Only for `lora` and `dylora`."""

    start: str = ""
    """Go on from this adapter file instead of from nothing. Kind and ranks must be those of the
    settings; the alphas are the file's. The optimiser starts anew."""

    start_sizes: bool = False
    """Take layers, kind, ranks and alphas from the file in `start`; the settings for them have no
    effect then."""

    base_adapters: tuple[str, ...] = ()
    """Adapter files that are merged into the base before training, so that only the difference
    from them is learnt. Draw with them too: they are not in the new file."""

    base_adapter_weights: tuple[float, ...] = ()
    """Strengths of `base_adapters`; those that are missing are 1."""


class BlocksConfig(Section):
    """Learning rates and ranks by block of the UNet; `enogu plan` shows the table.

    SD1 and SD2 have 12 blocks down, 1 in the middle, 12 up; SDXL has 9, 3 and 9.
    """

    down: BlockPreset | tuple[Rate, ...] = ""
    """What the learning rate is multiplied by on the way down: one number per block, or `sine`,
    `cosine`, `linear`, `reverse_linear`, `zeros`, with an offset as in `cosine+0.25`. 0 leaves the
    block out. Empty: 1."""

    mid: tuple[Rate, ...] = ()
    """The same for the blocks in the middle, as numbers. Empty: 1."""

    up: BlockPreset | tuple[Rate, ...] = ""
    """The same for the way up."""

    threshold: float = Field(default=0.0, ge=0.0)
    """Rates up to this one count as 0."""

    ranks: tuple[BlockRank, ...] = ()
    """One rank per block: 25 numbers for SD1, 21 (or the 23 of other programs) for SDXL. 0 leaves
    the block out. Empty: `train.rank` everywhere."""

    alphas: tuple[BlockAlpha, ...] = ()
    """One alpha per block. Empty: in the same ratio to the rank as `train.alpha`."""

    conv_ranks: tuple[BlockRank, ...] = ()
    """As `ranks`, for the 3x3 convolutions."""

    conv_alphas: tuple[BlockAlpha, ...] = ()
    """As `alphas`, for the 3x3 convolutions."""

    @property
    def used(self) -> bool:
        """Whether any block differs from the others."""
        return self != BlocksConfig()
