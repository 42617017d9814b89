"""The look of one drawing: traits turned into colours, and what the seed varies freely."""

import random
from dataclasses import dataclass

from enogu.world import palette
from enogu.world.axes import Traits
from enogu.world.palette import Ramp


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything the drawing functions need; lengths are in units of the 256-unit view."""

    traits: Traits
    hair: Ramp
    eye: Ramp
    clothes: Ramp
    skin: Ramp
    ink: str
    """Line colour of face and eyes."""
    head_dx: float
    head_dy: float
    tilt: float
    """Degrees the head leans, positive to the viewer's right."""
    gaze: float
    """Sideways shift of the pupils."""
    eye_scale: float
    face_width: float
    """Factor on the width of the face, near 1."""
    fringe: int
    """Which of the fringe drawings is used."""
    parting: float
    """Sideways shift of the fringe's parting."""
    hair_length: float
    """Factor on the length of back hair and tails, near 1."""
    scenery: int
    """Seed of clouds, stars and grass blades."""
    extras: frozenset[str] = frozenset()
    """Features no tag describes; see :mod:`enogu.world.concepts`."""

    @property
    def is_boy(self) -> bool:
        """Whether the character is drawn with broader shoulders and plainer eyes."""
        return self.traits["kind"] == "1boy"


def build_look(traits: Traits, rng: random.Random, extras: frozenset[str] = frozenset()) -> Look:
    """Return the look of `traits`; what they leave open is drawn from `rng`."""
    clothes = palette.CLOTHES[traits["clothes_colour"]]
    if traits["clothes"] == "serafuku":
        clothes = palette.CLOTHES["blue"]
    return Look(
        traits=traits,
        hair=palette.HAIR[traits["hair_colour"]],
        eye=palette.EYES[traits["eye_colour"]],
        clothes=clothes,
        skin=rng.choices(palette.SKINS, weights=(5, 5, 3, 2))[0],
        ink=rng.choice(palette.INK),
        head_dx=rng.uniform(-5, 5),
        head_dy=rng.uniform(-3, 4),
        tilt=rng.uniform(-4, 4),
        gaze=rng.uniform(-1.5, 1.5),
        eye_scale=rng.uniform(0.95, 1.06),
        face_width=rng.uniform(0.97, 1.03),
        fringe=rng.randrange(3),
        parting=rng.uniform(-6, 6),
        hair_length=rng.uniform(0.93, 1.07),
        scenery=rng.randrange(1 << 30),
        extras=extras,
    )
