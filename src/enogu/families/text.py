"""Text in, features out: chunks of 75 tokens, clip skip, and SDXL's pair of encoders.

Differences between the families that are easy to get wrong, and their source:

- SD1 and SD2 take a hidden state and apply the final layer norm; SDXL takes the penultimate one
  of both encoders without the norm (as the models were trained).
- Chunks are encoded apart, each with its own start and end, and laid side by side: 77 rows per
  chunk (A1111's layout; plain captions of one chunk are the same in every tool).
- SDXL's pooled vector comes from the first chunk of the second encoder, never weighted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from enogu.errors import PromptError
from enogu.families.base import Base, TextEncoder, text_body
from enogu.families.chunks import chunk_pieces, text_token_ids
from enogu.families.spec import TextEncoderSpec
from enogu.tags.prompt.chunks import CHUNK_LENGTH, CHUNK_TOKENS, Chunk

WeightMode = Literal["original", "no_norm"]
"""`original`: A1111's default, the mean is restored after weighting; `no_norm`: it is not."""

_MIN_RELATIVE_MEAN = 1e-3
"""Least share of the spread that a mean must have to be restored after weighting.

CLIP's features have means of about a tenth of their spread; those of a small or random encoder can
be 0, and the quotient of two such means is noise or NaN.
"""


@dataclass(frozen=True, kw_only=True)
class TextFeatures:
    """What the UNet reads of a batch of texts."""

    prompt_embeds: Tensor
    """[B, 77 * num_chunks, D]; D joins the encoders of SDXL."""
    pooled: Tensor | None = None
    """[B, P], SDXL only."""

    @property
    def num_chunks(self) -> int:
        """Chunks of 77 rows per text."""
        return self.prompt_embeds.shape[1] // CHUNK_LENGTH

    def __len__(self) -> int:
        return self.prompt_embeds.shape[0]

    def select(self, index: int | Sequence[int]) -> "TextFeatures":
        """Return the features of one text (still with a batch axis) or of several."""
        rows = [index] if isinstance(index, int) else list(index)
        return TextFeatures(
            prompt_embeds=self.prompt_embeds[rows],
            pooled=None if self.pooled is None else self.pooled[rows],
        )

    def pad_to(self, num_chunks: int, empty: "TextFeatures") -> "TextFeatures":
        """Append chunks of the empty text until there are `num_chunks`.

        Args:
            num_chunks: Wanted chunks, at least as many as there are.
            empty: Features of ``""`` with one chunk and one row.

        Raises:
            PromptError: There are more chunks already.
        """
        missing = num_chunks - self.num_chunks
        if missing < 0:
            raise PromptError(f"cannot pad {self.num_chunks} chunks down to {num_chunks}")
        filler = empty.prompt_embeds[:, :CHUNK_LENGTH].expand(len(self), -1, -1)
        rows = [self.prompt_embeds, *[filler.to(self.prompt_embeds)] * missing]
        return TextFeatures(prompt_embeds=torch.cat(rows, dim=1), pooled=self.pooled)

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "TextFeatures":
        """Return the features on another device or in another type."""
        return TextFeatures(
            prompt_embeds=self.prompt_embeds.to(device, dtype),
            pooled=None if self.pooled is None else self.pooled.to(device, dtype),
        )

    @staticmethod
    def cat(features: Sequence["TextFeatures"]) -> "TextFeatures":
        """Join batches of equal chunk number along the batch axis.

        Raises:
            PromptError: The numbers of chunks differ; pad them first.
        """
        numbers = sorted({item.num_chunks for item in features})
        if len(numbers) != 1:
            raise PromptError(
                f"texts of {numbers} chunks cannot share a batch",
                hint="Pad the shorter ones with TextFeatures.pad_to first.",
            )
        pooled = [item.pooled for item in features if item.pooled is not None]
        return TextFeatures(
            prompt_embeds=torch.cat([item.prompt_embeds for item in features]),
            pooled=torch.cat(pooled) if pooled else None,
        )


def count_tokens(base: Base, text: str) -> int:
    """Return how many tokens `text` has, without start and end; a chunk holds 75."""
    return len(text_token_ids(base.tokenizers[0], text))


def count_chunks(base: Base, text: str) -> int:
    """Return how many chunks of 75 tokens `text` takes, 1 or more."""
    return max(len(chunk_pieces(tokenizer, [(text, 1.0)])) for tokenizer in base.tokenizers)


def encode_texts(
    base: Base,
    texts: Sequence[str],
    *,
    clip_skip: int | None = None,
    num_chunks: int | None = None,
) -> TextFeatures:
    """Encode plain texts; no weights, no ``BREAK``.

    Gradients flow into the text encoders unless the caller switches them off.

    Args:
        base: A base with its text encoders.
        texts: One text or more. Longer than 75 tokens is fine: nothing is cut.
        clip_skip: Hidden state to take, counted from the last; None is the family's own. SDXL
            has 2 as its own and reads 1 as 2, as the other tools do.
        num_chunks: Chunks of every text; None takes as many as the longest text needs. Shorter
            texts are filled with chunks of the empty text.

    Returns:
        Features of shape [B, 77 * num_chunks, D].

    Raises:
        PromptError: No text, a text that needs more than `num_chunks`, or a clip skip that the
            encoder has no layer for.
    """
    if not texts:
        raise PromptError("encode_texts needs at least one text, got none")
    layouts = [
        [chunk_pieces(tokenizer, [(text, 1.0)]) for text in texts] for tokenizer in base.tokenizers
    ]
    needed = max(len(chunks) for layout in layouts for chunks in layout)
    num_chunks = _checked_num_chunks(needed, num_chunks)
    return _encode_layouts(base, layouts, num_chunks, clip_skip, weight_mode=None)


