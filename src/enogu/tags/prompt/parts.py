"""From A1111's prompt to what a text encoder reads at each step."""

from dataclasses import dataclass

from enogu.errors import PromptError
from enogu.tags.prompt.a1111 import parse_a1111
from enogu.tags.prompt.schedule import scheduled_texts
from enogu.tags.prompt.tree import Prompt, Role
from enogu.tags.prompt.weights import prompt_sections

Sections = tuple[tuple[tuple[str, float], ...], ...]
"""Texts with their weights, in sections that start a new chunk each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledSections:
    """What is read at some of the steps."""

    until: int
    """Last step, counted from 1."""
    sections: Sections


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptPart:
    """One prompt of several that guide the same picture."""

    weight: float
    """Its share of the guidance, 1 where none is written."""
    schedule: tuple[ScheduledSections, ...]
    """In order of `until`; the last one lasts to the end."""


def prompt_parts(text: str, steps: int, *, negative: bool = False) -> tuple[PromptPart, ...]:
    """Decide everything in a prompt that A1111 decides before it encodes text.

    Args:
        text: In A1111's dialect.
        steps: Steps of the sampler, at least 1.
        negative: It is a negative prompt, which has one part.

    Returns:
        At least one part.

    Raises:
        PromptError: A weight is not a number, or an extra network stands in the prompt.
    """
    parts: list[PromptPart] = []
    for part, weight in split_parts(parse_a1111(text, negative=negative)):
        refuse_networks(part)
        schedule: list[ScheduledSections] = []
        for item in scheduled_texts(part, steps):
            sections = prompt_sections(parse_a1111(item.text, schedules=False))
            schedule.append(
                ScheduledSections(
                    until=item.until, sections=tuple(tuple(section) for section in sections)
                )
            )
        parts.append(PromptPart(weight=weight, schedule=tuple(schedule)))
    return tuple(parts)


def split_parts(prompt: Prompt) -> list[tuple[Prompt, float]]:
    """Cut an A1111 prompt at ``AND``; return each part with its weight.

    The parts have no weight at their end and no blanks there, as A1111 reads them.
    """
    ends = [
        (index, token.weight) for index, token in enumerate(prompt.tokens) if token.role is Role.AND
    ]
    last = prompt.tokens[-1] if prompt.tokens else None
    weight = last.weight if last is not None and last.role is Role.PART_WEIGHT else 1.0
    ends.append((len(prompt.tokens), weight))
    if len(ends) == 1 and (last is None or last.role is not Role.PART_WEIGHT):
        return [(prompt, 1.0)]
    parts: list[tuple[Prompt, float]] = []
    start = 0
    for end, weight in ends:
        tokens = [token for token in prompt.tokens[start:end] if token.role is not Role.PART_WEIGHT]
        text = "".join(token.text for token in tokens).rstrip()
        parts.append((parse_a1111(text, negative=True), weight))
        start = end + 1
    return parts


KNOWN_NETWORKS = ("lora", "lyco", "hypernet")
"""Kinds of extra networks that A1111 has by itself."""


def refuse_networks(prompt: Prompt, *, known_only: bool = False) -> None:
    """Refuse extra networks: files are named by options here, not inside a prompt.

    Args:
        prompt: In A1111's dialect.
        known_only: Let kinds pass that A1111 has only with extensions.

    Raises:
        PromptError: The prompt holds one, as in ``<lora:name:0.8>``.
    """
    found = [
        token
        for token in prompt.tokens
        if token.role is Role.NETWORK
        and (not known_only or token.value.partition(":")[0] in KNOWN_NETWORKS)
    ]
    if not found:
        return
    options: list[str] = []
    for token in found:
        kind, _, arguments = token.value.partition(":")
        name, _, weight = arguments.partition(":")
        if kind in ("lora", "lyco"):
            options.append(f"--lora {name}.safetensors:{weight or 1}")
    raise PromptError(
        f"the prompt holds {found[0].text!r}; files are not named inside a prompt here",
        hint=f"Take it out of the prompt and add: {' '.join(options)}"
        if options
        else "Take it out of the prompt; only LoRAs can be added, with --lora.",
    )
