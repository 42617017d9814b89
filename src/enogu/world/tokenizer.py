"""A byte-level BPE tokenizer in CLIP's format, learnt on the world's own captions.

All 256 bytes are in the vocabulary, within words and at their ends, so every trigger word in
every script can be spelt and no word is unknown.
"""

import functools
import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path

from torch import Tensor
from transformers import CLIPTokenizer

from enogu.files import make_dirs, write_text_atomic
from enogu.world.axes import KNOWN_TAGS, tags_of
from enogu.world.captions import join_tags, nonsense_word, random_traits

END_OF_WORD = "</w>"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 77

# As CLIP's tokenizer splits: runs of letters, single digits, runs of anything else.
_WORD = re.compile(r"[^\W\d_]+|\d|(?:[^\w\s]|_)+")


@functools.cache
def byte_symbols() -> dict[int, str]:
    """Return GPT-2's printable stand-in for each byte (openai/gpt-2, bytes_to_unicode)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbols = {byte: chr(byte) for byte in printable}
    others = (byte for byte in range(256) if byte not in symbols)
    symbols |= {byte: chr(256 + i) for i, byte in enumerate(others)}
    return symbols


def _split(word: str) -> tuple[str, ...]:
    symbols = byte_symbols()
    pieces = [symbols[byte] for byte in word.encode("utf-8")]
    pieces[-1] += END_OF_WORD
    return tuple(pieces)


def learn_merges(texts: list[str], count: int) -> list[tuple[str, str]]:
    """Return up to `count` BPE merges, the most frequent pair first; ties go alphabetically."""
    words = Counter(_split(word) for text in texts for word in _WORD.findall(text.lower()))
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in words.items():
            for pair in itertools.pairwise(word):
                pairs[pair] += times
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = _merged(words, best)
    return merges


def _merged(words: Counter[tuple[str, ...]], pair: tuple[str, str]) -> Counter[tuple[str, ...]]:
    result: Counter[tuple[str, ...]] = Counter()
    for word, times in words.items():
        pieces: list[str] = []
        for piece in word:
            if pieces and (pieces[-1], piece) == pair:
                pieces[-1] += piece
            else:
                pieces.append(piece)
        result[tuple(pieces)] += times
    return result


def caption_corpus(seed: int = 0, captions: int = 3000) -> list[str]:
    """Return texts to learn merges from: captions, every known tag, and invented words."""
    rng = random.Random(f"corpus {seed}")
    texts = [join_tags(tags_of(random_traits(rng))) for _ in range(captions)]
    texts += sorted(KNOWN_TAGS) * 20
    texts += [nonsense_word(rng) for _ in range(2000)]
    return texts


def write_tokenizer(folder: Path, *, merge_count: int = 640, seed: int = 0) -> None:
    """Learn the tokenizer and write it as the files that `CLIPTokenizer.from_pretrained` reads.

    Raises:
        StorageError: The folder cannot be written.
    """
    merges = learn_merges(caption_corpus(seed), merge_count)
    alphabet = [byte_symbols()[byte] for byte in range(256)]
    tokens = [*alphabet, *(symbol + END_OF_WORD for symbol in alphabet)]
    tokens += list(dict.fromkeys(first + second for first, second in merges))
    tokens += [BOS, EOS]
    make_dirs(folder)
    vocabulary = {token: i for i, token in enumerate(tokens)}
    write_text_atomic(folder / "vocab.json", json.dumps(vocabulary, ensure_ascii=False))
    lines = ["#version: 0.2", *(f"{first} {second}" for first, second in merges)]
    write_text_atomic(folder / "merges.txt", "\n".join(lines) + "\n")
    special = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": EOS}
    settings = {
        **special,
        "add_prefix_space": False,
        "do_lower_case": True,
        "model_max_length": MAX_TOKENS,
        "tokenizer_class": "CLIPTokenizer",
    }
    write_text_atomic(folder / "tokenizer_config.json", json.dumps(settings, indent=2) + "\n")
    write_text_atomic(folder / "special_tokens_map.json", json.dumps(special, indent=2) + "\n")


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """Return the tokenizer in `folder`; nothing is looked up elsewhere."""
    return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return token ids [B, 77]: BOS, the caption, EOS to the end, as SD1 pads."""
    encoded = tokenizer(
        captions, padding="max_length", max_length=MAX_TOKENS, truncation=True, return_tensors="pt"
    )
    return encoded.input_ids
