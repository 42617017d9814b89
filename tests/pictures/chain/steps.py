"""Small steps whose runs can be counted, also across processes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.chain import Outcome


@dataclass(frozen=True)
class CutStep:
    """Takes `margin` pixels off each side."""

    counter: Path
    margin: int = 2
    version: int = 1
    name: str = "cut"
    needs: tuple[str, ...] = ()

    def settings(self):
        return {"margin": self.margin}

    def run(self, picture, earlier):
        count(self.counter, self.name)
        height, width = picture.pixels.shape[:2]
        if width == 33:
            raise PictureError("x: cannot be cut")
        box = [self.margin, self.margin, width - self.margin, height - self.margin]
        return Outcome(verdict="cut", values={"box": box})

    def apply(self, picture, result, files):
        return picture.cut(Box.from_json(result.values["box"], where="cut"))


@dataclass(frozen=True)
class LookStep:
    """Says how large and how dark the picture is, as it sees it, and keeps its first channel."""

    counter: Path
    needs: tuple[str, ...] = ("cut",)
    version: int = 1
    name: str = "look"

    def settings(self):
        return {}

    def run(self, picture, earlier):
        count(self.counter, self.name)
        return Outcome(
            verdict="seen",
            values={
                "size": [picture.pixels.shape[1], picture.pixels.shape[0]],
                "mean": float(picture.pixels.mean()),
                "earlier": sorted(earlier),
            },
            files={"first": np.ascontiguousarray(picture.pixels[..., 0])},
        )

    def apply(self, picture, result, files):
        return picture


def count(folder, name):
    folder.mkdir(exist_ok=True)
    # Appending one byte is safe between processes.
    with (folder / name).open("ab") as handle:
        handle.write(b".")


def counted(folder):
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
