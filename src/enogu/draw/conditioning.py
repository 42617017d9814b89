"""From the prompts of recipes to what the UNet reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from enogu.draw.recipe import Recipe
from enogu.families.base import Base
from enogu.families.text import TextFeatures, encode_weighted
from enogu.tags.prompt import parse_prompt_weights


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """Text features of one picture."""

    positive: TextFeatures
    """The prompt; one row."""
    negative: TextFeatures | None
    """The negative prompt; one row. None where guidance is off."""


def encode_prompts(base: Base, recipes: Sequence[Recipe]) -> list[Conditioning]:
    """Encode the prompts of each recipe; equal texts are encoded once.

    With `cfg_scale` 1 the negative prompt has no influence and is not encoded. An empty negative
    prompt of SDXL becomes zeros, as A1111 does it and as SDXL was trained; for the other
    families it is the encoded empty text.

    Args:
        base: A base with its text encoders.
        recipes: At least one.

    Returns:
        One entry per recipe.

    Raises:
        PromptError: A clip skip that the text encoder has no layer for.
    """
    known: dict[tuple[str, int | None, bool], TextFeatures] = {}

    def features(text: str, clip_skip: int | None, *, negative: bool) -> TextFeatures:
        zeros = negative and text == "" and base.spec.size_conditioning
        key = (text, clip_skip, zeros)
        if key not in known:
            encoded = encode_weighted(base, parse_prompt_weights(text), clip_skip=clip_skip)
            known[key] = _zeros_like(encoded) if zeros else encoded
        return known[key]

    return [
        Conditioning(
            positive=features(recipe.prompt, recipe.clip_skip, negative=False),
            negative=None
            if recipe.cfg_scale == 1
            else features(recipe.negative_prompt, recipe.clip_skip, negative=True),
        )
        for recipe in recipes
    ]


def _zeros_like(features: TextFeatures) -> TextFeatures:
    return TextFeatures(
        prompt_embeds=torch.zeros_like(features.prompt_embeds),
        pooled=None if features.pooled is None else torch.zeros_like(features.pooled),
    )
