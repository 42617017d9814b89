"""Measuring `mini`: does a picture show what its tags say?

Characters are described completely, `mini` draws them, and the judge reads the pictures. Only
answers that can be seen count. Two splits are asked: combinations like those of the training, and
combinations that were kept out of it.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from enogu.world.axes import AXES, HELD_OUT, TAGS, Traits, tags_of, visible_axes
from enogu.world.captions import join_tags, nonsense_word, random_traits
from enogu.world.drawing import draw_traits
from enogu.world.export import MiniParts
from enogu.world.intervals import Score
from enogu.world.sampling import sample_in_batches

Read = Callable[[Sequence[Image.Image]], list[dict[str, str]]]
"""Pictures in, the answer on every axis out, one dictionary per picture."""

COLOUR_AXES = ("hair_colour", "eye_colour", "clothes_colour", "background")
NEGATIVE_TAGS = ("smile", "open mouth", "night", "full body", "blush")
"""Tags common enough to turn up unasked, so that a negative prompt has something to remove."""


@dataclass(frozen=True, kw_only=True)
class SplitScores:
    """What the judge says about pictures of one split."""

    by_axis: dict[str, Score]
    """Every axis that could be seen at least once."""
    involved: Score
    """Answers on the axes whose combination was held out, where it was."""
    all_right: Score
    """Pictures whose every visible answer is right."""

    def together(self, axes: Sequence[str] = tuple(AXES)) -> Score:
        """Return all answers on `axes` as one score."""
        scores = [self.by_axis[axis] for axis in axes if axis in self.by_axis]
        return Score(right=sum(s.right for s in scores), total=sum(s.total for s in scores))


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All figures of the model card that concern tags."""

    drawings: SplitScores
    """The ceiling: the judge on drawings by code of the prompts of `seen`."""
    seen: SplitScores
    held_out: SplitScores
    by_guidance: dict[float, Score]
    """All answers at other guidance scales, on some of the prompts of `seen`."""
    nonsense_kept: Score
    """Answers that stay the same with a nonsense word in front of the prompt."""
    named: dict[str, Score]
    """For each of `NEGATIVE_TAGS`: pictures that show it although nothing was said about it …"""
    named_negative: dict[str, Score]
    """… and with the tag as negative prompt, same seeds."""


def characters(count: int, seed: int, *, held_out: bool = False) -> list[Traits]:
    """Return random characters whose drawings `mini` has not been trained on."""
    rng = random.Random(f"evaluation {seed} {held_out}")
    return [random_traits(rng, held_out=held_out) for _ in range(count)]


def score_answers(traits: Sequence[Traits], answers: Sequence[Mapping[str, str]]) -> SplitScores:
    """Hold what was read against what was asked, on the axes that can be seen."""
    right, total = dict.fromkeys(AXES, 0), dict.fromkeys(AXES, 0)
    whole = involved_right = involved_total = 0
    for one, answer in zip(traits, answers, strict=True):
        visible = visible_axes(one)
        for axis in visible:
            total[axis] += 1
            right[axis] += answer[axis] == one[axis]
        whole += all(answer[axis] == one[axis] for axis in visible)
        for axes, pairs in HELD_OUT.items():
            if tuple(one[axis] for axis in axes) in pairs and set(axes) <= set(visible):
                involved_total += len(axes)
                involved_right += sum(answer[axis] == one[axis] for axis in axes)
    return SplitScores(
        by_axis={a: Score(right=right[a], total=total[a]) for a in AXES if total[a]},
        involved=Score(right=involved_right, total=involved_total),
        all_right=Score(right=whole, total=len(traits)),
    )


def evaluate_mini(
    parts: MiniParts,
    read: Read,
    *,
    count: int = 256,
    seed: int = 0,
    steps: int = 20,
    cfg_scale: float = 4.0,
) -> Evaluation:
    """Draw `count` prompts per split with the model and let the judge read them.

    Args:
        parts: The networks.
        read: The judge.
        count: Prompts per split.
        seed: Of prompts and noise.
        steps: Euler steps.
        cfg_scale: Guidance of the main figures.
    """

    def draw(
        prompts: Sequence[str], *, scale: float = cfg_scale, negative: str = ""
    ) -> list[dict[str, str]]:
        seeds = [1000 * seed + i for i in range(len(prompts))]
        return read(
            sample_in_batches(
                parts, prompts, seeds, steps=steps, cfg_scale=scale, negative=negative
            )
        )

    seen = characters(count, seed)
    unseen = characters(count, seed, held_out=True)
    prompts = [join_tags(tags_of(traits)) for traits in seen]
    answers = draw(prompts)
    rng = random.Random(f"nonsense {seed}")
    few = max(1, count // 4)
    odd = draw([f"{nonsense_word(rng)}, {prompt}" for prompt in prompts[:few]])
    open_prompts = ["1girl"] * few
    open_answers = draw(open_prompts)
    return Evaluation(
        drawings=score_answers(
            seen, read([draw_traits(traits, 9_000_000 + i) for i, traits in enumerate(seen)])
        ),
        seen=score_answers(seen, answers),
        held_out=score_answers(unseen, draw([join_tags(tags_of(t)) for t in unseen])),
        by_guidance={
            scale: score_answers(seen[:few], draw(prompts[:few], scale=scale)).together()
            for scale in (1.0, 2.0, 7.0)
        },
        nonsense_kept=_agreement(answers[:few], odd, seen[:few]),
        named={tag: _showing(tag, open_answers) for tag in NEGATIVE_TAGS},
        named_negative={
            tag: _showing(tag, draw(open_prompts, negative=tag)) for tag in NEGATIVE_TAGS
        },
    )


def _agreement(
    first: Sequence[Mapping[str, str]],
    second: Sequence[Mapping[str, str]],
    traits: Sequence[Traits],
) -> Score:
    pairs = [
        a[axis] == b[axis]
        for a, b, one in zip(first, second, traits, strict=True)
        for axis in visible_axes(one)
    ]
    return Score(right=sum(pairs), total=len(pairs))


def _showing(tag: str, answers: Sequence[Mapping[str, str]]) -> Score:
    wanted = TAGS[tag]
    hits = [all(answer[axis] == value for axis, value in wanted.items()) for answer in answers]
    return Score(right=sum(hits), total=len(hits))
