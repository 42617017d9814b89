import io
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from enogu.pictures.plain_png import decode_plain_png
from enogu.pictures.read import read_picture


def decoded(data):
    handle = io.BytesIO(data)
    with PngImageFile(handle) as image:
        place = handle.tell()
        pixels = decode_plain_png(image, handle)
        assert handle.tell() == place
        return pixels


def png(pixels, mode=None, **options):
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(buffer, "PNG", **options)
    return buffer.getvalue()


def chunk(kind, data):
    body = kind + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def by_hand(width, height, depth, colour, rows, *, interlaced=0, behind=b""):
    header = b"".join(side.to_bytes(4, "big") for side in (width, height))
    header += bytes([depth, colour, 0, 0, interlaced])
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(rows)),
            behind,
            chunk(b"IEND", b""),
        ]
    )


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (37, 53, 4), dtype=np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_gives_the_bytes_of_pillow(noise, mode):
    smooth = np.asarray(Image.fromarray(noise).resize((300, 200), Image.Resampling.BICUBIC))
    for pixels in (noise, smooth):
        data = png(pixels, mode)
        pixels = decoded(data)
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(data))))


def test_reads_every_row_filter(noise):
    pixels = noise[:, :, :3]
    rows = bytearray()
    above = np.zeros((53, 3), int)
    for number, row in enumerate(pixels.astype(int)):
        left = np.vstack([[[0, 0, 0]], row[:-1]])
        corner = np.vstack([[[0, 0, 0]], above[:-1]])
        guess = left + above - corner
        near = [np.abs(guess - side) for side in (left, above, corner)]
        paeth = np.where(
            (near[0] <= near[1]) & (near[0] <= near[2]),
            left,
            np.where(near[1] <= near[2], above, corner),
        )
        minus = (0, left, above, (left + above) // 2, paeth)[number % 5]
        rows += bytes([number % 5]) + ((row - minus) % 256).astype(np.uint8).tobytes()
        above = row
    found = decoded(by_hand(53, 37, 8, 2, bytes(rows)))
    np.testing.assert_array_equal(found, pixels)


class TestLeavesToPillow:
    @pytest.mark.parametrize("mode", ["P", "1", "LA", "I;16"])
    def test_other_modes(self, noise, mode):
        assert decoded(png(noise, mode)) is None

    def test_sixteen_bits(self):
        rows = b"".join(b"\0" + bytes(range(12)) for _ in range(2))
        assert decoded(by_hand(2, 2, 16, 2, rows)) is None

    def test_interlacing(self):
        assert decoded(by_hand(1, 1, 8, 2, b"\0abc", interlaced=1)) is None

    def test_a_colour_that_counts_as_transparent(self, noise):
        assert decoded(png(noise, "RGB", transparency=(1, 2, 3))) is None

    def test_several_frames(self, noise):
        frames = [Image.fromarray(noise[..., :3]), Image.fromarray(noise[::-1, :, :3].copy())]
        buffer = io.BytesIO()
        frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
        assert decoded(buffer.getvalue()) is None

    def test_text_behind_the_pixels(self, tmp_path):
        behind = chunk(b"tEXt", b"parameters\0a red cat\nSteps: 3")
        data = by_hand(1, 1, 8, 2, b"\0abc", behind=behind)
        assert decoded(data) is None
        (tmp_path / "a.png").write_bytes(data)
        assert read_picture(tmp_path / "a.png").prompt == "a red cat"

    def test_damage(self, noise):
        data = png(noise, "RGB")
        place = data.index(b"IDAT")
        for broken in (
            data[:-30],
            data[: place + 200],
            data[: place + 100] + bytes(8) + data[place + 108 :],
        ):
            assert decoded(broken) is None

    def test_too_few_rows(self):
        assert decoded(by_hand(1, 3, 8, 2, b"\0abc")) is None


def test_text_before_the_pixels_hinders_nothing(noise, tmp_path):
    info = PngInfo()
    info.add_text("parameters", "a cat")
    data = png(noise, "RGB", pnginfo=info)
    assert decoded(data) is not None
    (tmp_path / "a.png").write_bytes(data)
    assert read_picture(tmp_path / "a.png").prompt == "a cat"
