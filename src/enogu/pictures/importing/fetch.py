"""Taking one file in: copied and hashed in one reading, then decoded to be sure that it is sound.

What is decoded is the copy, so a file that changes meanwhile cannot slip in half old, half new.
"""

import hashlib
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enogu.errors import PictureError
from enogu.files import storage_errors
from enogu.pictures.chain import Loader
from enogu.pictures.chain.worker import facts_of
from enogu.pictures.importing.model import Candidate
from enogu.pictures.importing.sidecars import joined
from enogu.pictures.prompts.picture_prompts import DIALECT_OF_TOOL, read_picture_prompts
from enogu.pictures.read import read_picture
from enogu.pictures.records import PictureFacts
from enogu.pictures.scan import too_small
from enogu.pictures.sniff import FORMAT_SUFFIXES, SNIFF_BYTES, sniff_format
from enogu.tags.phrases.prompt_tags import prompt_tags

_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What came of one candidate."""

    candidate: Candidate
    digest: str = ""
    """SHA-256 of its bytes; empty when it could not be read to its end."""
    path: Path | None = None
    """The copy, in the folder of incoming files; None when there is nothing to take."""
    facts: PictureFacts | None = None
    suffix: str = ""
    """The ending that fits the content."""
    prompt: str | None = None
    """The tags of the prompt inside, as a caption; only for pictures without one."""
    notes: tuple[str, ...] = ()
    refusal: str | None = None


class Fetcher:
    """Takes files in; sent to other processes.

    Args:
        incoming: The folder for copies; exists.
        loader: How pictures are decoded.
        known: SHA-256 of the files the project has already.
    """

    def __init__(self, incoming: Path, loader: Loader, known: frozenset[str]) -> None:
        self._incoming = incoming
        self._loader = loader
        self._known = known

    def __call__(self, candidate: Candidate) -> Fetched:
        """Take one file in.

        Raises:
            StorageError: The disk is full.
        """
        temporary = self._incoming / f"{secrets.token_hex(8)}.part"
        try:
            return self._fetch(candidate, temporary)
        except PictureError as error:
            reason = error.message.removeprefix(f"{candidate.path}: ")
        except MemoryError:
            reason = "needs more memory than is free"
        return Fetched(candidate=candidate, refusal=reason)

    def _fetch(self, candidate: Candidate, temporary: Path) -> Fetched:
        keep: Path | None = None
        try:
            digest, head = _copy(candidate.path, temporary)
            if digest in self._known:
                return Fetched(candidate=candidate, digest=digest)
            suffix, notes = _fitting_suffix(candidate.path, head)
            named = temporary.with_suffix(suffix)
            temporary.replace(named)
            temporary = named
            facts = self._decoded(candidate, named, digest)
            keep = named
            return Fetched(
                candidate=candidate,
                digest=digest,
                path=named,
                facts=facts,
                suffix=suffix,
                prompt=_prompt(named) if candidate.caption is None else None,
                notes=(*notes, *facts.notes),
            )
        finally:
            if keep is None:
                temporary.unlink(missing_ok=True)

    def _decoded(self, candidate: Candidate, copy: Path, digest: str) -> PictureFacts:
        try:
            picture = read_picture(
                copy,
                background=self._loader.background,
                max_megapixels=self._loader.max_megapixels,
            )
        except PictureError as error:
            raise PictureError(
                error.message.replace(str(copy), str(candidate.path)), hint=error.hint
            ) from error
        reason = too_small(picture.width, picture.height)
        if reason is not None:
            raise PictureError(reason)
        return facts_of(digest, picture, self._loader)


def _copy(source: Path, target: Path) -> tuple[str, bytes]:
    """Copy a file; return the SHA-256 of what was copied, and its first bytes."""
    try:
        before = source.stat()
        if not stat.S_ISREG(before.st_mode):
            # Opening a pipe would wait for ever.
            raise PictureError("is no ordinary file")
        digest, head = hashlib.sha256(), b""
        with source.open("rb") as reading:
            with storage_errors(target):
                writing = target.open("wb")
            with writing:
                while chunk := reading.read(_CHUNK_BYTES):
                    head = head or chunk[:SNIFF_BYTES]
                    digest.update(chunk)
                    with storage_errors(target):
                        writing.write(chunk)
        after = source.stat()
    except FileNotFoundError as error:
        raise PictureError("went away while it was read") from error
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror})") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise PictureError("changed while it was read; import it again when nothing writes to it")
    return digest.hexdigest(), head


def _fitting_suffix(path: Path, head: bytes) -> tuple[str, tuple[str, ...]]:
    suffix, kind = path.suffix.lower(), sniff_format(head)
    if kind is None or suffix in FORMAT_SUFFIXES[kind]:
        return suffix, ()
    right = FORMAT_SUFFIXES[kind][0]
    return right, (f"is a {kind} picture named {suffix or 'without ending'}: saved as {right}",)


def _prompt(path: Path) -> str | None:
    """Return the prompt inside a picture as plain tags."""
    try:
        found = read_picture_prompts(path)
    except PictureError:
        # It was decoded, so only the texts in it can be odd.
        return None
    if found is None:
        return None
    return joined(prompt_tags(found.prompt, DIALECT_OF_TOOL[found.tool])) or None
