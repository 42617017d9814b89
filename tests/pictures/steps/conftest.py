import numpy as np
import pytest
from PIL import Image, ImageDraw

from enogu.pictures.box import Box
from enogu.pictures.chain import ChainPicture
from enogu.pictures.records import DerivedFiles, StepResult


def figure(size=(160, 160), ground="#ffffff"):
    """A figure that stands apart from its ground on all sides."""
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    width, height = size
    pen.ellipse((width * 0.2, height * 0.15, width * 0.8, height * 0.5), "#d02040", "#000000")
    pen.rectangle((width * 0.4, height * 0.5, width * 0.6, height * 0.85), "#2040a0", "#000000")
    return image


@pytest.fixture
def picture():
    """A picture as a step sees it, by default the figure."""

    def made(image=None, *, origin=None):
        pixels = np.asarray(image or figure())
        whole = Box(0, 0, pixels.shape[1], pixels.shape[0])
        shown = ChainPicture(pixels=pixels, alpha=None, origin=whole, whole=whole)
        return shown if origin is None else shown.cut(origin)

    return made


@pytest.fixture
def kept(tmp_path):
    """Turn an outcome into the result that the chain keeps."""
    files = DerivedFiles(tmp_path / "derived")

    def keep(step, outcome, **changes):
        values = {
            "picture_id": "a" * 64,
            "step": step.name,
            "version": step.version,
            "settings": "",
            "inputs": "",
            "verdict": outcome.verdict,
            "values": outcome.values,
            "files": {role: files.write(pixels) for role, pixels in outcome.files.items()},
            "regions": outcome.regions,
            "tags": outcome.tags,
        }
        return StepResult(**{**values, **changes}), files

    return keep
