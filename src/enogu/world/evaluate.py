"""Measuring `mini`: does a picture show what its tags say?

The judge learns nothing. It knows how pictures are made, so for each question it draws the same
character once with every possible answer, several seeds each, and asks which answer's average
drawing is nearest to the picture, on the pixels where the answers differ.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enogu.world.axes import AXES, Traits, tags_of
from enogu.world.captions import join_tags, nonsense_word, random_traits
from enogu.world.drawing import draw_traits
from enogu.world.export import MiniParts
from enogu.world.intervals import wilson_interval
from enogu.world.sampling import sample_pictures

JUDGED_AXES = (
    "hair_colour",
    "eye_colour",
    "headwear",
    "background",
    "hair_style",
    "clothes_colour",
)
_JUDGE_PX = 64
_TEMPLATE_SEEDS = 4

Pixels = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class AxisScore:
    """How often one axis came out right."""

    axis: str
    right: int
    total: int

    @property
    def share(self) -> float:
        """Right answers in 0..1."""
        return self.right / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of `share`."""
        return wilson_interval(self.right, self.total)


def _pixels(picture: Image.Image) -> Pixels:
    small = picture.resize((_JUDGE_PX, _JUDGE_PX), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255.0


class AxisTemplates:
    """Average drawings of one character with every answer on one axis.

    Args:
        traits: The character; its own answer on `axis` does not matter.
        axis: The question.
    """

    def __init__(self, traits: Traits, axis: str) -> None:
        self.values = AXES[axis]
        averages: list[Pixels] = []
        for value in self.values:
            changed = Traits({**traits.values, axis: value}, traits.stated)
            drawings = [
                _pixels(draw_traits(changed, 7_000_000 + seed, _JUDGE_PX))
                for seed in range(_TEMPLATE_SEEDS)
            ]
            averages.append(np.mean(drawings, axis=0))
        self.averages: Pixels = np.stack(averages)
        # Where the answers do not differ, a pixel says nothing about the question.
        self.weights: Pixels = self.averages.std(axis=0).mean(axis=-1, keepdims=True)

    def read(self, picture: Image.Image) -> str:
        """Return the answer whose drawing is nearest to `picture`."""
        errors = ((self.averages - _pixels(picture)) ** 2 * self.weights).sum(axis=(1, 2, 3))
        return self.values[int(errors.argmin())]


def judged_axes(traits: Traits) -> list[str]:
    """Return the axes that can be seen: closed eyes have no colour, a serafuku is always blue."""
    axes = [axis for axis in JUDGED_AXES if axis != "eye_colour" or traits["eyes"] == "open"]
    return [a for a in axes if a != "clothes_colour" or traits["clothes"] != "serafuku"]


def held_out_prompts(count: int, seed: int) -> list[Traits]:
    """Return random characters whose drawings `mini` has not been trained on."""
    rng = random.Random(f"evaluation {seed}")
    return [random_traits(rng) for _ in range(count)]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the judge says about drawings and about the model."""

    drawings: tuple[AxisScore, ...]
    """The ceiling: the judge on fresh drawings by code."""
    model: tuple[AxisScore, ...]
    all_right: AxisScore
    nonsense_kept: AxisScore
    """Answers that stay the same when a nonsense word is put in front of the prompt."""


def evaluate_mini(
    parts: MiniParts, *, count: int = 128, seed: int = 0, steps: int = 20, cfg_scale: float = 4.0
) -> Evaluation:
    """Draw `count` random prompts with the model and judge every visible axis.

    Args:
        parts: The networks.
        count: Number of prompts.
        seed: Of prompts and noise.
        steps: Euler steps.
        cfg_scale: Guidance.
    """
    prompts = held_out_prompts(count, seed)
    captions = [join_tags(tags_of(traits)) for traits in prompts]
    rng = random.Random(f"nonsense {seed}")
    odd_captions = [f"{nonsense_word(rng)}, {caption}" for caption in captions]
    seeds = [1000 * seed + i for i in range(count)]
    pictures = sample_in_batches(parts, captions, seeds, steps, cfg_scale)
    odd_pictures = sample_in_batches(parts, odd_captions, seeds, steps, cfg_scale)
    drawn_right, model_right, seen = ({a: 0 for a in JUDGED_AXES} for _ in range(3))
    all_right = kept = asked = 0
    for i, traits in enumerate(prompts):
        truth = draw_traits(traits, 9_000_000 + i)
        everything = True
        for axis in judged_axes(traits):
            templates = AxisTemplates(traits, axis)
            answer = templates.read(pictures[i])
            seen[axis] += 1
            drawn_right[axis] += templates.read(truth) == traits[axis]
            model_right[axis] += answer == traits[axis]
            everything = everything and answer == traits[axis]
            kept += templates.read(odd_pictures[i]) == answer
            asked += 1
        all_right += everything
    return Evaluation(
        drawings=_scores(drawn_right, seen),
        model=_scores(model_right, seen),
        all_right=AxisScore(axis="all of them", right=all_right, total=count),
        nonsense_kept=AxisScore(axis="unchanged", right=kept, total=asked),
    )


def _scores(right: dict[str, int], total: dict[str, int]) -> tuple[AxisScore, ...]:
    return tuple(AxisScore(axis=a, right=right[a], total=total[a]) for a in right if total[a])


def sample_in_batches(
    parts: MiniParts,
    captions: Sequence[str],
    seeds: Sequence[int],
    steps: int,
    cfg_scale: float,
    batch_size: int = 16,
) -> list[Image.Image]:
    """Return one picture per caption, drawn a few at a time to bound the memory."""
    pictures: list[Image.Image] = []
    for start in range(0, len(captions), batch_size):
        part = slice(start, start + batch_size)
        pictures += sample_pictures(
            parts, list(captions[part]), seeds=list(seeds[part]), steps=steps, cfg_scale=cfg_scale
        )
    return pictures
