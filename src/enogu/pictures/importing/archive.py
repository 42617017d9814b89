"""Unpacking ZIP and TAR archives of pictures without trusting them.

A member never leaves the folder it is unpacked to, whatever its name says; what is unpacked is
counted while it is written, so a lie in the header helps no bomb; links, devices and encrypted
members are refused; nothing but pictures and texts is unpacked at all.
"""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from enogu.errors import PictureError, StorageError
from enogu.files import make_dirs, storage_errors
from enogu.pictures.foreign import FOREIGN_SUFFIXES
from enogu.pictures.importing.model import RefusedSource
from enogu.pictures.importing.names import safe_place
from enogu.pictures.sniff import PICTURE_SUFFIXES
from enogu.tags.sidecar import CAPTION_SUFFIXES

_WANTED: Final = frozenset(
    {*PICTURE_SUFFIXES, *CAPTION_SUFFIXES, *FOREIGN_SUFFIXES, ".json", ".jsonl", ".csv", ".toml"}
)
_MAX_MEMBERS: Final = 500_000
_MAX_RATIO: Final = 100
_FREE_OF_RATIO_BYTES: Final = 256 << 20
"""Below this size in all, no archive is a danger, however well it packs."""
_KEEP_FREE_BYTES: Final = 256 << 20
_CHUNK_BYTES: Final = 1 << 20
_BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """What came out of an archive."""

    folder: Path
    refused: tuple[RefusedSource, ...]
    left: int
    """Members that are neither pictures nor texts and were left inside."""


@dataclass(frozen=True, kw_only=True)
class _Member:
    name: str
    size: int
    problem: str | None
    open: Callable[[], IO[bytes] | None]


def unpack(archive: Path, folder: Path) -> Unpacked:
    """Unpack the pictures and texts of an archive.

    Args:
        archive: A ZIP or TAR file.
        folder: Where to; made, and empty.

    Raises:
        PictureError: It is no archive, is damaged, or is a bomb.
        StorageError: There is no room for what it holds.
    """
    make_dirs(folder)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return _unpack(archive, folder, list(_zip_members(opened)))
        with tarfile.open(archive) as opened:
            return _unpack(archive, folder, list(_tar_members(opened)))
    except _BROKEN as error:
        raise PictureError(
            f"{archive}: cannot be unpacked ({error})",
            hint="Copy or download it again, or unpack it with another program and give the "
            "folder.",
        ) from error
    except OSError as error:
        raise PictureError(f"{archive}: cannot be read ({error.strerror or error})") from error


def _unpack(archive: Path, folder: Path, members: list[_Member]) -> Unpacked:
    wanted = [member for member in members if _is_wanted(member.name)]
    _refuse_bombs(archive, folder, wanted, len(members))
    refused: list[RefusedSource] = []
    taken: set[str] = set()
    for member in wanted:
        problem = member.problem or _name_problem(member.name)
        if problem is not None:
            refused.append(RefusedSource(origin=f"{archive}: {member.name}", reason=problem))
            continue
        place = PurePosixPath(member.name.replace("\\", "/"))
        place = _place_for(place, taken)
        target = folder / place
        make_dirs(target.parent)
        with storage_errors(target):
            _write(member, target, archive)
    return Unpacked(folder=folder, refused=tuple(refused), left=len(members) - len(wanted))


def _place_for(place: PurePosixPath, taken: set[str]) -> PurePosixPath:
    """Two members may have one name; the second gets another, so that neither is lost."""
    place = safe_place(place, place.suffix)
    free, number = place, 1
    while str(free).casefold() in taken:
        number += 1
        free = place.with_name(f"{place.name.removesuffix(place.suffix)}-{number}{place.suffix}")
    taken.add(str(free).casefold())
    return free


def _is_wanted(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any(part.startswith(".") and part != ".." for part in parts):
        return False
    return parts[0] != "__MACOSX" and PurePosixPath(parts[-1]).suffix.lower() in _WANTED


def _name_problem(name: str) -> str | None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "its name leads out of the archive's folder; it is not unpacked"
    return None


def _refuse_bombs(archive: Path, folder: Path, members: list[_Member], count: int) -> None:
    total = sum(member.size for member in members)
    packed = archive.stat().st_size
    if count > _MAX_MEMBERS or (total > _FREE_OF_RATIO_BYTES and total > _MAX_RATIO * packed):
        raise PictureError(
            f"{archive}: {packed:,} bytes would unpack to {total:,} bytes in {count:,} members; "
            f"more than {_MAX_RATIO} times, or more than {_MAX_MEMBERS:,} members, is taken for a "
            "bomb",
            hint="If you trust it, unpack it with another program and give the folder.",
        )
    free = shutil.disk_usage(folder).free
    if total + _KEEP_FREE_BYTES > free:
        raise StorageError(
            f"cannot unpack {archive}: it needs {total / 2**30:.1f} GiB, and "
            f"{free / 2**30:.1f} GiB are free",
            hint="Make room or choose another place, then run the same command again.",
        )


def _write(member: _Member, target: Path, archive: Path) -> None:
    written = 0
    source = member.open()
    if source is None:
        return
    with source, target.open("wb") as handle:
        while chunk := source.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > member.size:
                raise PictureError(
                    f"{archive}: {member.name} holds more than the {member.size:,} bytes its "
                    "header says; the archive is not unpacked",
                    hint="If you trust it, unpack it with another program and give the folder.",
                )
            handle.write(chunk)


def _zip_members(opened: zipfile.ZipFile) -> Iterator[_Member]:
    for info in opened.infolist():
        if info.is_dir():
            continue
        problem = None
        if stat.S_ISLNK(info.external_attr >> 16):
            problem = "is a link; links in archives are not followed"
        elif info.flag_bits & 1:
            problem = "is encrypted; unpack the archive with its password and give the folder"
        yield _Member(
            name=_zip_name(info),
            size=info.file_size,
            problem=problem,
            open=lambda info=info: opened.open(info),
        )


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Repair names of Japanese Windows and of old macOS, which do not say their encoding."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _tar_members(opened: tarfile.TarFile) -> Iterator[_Member]:
    for info in opened:
        if info.isdir():
            continue
        problem = None if info.isfile() else "is a link or a device; only files are unpacked"
        yield _Member(
            name=info.name,
            size=info.size,
            problem=problem,
            open=lambda info=info: opened.extractfile(info),
        )
