"""Settings of the training itself: the adapter, the optimiser, what is saved."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from enogu.config.adapter import AdapterConfig, BlocksConfig
from enogu.config.loss import LossConfig
from enogu.config.optimizers import OPTIMIZERS, check_name
from enogu.config.section import Section

SCHEDULES = ("constant", "cosine", "cosine_restarts", "linear", "polynomial", "rex")
"""Learning-rate schedules known by name."""

ArgumentValue = bool | int | float | str | list[float]
"""What an argument of a class may be in the settings file."""


def _known_optimizer(value: str) -> str:
    return check_name(value, OPTIMIZERS, "optimiser")


def _known_schedule(value: str) -> str:
    return check_name(value, SCHEDULES, "schedule")


class TrainConfig(Section):
    """How the adapter is trained."""

    steps: int = Field(default=1600, ge=1)
    """Optimiser steps in all."""

    epochs: int | None = Field(default=None, ge=1)
    """How often every picture is seen, repeats not counted. When set, it decides in place of
    `steps`."""

    rounds: int = Field(default=1, ge=1, le=100)
    """Train in this many rounds of equal length: after each, the adapter is merged into the base
    and a fresh one is begun. The file is the sum of all, with the ranks of all together. The
    schedule goes on falling over all rounds; `warmup_steps` begin each. 1: plain training."""

    batch_size: int = Field(default=1, ge=1, le=1024)
    """Pictures that are computed at once, all from one bucket."""

    accumulate: int = Field(default=1, ge=1, le=1024)
    """Batches per step. The step is that of one batch of `batch_size` times this many pictures, for
    the memory of a small one."""

    seed: int = Field(default=0, ge=0, lt=2**63)
    """Everything random in a run follows from this number, the step and the place in the batch."""

    rank: int = Field(default=16, ge=1, le=1024)
    """Inner width of the adapter; the file grows with it."""

    alpha: float = Field(default=16.0, gt=0)
    """The update is scaled by `alpha / rank`."""

    conv_rank: int | None = Field(default=None, ge=1, le=1024)
    """Also adapt the 3x3 convolutions, with this rank. Empty: leave them alone."""

    conv_alpha: float | None = Field(default=None, gt=0)
    """Alpha of the 3x3 convolutions. Empty: as `conv_rank`."""

    unet: bool = True
    """Train the UNet."""

    text_encoder: bool = False
    """Train the text encoders too. Needs more memory and no text-feature cache."""

    text_encoder_rank: int | None = Field(default=None, ge=1, le=1024)
    """Rank in the text encoders. Empty: as `rank`."""

    text_encoder_alpha: float | None = Field(default=None, gt=0)
    """Alpha in the text encoders. Empty: as `alpha`, or as `text_encoder_rank` when that is set."""

    targets: tuple[str, ...] = ()
    """Name patterns (`*attn2*`) of the layers to adapt, out of the usual ones. Empty: all of them.
    A pattern that matches nothing is reported."""

    exclude: tuple[str, ...] = ()
    """Name patterns of layers to leave alone."""

    learning_rate: float = Field(default=1e-4, gt=0, le=10)
    """Step size of the optimiser."""

    text_encoder_learning_rate: float | None = Field(default=None, gt=0, le=10)
    """Step size in the text encoders. Empty: half of `learning_rate`."""

    text_encoder_2_learning_rate: float | None = Field(default=None, gt=0, le=10)
    """Step size in the second text encoder of SDXL. Empty: as in the first."""

    text_encoder_stop: int | None = Field(default=None, ge=1)
    """Stop training the text encoders after this many steps; they keep what they learnt. Empty:
    train them to the end."""

    optimizer: Annotated[str, AfterValidator(_known_optimizer)] = "adamw"
    """The optimiser: a name (see `docs/concepts/optimizers.md`) or the import path of a class."""

    optimizer_args: dict[str, ArgumentValue] = Field(default_factory=dict)
    """Arguments of the optimiser, for example `{ betas = [0.9, 0.99] }`; a list becomes a tuple."""

    weight_decay: float = Field(default=0.01, ge=0.0, le=1.0)
    """Pull of the weights towards zero."""

    max_grad_norm: float = Field(default=1.0, ge=0.0)
    """Longer gradients are shortened to this length; 0 switches it off."""

    max_grad_value: float = Field(default=0.0, ge=0.0)
    """Every number of the gradients is cut to this size; 0 switches it off. Set `max_grad_norm` to
    0 with it."""

    schedule: Annotated[str, AfterValidator(_known_schedule)] = "cosine"
    """How the learning rate changes over the run: `constant`, `cosine`, `cosine_restarts`,
    `linear`, `polynomial`, `rex`, or the import path of a class such as those of
    `torch.optim.lr_scheduler`."""

    schedule_args: dict[str, ArgumentValue] = Field(default_factory=dict)
    """Arguments of a schedule class."""

    schedule_floor: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the learning rate that is left at the end of a falling schedule."""

    schedule_power: float = Field(default=1.0, gt=0.0, le=10.0)
    """Power of `polynomial`; 1 is a straight line."""

    warmup_steps: int = Field(default=0, ge=0)
    """Steps over which the learning rate rises from zero."""

    warmup_share: float = Field(default=0.0, ge=0.0, lt=1.0)
    """The same as a share of the run; 0.05 is usual."""

    restarts: int = Field(default=3, ge=1)
    """Number of cosine waves for `cosine_restarts`."""

    ema: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Also keep a running mean of the adapter that changes this slowly (0.999 is usual); it is
    saved in the folder `ema` of the run, and samples are drawn with it. 0 switches it off."""

    adapter_dtype: Literal["fp32", "bf16"] = "fp32"
    """Number format of the adapter while it is trained. `bf16` halves its weights and gradients;
    every step is rounded up or down by chance, so that small steps are not lost."""

    gradient_checkpointing: bool = False
    """Compute parts of the forward pass twice, to need less memory."""

    save_every: int = Field(default=200, ge=0)
    """Steps between two saved adapters; the state to go on from is saved with each. 0: not by
    steps. The end of the run is always saved."""

    save_every_epochs: int | None = Field(default=None, ge=1)
    """Also save whenever every picture has been seen this many times more, repeats included."""

    save_every_minutes: float | None = Field(default=None, gt=0, le=10_000)
    """Also save when this many minutes have passed since the last save."""

    keep_last: int | None = Field(default=None, ge=1)
    """Of the adapters saved on the way keep this many of the newest and delete older ones. Empty:
    all. The final one always stays."""

    keep_every: int | None = Field(default=None, ge=1)
    """Of the older ones keep every second, third … all the same, counted from the first save."""

    save_dtype: Literal["fp16", "bf16", "fp32"] = "fp16"
    """Number format of the adapter file. Training itself keeps the adapter in fp32."""

    name: str = Field(default="", pattern=r"^[^/\\:*?\"<>|\x00-\x1f]*$")
    """File name of the adapter, without ending. Empty: the name of the project folder."""

    tensorboard: str = ""
    """Write the curves for TensorBoard into this folder while training, each run in a folder of its
    own. Relative to the project. Needs the package tensorboard."""

    comment: str = ""
    """Text that is written into the adapter file, for people; other programs show it."""

    private_metadata: bool = False
    """Leave tags, folder names, the comment and the like out of the adapter file."""

    adapter: AdapterConfig = AdapterConfig()
    blocks: BlocksConfig = BlocksConfig()
    loss: LossConfig = LossConfig()
