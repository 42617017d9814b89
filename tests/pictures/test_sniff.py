import pytest

from enogu.pictures.sniff import describe_foreign, sniff_format


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(8), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(8), "JPEG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"GIF89a" + bytes(8), "GIF"),
        (b"II*\0" + bytes(8), "TIFF"),
        (b"MM\0*" + bytes(8), "TIFF"),
        (b"BM" + bytes(12) + (40).to_bytes(4, "little"), "BMP"),
        (b"BMW drivers like it loud", None),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", None),
        (b"", None),
        (b"hello", None),
    ],
)
def test_the_first_bytes_decide_the_format(head, expected):
    assert sniff_format(head) == expected


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"8BPS\0\1", "Photoshop"),
        (b"CSFCHUNK\0\0", "Clip Studio"),
        (b"PK\x03\x04....mimetype", "ZIP archive"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isom", "video"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\xef\xbb\xbf  <svg xmlns=", "SVG"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"just a note\n", "text file"),
        ("ただのメモ".encode(), "text file"),
        (bytes(64), "zero bytes"),
        (b"\x01\x02\x03\x04", "not known"),
    ],
)
def test_other_files_are_named_in_plain_words(head, words):
    assert words in describe_foreign(head)
