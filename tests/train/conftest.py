import pytest
from PIL import Image, ImageDraw

from enogu.project import create_project, open_project

FAST = {
    "train.steps": 6,
    "train.save_every": 2,
    "train.batch_size": 2,
    "train.rank": 4,
    "train.alpha": 4.0,
    "train.text_encoder": False,
    "samples.every": 0,
    "captions.variants": 3,
    "pictures.resolution": 64,
    "machine.threads": 1,
}


@pytest.fixture(scope="session")
def drawings(tmp_path_factory):
    """Five small drawings with captions, in two shapes, one of them transparent."""
    folder = tmp_path_factory.mktemp("drawings")
    sizes = [(64, 64), (64, 64), (96, 64), (96, 64), (64, 64)]
    for number, size in enumerate(sizes):
        mode = "RGBA" if number == 4 else "RGB"
        paper = (0, 0, 0, 0) if number == 4 else (240, 240, 255)
        image = Image.new(mode, size, paper)
        ImageDraw.Draw(image).ellipse((8, 8, 40 + number, 50), fill=(200, 40 * number, 60))
        image.save(folder / f"drawing {number}.png")
        caption = f"hoshi, 1girl, tag{number}, smile, red hair, looking up"
        (folder / f"drawing {number}.txt").write_text(caption, encoding="utf-8")
    return folder


@pytest.fixture
def make_project(tmp_path, drawings):
    """Make a project of the drawings on the embedded base, small and quick."""

    def make(name="star", drawings=drawings, **settings):
        root = tmp_path / name
        if not root.exists():
            create_project(root, drawings)
        changes = FAST | {key.replace("__", "."): value for key, value in settings.items()}
        return open_project(root, changes)

    return make
