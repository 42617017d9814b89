"""What the drawn world knows: its axes, named with Danbooru tags, and how tags become traits.

A tag answers one axis, or two ("red hoodie" names clothes and their colour). What no tag answers
is left open, and the drawing decides it from the seed. The words are in `vocabulary`.
"""

import difflib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from enogu.errors import WorldError
from enogu.world.vocabulary import (
    COLOUR_WORDS,
    GENERAL_JAPANESE,
    HATS,
    PLAIN_BACKGROUNDS,
    ROWS,
    SILENT_AXES,
    SKY_SCENES,
    Row,
)

AXES: dict[str, tuple[str, ...]] = {
    axis: tuple(row.value for row in rows) for axis, rows in ROWS.items()
}
"""Every axis with its values. The first value of an `ABSENT_MEANS` axis is what silence means."""

ABSENT_MEANS: dict[str, str] = {axis: AXES[axis][0] for axis in SILENT_AXES}
"""Axes where a missing tag is itself an answer: nobody tags the hat that is not there."""

GENERAL_TAGS: frozenset[str] = frozenset({"solo"})
"""True of every drawing; allowed anywhere, and they answer nothing."""

_ROW_OF: dict[tuple[str, str], Row] = {
    (axis, row.value): row for axis, rows in ROWS.items() for row in rows
}


def _build_tags() -> tuple[dict[str, dict[str, str]], dict[str, tuple[str, ...]], dict[str, str]]:
    """Return each tag with its answers, its implications, and its Japanese name."""
    tags: dict[str, dict[str, str]] = {}
    implied: dict[str, tuple[str, ...]] = {}
    japanese: dict[str, str] = {}
    for (axis, value), row in _ROW_OF.items():
        if not row.tag:
            continue
        tags[row.tag], japanese[row.tag] = {axis: value}, row.japanese
        if row.implies:
            implied[row.tag] = row.implies
        for colour in AXES["clothes_colour"] if row.coloured else ():
            tag = f"{colour} {row.tag}"
            tags[tag] = {axis: value, "clothes_colour": colour}
            implied[tag] = (row.tag, *row.implies)
            japanese[tag] = f"{COLOUR_WORDS[colour]}の{row.japanese}"
    tags["night sky"]["time"] = "night"
    return tags, implied, japanese


_BUILT = _build_tags()
TAGS: dict[str, dict[str, str]] = _BUILT[0]
"""Each known tag with the axes it answers."""

IMPLIED: dict[str, tuple[str, ...]] = _BUILT[1]
"""Tags that follow from another tag, as Danbooru's implications do."""

JAPANESE: dict[str, str] = {**_BUILT[2], **GENERAL_JAPANESE}
"""Each tag with its Japanese name."""

KNOWN_TAGS: frozenset[str] = (
    frozenset(TAGS) | GENERAL_TAGS | frozenset(t for group in IMPLIED.values() for t in group)
)


@dataclass(frozen=True)
class Rule:
    """What one answer leaves no room for."""

    axis: str
    values: frozenset[str]
    """These answers on `axis` …"""
    other: str
    allowed: frozenset[str]
    """… leave only these on `other`."""
    why: str


_PORTRAIT = "a portrait ends above the hands"
_BOTH_ARMS = frozenset({"arms up", "outstretched"})
RULES: tuple[Rule, ...] = (
    Rule("framing", frozenset({"portrait"}), "arms", frozenset({"at sides"}), _PORTRAIT),
    Rule("framing", frozenset({"portrait"}), "prop", frozenset({"none"}), _PORTRAIT),
    Rule("arms", _BOTH_ARMS, "prop", frozenset({"none"}), "no hand is left to hold it"),
    Rule("headwear", HATS, "ahoge", frozenset({"no"}), "the hat covers it"),
    Rule("glasses", frozenset({"sunglasses"}), "eyes", frozenset({"open"}), "dark glass hides it"),
    Rule(
        "background",
        frozenset(AXES["background"]) - SKY_SCENES - {"night sky"},
        "time",
        frozenset({"day"}),
        "such a background shows no time of day",
    ),
    Rule("background", frozenset({"night sky"}), "time", frozenset({"night"}), "it is night there"),
)
"""Pairs of answers that exclude each other, the leading axis first."""


