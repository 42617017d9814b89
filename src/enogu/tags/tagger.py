"""The seam between whatever reads tags out of pictures and whatever wants to know them.

The judge of the drawn world is one reader; a WD-style model in an ONNX file is another. Callers
see the protocol only, so they can be tested with :class:`FakeTagger`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from PIL import Image

TagProbabilities = dict[str, float]
"""Tags as captions spell them (blanks, no underscores), each with a probability in 0..1."""


class Tagger(Protocol):
    """Reads tags out of pictures."""

    def tag(self, pictures: Sequence[Image.Image]) -> list[TagProbabilities]:
        """Return the tags of each picture, in the order of `pictures`.

        Args:
            pictures: Of any size and mode; none is changed.

        Returns:
            One dictionary per picture. A tag the reader does not know is absent, never 0.
        """
        ...


class FakeTagger:
    """A tagger that says what it was told to, for tests of its callers.

    Args:
        answers: What to say of the pictures, in the order in which they are shown; when there
            are more pictures, it starts again at the first answer.
    """

    def __init__(self, answers: Sequence[Mapping[str, float]]) -> None:
        if not answers:
            raise ValueError("FakeTagger needs at least one answer, got none")
        self._answers = [dict(answer) for answer in answers]
        self.shown: list[tuple[int, int]] = []
        """Width and height of every picture it was asked about."""

    def tag(self, pictures: Sequence[Image.Image]) -> list[TagProbabilities]:
        """Return the next answers, whatever is in the pictures."""
        start = len(self.shown)
        self.shown += [picture.size for picture in pictures]
        total = len(self._answers)
        return [dict(self._answers[(start + i) % total]) for i in range(len(pictures))]
