import numpy as np
import pytest
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.duplicates import Fingerprint, fingerprint
from enogu.pictures.duplicates.fingerprint import FINGERPRINT_BYTES


def of(image):
    return fingerprint(np.asarray(image))


def test_survives_the_database(drawn):
    one = of(drawn(1))
    data = one.to_bytes()
    assert len(data) == FINGERPRINT_BYTES <= 1700
    assert Fingerprint.from_bytes(data) == one


@pytest.mark.parametrize(
    "broken", [b"", b"\x01\x00", bytes(FINGERPRINT_BYTES), b"\x63\x00" + bytes(2000)]
)
def test_refuses_other_versions_and_damage(broken):
    with pytest.raises(PictureError, match="a fingerprint of version") as caught:
        Fingerprint.from_bytes(broken)
    assert "again" in caught.value.hint


def test_refuses_a_box_outside_the_picture(drawn):
    data = bytearray(of(drawn(1)).to_bytes())
    data[2:6] = (5).to_bytes(4, "little")
    with pytest.raises(PictureError, match="lies in a picture of 5x260"):
        Fingerprint.from_bytes(bytes(data))


def test_equal_pixels_have_equal_hashes_and_others_do_not(drawn):
    image = drawn(1)
    assert of(image).pixel_hash == of(image.copy()).pixel_hash
    touched = image.copy()
    touched.putpixel((0, 0), (1, 2, 3))
    assert of(touched).pixel_hash != of(image).pixel_hash
    # The same bytes in another shape are another picture.
    assert of(Image.new("RGB", (4, 9))).pixel_hash != of(Image.new("RGB", (9, 4))).pixel_hash


def test_content_leaves_out_margins_and_transparency():
    image = Image.new("RGB", (400, 300), "#ffffff")
    image.paste("#3050c0", (100, 50, 220, 250))
    assert of(image).box == Box(100, 50, 220, 250)
    alpha = np.zeros((300, 400), dtype=np.uint8)
    alpha[50:250, 100:220] = 255
    assert fingerprint(np.asarray(image), alpha).box == Box(100, 50, 220, 250)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 90, 3), (2000, 2, 3), (5, 7, 3)])
def test_tiny_pictures_have_one_too(shape):
    one = fingerprint(np.full(shape, 90, dtype=np.uint8))
    assert (one.height, one.width) == shape[:2]
    assert Fingerprint.from_bytes(one.to_bytes()) == one
