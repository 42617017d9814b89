"""Chunks of 75 tokens, made with a CLIP tokenizer."""

from collections.abc import Sequence

from transformers import CLIPTokenizer

from enogu.tags.prompt.chunks import Chunk, lay_out


def text_token_ids(tokenizer: CLIPTokenizer, text: str) -> list[int]:
    """Return the token ids of `text`, all of them, without start and end."""
    ids = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    return [int(token) for token in ids]


def chunk_pieces(tokenizer: CLIPTokenizer, pieces: Sequence[tuple[str, float]]) -> list[Chunk]:
    """Lay weighted text out in chunks; see :func:`enogu.tags.prompt.chunks.lay_out`."""
    return lay_out(lambda text: text_token_ids(tokenizer, text), pieces)
