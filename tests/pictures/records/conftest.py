import pytest

from enogu.pictures.box import Box
from enogu.pictures.records import (
    FileEntry,
    PictureFacts,
    Records,
    Region,
    ScoredTag,
    StepResult,
)


@pytest.fixture
def records(tmp_path):
    with Records(tmp_path / "work") as opened:
        yield opened


def some_facts(picture_id="a" * 64, **changes):
    values = {
        "id": picture_id,
        "pixels_id": "p" * 64,
        "loader": "1 #ffffff",
        "format": "PNG",
        "width": 40,
        "height": 24,
        "orientation": 6,
        "profile": "Adobe RGB (1998)",
        "has_alpha": True,
        "prompt": "1girl",
        "notes": ("turned upright", "猫"),
    }
    return PictureFacts(**values | changes)


def some_file(relative="pictures/a.png", picture_id="a" * 64, **changes):
    values = {"num_bytes": 10, "modified_ns": 5} | changes
    return FileEntry(relative=relative, picture_id=picture_id, **values)


def some_result(picture_id="a" * 64, step="trim", **changes):
    values = {
        "version": 1,
        "settings": "s",
        "inputs": "i",
        "verdict": "trim",
        "values": {"box": [1, 2, 30, 20], "why": "余白"},
        "files": {"mask": "m" * 64},
        "regions": (Region(kind="subject", box=Box(1, 2, 30, 20), score=0.5),),
        "tags": (
            ScoredTag(tag="smile", source="judge", score=0.9),
            ScoredTag(tag="hat", source="person"),
        ),
    }
    return StepResult(picture_id=picture_id, step=step, **values | changes)
