"""A resumable training state: networks, their averages and AdamW's moments in one safetensors file.

Everything random in a step depends on (seed, step) alone, so a state needs no generator: the step
number is enough to go on exactly where the run was stopped.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from enogu.errors import NonFiniteError, WorldError
from enogu.files import atomic_path, make_dirs
from enogu.machine import parallel

logger = logging.getLogger(__name__)


def autocast(bf16: bool) -> AbstractContextManager[object]:
    """Return bf16 autocast on the CPU, or nothing."""
    return torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else nullcontext()


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long a stage trains: a number of steps, or CPU-seconds of this process."""

    steps: int | None = None
    cpu_seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.cpu_seconds is None):
            raise WorldError(
                f"a budget is either steps or CPU-seconds, got steps={self.steps!r} "
                f"and cpu_seconds={self.cpu_seconds!r}"
            )

    def progress(self, step: int, cpu_seconds: float) -> float:
        """Return the share of the budget that is used up, 1 or more at its end."""
        if self.steps is not None:
            return step / self.steps
        return cpu_seconds / (self.cpu_seconds or 1.0)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The optimiser's settings, the same for each stage of `mini`."""

    learning_rate: float = 1e-3
    final_share: float = 0.02
    """The learning rate ends at this share of its peak."""
    warmup_steps: int = 100
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    ema_decay: float = 0.998


def time_left(seconds: float, start: float, progress: float) -> str:
    """Return words for how long a stage still takes.

    Args:
        seconds: Wall time of this run so far.
        start: Share of the budget that was used up when this run began.
        progress: Share that is used up now.

    >>> time_left(600.0, 0.2, 0.4)
    'about 30 min left'
    """
    if progress <= start:
        return "time left not known yet"
    minutes = seconds * max(0.0, 1 - progress) / (progress - start) / 60
    return f"about {minutes:.0f} min left"


