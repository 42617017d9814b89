"""Rectangles with fractions of pixels, where heads and faces are."""

import math
from dataclasses import dataclass
from typing import Final

LABELS: Final = ("head", "face")
"""What the detector finds, in the order of its answers."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """The box of one head or face, from the upper left, in pixels or another unit of length."""

    label: int
    """Its place in `LABELS`."""
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Width times height, 0 for a box that encloses nothing."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    def clipped(self, left: float, top: float, right: float, bottom: float) -> "Spot":
        """Return the part inside a rectangle; its area is 0 where there is none."""
        return Spot(
            label=self.label,
            left=min(max(self.left, left), right),
            top=min(max(self.top, top), bottom),
            right=min(max(self.right, left), right),
            bottom=min(max(self.bottom, top), bottom),
        )


@dataclass(frozen=True)
class Affine:
    """Maps a point to ``(a x + b y + c, d x + e y + f)``."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def after(self, first: "Affine") -> "Affine":
        """Return the map that does `first`, then this one."""
        return Affine(
            self.a * first.a + self.b * first.d,
            self.a * first.b + self.b * first.e,
            self.a * first.c + self.b * first.f + self.c,
            self.d * first.a + self.e * first.d,
            self.d * first.b + self.e * first.e,
            self.d * first.c + self.e * first.f + self.f,
        )

    def inverse(self) -> "Affine":
        """Return the map that takes every point back.

        Raises:
            ZeroDivisionError: The map flattens the plane.
        """
        whole = self.a * self.e - self.b * self.d
        a, b, d, e = self.e / whole, -self.b / whole, -self.d / whole, self.a / whole
        return Affine(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def of_spot(self, spot: Spot) -> Spot:
        """Return the box around a head after the map.

        A head is nearly an ellipse: the box around the mapped ellipse fits where the box around
        the mapped corners would be too large.
        """
        x, y = (spot.left + spot.right) / 2, (spot.top + spot.bottom) / 2
        rx, ry = spot.width / 2, spot.height / 2
        cx, cy = self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f
        dx, dy = math.hypot(self.a * rx, self.b * ry), math.hypot(self.d * rx, self.e * ry)
        return Spot(label=spot.label, left=cx - dx, top=cy - dy, right=cx + dx, bottom=cy + dy)


def turn(degrees: float, x: float = 0.0, y: float = 0.0) -> Affine:
    """Return a turn about a point, clockwise as seen on a picture."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Affine(cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)


def scale_about(x: float, y: float, factor: float) -> Affine:
    """Return a scaling that keeps the point (x, y) in its place."""
    return Affine(factor, 0.0, x - factor * x, 0.0, factor, y - factor * y)
