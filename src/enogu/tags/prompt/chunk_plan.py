"""Which tags of a prompt fall into which chunk of 75 tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from enogu.tags.prompt.a1111 import parse_a1111
from enogu.tags.prompt.chunks import CHUNK_TOKENS, Chunk, Tokenize, lay_out
from enogu.tags.prompt.findings import Finding, Level, message
from enogu.tags.prompt.parts import split_parts
from enogu.tags.prompt.schedule import text_at_step
from enogu.tags.prompt.tree import Prompt, Role
from enogu.tags.prompt.weights import weighted_tokens

_COMMA = 1
_OTHER = 0
_WORD = re.compile(r"[A-Za-z]+|\d|[^\W\d_]|[^\sA-Za-z\d]", re.ASCII)
_LETTERS_PER_TOKEN = 9
_FIRST_STEP, _STEPS = 1, 20
_TAGS_SHOWN = 12
_SEGMENT = re.compile(r"[,\n]|[^,\n]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedChunk:
    """One chunk of 75 tokens."""

    tokens: int
    """How many are used, 0 to 75."""
    tags: tuple[str, ...]
    """What begins in it."""
    cut: str
    """The tag that goes on in the next chunk; empty where none is cut."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkPlan:
    """How the first step's text is laid out."""

    chunks: tuple[PlannedChunk, ...]
    exact: bool
    """Counted with a tokenizer; otherwise estimated."""


def plan_chunks(prompt: Prompt, tokenize: Tokenize | None = None) -> ChunkPlan:
    """Lay a prompt out as it is at its first step.

    Args:
        prompt: In A1111's dialect. Prompts joined with ``AND`` follow one another.
        tokenize: The base's tokenizer; without it tokens are estimated from the letters.
    """
    chunks: list[PlannedChunk] = []
    for part, _ in split_parts(prompt):
        text = text_at_step(part, _FIRST_STEP, _STEPS)
        for segments in _sections(parse_a1111(text, schedules=False)):
            # the number of the segment rides along in the place of its weight
            pieces = [(segment, float(number)) for number, segment in enumerate(segments)]
            laid_out = lay_out(tokenize or estimate_tokens, pieces)
            chunks += _planned(laid_out, segments)
    return ChunkPlan(chunks=tuple(chunks), exact=tokenize is not None)


def estimate_tokens(text: str) -> list[int]:
    """Return stand-ins for the tokens of a text, about as many as CLIP's tokenizer gives.

    Words of up to nine letters count one, digits and signs one each, other letters one each.
    """
    tokens: list[int] = []
    for word in _WORD.findall(text):
        if word == ",":
            tokens.append(_COMMA)
        else:
            number = -(-len(word) // _LETTERS_PER_TOKEN)
            tokens += [_OTHER] * (number if word.isascii() else 2)
    return tokens


def _sections(prompt: Prompt) -> Iterator[list[str]]:
    """Give the texts between breaks, cut at commas."""
    segments: list[str] = []
    for piece in weighted_tokens(prompt):
        if piece.token.role is Role.BREAK and piece.weight == 1.0:
            yield segments
            segments = []
        elif piece.token.role in (Role.TEXT, Role.BREAK):
            said = piece.token.value or piece.token.text
            for found in _SEGMENT.findall(said):
                if segments and found not in ",\n" and segments[-1] not in ",\n":
                    segments[-1] += found
                else:
                    segments.append(found)
    yield segments


def _planned(chunks: list[Chunk], segments: list[str]) -> Iterator[PlannedChunk]:
    begun = -1
    for chunk, following in zip(chunks, [*chunks[1:], None], strict=True):
        numbers = sorted({int(number) for number in chunk.weights})
        tags = [segments[number].strip() for number in numbers if number > begun]
        begun = max([begun, *numbers])
        goes_on = (
            following is not None
            and bool(following.weights)
            and bool(chunk.weights)
            and following.weights[0] == chunk.weights[-1]
        )
        yield PlannedChunk(
            tokens=len(chunk.tokens),
            tags=tuple(tag for tag in tags if tag not in ("", ",")),
            cut=segments[numbers[-1]].strip() if goes_on else "",
        )


def chunk_lines(plan: ChunkPlan, language: str = "en") -> Iterator[str]:
    """Give a plan in words: one line for each chunk, and one when it is estimated.

    Args:
        plan: The chunks.
        language: ``en`` or ``ja``.

    Raises:
        PromptError: Another language.
    """
    for number, chunk in enumerate(plan.chunks, start=1):
        tags = ", ".join(chunk.tags[:_TAGS_SHOWN])
        values = {
            "number": str(number),
            "tokens": f"{'' if plan.exact else '~'}{chunk.tokens}",
            "most": str(CHUNK_TOKENS),
            "tags": tags + (", …" if len(chunk.tags) > _TAGS_SHOWN else ""),
        }
        yield message("chunk", language, values)
    if not plan.exact:
        yield message("chunk_estimated", language, {})


def cut_tags(plan: ChunkPlan, prompt: Prompt) -> Iterator[Finding]:
    """Give the tags that a chunk's end cuts in two."""
    text = str(prompt)
    for number, chunk in enumerate(plan.chunks, start=1):
        if chunk.cut:
            place = max(text.find(chunk.cut), 0)
            yield Finding(
                rule="cut",
                level=Level.WARNING if plan.exact else Level.NOTE,
                start=place,
                end=place + len(chunk.cut),
                values={"tag": chunk.cut[:60], "chunk": str(number), "next": str(number + 1)},
            )