def _build_held_out() -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    hair_and_eyes = frozenset(
        (hair, eyes)
        for i, hair in enumerate(AXES["hair_colour"])
        for j, eyes in enumerate(AXES["eye_colour"])
        # Each hair colour misses one or two eye colours, each eye colour two or three hair
        # colours, so both halves of a pair are well known from other pairs.
        if (2 * i + j) % 5 == 3
    )
    return {
        ("hair_colour", "eye_colour"): hair_and_eyes,
        ("prop", "headwear"): frozenset({("umbrella", "witch hat"), ("book", "crown")}),
    }


HELD_OUT: dict[tuple[str, str], frozenset[tuple[str, str]]] = _build_held_out()
"""Pairs of axes with the pairs of answers that `mini` never sees together: 20 % of hair × eyes."""


def held_out_pairs(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of axes on which `values` are a combination kept out of training."""
    return [axes for axes, pairs in HELD_OUT.items() if tuple(values[a] for a in axes) in pairs]


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
                hint="enogu world tags   lists all of them",
            )
        for axis, value in TAGS.get(tag, {}).items():
            former = answers.setdefault(axis, (value, tag))
            if former[0] != value:
                raise _contradiction(former[1], tag, f"both say the {axis.replace('_', ' ')}")
    for rule in RULES:
        value, tag = answers.get(rule.axis, ("", ""))
        other, other_tag = answers.get(rule.other, ("", ""))
        if value in rule.values and other and other not in rule.allowed:
            raise _contradiction(tag, other_tag, rule.why)
    implied = {implied: tag for tag in cleaned for implied in IMPLIED.get(tag, ())}
    _refuse_bare_implications(cleaned, implied, answers)
    return {axis: value for axis, (value, _) in answers.items()}


def _contradiction(first: str, second: str, why: str) -> WorldError:
    return WorldError(
        f"the tags {first!r} and {second!r} contradict each other: {why}",
        hint=f"Leave one of them out: {first} / {second}",
    )


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


def choices_beside(axis: str, values: Mapping[str, str]) -> list[str]:
    """Return the answers on `axis` that the rules allow beside the answers in `values`."""
    left = [value for value in AXES[axis] if value]
    for rule in RULES:
        if rule.other == axis and values.get(rule.axis) in rule.values:
            left = [value for value in left if value in rule.allowed]
        if rule.axis == axis and rule.other in values and values[rule.other] not in rule.allowed:
            left = [value for value in left if value not in rule.values]
    return left


def complete(answers: dict[str, str], rng: random.Random) -> Traits:
    """Fill every axis that `answers` leaves open: by its silent meaning, else by `rng`."""
    values = dict(answers)
    for axis in AXES:
        # One draw per axis, also when it is not needed: stating one tag must not reshuffle
        # what the seed gives to the other axes.
        share = rng.random()
        choices = choices_beside(axis, values)
        silent = ABSENT_MEANS.get(axis)
        drawn = silent if silent in choices else choices[int(share * len(choices))]
        values.setdefault(axis, drawn)
    return Traits(values, frozenset(answers))


def visible_axes(traits: Traits) -> tuple[str, ...]:
    """Return the axes whose answer can be seen in a drawing of `traits`, in the order of `AXES`."""
    hidden: set[str] = set()
    if traits["eyes"] == "closed" or traits["glasses"] == "sunglasses":
        hidden.add("eye_colour")
    if traits["glasses"] == "sunglasses":
        hidden.add("eyes")
    if not _ROW_OF["clothes", traits["clothes"]].coloured:
        hidden.add("clothes_colour")
    if traits["framing"] == "portrait":
        hidden |= {"arms", "prop"}
    if traits["headwear"] in HATS:
        hidden.add("ahoge")
    if traits["background"] not in SKY_SCENES | {"night sky"}:
        hidden.add("time")
    if traits["style"] == "monochrome":
        hidden |= {"hair_colour", "eye_colour", "clothes_colour"}
        hidden |= {"background"} if traits["background"] in PLAIN_BACKGROUNDS else set()
    return tuple(axis for axis in AXES if axis not in hidden)


def tags_of(traits: Traits) -> list[str]:
    """Return the tags that say all of `traits` that can be seen, most general first."""
    visible = visible_axes(traits)
    tags: list[str] = []
    for axis in visible:
        row = _ROW_OF[axis, traits[axis]]
        # "night" follows from "night sky" and must not be said twice.
        if not row.tag or row.tag in IMPLIED.get(" ".join(tags[-1:]), ()):
            continue
        coloured = row.coloured and "clothes_colour" in visible
        tags.append(f"{traits['clothes_colour']} {row.tag}" if coloured else row.tag)
        tags += ["solo"] if axis == "kind" else []
    return with_implied(tags)
