"""What the drawn world knows: its axes, named with Danbooru tags, and how tags become traits.

An axis is one question about a character ("which hair colour?") with one answer at a time. A tag
answers one axis, or two ("red hoodie" names clothes and their colour). What no tag answers is
left open, and the drawing decides it from the seed.
"""

import difflib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from enogu.errors import WorldError
from enogu.world import palette

AXES: dict[str, tuple[str, ...]] = {
    "kind": ("1girl", "1boy"),
    "hair_colour": tuple(palette.HAIR),
    "hair_style": ("short", "bob", "long", "twintails", "ponytail", "double bun"),
    "eye_colour": tuple(palette.EYES),
    "eyes": ("open", "closed"),
    "mouth": ("neutral", "smile", "open", "frown"),
    "blush": ("no", "yes"),
    "headwear": ("none", "witch hat", "beret", "crown", "cat ears", "bow"),
    "glasses": ("no", "yes"),
    "clothes": ("shirt", "serafuku", "hoodie", "dress"),
    "clothes_colour": tuple(palette.CLOTHES),
    "background": (*palette.BACKGROUNDS, "night sky", "grass"),
    "framing": ("upper body", "portrait"),
}
"""Every axis with its values. The first value of an `ABSENT_MEANS` axis is what silence means."""

ABSENT_MEANS: dict[str, str] = {
    "eyes": "open",
    "mouth": "neutral",
    "blush": "no",
    "headwear": "none",
    "glasses": "no",
    "framing": "upper body",
    "kind": "1girl",
}
"""Axes where a missing tag is itself an answer: nobody tags the hat that is not there."""

GENERAL_TAGS: frozenset[str] = frozenset({"solo"})
"""True of every drawing; allowed anywhere, and they answer nothing."""


def _build_tags() -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = {name: {"kind": name} for name in AXES["kind"]}
    tags |= {f"{name} hair": {"hair_colour": name} for name in AXES["hair_colour"]}
    tags |= {
        "short hair": {"hair_style": "short"},
        "bob cut": {"hair_style": "bob"},
        "long hair": {"hair_style": "long"},
        "twintails": {"hair_style": "twintails"},
        "ponytail": {"hair_style": "ponytail"},
        "double bun": {"hair_style": "double bun"},
        "closed eyes": {"eyes": "closed"},
        "smile": {"mouth": "smile"},
        "open mouth": {"mouth": "open"},
        "frown": {"mouth": "frown"},
        "blush": {"blush": "yes"},
        "glasses": {"glasses": "yes"},
        "hair bow": {"headwear": "bow"},
        "serafuku": {"clothes": "serafuku"},
        "upper body": {"framing": "upper body"},
        "portrait": {"framing": "portrait"},
    }
    tags |= {f"{name} eyes": {"eye_colour": name} for name in AXES["eye_colour"]}
    tags |= {name: {"headwear": name} for name in AXES["headwear"] if name not in ("none", "bow")}
    for garment in ("shirt", "hoodie", "dress"):
        tags[garment] = {"clothes": garment}
        for colour in AXES["clothes_colour"]:
            tags[f"{colour} {garment}"] = {"clothes": garment, "clothes_colour": colour}
    tags |= {f"{name} background": {"background": name} for name in palette.BACKGROUNDS}
    tags |= {name: {"background": name} for name in ("night sky", "grass")}
    return tags


TAGS: dict[str, dict[str, str]] = _build_tags()
"""Each known tag with the axes it answers."""

IMPLIED: dict[str, tuple[str, ...]] = {
    "cat ears": ("animal ears",),
    "witch hat": ("hat",),
    "beret": ("hat",),
    "serafuku": ("school uniform",),
    "night sky": ("sky", "night", "outdoors"),
    "grass": ("sky", "day", "outdoors"),
    **{
        f"{colour} {garment}": (garment,)
        for garment in ("shirt", "hoodie", "dress")
        for colour in AXES["clothes_colour"]
    },
    **{f"{name} background": ("simple background",) for name in palette.BACKGROUNDS},
}
"""Tags that follow from another tag, as Danbooru's implications do."""

KNOWN_TAGS: frozenset[str] = (
    frozenset(TAGS) | GENERAL_TAGS | frozenset(t for group in IMPLIED.values() for t in group)
)