def encode_weighted(
    base: Base,
    sections: Sequence[Sequence[tuple[str, float]]],
    *,
    clip_skip: int | None = None,
    num_chunks: int | None = None,
    mode: WeightMode = "original",
) -> TextFeatures:
    """Encode one prompt whose pieces have weights, as A1111 does.

    The rows of a token are multiplied by its weight; in mode ``original`` each chunk is then
    scaled as a whole so that its mean is what it was, per encoder. SDXL's pooled vector is never
    weighted.

    Args:
        base: A base with its text encoders.
        sections: Texts with weights, from :func:`enogu.tags.prompt.prompt_sections`; each
            section starts a new chunk.
        clip_skip: As in :func:`encode_texts`.
        num_chunks: As in :func:`encode_texts`.
        mode: Whether the mean is restored.

    Returns:
        Features with a batch of one.

    Raises:
        PromptError: More chunks needed than `num_chunks`, or an impossible clip skip.
    """
    layouts = [
        [[chunk for section in sections for chunk in chunk_pieces(tokenizer, section)]]
        for tokenizer in base.tokenizers
    ]
    needed = max(len(layout[0]) for layout in layouts)
    num_chunks = _checked_num_chunks(needed, num_chunks)
    return _encode_layouts(base, layouts, num_chunks, clip_skip, weight_mode=mode)


def _encode_layouts(
    base: Base,
    layouts: list[list[list[Chunk]]],
    num_chunks: int,
    clip_skip: int | None,
    *,
    weight_mode: WeightMode | None,
) -> TextFeatures:
    """Encode chunk layouts indexed [encoder][text][chunk]."""
    embeds: list[Tensor] = []
    pooled: Tensor | None = None
    for index, (spec, encoder) in enumerate(
        zip(base.spec.text_encoders, base.text_encoders, strict=True)
    ):
        layout = [
            [*chunks, *(Chunk() for _ in range(num_chunks - len(chunks)))]
            for chunks in layouts[index]
        ]
        hidden, pooled_chunks = _run_encoder(
            spec, encoder, _input_ids(base, index, layout), clip_skip
        )
        if weight_mode is not None:
            hidden = _weighted(hidden, layout, weight_mode)
        width = hidden.shape[-1]
        embeds.append(hidden.reshape(len(layout), num_chunks * CHUNK_LENGTH, width))
        if pooled_chunks is not None:
            pooled = pooled_chunks.reshape(len(layout), num_chunks, -1)[:, 0]
    return TextFeatures(
        prompt_embeds=embeds[0] if len(embeds) == 1 else torch.cat(embeds, dim=-1), pooled=pooled
    )


def _input_ids(base: Base, index: int, layout: list[list[Chunk]]) -> Tensor:
    """Return token ids, int64 [B * num_chunks, 77], with start, end and the family's filling."""
    tokenizer = base.tokenizers[index]
    end = tokenizer.eos_token_id
    filler = end if base.spec.text_encoders[index].padding == "eos" else 0
    rows = [
        [tokenizer.bos_token_id, *chunk.tokens, end] + [filler] * (CHUNK_TOKENS - len(chunk.tokens))
        for chunks in layout
        for chunk in chunks
    ]
    return torch.tensor(rows, dtype=torch.int64, device=base.device)


def _run_encoder(
    spec: TextEncoderSpec, encoder: TextEncoder, input_ids: Tensor, clip_skip: int | None
) -> tuple[Tensor, Tensor | None]:
    """Return the hidden state [N, 77, D] that the family reads, and the pooled vectors [N, P]."""
    skip = max(clip_skip or spec.default_skip, spec.default_skip)
    num_layers = int(encoder.config.num_hidden_layers)
    if not 1 <= skip <= num_layers or (clip_skip is not None and clip_skip < 1):
        raise PromptError(
            f"clip skip must be 1 to {num_layers} for this text encoder, got {clip_skip!r}"
        )
    output = encoder(input_ids=input_ids, output_hidden_states=True, return_dict=True)
    hidden = output.hidden_states[-skip]
    if spec.final_norm:
        hidden = text_body(encoder).final_layer_norm(hidden)
    return hidden, output.text_embeds if spec.projected else None


def _weighted(hidden: Tensor, layout: list[list[Chunk]], mode: WeightMode) -> Tensor:
    """Multiply token rows by their weights; hidden is [N, 77, D], one row per chunk."""
    rows = [
        [1.0, *chunk.weights, *[1.0] * (CHUNK_LENGTH - 1 - len(chunk.weights))]
        for chunks in layout
        for chunk in chunks
    ]
    weights = torch.tensor(rows, dtype=hidden.dtype, device=hidden.device)
    weighted = hidden * weights[..., None]
    if mode == "no_norm":
        return weighted
    before = hidden.float().mean(dim=(1, 2), keepdim=True)
    after = weighted.float().mean(dim=(1, 2), keepdim=True)
    noise_floor = _MIN_RELATIVE_MEAN * hidden.float().std(dim=(1, 2), keepdim=True)
    meaningful = (before.abs() > noise_floor) & (after.abs() > noise_floor)
    return weighted * torch.where(meaningful, before / after, 1.0).to(weighted.dtype)


def _checked_num_chunks(needed: int, wanted: int | None) -> int:
    """Return the number of chunks to encode.

    Raises:
        PromptError: `wanted` is too small; nothing is cut silently.
    """
    if wanted is not None and wanted < needed:
        raise PromptError(
            f"the text needs {needed} chunks of {CHUNK_TOKENS} tokens, {wanted} were allowed",
            hint="Allow more chunks or shorten the text.",
        )
    return wanted or needed
