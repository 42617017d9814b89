"""What adapter is to be made: kind, sizes, places."""

from dataclasses import dataclass, field

from enogu.adapters.blocks import BlockPlan
from enogu.adapters.kinds import TRAINED, FreshOptions
from enogu.adapters.kinds.update import NormAxis
from enogu.adapters.step_noise import StepNoise
from enogu.adapters.targets import Target
from enogu.errors import AdapterError


@dataclass(frozen=True, kw_only=True)
class Size:
    """Inner width of one layer's update, and its alpha."""

    rank: int
    alpha: float


@dataclass(frozen=True, kw_only=True)
class AdapterSpec:
    """A fresh adapter.

    Attributes:
        rank: Inner width, 1 or more.
        alpha: The update is scaled by `alpha / rank`.
        kind: A name in `TRAINED`.
        text_encoder_rank: None for `rank`.
        text_encoder_alpha: None for `text_encoder_rank` where that is given, else `alpha`.
        conv_rank: Also adapt the convolutions, those wider than 1x1 with this rank; None leaves
            them alone.
        conv_alpha: None for `conv_rank`.
        mid: Split convolutions wider than 1x1 into three factors.
        decompose: DoRA, with one length per output or per input; None for none.
        factor: LoKr: size of the small matrix, -1 for the split nearest to a square.
        full_matrix: LoKr: no low rank anywhere.
        decompose_both: LoKr: the small matrix has low rank too.
        targets: Name patterns to keep, see `choose_targets`; empty for all.
        exclude: Name patterns to leave out.
        train_unet: Adapt the UNet.
        train_text_encoder: Adapt all text encoders.
        blocks: Ranks and rates by block of the UNet; None for all alike.
        noise: What is left out in training steps.
        seed: Seed of the starting numbers.
    """

    rank: int
    alpha: float
    kind: str = "lora"
    text_encoder_rank: int | None = None
    text_encoder_alpha: float | None = None
    conv_rank: int | None = None
    conv_alpha: float | None = None
    mid: bool = False
    decompose: NormAxis | None = None
    factor: int = -1
    full_matrix: bool = False
    decompose_both: bool = False
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    train_unet: bool = True
    train_text_encoder: bool = False
    blocks: BlockPlan | None = None
    noise: StepNoise | None = field(default=None, compare=False)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in TRAINED:
            raise AdapterError(
                f"there is no kind of adapter {self.kind!r} to train; known: {', '.join(TRAINED)}"
            )
        for setting, rank in (
            ("rank", self.rank),
            ("text_encoder_rank", self.text_size.rank),
            ("conv_rank", self.wide_size.rank),
        ):
            if rank < 1:
                raise AdapterError(
                    f"train.{setting} must be 1 or more, got {rank}; 4 to 128 is usual"
                )

    @property
    def text_size(self) -> Size:
        """Size in the text encoders."""
        if self.text_encoder_rank is None:
            alpha = self.alpha if self.text_encoder_alpha is None else self.text_encoder_alpha
            return Size(rank=self.rank, alpha=alpha)
        alpha = self.text_encoder_alpha
        return Size(
            rank=self.text_encoder_rank,
            alpha=float(self.text_encoder_rank) if alpha is None else alpha,
        )

    @property
    def wide_size(self) -> Size:
        """Size in convolutions wider than 1x1."""
        rank = self.rank if self.conv_rank is None else self.conv_rank
        return Size(rank=rank, alpha=float(rank) if self.conv_alpha is None else self.conv_alpha)

    def size(self, target: Target) -> Size | None:
        """Return the size of a layer, or None where the layer is left alone."""
        if target.part != "unet":
            return self.text_size
        size = self.wide_size if target.wide else Size(rank=self.rank, alpha=self.alpha)
        if self.blocks is None:
            return size
        rank, alpha = self.blocks.size(target.path, size.rank, size.alpha, wide=target.wide)
        if rank == 0 or self.rate(target) == 0:
            return None
        return Size(rank=rank, alpha=alpha)

    def rate(self, target: Target) -> float:
        """Return what the learning rate of a layer is multiplied by."""
        if self.blocks is None or target.part != "unet":
            return 1.0
        return self.blocks.rate(target.path)

    def options(self, size: Size) -> FreshOptions:
        """Return how the update of a layer of that size is made."""
        return FreshOptions(
            rank=size.rank,
            alpha=size.alpha,
            mid=self.mid,
            factor=self.factor,
            full_matrix=self.full_matrix,
            decompose_both=self.decompose_both,
        )
