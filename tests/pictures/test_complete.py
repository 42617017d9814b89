import io

import numpy as np
import pytest
from PIL import Image

from enogu.pictures.complete import first_gif_frame_is_whole, looks_complete

NOISE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


def encoded(kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "GIF"])
def test_a_missing_end_is_noticed_and_the_position_kept(kind):
    data = encoded(kind)
    handle = io.BytesIO(data)
    handle.seek(5)
    assert looks_complete(handle, kind)
    assert handle.tell() == 5
    assert not looks_complete(io.BytesIO(data[:-100]), kind)
    assert looks_complete(io.BytesIO(data + b"appended"), kind)


def test_formats_without_an_end_are_left_to_the_decoder():
    assert not looks_complete(io.BytesIO(encoded("BMP")), "BMP")


def test_a_gif_needs_only_its_first_frame():
    buffer = io.BytesIO()
    frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    data = buffer.getvalue()
    assert first_gif_frame_is_whole(io.BytesIO(data[:-100]))
    for length in (0, 5, 13, 300, 800):
        assert not first_gif_frame_is_whole(io.BytesIO(data[:length]))
