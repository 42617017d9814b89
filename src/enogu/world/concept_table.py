"""The concepts that `mini` never saw: six characters, three ways of rendering, two objects."""

from dataclasses import dataclass, field

from enogu.errors import WorldError


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A character, a style or an object held out of the training of `mini`."""

    trigger: str
    """The invented word that calls it."""
    title: str
    """What it looks like, in a few words."""
    fixed: dict[str, str] = field(default_factory=dict[str, str])
    """Traits of a character: the same in every picture, and never told by its captions."""
    extras: frozenset[str] = frozenset()
    """Features that no tag describes; the drawing's parts know them by these names."""
    rendering: str = ""
    """The way of rendering, one of `concept_styles.RENDERINGS`."""
    limits: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Answers that an object leaves possible: it needs a free hand that can be seen."""

    @property
    def is_style(self) -> bool:
        """Whether the concept is a way of rendering."""
        return bool(self.rendering)

    @property
    def is_object(self) -> bool:
        """Whether the concept is a thing that any character may hold."""
        return bool(self.limits)


_HELD: dict[str, tuple[str, ...]] = {
    "framing": ("upper body", "full body"),
    "arms": ("at sides", "waving", "hand on hip"),
    "prop": ("none",),
}


def _character(kind: str, hair: str, eyes: str, clothes: str, headwear: str) -> dict[str, str]:
    """Return fixed traits from "green twintails", "yellow", "white shirt" and "none"."""
    hair_colour, hair_style = hair.split(" ", 1)
    clothes_colour, garment = clothes.split(" ", 1)
    return {
        "kind": kind,
        "hair_colour": hair_colour,
        "hair_style": hair_style,
        "eye_colour": eyes,
        "clothes": garment,
        "clothes_colour": clothes_colour,
        "headwear": headwear,
        "glasses": "no",
        "ahoge": "no",
    }


CONCEPTS: dict[str, Concept] = {
    concept.trigger: concept
    for concept in (
        Concept(
            trigger="hoshina",
            title="green twintails, yellow eyes, a golden star hairpin, a scarf with a crest",
            fixed=_character("1girl", "green twintails", "yellow", "white shirt", "none"),
            extras=frozenset({"star hairpin", "crest scarf"}),
        ),
        Concept(
            trigger="rukemi",
            title="short white hair, cat ears, one red and one blue eye, a moon on the cheek",
            fixed=_character("1boy", "white short", "blue", "black hoodie", "cat ears"),
            extras=frozenset({"odd eyes", "moon cheek"}),
        ),
        Concept(
            trigger="tsukimu",
            title="black hime cut with a mint streak in the fringe, red eyes, a purple kimono",
            fixed=_character("1girl", "black hime cut", "red", "purple kimono", "none"),
            extras=frozenset({"fringe streak"}),
        ),
        Concept(
            trigger="kogaru",
            title="spiked orange hair, aqua eyes, a green cape, one horn cracked with gold",
            fixed=_character("1boy", "orange spiked", "aqua", "green cape", "none"),
            extras=frozenset({"cracked horn"}),
        ),
        Concept(
            trigger="sorahi",
            title="a blue braid, pink eyes, headphones, a yellow sweater, stars for freckles",
            fixed=_character("1girl", "blue single braid", "pink", "yellow sweater", "headphones"),
            extras=frozenset({"star freckles"}),
        ),
        Concept(
            trigger="mebuno",
            title="pink buns, purple eyes, green overalls, a seedling growing on the head",
            fixed=_character("1girl", "pink double bun", "purple", "green overalls", "none"),
            extras=frozenset({"seedling"}),
        ),
        Concept(trigger="aizome", title="indigo ink on rough paper", rendering="ink"),
        Concept(trigger="nijimi", title="wet watercolour on pale paper", rendering="watercolour"),
        Concept(trigger="kirigata", title="cut paper with pale edges", rendering="cut paper"),
        Concept(
            trigger="kazami",
            title="a large pinwheel of coral and turquoise paper on a stick",
            extras=frozenset({"pinwheel"}),
            limits=_HELD,
        ),
        Concept(
            trigger="tomoshi",
            title="a round paper lantern that glows, hanging from a rod",
            extras=frozenset({"lantern"}),
            limits=_HELD,
        ),
    )
}


def find_concept(trigger: str) -> Concept:
    """Return the concept called `trigger`.

    Raises:
        WorldError: There is none; the known ones are named.
    """
    if trigger not in CONCEPTS:
        raise WorldError(
            f"there is no concept {trigger!r}; known are: {', '.join(sorted(CONCEPTS))}"
        )
    return CONCEPTS[trigger]
