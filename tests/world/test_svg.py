"""The functions that write SVG, judged by the pixels they make."""

import numpy as np
import pytest

from enogu.world import svg


def area(d: str) -> float:
    """Return the area of black path data in square units."""
    picture = svg.render(
        svg.document(svg.shape("M0 0H256V256H0Z", "#ffffff") + svg.shape(d, "#000000")), 256
    )
    return float((255 - np.asarray(picture, dtype=float)[..., 0]).sum() / 255)


def test_a_circle_has_its_area_and_adds_to_others_in_one_path() -> None:
    one = area(svg.circle(100, 100, 30))
    assert one == pytest.approx(np.pi * 30**2, rel=0.02)
    rectangle = "M100 70h60v60h-60Z"
    both = area(svg.circle(100, 100, 30) + rectangle)
    assert both == pytest.approx(one / 2 + 3600, rel=0.02)


def test_a_lens_is_as_wide_as_asked_in_the_middle_and_tapers() -> None:
    d = svg.lens((50, 128), (128, 128), (206, 128), 12)
    picture = svg.render(
        svg.document(svg.shape("M0 0H256V256H0Z", "#fff") + svg.shape(d, "#000")), 256
    )
    dark = 255 - np.asarray(picture, dtype=float)[..., 0]
    widths = dark.sum(axis=0) / 255
    assert widths[128] == pytest.approx(12, abs=0.6)
    assert widths[60] < widths[90] < widths[128]
    assert widths[48] == 0


def test_a_limb_keeps_the_widths_of_its_knots() -> None:
    straight = area(svg.limb(((60, 128, 20), (128, 128, 20), (200, 128, 20))))
    assert straight == pytest.approx(140 * 20, rel=0.03)
    taper = area(svg.limb(((60, 128, 20), (130, 128, 10), (200, 128, 0))))
    assert taper == pytest.approx(140 * 10, rel=0.05)


def test_a_mirrored_body_is_symmetrical_about_zero() -> None:
    body = svg.mirrored(svg.shape("M20 50H60V90H20Z", "#000000"))
    page = svg.shape("M0 0H256V256H0Z", "#ffffff") + svg.group(body, "translate(128 0)")
    pixels = np.asarray(svg.render(svg.document(page), 256)).astype(int)
    assert np.abs(pixels - pixels[:, ::-1]).max() <= 1
    assert pixels[70, 168, 0] == 0


def test_any_size_is_rendered_from_the_same_document() -> None:
    document = svg.document(
        svg.shape("M0 0H256V128H0Z", "#ff0000") + svg.shape("M0 128H256V256H0Z", "#0000ff")
    )
    for size in (16, 50, 300):
        picture = svg.render(document, size)
        assert (picture.size, picture.mode) == ((size, size), "RGB")
        assert picture.getpixel((2, 2)) == (255, 0, 0)
        assert picture.getpixel((size - 2, size - 2)) == (0, 0, 255)
