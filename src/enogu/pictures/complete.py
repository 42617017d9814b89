"""Telling cheaply whether a picture file goes on to its end, without decoding it."""

from typing import BinaryIO, Final

_TAIL_BYTES: Final = 4096
_END_MARKS: Final = {"PNG": b"IEND", "JPEG": b"\xff\xd9"}


def looks_complete(handle: BinaryIO, kind: str) -> bool:
    """Tell whether the end of a picture file is there.

    Args:
        handle: The file; its position is kept.
        kind: The format by content.

    Returns:
        True when the file ends as its format wants it. False means "perhaps not": formats without
        a mark at the end, or something else behind it; decoding settles it.
    """
    position = handle.tell()
    try:
        length = handle.seek(0, 2)
        if kind == "GIF":
            return first_gif_frame_is_whole(handle)
        if kind == "WebP":
            handle.seek(4)
            return int.from_bytes(handle.read(4), "little") + 8 <= length
        handle.seek(max(0, length - _TAIL_BYTES))
        return kind in _END_MARKS and _END_MARKS[kind] in handle.read()
    finally:
        handle.seek(position)


def first_gif_frame_is_whole(handle: BinaryIO) -> bool:
    """Tell whether the data of the first frame of a GIF end as they should.

    Needed because Pillow decodes a GIF that is cut off without a word.

    Args:
        handle: The file; its position is kept.
    """
    position = handle.tell()
    try:
        handle.seek(0)
        # https://www.w3.org/Graphics/GIF/spec-gif89a.txt, sections 17 to 24
        head = handle.read(13)
        if len(head) < 13:
            return False
        handle.seek(_colour_table_bytes(head[10]), 1)
        while (kind := handle.read(1)) == b"!":
            handle.read(1)
            if not _skip_blocks(handle):
                return False
        if kind != b",":
            return False
        descriptor = handle.read(9)
        if len(descriptor) < 9:
            return False
        handle.seek(_colour_table_bytes(descriptor[8]) + 1, 1)
        return _skip_blocks(handle)
    finally:
        handle.seek(position)


def _colour_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_blocks(handle: BinaryIO) -> bool:
    """Go behind a row of blocks; False where the file ends before the row does."""
    while length := handle.read(1):
        if length == b"\0":
            return True
        handle.seek(length[0], 1)
    return False
