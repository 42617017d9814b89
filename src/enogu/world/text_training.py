"""A first lesson for the text encoder: which colour belongs to which noun.

"blue" stands in captions before hair, eyes, clothes and backgrounds. Left to the denoiser's loss
alone, the encoder learns this binding last: after 100 000 pictures shapes followed the tags and
colours did not. Here it is taught directly, in two minutes, as big models get theirs from CLIP's
own training: the last token of each tag must say which tag it ended, and the end of the caption
must say all tags in it.
"""

import functools
import random
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer

from enogu.machine import parallel
from enogu.world.architecture import MiniShape, build_text_encoder
from enogu.world.axes import KNOWN_TAGS
from enogu.world.captions import random_traits, training_caption
from enogu.world.tokenizer import tokenize
from enogu.world.training_state import Budget, Recipe, TrainingState, autocast

BATCH_SIZE = 32
TEXT_RECIPE = Recipe(learning_rate=1e-3, ema_decay=0.99)
TAG_NUMBERS: dict[str, int] = {tag: number for number, tag in enumerate(sorted(KNOWN_TAGS))}
_NO_TAG = -100


@functools.lru_cache(maxsize=4096)
def _count_tokens(tokenizer: CLIPTokenizer, tag: str) -> int:
    return len(tokenizer(tag, add_special_tokens=False).input_ids)


class TagHeads(nn.Module):
    """Two linear readouts that exist during this lesson only.

    Args:
        width: Width of the text encoder.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.at_tag_end = nn.Linear(width, len(TAG_NUMBERS))
        self.at_caption_end = nn.Linear(width, len(TAG_NUMBERS))


def tag_targets(tokenizer: CLIPTokenizer, caption: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Return (token position, tag number) of each known tag's last token, and all tag numbers."""
    position = 0
    ends: list[tuple[int, int]] = []
    comma = 1
    for tag in caption.split(", ") if caption else []:
        position += _count_tokens(tokenizer, tag)
        if tag in TAG_NUMBERS:
            ends.append((position, TAG_NUMBERS[tag]))
        position += comma
    return ends, [number for _, number in ends]


def text_loss(
    text_encoder: CLIPTextModel,
    heads: TagHeads,
    tokenizer: CLIPTokenizer,
    captions: list[str],
    *,
    bf16: bool,
) -> Tensor:
    """Return cross-entropy at the ends of tags plus binary cross-entropy after the caption."""
    token_ids = tokenize(tokenizer, captions)
    at_end = torch.full(token_ids.shape, _NO_TAG)
    said = torch.zeros(len(captions), len(TAG_NUMBERS))
    for row, caption in enumerate(captions):
        ends, numbers = tag_targets(tokenizer, caption)
        for position, number in ends:
            if position < token_ids.shape[1]:
                at_end[row, position] = number
        said[row, numbers] = 1.0
    with autocast(bf16):
        states = text_encoder(token_ids).last_hidden_state.float()
    tag_loss = functional.cross_entropy(
        heads.at_tag_end(states).flatten(0, 1), at_end.flatten(), ignore_index=_NO_TAG
    )
    # Two places of the padding: the denoiser reads all of it, so all of it shall know.
    first_end = (token_ids == token_ids[:, -1:]).int().argmax(dim=1)
    rows = torch.arange(len(captions))
    summaries = torch.stack([states[rows, first_end], states[:, -1]])
    summary_loss = functional.binary_cross_entropy_with_logits(
        heads.at_caption_end(summaries), said.expand(2, -1, -1)
    )
    return tag_loss + 10 * summary_loss


def train_text_encoder(
    tokenizer: CLIPTokenizer,
    state_path: Path,
    *,
    shape: MiniShape,
    budget: Budget,
    seed: int = 0,
    bf16: bool = True,
    save_every: int = 500,
) -> CLIPTextModel:
    """Train the text encoder alone, or go on from `state_path`, and return it averaged.

    Args:
        tokenizer: The tokenizer of `mini`.
        state_path: Where the state is kept; continued from when it exists.
        shape: Widths of the network.
        budget: When to stop.
        seed: Of weights and captions.
        bf16: Compute in bfloat16 where autocast allows.
        save_every: Steps between two saved states.

    Raises:
        NonFiniteError: The loss became NaN or infinite.
        WorldError: The state at `state_path` was made with other settings.
    """
    torch.manual_seed(seed)
    text_encoder = build_text_encoder(shape, vocab_size=len(tokenizer))
    heads = TagHeads(shape.text_width)
    settings = {**shape.text_metadata(), "seed": str(seed)}
    networks: dict[str, nn.Module] = {"text_encoder": text_encoder, "heads": heads}
    state = TrainingState(networks, TEXT_RECIPE, settings)

    def loss_at(step: int) -> Tensor:
        rng = random.Random(f"text {seed} {parallel.part_of(step)}")
        count = BATCH_SIZE // parallel.num_processes()
        captions = [training_caption(random_traits(rng), rng) for _ in range(count)]
        return text_loss(text_encoder, heads, tokenizer, captions, bf16=bf16)

    state.train(state_path, budget, loss_at, title="text", save_every=save_every)
    text_encoder.load_state_dict(state.averaged("text_encoder"), strict=False)
    return text_encoder