@dataclass(frozen=True)
class Traits:
    """The answer on every axis, plus which of them were asked for."""

    values: dict[str, str]
    stated: frozenset[str] = field(default_factory=frozenset[str])

    def __getitem__(self, axis: str) -> str:
        return self.values[axis]


def nearest_tags(tag: str, count: int = 3) -> list[str]:
    """Return up to `count` known tags that are spelt most like `tag`, best first."""
    return difflib.get_close_matches(tag, sorted(KNOWN_TAGS), n=count, cutoff=0.5)


def read_tags(tags: Sequence[str]) -> dict[str, str]:
    """Return the axes that `tags` answer, with their values.

    Args:
        tags: Danbooru tags, with spaces or underscores.

    Raises:
        WorldError: A tag is unknown (the nearest known ones are named), or two tags contradict.
    """
    answers: dict[str, tuple[str, str]] = {}
    cleaned = [tag.strip().lower().replace("_", " ") for tag in tags]
    for tag in (tag for tag in cleaned if tag):
        if tag not in KNOWN_TAGS:
            near = ", ".join(nearest_tags(tag)) or "none is close"
            raise WorldError(
                f"the drawn world does not know the tag {tag!r}; nearest known tags: {near}",
                hint="python -m enogu.world tags   lists all of them",
            )
        for axis, value in TAGS.get(tag, {}).items():
            former = answers.setdefault(axis, (value, tag))
            if former[0] != value:
                raise WorldError(
                    f"the tags {former[1]!r} and {tag!r} contradict each other: "
                    f"both say the {axis.replace('_', ' ')}",
                    hint=f"Leave one of them out: {former[1]} / {tag}",
                )
    implied = {implied: tag for tag in cleaned for implied in IMPLIED.get(tag, ())}
    _refuse_bare_implications(cleaned, implied, answers)
    return {axis: value for axis, (value, _) in answers.items()}


def _refuse_bare_implications(
    tags: Sequence[str], implied: dict[str, str], answers: dict[str, tuple[str, str]]
) -> None:
    """Refuse a general tag ("animal ears") that no specific tag explains: it cannot be drawn."""
    for tag in tags:
        if tag in TAGS or tag in GENERAL_TAGS or tag in implied or not tag:
            continue
        causes = [cause for cause, result in IMPLIED.items() if tag in result]
        raise WorldError(
            f"the tag {tag!r} does not say what to draw; use one of: {', '.join(causes[:8])}"
            + (f" (given: {', '.join(t for _, t in answers.values())})" if answers else "")
        )


def with_implied(tags: Sequence[str]) -> list[str]:
    """Return `tags` in their order, followed by the tags they imply, without repetition."""
    result = dict.fromkeys(tags)
    for tag in tags:
        result |= dict.fromkeys(IMPLIED.get(tag, ()))
    return list(result)


def complete(answers: dict[str, str], rng: random.Random) -> Traits:
    """Fill every axis that `answers` leaves open: by its silent meaning, else by `rng`."""
    values = dict(answers)
    for axis, choices in AXES.items():
        # One draw per axis, also when it is not needed: stating one tag must not reshuffle
        # what the seed gives to the other axes.
        choice = rng.choice(choices)
        values.setdefault(axis, ABSENT_MEANS.get(axis, choice))
    return Traits(values, frozenset(answers))


def tags_of(traits: Traits) -> list[str]:
    """Return the tags that say `traits` completely, most general first."""
    v = traits.values
    tags = [v["kind"], "solo", f"{v['hair_colour']} hair"]
    style = v["hair_style"]
    tags.append({"short": "short hair", "bob": "bob cut", "long": "long hair"}.get(style, style))
    tags.append("closed eyes" if v["eyes"] == "closed" else f"{v['eye_colour']} eyes")
    tags += {"smile": ["smile"], "open": ["open mouth"], "frown": ["frown"]}.get(v["mouth"], [])
    tags += ["blush"] if v["blush"] == "yes" else []
    if v["headwear"] != "none":
        tags.append("hair bow" if v["headwear"] == "bow" else v["headwear"])
    tags += ["glasses"] if v["glasses"] == "yes" else []
    garment = v["clothes"]
    tags.append(garment if garment == "serafuku" else f"{v['clothes_colour']} {garment}")
    scene = v["background"]
    tags.append(f"{scene} background" if scene in palette.BACKGROUNDS else scene)
    tags.append(v["framing"])
    return with_implied(tags)
