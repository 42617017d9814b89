"""Tokenizers of the CLIP text encoders: where they come from and what they must be."""

from pathlib import Path
from typing import TYPE_CHECKING

from transformers import CLIPTokenizer

from enogu.errors import BaseModelError
from enogu.families.spec import Config

if TYPE_CHECKING:
    from enogu.families.detect import BaseInfo

HUB_TOKENIZER = "openai/clip-vit-large-patch14"
"""All three families use CLIP's vocabulary; padding is not the tokenizer's matter here."""

_CACHED_BASES = (
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "runwayml/stable-diffusion-v1-5",
    "stabilityai/stable-diffusion-xl-base-1.0",
)
"""Repositories whose folder ``tokenizer`` is the same, tried in the local cache only."""

_OLD_END_ID = 2

_NUM_BYTES = 256
"""A vocabulary that can spell every text has at least a token per byte."""

BOS_TOKEN = "<|startoftext|>"
EOS_TOKEN = "<|endoftext|>"


def build_byte_tokenizer(num_tokens: int = 514) -> CLIPTokenizer:
    """Build a CLIP tokenizer without merges: every byte is a token, so any word can be spelt.

    Args:
        num_tokens: Size of the vocabulary, at least 514; with more, ids that no text uses lie
            before start and end, which are the last two as in CLIP (49408 there).

    Returns:
        Tokens in CLIP's own order: 256 bytes, 256 bytes that end a word, unused, start, end.
    """
    alphabet = byte_alphabet()
    words = [f"{character}</w>" for character in alphabet]
    unused = [f"<|unused{index}|>" for index in range(num_tokens - 2 * len(alphabet) - 2)]
    tokens = [*alphabet, *words, *unused, BOS_TOKEN, EOS_TOKEN]
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

    Looked for in this order: the base's own folder (beside a single file: the folders
    ``tokenizer`` and, for SDXL, ``tokenizer_2``), the folder of the settings, the hub's local
    cache, and, only when allowed, the hub itself.

    Args:
        info: The base.
        folder: ``model.tokenizer`` of the settings. It holds ``vocab.json`` and ``merges.txt``
            (or ``tokenizer.json``), or subfolders named as in a diffusers folder.
        allow_hub: Whether the network may be used.

    Raises:
        BaseModelError: Found nowhere (the message says what to put where), or it belongs to
            another text encoder.
    """
    found: list[CLIPTokenizer] = []
    path = info.checkpoint.path
    home = path if info.layout == "diffusers" else path.parent
    for spec, config in zip(info.spec.text_encoders, info.architecture.text_encoders, strict=True):
        own = home / spec.tokenizer_folder
        given = _given_folder(Path(folder).expanduser(), spec.tokenizer_folder) if folder else None
        if _holds_tokenizer(own):
            tokenizer, place = _read(own), str(own)
        elif given is not None:
            tokenizer, place = _read(given), str(given)
        else:
            tokenizer, place = _from_hub(info, allow_hub=allow_hub), HUB_TOKENIZER
        check_tokenizer(tokenizer, config, place)
        found.append(tokenizer)
    return found


def check_tokenizer(tokenizer: CLIPTokenizer, config: Config, place: str) -> None:
    """Refuse a tokenizer that another text encoder was trained with.

    Args:
        tokenizer: The tokenizer.
        config: Description of the text encoder.
        place: Where the tokenizer came from, for the message.

    Raises:
        BaseModelError: More tokens than the encoder has, or another end token.
    """
    size, end = config.get("vocab_size"), config.get("eos_token_id")
    # Configs written before transformers 4.31 hold 2 here; the end is then the highest id.
    expected_end = end if isinstance(end, int) and end != _OLD_END_ID else None
    if (isinstance(size, int) and len(tokenizer) > size) or (
        expected_end is not None and tokenizer.eos_token_id != expected_end
    ):
        raise BaseModelError(
            f"the tokenizer from {place} has {len(tokenizer)} tokens and end token "
            f"{tokenizer.eos_token_id}, but the text encoder {size} tokens and end token {end}: "
            "they do not belong together",
            hint="Set model.tokenizer to the tokenizer folder of this base.",
        )


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
    old_form = (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file()
    return old_form or (folder / "tokenizer.json").is_file()


def _read(folder: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)


def _from_hub(info: "BaseInfo", *, allow_hub: bool) -> CLIPTokenizer:
    for repository in (HUB_TOKENIZER, *_CACHED_BASES):
        subfolder = "" if repository == HUB_TOKENIZER else "tokenizer"
        if (cached := _fetched(repository, subfolder, local_files_only=True)) is not None:
            return cached
    if allow_hub:
        if (fetched := _fetched(HUB_TOKENIZER, "", local_files_only=False)) is not None:
            return fetched
        raise BaseModelError(
            f"the tokenizer {HUB_TOKENIZER} could not be fetched from the hub",
            hint="Check the connection, or put the tokenizer on disk and set model.tokenizer.",
        )
    path = info.checkpoint.path
    beside = (path if path.is_dir() else path.parent) / info.spec.text_encoders[0].tokenizer_folder
    raise BaseModelError(
        f"{path} brings no tokenizer, and none was found on this machine",
        hint="Put vocab.json and merges.txt of CLIP (from the folder tokenizer of any Stable "
        f"Diffusion 1, 2 or XL diffusers folder) into\n  {beside}\n"
        "or into a folder that you name:\n  --set model.tokenizer=FOLDER\n"
        "or allow fetching it once (2 MB): --set model.allow_hub=true",
    )


def _fetched(repository: str, subfolder: str, *, local_files_only: bool) -> CLIPTokenizer | None:
    """Return a tokenizer from the hub or its local cache; None if it is not to be had.

    transformers 5 does not fail where files are missing: it returns a tokenizer of two tokens.
    """
    try:
        tokenizer = CLIPTokenizer.from_pretrained(
            repository, subfolder=subfolder, local_files_only=local_files_only
        )
    except (OSError, ValueError):
        return None
    return tokenizer if len(tokenizer) >= _NUM_BYTES else None
