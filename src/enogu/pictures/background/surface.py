"""The colour of a background as a smooth surface over the picture, fitted without its subject."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from enogu.pictures.pixels import Pixels

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Places: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]

# Rec. 601 luma and its two colour differences on gamma-coded values. Close enough to even steps of
# seen difference for this purpose, and a tenth of the cost of CIELAB. Colour differences count
# more, or pale skin and yellow would pass for white.
_TO_LUMA = [
    [np.float32(value) for value in row]
    for row in ((0.299, 0.587, 0.114), (-0.25, -0.49, 0.74), (0.74, -0.62, -0.12))
]
_ROWS_AT_ONCE = 128
_ROUNDS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """A polynomial in x and y for each colour channel."""

    degree: int
    """0 for one colour, up to 3."""
    coefficients: Floats
    """float32 [terms, 3], for x and y from -1 to 1."""

    def colours_at(self, rows: Places, columns: Places, height: int, width: int) -> Floats:
        """Return the background colour at some pixels, float32 [N, 3], 0 to 255."""
        terms = _terms(_scaled(columns, width), _scaled(rows, height), self.degree)
        return np.clip(terms @ self.coefficients, 0, 255).astype(np.float32)

    def colours(self, rows: slice, height: int, width: int) -> Floats:
        """Return the background colour of whole rows, float32 [rows, W, 3] or [1, 1, 3]."""
        if self.degree == 0:
            return np.clip(self.coefficients, 0, 255).reshape(1, 1, 3)
        x = _scaled(np.arange(width), width)
        y = _scaled(np.arange(rows.start, rows.stop), height)
        # The sum is taken as powers of y times a polynomial in x: two small products.
        out = np.zeros((len(y), width, 3), dtype=np.float32)
        for power in range(self.degree + 1):
            chosen = [i for i, (_, j) in enumerate(_powers(self.degree)) if j == power]
            along = np.stack([x ** _powers(self.degree)[i][0] for i in chosen], axis=1)
            out += (y**power)[:, None, None] * (along @ self.coefficients[chosen])[None]
        return np.clip(out, 0, 255)


def fit_surface(
    colours: Floats, rows: Places, columns: Places, size: tuple[int, int], degree: int
) -> tuple[Surface, float]:
    """Fit a surface to pixels, some of which may belong to the subject.

    Args:
        colours: float32 [N, 3].
        rows: Where they lie.
        columns: Where they lie.
        size: Height and width of the picture.
        degree: Of the polynomial, 0 to 3.

    Returns:
        The surface, and its scatter: 1.48 times the median distance of a colour to it, which is
        the standard deviation where the noise is even.
    """
    terms = _terms(_scaled(columns, size[1]), _scaled(rows, size[0]), degree)
    weights = np.ones(len(colours), dtype=np.float32)
    coefficients = np.zeros((terms.shape[1], 3), dtype=np.float32)
    scatter = 0.0
    for _ in range(_ROUNDS):
        weighted = terms * weights[:, None]
        # A breath of ridge: a rim that lies along one line does not fix every term.
        square = weighted.T @ terms + np.eye(terms.shape[1], dtype=np.float32) * 1e-3
        coefficients = np.linalg.solve(square, weighted.T @ colours).astype(np.float32)
        away = distances(colours, terms @ coefficients)
        scatter = 1.48 * float(np.median(away))
        # Cauchy's weights: the far ones, which are the subject, hardly pull.
        weights = (1 / (1 + (away / (2 * scatter + 0.5)) ** 2)).astype(np.float32)
    return Surface(degree=degree, coefficients=coefficients), scatter


def distances(colours: Floats, others: Floats) -> Floats:
    """Return how different colours look, in levels of grey; float32, last axis summed."""
    apart = colours - others
    red, green, blue = apart[..., 0], apart[..., 1], apart[..., 2]
    squares = np.zeros(red.shape, dtype=np.float32)
    # Channel by channel: on an axis of three, numpy's matrix products cost several times as much.
    for r, g, b in _TO_LUMA:
        part = red * r
        part += green * g
        part += blue * b
        part *= part
        squares += part
    return np.sqrt(squares)


def distance_map(pixels: Pixels, surface: Surface) -> Floats:
    """Return how far each pixel is from the background, float32 [H, W], in levels of grey."""
    height, width = pixels.shape[:2]
    out = np.empty((height, width), dtype=np.float32)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = slice(top, min(height, top + _ROWS_AT_ONCE))
        out[rows] = distances(pixels[rows].astype(np.float32), surface.colours(rows, height, width))
    return out


def _powers(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]


def _terms(x: Floats, y: Floats, degree: int) -> Floats:
    return np.stack([x**i * y**j for i, j in _powers(degree)], axis=1).astype(np.float32)


def _scaled(places: Places, length: int) -> Floats:
    return (places * (2 / max(1, length - 1)) - 1).astype(np.float32)
