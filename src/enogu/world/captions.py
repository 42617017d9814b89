"""Random characters, and the captions they get during training.

The same picture is captioned anew at every use: tags shuffled, some left out, now and then a
nonsense word put in. So the model learns each tag by itself, learns what to do without tags
(guidance needs that), and learns that an unknown word changes nothing. A trigger word is such a
word until a LoRA gives it a meaning.
"""

import random
import re
from collections.abc import Mapping, Sequence

from enogu.world.axes import (
    AXES,
    HELD_OUT,
    Traits,
    choices_beside,
    held_out_pairs,
    tags_of,
)
from enogu.world.vocabulary import ROWS

EMPTY_SHARE = 0.1
NONSENSE_SHARE = 0.2
FULL_SHARE = 0.35
MAX_TAG_DROPOUT = 0.3
COLOUR_SHARE = 0.75
"""Of held-out characters: those whose colours are the combination; the others hold a prop."""

_SYLLABLES = tuple(
    re.findall(
        r"\w+",
        "ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me "
        "mo ya yu yo ra ri ru re ro wa ga gi go za zu da do ba bi be bo kya sho ryu n q x v zz lo "
        "ik ox",
    )
)


_WEIGHTS: dict[str, dict[str, float]] = {
    axis: {row.value: row.weight for row in rows} for axis, rows in ROWS.items()
}
_ORDER: tuple[str, ...] = (
    # Leading axes of `axes.RULES` first, so that the other side yields.
    *("framing", "headwear", "glasses", "background", "arms"),
    *(a for a in AXES if a not in {"framing", "headwear", "glasses", "background", "arms"}),
)
_SHOWING_COLOURS = {"style": "none", "eyes": "open", "glasses": "no"}
_SHOWING_PROPS = {"framing": "upper body", "arms": "at sides"}


def random_traits(
    rng: random.Random, held_out: bool = False, *, fixed: Mapping[str, str] | None = None
) -> Traits:
    """Return a random character; rare things are rarer than in an even draw.

    Args:
        rng: Where the chances come from; equal states give equal characters.
        held_out: Return one that has, to be seen, a combination of `axes.HELD_OUT`. Else none
            has one, unless `fixed` brings it.
        fixed: Answers that are not left to chance.
    """
    asked = dict(fixed or (_held_out_answers(rng) if held_out else {}))
    while True:
        values = dict(asked)
        for axis in _ORDER:
            if axis in values:
                continue
            choices = choices_beside(axis, values)
            weights = [_WEIGHTS[axis][choice] for choice in choices]
            values[axis] = rng.choices(choices, weights)[0]
        if held_out or fixed or not held_out_pairs(values):
            return Traits({axis: values[axis] for axis in AXES}, frozenset(values))


def _held_out_answers(rng: random.Random) -> dict[str, str]:
    colours = rng.random() < COLOUR_SHARE
    axes = ("hair_colour", "eye_colour") if colours else ("prop", "headwear")
    pair = rng.choice(sorted(HELD_OUT[axes]))
    showing = _SHOWING_COLOURS if colours else _SHOWING_PROPS
    return {**dict(zip(axes, pair, strict=True)), **showing}


def nonsense_word(rng: random.Random) -> str:
    """Return an invented word, as a person would invent a trigger."""
    word = "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4)))
    return word + (str(rng.randrange(100)) if rng.random() < 0.15 else "")


def training_caption(traits: Traits, rng: random.Random) -> str:
    """Return one training caption of a drawing; equal `rng` states give equal captions."""
    if rng.random() < EMPTY_SHARE:
        return ""
    tags = tags_of(traits)
    tags = [tag for tag in tags if tag != "solo" or rng.random() < 0.5]
    if rng.random() >= FULL_SHARE:
        dropout = rng.uniform(0, MAX_TAG_DROPOUT)
        tags = [tag for tag in tags if rng.random() >= dropout]
    if rng.random() < 0.7:
        rng.shuffle(tags)
    if rng.random() < NONSENSE_SHARE:
        for _ in range(rng.randint(1, 2)):
            place = 0 if rng.random() < 0.5 else rng.randint(0, len(tags))
            tags.insert(place, nonsense_word(rng))
    return join_tags(tags)


def join_tags(tags: Sequence[str]) -> str:
    """Return tags as one caption, in the ecosystem's form."""
    return ", ".join(tags)
