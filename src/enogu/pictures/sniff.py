"""What a file is, told from its first bytes, never from its name."""

from typing import Final

SNIFF_BYTES: Final = 64
"""How many bytes from the start of a file :func:`sniff_format` wants to see."""

FORMAT_SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WebP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
}
"""The formats that can be read, each with the name endings it usually has (lower case)."""

PICTURE_SUFFIXES: Final = frozenset(
    suffix for suffixes in FORMAT_SUFFIXES.values() for suffix in suffixes
)

_ISO_BRANDS: Final = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "a HEIC photo",
    b"heix": "a HEIC photo",
    b"hevc": "a HEIC photo",
    b"heim": "a HEIC photo",
    b"mif1": "a HEIF photo",
    b"msf1": "a HEIF photo",
}

_FOREIGN_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"8BPS", "a Photoshop document"),
    (b"CSFCHUNK", "a Clip Studio Paint document"),
    (b"gimp xcf", "a GIMP document"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or a Krita or OpenRaster document)"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself"),
)


def sniff_format(head: bytes) -> str | None:
    """Return the picture format whose signature `head` carries.

    Args:
        head: The first bytes of a file, :data:`SNIFF_BYTES` or more where the file has them.

    Returns:
        A key of :data:`FORMAT_SUFFIXES`, or None when it is none of these formats.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head[4:8] == b"ftyp":
        return "AVIF" if _is_avif(head) else None
    if head[:2] == b"BM" and len(head) >= 18 and _bitmap_header_is_known(head):
        return "BMP"
    return None


def _is_avif(head: bytes) -> bool:
    # The major brand is often the general "mif1"; the compatible brands then tell AVIF from HEIC.
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, len(head) - 3, 4))]
    return any(_ISO_BRANDS.get(brand) == "AVIF" for brand in brands)


def _bitmap_header_is_known(head: bytes) -> bool:
    # "BM" alone also begins ordinary words; the size of the second header settles it.
    return int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def describe_foreign(head: bytes) -> str:
    """Say in a beginner's words what a file is that is not a readable picture.

    Args:
        head: The first bytes of the file; must not be empty.

    Returns:
        A phrase such as ``"a Photoshop document"`` that fits after "it is".
    """
    for magic, name in _FOREIGN_MAGIC:
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12], "a video")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page, probably saved in place of the picture"
    if start.startswith((b"<svg", b"<?xml")):
        return "an SVG or XML text"
    if not head.strip(b"\0"):
        return "a file of zero bytes only, as a broken disk or download leaves it"
    if _looks_like_text(head):
        return "a text file"
    return "of a kind that is not known here"


def _looks_like_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    return sum(byte < 0x20 and byte not in b"\t\r\n\x1b" for byte in head) == 0
