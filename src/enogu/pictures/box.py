"""A rectangle of whole pixels inside a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from enogu.errors import ProjectError


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

    def __iter__(self) -> Iterator[int]:
        """Yield left, top, right, bottom."""
        return iter((self.left, self.top, self.right, self.bottom))

    def moved(self, right: int, down: int) -> "Box":
        """Return the box moved by whole pixels."""
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def within(self, outer: "Box") -> "Box | None":
        """Return the part that lies in another box; None where they do not meet."""
        left, top = max(self.left, outer.left), max(self.top, outer.top)
        right, bottom = min(self.right, outer.right), min(self.bottom, outer.bottom)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    @classmethod
    def from_json(cls, value: object, *, where: str) -> "Box":
        """Read ``[left, top, right, bottom]``.

        Raises:
            ProjectError: Not four whole numbers that enclose an area.
        """
        sides = cast(list[object], value) if isinstance(value, list) else []
        numbers = [side for side in sides if isinstance(side, int) and not isinstance(side, bool)]
        if len(sides) != 4 or len(numbers) != 4:
            raise ProjectError(
                f"{where}: a box is four whole numbers [left, top, right, bottom], got {value!r}"
            )
        try:
            return cls(*numbers)
        except ValueError as error:
            raise ProjectError(f"{where}: the box {numbers} encloses nothing") from error

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.right},{self.bottom}"
