"""Tokenizers of the CLIP text encoders: where they come from and what they must be."""

from pathlib import Path
from typing import TYPE_CHECKING

from transformers import CLIPTokenizer

from enogu.errors import BaseModelError

if TYPE_CHECKING:
    from enogu.families.detect import BaseInfo

HUB_TOKENIZER = "openai/clip-vit-large-patch14"
"""All three families use CLIP's vocabulary; padding is not the tokenizer's matter here."""

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


def find_tokenizers(
    info: "BaseInfo", folder: str | Path | None, *, allow_hub: bool
) -> list[CLIPTokenizer]:
    """Find one tokenizer per text encoder.

    Looked for in this order: the base's own folder, the folder of the settings, the hub's local
    cache, and, only when allowed, the hub itself.

    Args:
        info: The base.
        folder: ``model.tokenizer`` of the settings. It holds ``vocab.json`` and ``merges.txt``,
            or subfolders named as in a diffusers folder.
        allow_hub: Whether the network may be used.

    Raises:
        BaseModelError: Found nowhere; the message says what to put where.
    """
    found: list[CLIPTokenizer] = []
    for spec in info.spec.text_encoders:
        own = info.checkpoint.path / spec.tokenizer_folder
        given = _given_folder(Path(folder).expanduser(), spec.tokenizer_folder) if folder else None
        if info.layout == "diffusers" and _holds_tokenizer(own):
            found.append(_read(own))
        elif given is not None:
            found.append(_read(given))
        else:
            found.append(_from_hub(info, allow_hub=allow_hub))
    return found


def _given_folder(folder: Path, subfolder: str) -> Path:
    for place in (folder / subfolder, folder):
        if _holds_tokenizer(place):
            return place
    raise BaseModelError(
        f"model.tokenizer is {str(folder)!r}, but there is no tokenizer: neither it nor its "
        f"subfolder {subfolder} holds vocab.json and merges.txt",
        hint="Give the folder with these two files.",
    )


def _holds_tokenizer(folder: Path) -> bool:
    return (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file()


def _read(folder: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)


def _from_hub(info: "BaseInfo", *, allow_hub: bool) -> CLIPTokenizer:
    try:
        return CLIPTokenizer.from_pretrained(HUB_TOKENIZER, local_files_only=not allow_hub)
    except (OSError, ValueError) as error:
        raise BaseModelError(
            f"{info.checkpoint.path} brings no tokenizer, and none was found on this machine",
            hint="Put vocab.json and merges.txt of CLIP (the folder tokenizer of any Stable "
            "Diffusion 1, 2 or XL diffusers folder) into a folder and name it:\n"
            "  --set model.tokenizer=FOLDER\n"
            "or allow fetching it once (2 MB): --set model.allow_hub=true",
        ) from error
