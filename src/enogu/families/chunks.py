"""Prompts as chunks of 75 tokens, the form in which CLIP can read a text of any length."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from transformers import CLIPTokenizer

CHUNK_TOKENS = 75
"""Tokens of text in one chunk, without start and end."""

CHUNK_LENGTH = CHUNK_TOKENS + 2
"""Positions of one chunk in a text encoder."""

COMMA_LOOKBACK = 20
"""A full chunk gives the tokens after its last comma to the next one if they are no more."""

_BREAK = re.compile(r"\s*\bBREAK\b\s*")


@dataclass(kw_only=True)
class Chunk:
    """Up to 75 tokens of text with one weight each."""

    tokens: list[int] = field(default_factory=list[int])
    weights: list[float] = field(default_factory=list[float])

    def split_off(self, position: int) -> "Chunk":
        """Remove the tokens from `position` on and return them as a chunk."""
        tail = Chunk(tokens=self.tokens[position:], weights=self.weights[position:])
        del self.tokens[position:], self.weights[position:]
        return tail


def text_token_ids(tokenizer: CLIPTokenizer, text: str) -> list[int]:
    """Return the token ids of `text`, all of them, without start and end."""
    ids = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    return [int(token) for token in ids]


def split_breaks(pieces: Sequence[tuple[str, float]]) -> list[list[tuple[str, float]]]:
    """Cut weighted text at the word ``BREAK``; each part starts a new chunk.

    Example:
        >>> split_breaks([("red hair BREAK blue", 1.0)])
        [[('red hair', 1.0)], [('blue', 1.0)]]
    """
    sections: list[list[tuple[str, float]]] = [[]]
    for text, weight in pieces:
        first, *others = _BREAK.split(text)
        sections[-1].append((first, weight))
        sections.extend([(other, weight)] for other in others)
    return sections


def chunk_pieces(tokenizer: CLIPTokenizer, pieces: Sequence[tuple[str, float]]) -> list[Chunk]:
    """Lay weighted text out in chunks, without cutting a tag in two where that can be avoided.

    When a chunk is full and its last comma is at most 20 tokens back, what stands after that
    comma moves to the next chunk, as A1111 does it.

    Args:
        tokenizer: Gives the tokens; the weight of a piece goes to each of its tokens.
        pieces: Text with weights; no ``BREAK`` handling here.

    Returns:
        One chunk or more; an empty text gives one empty chunk.
    """
    comma = text_token_ids(tokenizer, ",")[-1]
    chunks = [Chunk()]
    last_comma: int | None = None
    for text, weight in pieces:
        for token in text_token_ids(tokenizer, text):
            chunk = chunks[-1]
            if len(chunk.tokens) == CHUNK_TOKENS:
                tail = Chunk()
                if (
                    token != comma
                    and last_comma is not None
                    and CHUNK_TOKENS - last_comma <= COMMA_LOOKBACK
                ):
                    tail = chunk.split_off(last_comma + 1)
                chunks.append(tail)
                last_comma = None
            chunk = chunks[-1]
            if token == comma:
                last_comma = len(chunk.tokens)
            chunk.tokens.append(token)
            chunk.weights.append(weight)
    return chunks
