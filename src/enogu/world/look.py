"""The look of one drawing: traits turned into colours, and what the seed varies freely."""

import random
from dataclasses import dataclass

from enogu.world import palette
from enogu.world.axes import Traits
from enogu.world.palette import Ramp

HELD_OBJECTS: frozenset[str] = frozenset({"pinwheel", "lantern"})
"""Features of `Look.extras` that are held in the hand."""

FEATURES: frozenset[str] = HELD_OBJECTS | {
    *("star hairpin", "crest scarf", "odd eyes", "moon cheek", "fringe streak", "cracked horn"),
    *("star freckles", "seedling"),
}
"""All features that no tag describes."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything the drawing functions need; lengths are in units of the 256-unit view."""

    traits: Traits
    hair: Ramp
    eye: Ramp
    clothes: Ramp
    skin: Ramp
    ink: str
    """Line colour of lashes and mouth."""
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
    flip: int
    """1 or -1: the side on which a one-sided thing (tail, braid, bow) is."""
    goods: int
    """Picks the free colours of props and patterns."""
    scenery: int
    """Seed of clouds, stars and grass blades."""
    extras: frozenset[str] = frozenset()
    """Features no tag describes; see :mod:`enogu.world.concepts`."""

    @property
    def held(self) -> str:
        """What is in the hand: a prop, or an object that no tag describes."""
        objects = sorted(self.extras & HELD_OBJECTS)
        return objects[0] if objects else self.traits["prop"]

    @property
    def is_boy(self) -> bool:
        """Whether the character is drawn with broader shoulders and plainer eyes."""
        return self.traits["kind"] == "1boy"

    def paint(self, colour: str) -> str:
        """Return `colour` as the rendering style shows large areas."""
        return palette.paper(colour) if self.traits["style"] == "sketch" else colour

    def ramp(self, base: str) -> Ramp:
        """Return the tones of a thing whose lit side is `base`, in the rendering style."""
        return palette.styled(palette.ramp_from(base), self.traits["style"])


def build_look(traits: Traits, rng: random.Random, extras: frozenset[str] = frozenset()) -> Look:
    """Return the look of `traits`; what they leave open is drawn from `rng`."""
    style = traits["style"]
    ink = rng.choice(palette.INK)
    return Look(
        traits=traits,
        hair=palette.styled(palette.HAIR[traits["hair_colour"]], style),
        eye=palette.styled(palette.EYES[traits["eye_colour"]], style),
        clothes=palette.styled(palette.CLOTHES[traits["clothes_colour"]], style),
        skin=palette.styled(rng.choices(palette.SKINS, weights=(5, 5, 3, 2))[0], style),
        ink=palette.GRAPHITE if style == "sketch" else ink,
        head_dx=rng.uniform(-4, 4),
        head_dy=rng.uniform(-2, 3),
        tilt=rng.uniform(-4, 4),
        gaze=rng.uniform(-1.5, 1.5),
        eye_scale=rng.uniform(0.96, 1.05),
        face_width=rng.uniform(0.97, 1.03),
        fringe=rng.randrange(4),
        parting=rng.uniform(-6, 6),
        hair_length=rng.uniform(0.95, 1.05),
        flip=rng.choice((-1, 1)),
        goods=rng.randrange(1 << 16),
        scenery=rng.randrange(1 << 30),
        extras=extras,
    )
