"""Tokenizers of the CLIP text encoders: where they come from and what they must be."""

from transformers import CLIPTokenizer

BOS_TOKEN = "<|startoftext|>"
EOS_TOKEN = "<|endoftext|>"


def build_byte_tokenizer() -> CLIPTokenizer:
    """Build a CLIP tokenizer without merges: every byte is a token, so any word can be spelt.

    Returns:
        514 tokens in CLIP's own order: 256 bytes, 256 bytes that end a word, start, end.
    """
    alphabet = byte_alphabet()
    tokens = [*alphabet, *(f"{character}</w>" for character in alphabet), BOS_TOKEN, EOS_TOKEN]
    return CLIPTokenizer(
        vocab={token: index for index, token in enumerate(tokens)}, merges=[], model_max_length=77
    )


def byte_alphabet() -> list[str]:
    """Return the 256 printable characters that stand for bytes in CLIP's vocabulary, in its order.

    Printable Latin-1 bytes stand for themselves and come first; the others follow as the code
    points from 256 on (the GPT-2 byte-level alphabet).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]
