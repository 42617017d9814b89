"""From the text beside a picture to the caption of one training step.

Steps, in the order that sd-scripts documents: prefix and suffix → dropout → wildcards →
shuffle (with a fixed head and tail) → tag dropout → secondary separator. Without wildcards only
the first line of a caption counts. Two things differ from sd-scripts on purpose: a separator
other than a comma is kept when tags are joined again, and a trigger word always stands first.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_CHOICE = re.compile(r"\{([^{}]*)\}")
# Stand-ins for literal braces while choices are made; no caption holds private-use characters.
_LITERAL_BRACES = (("{{", "\ue000", "{"), ("}}", "\ue001", "}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptionRules:
    """How captions are made; the fields are those of the ``[captions]`` settings."""

    trigger: str = ""
    """Tags that stand first in every caption and are neither shuffled nor dropped alone."""
    prefix: str = ""
    """Joined before the caption with a blank; its tags then count as the caption's own."""
    suffix: str = ""
    """Joined after the caption with a blank."""
    separator: str = ","
    """Divides tags; joined again as separator and blank."""
    secondary_separator: str = ""
    """Joins tags to groups that move and drop together; becomes `separator` in the end."""
    shuffle: bool = False
    keep_tags: int = 0
    """Tags at the start that keep their place, the trigger not counted."""
    keep_separator: str = ""
    """Divides a caption: fixed head, movable part and, after a second one, fixed tail.

    Where a caption has it, `keep_tags` does not apply.
    """
    dropout: float = 0.0
    """Chance that the whole caption is empty, 0 to 1."""
    dropout_every_epochs: int | None = None
    """All captions are empty in epochs whose number, from 1, is a multiple of this."""
    tag_dropout: float = 0.0
    """Chance for each movable tag or group to be left out, 0 to 1."""
    wildcards: bool = False
    """``{a|b}`` chooses, ``{{`` and ``}}`` are braces, several lines are several captions.

    Choices inside choices need a blank between their ends: ``{a|{b|c} }``.
    """

    def for_general_class(self) -> "CaptionRules":
        """Return the rules without what belongs to the subject alone: trigger, prefix, suffix."""
        return replace(self, trigger="", prefix="", suffix="")


def without_trigger(text: str, rules: CaptionRules) -> str:
    """Return the lines of a caption file without the tags of the trigger, however written."""
    known = {tag.casefold() for tag in split_tags(rules.trigger, separator=rules.separator)}
    joint = f"{rules.separator.strip() or ' '} "
    return "\n".join(
        joint.join(
            tag
            for tag in split_tags(line, separator=rules.separator)
            if tag.casefold() not in known
        )
        for line in text.splitlines()
    )


def caption_rng(seed: int, picture_id: str, index: int) -> random.Random:
    """Return the random source of one caption; it depends on nothing but the arguments.

    Args:
        seed: The run's seed.
        picture_id: SHA-256 of the picture.
        index: The step, or the number of a variant.
    """
    return random.Random(f"{seed}/{picture_id}/{index}")


def render_caption(
    raw: str | None, rules: CaptionRules, rng: random.Random, *, class_words: str | None = None
) -> str:
    """Make the caption of one step.

    Args:
        raw: The text of the caption file, or None where there is none.
        rules: What to do with it.
        rng: Drawn from only by rules that are on, always in the same order.
        class_words: Stand in for a caption file that is not there (not for an empty one).

    Returns:
        The caption; empty when it was dropped.
    """
    if is_dropped(rules, rng):
        return ""
    return arrange_caption(raw, rules, rng, class_words=class_words)


def is_dropped(rules: CaptionRules, rng: random.Random) -> bool:
    """Draw whether the whole caption is left empty this time."""
    return rules.dropout > 0 and rng.random() < rules.dropout


def is_epoch_dropped(rules: CaptionRules, epoch: int) -> bool:
    """Tell whether all captions are left empty in an epoch, counted from 0."""
    every = rules.dropout_every_epochs
    return every is not None and (epoch + 1) % every == 0


def arrange_caption(
    raw: str | None, rules: CaptionRules, rng: random.Random, *, class_words: str | None = None
) -> str:
    """Make a caption as :func:`render_caption` does, but never drop it as a whole."""
    text = _choose_line(_source(raw, class_words), rules, rng)
    text = " ".join(part for part in (rules.prefix, text, rules.suffix) if part)
    if rules.wildcards:
        text = _choose_wildcards(text, rng)
    head, movable, tail = _divide(text, rules)
    if rules.shuffle:
        rng.shuffle(movable)
    if rules.tag_dropout > 0:
        movable = [tag for tag in movable if rng.random() >= rules.tag_dropout]
    return _join(
        [*split_tags(rules.trigger, separator=rules.separator), *head, *movable, *tail], rules
    )


