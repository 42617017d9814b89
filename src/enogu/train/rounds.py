"""Training in rounds: train, merge into the base, train again (ReLoRA, arXiv:2307.05695).

Each round trains a fresh adapter on the base with those of all rounds before merged into it. Their
sum has the ranks of all rounds together, more than one of them could have. What is saved is that
sum, as one adapter for the untouched base: LoRA factors of several rounds stand side by side.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from enogu.adapters import save_adapter
from enogu.config import TrainConfig
from enogu.errors import ProjectError
from enogu.files import make_dirs

_JOINED_ALONG = {".lora_down.weight": 0, ".lora_up.weight": 1}


def round_ends(settings: TrainConfig) -> tuple[int, ...]:
    """Return the number of steps done at the end of each round; rounds are as equal as they go."""
    return tuple(
        settings.steps * number // settings.rounds for number in range(1, settings.rounds + 1)
    )


def step_in_round(settings: TrainConfig, step: int) -> int:
    """Return how many steps of its own round come before a step; both count from 0."""
    ends = round_ends(settings)
    number = bisect_right(ends[:-1], step)
    return step - (ends[number - 1] if number else 0)


@dataclass(frozen=True)
class Rounds:
    """The rounds of one run and their files.

    Attributes:
        folder: Where the adapters of finished rounds are kept.
        settings: The section ``train``, with the real number of steps.
    """

    folder: Path
    settings: TrainConfig

    @property
    def ends(self) -> tuple[int, ...]:
        """Steps done at the end of each round."""
        return round_ends(self.settings)

    def next(self, step: int) -> int:
        """Return the round, from 0, that goes on after so many steps."""
        return bisect_right(self.ends[:-1], step)

    def trained(self, step: int) -> int:
        """Return the round, from 0, that the last of so many steps belonged to."""
        return bisect_left(self.ends, step)

    def is_over(self, step: int) -> bool:
        """Whether a round that is not the last ends after so many steps."""
        return step in self.ends[:-1]

    def end(self, step: int) -> int:
        """Return the number of steps at the end of the round that goes on."""
        return self.ends[self.next(step)]

    def files(self, step: int) -> list[tuple[Path, float]]:
        """Return the adapters that are merged into the base after so many steps, with strengths.

        Raises:
            ProjectError: One of them is missing.
        """
        paths = [self._path(number) for number in range(self.next(step))]
        lost = next((path for path in paths if not path.is_file()), None)
        if lost is not None:
            raise ProjectError(
                f"{self.folder.parent} is half written: {lost.name}, the adapter of a round that "
                "is over, is missing",
                hint="Begin a new run: enogu train --new. Saved adapters are still there.",
            )
        return [(path, 1.0) for path in paths]

    def keep(self, step: int, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Write the adapter of a round that ends after so many steps.

        Raises:
            NonFiniteError: A tensor holds NaN or Inf.
            StorageError: The disk is full.
        """
        make_dirs(self.folder)
        save_adapter(tensors, self._path(self.trained(step)), metadata, "fp32")

    def with_earlier(self, step: int, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the adapter after so many steps, together with those of the rounds before."""
        earlier = [load_file(self._path(number)) for number in range(self.trained(step))]
        return side_by_side([*earlier, tensors])

    def _path(self, number: int) -> Path:
        return self.folder / f"round-{number + 1:03d}.safetensors"


def side_by_side(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the sum of LoRAs as one: [up1 up2] · [down1; down2] = up1 · down1 + up2 · down2.

    Args:
        parts: Tensors by kohya key; the same keys, ranks and alphas in all.
    """
    last = parts[-1]
    if len(parts) == 1:
        return dict(last)
    joined: dict[str, Tensor] = {}
    for key, value in last.items():
        same = [part[key].to(value) for part in parts]
        along = next((d for ending, d in _JOINED_ALONG.items() if key.endswith(ending)), None)
        # The alpha grows with the rank, so that alpha / rank stays.
        joined[key] = torch.stack(same).sum(0) if along is None else torch.cat(same, along)
    return joined
