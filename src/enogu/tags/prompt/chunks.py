"""Prompts as chunks of 75 tokens, the form in which CLIP can read a text of any length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

CHUNK_TOKENS = 75
"""Tokens of text in one chunk, without start and end."""

CHUNK_LENGTH = CHUNK_TOKENS + 2
"""Positions of one chunk in a text encoder."""

COMMA_LOOKBACK = 20
"""A full chunk gives the tokens after its last comma to the next one if they are no more."""

Tokenize = Callable[[str], list[int]]
"""Text → the ids of its tokens, all of them, without start and end."""


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


def lay_out(tokenize: Tokenize, pieces: Sequence[tuple[str, float]]) -> list[Chunk]:
    """Lay weighted text out in chunks, without cutting a tag in two where that can be avoided.

    When a chunk is full and its last comma is at most 20 tokens back, what stands after that
    comma moves to the next chunk, as A1111 does it.

    Args:
        tokenize: Gives the tokens; the weight of a piece goes to each of its tokens.
        pieces: Text with weights; one section of a prompt, so no ``BREAK``.

    Returns:
        One chunk or more; an empty text gives one empty chunk.
    """
    comma = tokenize(",")[-1]
    chunks = [Chunk()]
    last_comma: int | None = None
    for text, weight in pieces:
        for token in tokenize(text):
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