@dataclass
class TrainingState:
    """Networks in training with everything that must survive a stop.

    Args:
        networks: The networks, by name.
        recipe: Settings of the optimiser.
        metadata: What the state was made for; a saved state with another one is refused.
    """

    networks: dict[str, nn.Module]
    recipe: Recipe
    metadata: dict[str, str]
    step: int = 0
    cpu_seconds: float = 0.0
    progress: float = 0.0
    """Share of the budget that is used up."""
    ema: dict[str, Tensor] = field(init=False)
    optimizer: torch.optim.AdamW = field(init=False)
    _clock: float = field(init=False)

    def __post_init__(self) -> None:
        parameters = dict(self.parameters())
        self.ema = {name: p.detach().clone() for name, p in parameters.items()}
        matrices = [p for p in parameters.values() if p.ndim > 1]
        vectors = [p for p in parameters.values() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": self.recipe.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=self.recipe.learning_rate,
            betas=self.recipe.betas,
            fused=True,
        )
        self._clock = time.process_time()

    def parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield each parameter as ("network/its name", parameter)."""
        for network_name, network in self.networks.items():
            for name, parameter in network.named_parameters():
                yield f"{network_name}/{name}", parameter

    def learning_rate(self, progress: float) -> float:
        """Return the learning rate of the next step: warm-up, then a cosine over the budget."""
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / recipe.warmup_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return (
            recipe.learning_rate * warm * (recipe.final_share + (1 - recipe.final_share) * cosine)
        )

    def apply_gradients(self, loss: Tensor, progress: float) -> None:
        """Back-propagate `loss`, take one optimiser step and update the average.

        Raises:
            NonFiniteError: The loss is NaN or infinite.
        """
        value = float(loss.detach())
        if not math.isfinite(value):
            raise NonFiniteError(
                f"the loss became {value} at step {self.step}",
                hint="Lower the learning rate and go on from the last saved state.",
            )
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(progress)
        loss.backward()
        parameters = [p for _, p in self.parameters()]
        parallel.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, self.recipe.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        # The average starts short, so that the random start is soon forgotten.
        decay = min(self.recipe.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, parameter in self.parameters():
                self.ema[name].lerp_(parameter, 1 - decay)
        self.tick()

    def train(
        self,
        path: Path,
        budget: Budget,
        loss_at: Callable[[int], Tensor],
        *,
        title: str,
        save_every: int,
        on_save: Callable[[], None] = lambda: None,
    ) -> None:
        """Take steps until the budget is used up, going on from `path` when it exists.

        Args:
            path: Where the state is kept; saved every `save_every` steps and at the end.
            budget: When to stop.
            loss_at: Gives the loss of a step, a scalar, from its number.
            title: What the log calls the stage.
            save_every: Steps between two saved states.
            on_save: Called after each save on the way.

        Raises:
            NonFiniteError: A loss is NaN or infinite.
            WorldError: The state at `path` was made with other settings.
            StorageError: The place cannot be written or is full.
        """
        if path.exists():
            self.load(path)
        average: float | None = None
        begun, start = time.monotonic(), budget.progress(self.step, self.cpu_seconds)
        while (progress := budget.progress(self.step, self.cpu_seconds)) < 1:
            self.progress = progress
            loss = loss_at(self.step)
            self.apply_gradients(loss, progress)
            value = float(loss.detach())
            average = value if average is None else average + 0.02 * (value - average)
            if self.step % 100 == 0 and parallel.rank() == 0:
                left = time_left(time.monotonic() - begun, start, progress)
                share = 100 * progress
                logger.info(
                    "%s step %d, %.0f %%, loss %.4f, %s", title, self.step, share, average, left
                )
            if self.step % save_every == 0 and parallel.rank() == 0:
                self.save(path)
                on_save()
        if parallel.rank() == 0:
            self.save(path)

    def tick(self) -> None:
        """Count the CPU time of all processes since the last call."""
        now = time.process_time()
        self.cpu_seconds += parallel.total(now - self._clock)
        self._clock = now

    def averaged(self, network_name: str) -> dict[str, Tensor]:
        """Return the averaged weights of one network, under their own names."""
        prefix = f"{network_name}/"
        return {k.removeprefix(prefix): v for k, v in self.ema.items() if k.startswith(prefix)}

    def save(self, path: Path) -> None:
        """Write the state to `path`, all or nothing.

        Raises:
            StorageError: The place cannot be written or is full.
        """
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.parameters():
            tensors[f"weight/{name}"] = parameter.detach().contiguous()
            tensors[f"ema/{name}"] = self.ema[name].contiguous()
            moments = self.optimizer.state.get(parameter, {})
            for key in ("exp_avg", "exp_avg_sq"):
                if key in moments:
                    tensors[f"{key}/{name}"] = moments[key].contiguous()
        metadata = {
            **self.metadata,
            "step": str(self.step),
            "cpu_seconds": repr(self.cpu_seconds),
        }
        make_dirs(path.parent)
        with atomic_path(path) as temporary:
            save_file(tensors, str(temporary), metadata=metadata)

    def load(self, path: Path) -> None:
        """Go on from the state at `path`.

        Raises:
            WorldError: The state was made with other settings.
        """
        with safe_open(str(path), framework="pt") as handle:
            stored: Mapping[str, str] = handle.metadata() or {}
            for key, value in self.metadata.items():
                if stored.get(key) != value:
                    raise WorldError(
                        f"{path}: was made with {key}={stored.get(key)!r}, now it is {value!r}",
                        hint="Use the same settings as before, or another work folder.",
                    )
            self.step = int(stored["step"])
            self.cpu_seconds = float(stored["cpu_seconds"])
            names = set(handle.keys())
            with torch.no_grad():
                for name, parameter in self.parameters():
                    parameter.copy_(handle.get_tensor(f"weight/{name}"))
                    self.ema[name].copy_(handle.get_tensor(f"ema/{name}"))
                    if f"exp_avg/{name}" not in names:
                        continue
                    self.optimizer.state[parameter] = {
                        "step": torch.tensor(float(self.step)),
                        **{
                            key: torch.empty_like(parameter).copy_(
                                handle.get_tensor(f"{key}/{name}")
                            )
                            for key in ("exp_avg", "exp_avg_sq")
                        },
                    }
        self._clock = time.process_time()
