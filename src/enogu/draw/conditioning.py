"""From the prompts of recipes to what the UNet reads at each step."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from enogu.draw.recipe import Recipe
from enogu.families.base import Base
from enogu.families.text import TextFeatures, encode_weighted
from enogu.tags.prompt.parts import PromptPart, Sections, prompt_parts


@dataclass(frozen=True, kw_only=True)
class PromptFeatures:
    """Text features of one prompt, which may change from step to step."""

    weight: float
    """Its share of the guidance; 1 unless several prompts are joined with ``AND``."""
    entries: tuple[tuple[int, TextFeatures], ...]
    """(last step of these features counted from 1, features of one row); in order."""

    def at(self, step: int) -> TextFeatures:
        """Return what is read at one step.

        Args:
            step: Counted from 0. A1111 compares it with ends counted from 1, so the first entry
                lasts a step longer than it says.
        """
        for until, features in self.entries:
            if step <= until:
                return features
        return self.entries[-1][1]


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """Text features of one picture."""

    positive: tuple[PromptFeatures, ...]
    """The prompt; several where ``AND`` joins them."""
    negative: PromptFeatures | None
    """The negative prompt. None where it would have no influence."""


def encode_prompts(base: Base, recipes: Sequence[Recipe]) -> list[Conditioning]:
    """Encode the prompts of each recipe; equal texts are encoded once.

    Where the shares of the prompts times `cfg_scale` add up to 1, as with a `cfg_scale` of 1, the
    negative prompt has no influence and is not encoded. An empty negative prompt of SDXL becomes
    zeros, as A1111 does it and as SDXL was trained; for the other families it is the encoded
    empty text.

    Args:
        base: A base with its text encoders.
        recipes: At least one.

    Returns:
        One entry per recipe.

    Raises:
        PromptError: A prompt that cannot be read, or a clip skip that the text encoder has no
            layer for.
    """
    encoder = _Encoder(base)
    return [encoder.conditioning(recipe) for recipe in recipes]


class _Encoder:
    def __init__(self, base: Base) -> None:
        self._base = base
        self._known: dict[tuple[Sections, int | None, bool], TextFeatures] = {}
        self._parts: dict[tuple[str, int, int | None, bool], tuple[PromptFeatures, ...]] = {}

    def conditioning(self, recipe: Recipe) -> Conditioning:
        positive = self._prompt(recipe, recipe.prompt, negative=False)
        without_negative = recipe.cfg_scale * sum(part.weight for part in positive) == 1
        return Conditioning(
            positive=positive,
            negative=None
            if without_negative
            else self._prompt(recipe, recipe.negative_prompt, negative=True)[0],
        )

    def _prompt(self, recipe: Recipe, text: str, *, negative: bool) -> tuple[PromptFeatures, ...]:
        zeros = negative and text == "" and self._base.spec.size_conditioning
        key = (text, recipe.steps, recipe.clip_skip, negative)
        if key not in self._parts:
            self._parts[key] = tuple(
                self._part(part, recipe.clip_skip, zeros=zeros)
                for part in prompt_parts(text, recipe.steps, negative=negative)
            )
        return self._parts[key]

    def _part(self, part: PromptPart, clip_skip: int | None, *, zeros: bool) -> PromptFeatures:
        return PromptFeatures(
            weight=part.weight,
            entries=tuple(
                (item.until, self._features(item.sections, clip_skip, zeros=zeros))
                for item in part.schedule
            ),
        )

    def _features(self, sections: Sections, clip_skip: int | None, *, zeros: bool) -> TextFeatures:
        key = (sections, clip_skip, zeros)
        if key not in self._known:
            encoded = encode_weighted(self._base, sections, clip_skip=clip_skip)
            self._known[key] = _zeros_like(encoded) if zeros else encoded
        return self._known[key]


def _zeros_like(features: TextFeatures) -> TextFeatures:
    return TextFeatures(
        prompt_embeds=torch.zeros_like(features.prompt_embeds),
        pooled=None if features.pooled is None else torch.zeros_like(features.pooled),
    )
