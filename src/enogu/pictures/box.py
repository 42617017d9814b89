"""A rectangle of whole pixels inside a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """Left and top are inside, right and bottom just outside, all in pixels from the upper left."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):
            raise ValueError(f"a box needs 0 <= left < right and 0 <= top < bottom, got {self}")

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Number of pixels inside."""
        return self.width * self.height

    @property
    def rows(self) -> slice:
        """For indexing an array [H, W, ...]."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """For indexing an array [H, W, ...]."""
        return slice(self.left, self.right)

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.right},{self.bottom}"
