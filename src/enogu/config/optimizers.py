"""The optimisers known by name, as data: where each comes from and how it must be used.

Nothing is imported here: `enogu.train.optimizers` builds them.
"""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class OptimizerKind:
    """One optimiser.

    Attributes:
        path: Import path of its class.
        finds_rate: It works out the step size by itself; its rate is a factor near 1.
        schedule_free: It averages its weights instead of lowering the rate.
        normalised: Each step moves every weight by about the learning rate.
        needs_cuda: It has kernels for CUDA only.
        copies: Numbers it keeps per trained weight, as a multiple of fp32.
        arguments: What it is given unless ``train.optimizer_args`` says otherwise.
    """

    path: str
    finds_rate: bool = False
    schedule_free: bool = False
    normalised: bool = False
    needs_cuda: bool = False
    copies: float = 2.0
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])


OPTIMIZERS: dict[str, OptimizerKind] = {
    "adamw": OptimizerKind(
        path="torch.optim.AdamW",
        normalised=True,
        # One pass over all weights instead of a dozen small operations for each of hundreds.
        arguments={"fused": True},
    ),
    "radam": OptimizerKind(
        path="torch.optim.RAdam", normalised=True, arguments={"decoupled_weight_decay": True}
    ),
    "nadam": OptimizerKind(
        path="torch.optim.NAdam", normalised=True, arguments={"decoupled_weight_decay": True}
    ),
    "sgd": OptimizerKind(
        path="torch.optim.SGD", copies=1.0, arguments={"momentum": 0.9, "nesterov": True}
    ),
    "adafactor": OptimizerKind(path="torch.optim.Adafactor", normalised=True, copies=0.1),
    "adamw8bit": OptimizerKind(
        path="bitsandbytes.optim.AdamW8bit",
        normalised=True,
        needs_cuda=True,
        copies=0.5,
    ),
    "lion": OptimizerKind(path="pytorch_optimizer.Lion", normalised=True, copies=1.0),
    "came": OptimizerKind(path="pytorch_optimizer.CAME", normalised=True, copies=1.1),
    "muon": OptimizerKind(path="pytorch_optimizer.Muon", copies=1.0),
    "prodigy": OptimizerKind(path="pytorch_optimizer.Prodigy", finds_rate=True, copies=4.0),
    "dadapt_adam": OptimizerKind(
        path="pytorch_optimizer.DAdaptAdam",
        finds_rate=True,
        copies=3.0,
    ),
    "dadapt_lion": OptimizerKind(
        path="pytorch_optimizer.DAdaptLion",
        finds_rate=True,
        copies=2.0,
    ),
    "schedulefree_adamw": OptimizerKind(
        path="pytorch_optimizer.ScheduleFreeAdamW",
        schedule_free=True,
        normalised=True,
    ),
    "schedulefree_radam": OptimizerKind(
        path="pytorch_optimizer.ScheduleFreeRAdam",
        schedule_free=True,
        normalised=True,
    ),
    "schedulefree_sgd": OptimizerKind(
        path="pytorch_optimizer.ScheduleFreeSGD",
        schedule_free=True,
        copies=1.0,
    ),
}
"""By the name in ``train.optimizer``."""


def optimizer_kind(name: str) -> OptimizerKind:
    """Return what is known of an optimiser: of a named one, or of a class by its import path.

    A class that is not in the table is known by its name: ``Prodigy`` and ``DAdapt`` find their
    rate, ``ScheduleFree`` needs no schedule.
    """
    if name in OPTIMIZERS:
        return OPTIMIZERS[name]
    known = next((kind for kind in OPTIMIZERS.values() if kind.path == name), None)
    if known is not None:
        return known
    title = name.rsplit(".", 1)[-1].lower()
    return OptimizerKind(
        path=name,
        finds_rate="prodigy" in title or "dadapt" in title,
        schedule_free="schedulefree" in title,
    )


def check_name(value: str, known: Collection[str], what: str) -> str:
    """Return the name of a part when it is known or reads as an import path.

    Raises:
        ValueError: It is neither; the message names the known ones and the nearest.
    """
    is_path = "." in value and all(part.isidentifier() for part in value.split("."))
    if value in known or is_path:
        return value
    near = difflib.get_close_matches(value.lower(), known, n=3, cutoff=0.6)
    guess = f"; did you mean {' or '.join(near)}?" if near else "."
    raise ValueError(
        f"unknown {what}{guess} Known: {', '.join(known)}; or the import path of a class, "
        "package.module.Class"
    )