def is_deterministic(
    rules: CaptionRules, raw: str | None, *, class_words: str | None = None
) -> bool:
    """Tell whether :func:`arrange_caption` gives the same text every time (dropout aside).

    True is certain. False may also be said of a rare caption that never changes, such as one that
    has both a choice of one and a plain ``|``.
    """
    text = _source(raw, class_words)
    if rules.wildcards:
        decorated = _protect(f"{rules.prefix} {text} {rules.suffix}")
        if len(_lines(text)) > 1 or ("|" in decorated and _CHOICE.search(decorated)):
            return False
    line = next(iter(_lines(text)), "")
    line = " ".join(part for part in (rules.prefix, line, rules.suffix) if part)
    movable = _divide(line, rules)[1]
    if rules.tag_dropout > 0 and movable:
        return False
    return not rules.shuffle or len(set(movable)) <= 1


def variants(
    raw: str | None,
    rules: CaptionRules,
    seed: int,
    picture_id: str,
    n: int,
    *,
    class_words: str | None = None,
) -> list[str]:
    """Return the captions whose text features are kept for one picture.

    Dropout is left out: the empty caption is one entry shared by all pictures, and
    :func:`is_dropped` decides at each step whether it is used.

    Args:
        raw: As in :func:`render_caption`.
        rules: As in :func:`render_caption`.
        seed: The run's seed.
        picture_id: SHA-256 of the picture.
        n: How many to draw, at least 1.
        class_words: As in :func:`render_caption`.

    Returns:
        Distinct captions in the order drawn, 1 to `n`; the same for the same arguments, and
        the first ones the same when `n` grows.
    """
    if is_deterministic(rules, raw, class_words=class_words):
        n = 1
    drawn = (
        arrange_caption(raw, rules, caption_rng(seed, picture_id, i), class_words=class_words)
        for i in range(n)
    )
    return list(dict.fromkeys(drawn))


def tag_frequency(captions: Iterable[str | None], *, separator: str = ",") -> dict[str, int]:
    """Count in how many places each tag stands, as ``ss_tag_frequency`` records it.

    Args:
        captions: Raw captions; None for pictures without one.
        separator: Divides tags.

    Returns:
        Lower-case tag to count, most frequent first, then by name.
    """
    counts: Counter[str] = Counter()
    for caption in captions:
        counts.update(tag.lower() for tag in split_tags(caption or "", separator=separator))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def split_tags(caption: str, *, separator: str = ",") -> list[str]:
    """Return the tags of a caption without the blanks around them; empty ones are left out."""
    return [tag.strip() for tag in caption.split(separator) if tag.strip()]


def _source(raw: str | None, class_words: str | None) -> str:
    return (class_words or "") if raw is None else raw


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _choose_line(text: str, rules: CaptionRules, rng: random.Random) -> str:
    lines = _lines(text)
    if rules.wildcards and len(lines) > 1:
        return rng.choice(lines)
    return lines[0] if lines else ""


def _protect(text: str) -> str:
    for written, stand_in, _ in _LITERAL_BRACES:
        text = text.replace(written, stand_in)
    return text


def _choose_wildcards(text: str, rng: random.Random) -> str:
    text = _protect(text)
    # Innermost first, so that choices may hold choices.
    while (choice := _CHOICE.search(text)) is not None:
        chosen = rng.choice(choice[1].split("|"))
        text = text[: choice.start()] + chosen + text[choice.end() :]
    for _, stand_in, meant in _LITERAL_BRACES:
        text = text.replace(stand_in, meant)
    return text


def _divide(text: str, rules: CaptionRules) -> tuple[list[str], list[str], list[str]]:
    """Return the fixed head, the movable tags and the fixed tail, without the trigger."""
    if rules.keep_separator and rules.keep_separator in text:
        first, *rest = text.split(rules.keep_separator, 2)
        parts = [first, *rest, ""][:3]
        head, movable, tail = (split_tags(part, separator=rules.separator) for part in parts)
    else:
        tags = _without_trigger(split_tags(text, separator=rules.separator), rules)
        return tags[: rules.keep_tags], tags[rules.keep_tags :], []
    return (
        _without_trigger(head, rules),
        _without_trigger(movable, rules),
        _without_trigger(tail, rules),
    )


def _without_trigger(tags: Sequence[str], rules: CaptionRules) -> list[str]:
    triggers = {_folded(tag) for tag in split_tags(rules.trigger, separator=rules.separator)}
    return [tag for tag in tags if _folded(tag) not in triggers]


def _folded(tag: str) -> str:
    return tag.casefold().replace("_", " ")


def _join(tags: Iterable[str], rules: CaptionRules) -> str:
    joint = rules.separator if rules.separator.isspace() else f"{rules.separator.strip()} "
    text = joint.join(tags)
    if rules.secondary_separator:
        parts = (part.strip() for part in text.split(rules.secondary_separator))
        text = joint.join(part for part in parts if part)
    return text
