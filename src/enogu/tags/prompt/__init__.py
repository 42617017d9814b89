"""Prompts: one tree for all dialects; checking, converting and expanding them."""

from enogu.tags.prompt.dialects import DIALECTS, parse_prompt
from enogu.tags.prompt.parts import PromptPart, prompt_parts
from enogu.tags.prompt.tree import Group, GroupKind, Prompt, Role, Token, render
from enogu.tags.prompt.weights import prompt_sections, weighted_tokens

__all__ = [
    "DIALECTS",
    "Group",
    "GroupKind",
    "Prompt",
    "PromptPart",
    "Role",
    "Token",
    "parse_prompt",
    "prompt_parts",
    "prompt_sections",
    "render",
    "weighted_tokens",
]
