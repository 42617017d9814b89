"""Random characters, and the captions they get during training.

The same picture is captioned anew at every use: tags shuffled, some left out, now and then a
nonsense word put in. So the model learns each tag by itself, learns what to do without tags
(guidance needs that), and learns that an unknown word changes nothing. A trigger word is such a
word until a LoRA gives it a meaning.
"""

import random
import re
from collections.abc import Sequence

from enogu.world.axes import AXES, Traits, tags_of

EMPTY_SHARE = 0.1
NONSENSE_SHARE = 0.2
FULL_SHARE = 0.35
MAX_TAG_DROPOUT = 0.3

_WEIGHTS: dict[str, dict[str, float]] = {
    "eyes": {"open": 9, "closed": 1},
    "headwear": {"none": 2.5},
    "glasses": {"no": 3, "yes": 1},
    "blush": {"no": 2, "yes": 1},
    "framing": {"upper body": 2, "portrait": 1},
    "kind": {"1girl": 2, "1boy": 1},
}
_SYLLABLES = tuple(
    re.findall(
        r"\w+",
        "ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me "
        "mo ya yu yo ra ri ru re ro wa ga gi go za zu da do ba bi be bo kya sho ryu n q x v zz lo "
        "ik ox",
    )
)


def random_traits(rng: random.Random) -> Traits:
    """Return a random character; rare things are rarer than in an even draw."""
    values: dict[str, str] = {}
    for axis, choices in AXES.items():
        weights = _WEIGHTS.get(axis, {})
        values[axis] = rng.choices(choices, [weights.get(choice, 1.0) for choice in choices])[0]
    return Traits(values, frozenset(values))


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
