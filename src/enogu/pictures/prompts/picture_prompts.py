"""Which prompts a picture was made with, as A1111, ComfyUI, NovelAI and Enogu write them into it.

Only the text in the file is read, never the pixels. A1111's relatives write the key `parameters`
into PNG files and the EXIF user comment into JPEG, WebP and AVIF; ComfyUI writes its graph as the
key `prompt`; NovelAI the key `Comment`; Enogu the key `enogu`.
"""

import contextlib
import hashlib
import json
import os
import struct
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from PIL import ExifTags, Image, UnidentifiedImageError

from enogu.errors import PictureError
from enogu.pictures.prompts.comfy_graph import fields_of, graph_prompts
from enogu.pictures.prompts.infotext import parse_infotext
from enogu.tags.phrases import UsedPrompt, UseLog

PictureTool = Literal["enogu", "a1111", "comfy", "novelai"]
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif")
DIALECT_OF_TOOL: Final[Mapping[PictureTool, str]] = {
    "enogu": "a1111",
    "a1111": "a1111",
    "comfy": "comfy",
    "novelai": "novelai",
}

_USER_COMMENT: Final = 0x9286
_MAX_TEXT: Final = 16 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PicturePrompts:
    """What one picture says."""

    prompt: str
    negative_prompt: str
    tool: PictureTool
    """What wrote it; it decides the dialect."""
    digest: bytes
    """The same for copies of the picture, and for nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderReading:
    """What the pictures of some folders told."""

    pictures: int
    """Pictures looked at."""
    told: int
    """Pictures with a prompt."""
    new: int
    """Prompts that were not in the log before."""
    unreadable: tuple[str, ...]
    """Pictures that cannot be read, with the reason."""


def read_picture_prompts(path: Path) -> PicturePrompts | None:
    """Return the prompts in a picture, or None when it holds none.

    Raises:
        PictureError: The file cannot be read as a picture.
    """
    texts = _texts(path)
    for tool, reader in (("enogu", _enogu), ("novelai", _novelai), ("a1111", _a1111)):
        found = reader(texts)
        if found is not None:
            return _result(found, cast(PictureTool, tool), texts)
    found = graph_prompts(texts.get("prompt", ""))
    return None if found is None else _result(found, "comfy", texts)


def log_pictures(places: Iterable[Path], log: UseLog) -> FolderReading:
    """Write the prompts of pictures into the log; those already read are left out.

    The day of use is that of the file.

    Args:
        places: Pictures, and folders with pictures at any depth; links are not followed.
        log: The log; while it is off, nothing is written.

    Raises:
        PictureError: A place does not exist.
        BusyError: Another program holds the file of the log.
        StorageError: The log cannot be written.
    """
    looked = told = 0
    unreadable: list[str] = []

    def uses() -> Iterator[UsedPrompt]:
        nonlocal looked, told
        for path in _pictures(places):
            looked += 1
            try:
                prompts = read_picture_prompts(path)
                time_s = path.stat().st_mtime
            except (PictureError, OSError) as error:
                unreadable.append(str(error))
                continue
            if prompts is not None:
                told += 1
                yield UsedPrompt(
                    prompt=prompts.prompt,
                    negative=prompts.negative_prompt,
                    dialect=DIALECT_OF_TOOL[prompts.tool],
                    time_s=time_s,
                    digest=prompts.digest,
                )

    new = log.record_pictures(list(uses()))
    return FolderReading(pictures=looked, told=told, new=new, unreadable=tuple(unreadable))


def _pictures(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if not place.exists():
            raise PictureError(f"there is no picture or folder at {place}")
        if not place.is_dir():
            yield place
            continue
        for folder, folders, names in os.walk(place):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.suffix.lower() in PICTURE_SUFFIXES and not path.is_symlink():
                    yield path


@contextlib.contextmanager
def picture_errors(path: Path, wanted: str) -> Generator[None]:
    """Turn what Pillow raises on a file it cannot read into :class:`PictureError`.

    Args:
        path: The file that is read.
        wanted: What it should be, such as ``a PNG``.

    Raises:
        PictureError: The file is missing or damaged, or is no picture.
    """
    try:
        yield
    except FileNotFoundError:
        raise PictureError(f"there is no picture at {path}") from None
    except (
        OSError,
        UnidentifiedImageError,
        ValueError,
        SyntaxError,
        struct.error,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise PictureError(f"{path} cannot be read as {wanted}: {error}") from error


def _result(
    found: tuple[str, str], tool: PictureTool, texts: Mapping[str, str]
) -> PicturePrompts | None:
    prompt, negative = (text.replace("\r\n", "\n").strip() for text in found)
    if not prompt:
        return None
    digest = hashlib.sha256("\0".join(f"{key}\0{texts[key]}" for key in sorted(texts)).encode())
    return PicturePrompts(
        prompt=prompt, negative_prompt=negative, tool=tool, digest=digest.digest()[:16]
    )


def _enogu(texts: Mapping[str, str]) -> tuple[str, str] | None:
    recipe = _object(texts.get("enogu", ""))
    prompt = recipe.get("prompt")
    if not isinstance(prompt, str):
        return None
    return prompt, _string(recipe, "negative_prompt")


def _a1111(texts: Mapping[str, str]) -> tuple[str, str] | None:
    text = texts.get("parameters") or texts.get("user_comment") or texts.get("comment")
    if not text:
        return None
    info = parse_infotext(text)
    # A comment of any other program is no parameter text; A1111's own key always is one.
    if "parameters" not in texts and not info.fields:
        return None
    return info.prompt, info.negative_prompt


def _novelai(texts: Mapping[str, str]) -> tuple[str, str] | None:
    if texts.get("Software") != "NovelAI":
        return None
    comment = _object(texts.get("Comment", ""))
    prompt = _v4_text(comment, "v4_prompt") or _string(comment, "prompt")
    negative = _v4_text(comment, "v4_negative_prompt") or _string(comment, "uc")
    return prompt or texts.get("Description", ""), negative


def _v4_text(comment: Mapping[str, object], key: str) -> str:
    """Return the base text and those of the characters, divided as NovelAI writes them."""
    caption = fields_of(fields_of(comment.get(key)).get("caption"))
    parts = [_string(caption, "base_caption")]
    characters = caption.get("char_captions")
    if isinstance(characters, list):
        for character in cast(list[object], characters):
            parts.append(_string(fields_of(character), "char_caption"))
    return " | ".join(part for part in parts if part)


def _texts(path: Path) -> dict[str, str]:
    """Return the texts of a picture: PNG chunks, GIF comment, EXIF user comment."""
    with picture_errors(path, "a picture"), warnings.catch_warnings():
        # Only the header is read, so the size of the picture is no danger.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            texts = {
                str(key): text
                for key, value in image.info.items()
                if (text := _as_text(value)) is not None
            }
            comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(_USER_COMMENT)
    if isinstance(comment, bytes) and len(comment) <= _MAX_TEXT:
        texts["user_comment"] = _user_comment(comment)
    return texts


def _as_text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str) and len(value) <= _MAX_TEXT else None


def _user_comment(data: bytes) -> str:
    """Decode the EXIF user comment: eight bytes name its character set."""
    kind, body = data[:8], data[8:]
    if kind != b"UNICODE\0":
        return (body if kind in (b"ASCII\0\0\0", b"\0" * 8) else data).decode("utf-8", "replace")
    # The standard leaves the byte order open; writers differ, and prompts are mostly ASCII.
    order = "utf-16-be" if body[0:400:2].count(0) >= body[1:400:2].count(0) else "utf-16-le"
    return body.decode(order, "replace").removeprefix("\ufeff")


def _object(text: str) -> Mapping[str, object]:
    try:
        return fields_of(json.loads(text)) if text else {}
    except (ValueError, RecursionError):
        return {}


def _string(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""
