"""Quality tags and tag order of model families; applied when asked, and shown."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from enogu.errors import PromptError
from enogu.tags.dataset.knowledge import KnowsTags
from enogu.tags.names import normal_name
from enogu.tags.prompt.check_tags import written
from enogu.tags.prompt.dialects import parse_prompt
from enogu.tags.prompt.items import prompt_tags
from enogu.tags.prompt.tree import NO_GROUP, Prompt, Role

_GENERAL = "general"
_QUALITY = "quality"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """What one model family was trained with."""

    name: str
    title: str
    order: tuple[str, ...]
    """Slots of a prompt from front to back: categories and groups of the vocabulary."""
    quality: tuple[str, ...]
    quality_at: Literal["front", "back"]
    negative: tuple[str, ...]
    """What a negative prompt usually holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordered:
    """A prompt in the order of a preset."""

    text: str
    added: tuple[str, ...]
    """Quality tags that were not there."""
    moved: tuple[str, ...]
    """Pieces that stand at another place now."""


@cache
def load_presets() -> Mapping[str, Preset]:
    """Return all presets by name."""
    text = files("enogu.tags.prompt").joinpath("presets.toml").read_text(encoding="utf-8")
    return {
        name: Preset(
            name=name,
            title=table["title"],
            order=tuple(table["order"]),
            quality=tuple(table["quality"]),
            quality_at=table["quality_at"],
            negative=tuple(table["negative"]),
        )
        for name, table in tomllib.loads(text).items()
    }


def preset_named(name: str) -> Preset:
    """Return a preset.

    Raises:
        PromptError: There is none of this name.
    """
    presets = load_presets()
    if name not in presets:
        raise PromptError(
            f"unknown preset {name!r}; known: {', '.join(presets)}",
            hint="See what they hold: enogu prompt presets",
        )
    return presets[name]


def order_prompt(
    text: str, preset: Preset, knows: KnowsTags, *, dialect: str = "a1111", quality: bool = False
) -> Ordered:
    """Put the tags of a prompt into the order of a model family.

    Only what stands between commas outside of all brackets is moved, and only within its chunk:
    ``BREAK`` and ``AND`` stay where they are.

    Args:
        text: The prompt.
        preset: The model family.
        knows: The vocabulary, which says what a tag is.
        dialect: The prompt's dialect.
        quality: Also add the family's quality tags that are not there.

    Raises:
        PromptError: An unknown dialect.
    """
    prompt = parse_prompt(text, dialect)
    sections, joints = _sections(prompt)
    before = [piece for section in sections for piece in section]
    ordered = [
        sorted(section, key=lambda piece: _slot(piece, preset, knows, dialect))
        for section in sections
    ]
    after = [piece for section in ordered for piece in section]
    moved = tuple(new for old, new in zip(before, after, strict=True) if old != new)
    added: tuple[str, ...] = ()
    if quality:
        present = {normal_name(item.text) for item in prompt_tags(prompt)}
        added = tuple(tag for tag in preset.quality if normal_name(tag) not in present)
        first = ordered[0]
        new = [tag if "_" in tag else written(normal_name(tag)) for tag in added]
        ordered[0] = [*new, *first] if preset.quality_at == "front" else [*first, *new]
    parts = [", ".join(section) for section in ordered]
    result = parts[0] + "".join(joint + part for joint, part in zip(joints, parts[1:], strict=True))
    return Ordered(text=result.strip(), added=added, moved=moved)


def _sections(prompt: Prompt) -> tuple[list[list[str]], list[str]]:
    """Return the pieces between outer commas in each section, and what joins the sections."""
    sections: list[list[str]] = [[]]
    joints: list[str] = []
    current: list[str] = []

    def finish() -> None:
        piece = "".join(current).strip()
        current.clear()
        if piece:
            sections[-1].append(piece)

    for token in prompt.tokens:
        outside = token.group == NO_GROUP
        if outside and token.role in (Role.BREAK, Role.AND, Role.CHARACTER, Role.PART_WEIGHT):
            finish()
            joints.append(f" {token.text.strip()} ")
            sections.append([])
        elif outside and token.role is Role.TEXT and token.text == token.value:
            first, *others = token.text.split(",")
            current.append(first)
            for other in others:
                finish()
                current.append(other)
        else:
            current.append(token.text)
    finish()
    return sections, joints


def _slot(piece: str, preset: Preset, knows: KnowsTags, dialect: str) -> int:
    """Return the place in the order for a piece, by the first tag in it that is known."""
    order = preset.order
    general = order.index(_GENERAL)
    for item in prompt_tags(parse_prompt(piece, dialect)):
        if _QUALITY in order and normal_name(item.text) in map(normal_name, preset.quality):
            return order.index(_QUALITY)
        name = knows.resolve(item.text).name
        info = knows.get(name) if name else None
        if info is None:
            continue
        slot = info.category if info.category in order else info.group
        return (
            order.index(slot)
            if slot in order and slot != _GENERAL
            else (order.index(info.group) if info.group in order else general)
        )
    return general
