import os
import socket
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real drawings with captions and golden values; tests that need them are skipped without."""
    folder = Path(os.environ.get("ENOGU_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set ENOGU_SHARED_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path_factory, monkeypatch):
    """No test may read or write the person's vocabulary; the embedded one is built once."""
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No test may reach the network: a hub that answers would hide a missing local file."""

    def refuse(self, address, *args):
        if self.family == socket.AF_UNIX:
            return original(self, address, *args)
        raise OSError(f"tests must not connect to {address!r}")

    original = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def reviewed_project(tmp_path):
    """Four pictures with what the steps found: unsure, flagged, clean, and one nobody looked at."""
    # Imported here: most tests never need it.
    import numpy as np
    from PIL import Image

    from enogu.files import sha256_file
    from enogu.pictures.box import Box
    from enogu.pictures.records import PictureFacts, Records, Region, ScoredTag, StepResult
    from enogu.project import open_project
    from enogu.project.picture_files import project_loader

    root = tmp_path / "my-character"
    (root / "pictures").mkdir(parents=True)
    (root / "enogu.toml").write_text("version = 1\n", encoding="utf-8")
    ids = {}
    for number, name in enumerate(("a", "b", "c", "d")):
        pixels = np.full((60, 80, 3), 60 * number, dtype=np.uint8)
        pixels[10:30, 20:50] = (200, 40, 40)
        path = root / "pictures" / f"{name}.png"
        Image.fromarray(pixels).save(path)
        ids[name] = sha256_file(path)
    (root / "pictures" / "a.txt").write_text("1girl, smile\n", encoding="utf-8")
    project = open_project(root)

    def result(name, step, verdict, values=None, **more):
        return StepResult(
            picture_id=ids[name],
            step=step,
            version=1,
            settings="",
            inputs="",
            verdict=verdict,
            values=values or {},
            **more,
        )

    with Records(project.work_dir) as records, records.changing():
        mask = np.zeros((60, 80), dtype=np.uint8)
        mask[10:30, 20:50] = 255
        key = records.derived.write(mask)
        for picture_id in list(ids.values())[:3]:
            records.put_facts(
                PictureFacts(
                    id=picture_id,
                    pixels_id=picture_id,
                    loader=project_loader(project).digest,
                    format="PNG",
                    width=80,
                    height=60,
                    orientation=1,
                    profile=None,
                    has_alpha=False,
                    prompt=None,
                    notes=("was turned upright",),
                )
            )
        proposal = {"box": [0, 0, 80, 60], "proposal": [10, 5, 60, 40], "reasons": ["blank margin"]}
        face = Region(kind="face", box=Box(22, 12, 40, 25), score=0.4)
        for one in (
            result("a", "trim", "unsure", proposal),
            result("a", "background", "unsure", {"method": "flat"}, files={"mask": key}),
            result("a", "regions", "found", regions=(face,)),
            result("b", "trim", "keep", {"box": [0, 0, 80, 60]}),
            result("b", "quality", "flagged", {"messages": ["too blurred"]}),
            result("c", "trim", "trim", {"box": [10, 10, 70, 50]}),
            result("c", "background", "flat", {"method": "flat"}, files={"mask": key}),
            result(
                "c",
                "tags:wd",
                "read",
                {"rating": "questionable"},
                tags=(ScoredTag(tag="smile", source="wd", score=0.9),),
            ),
        ):
            records.put_result(one)
    return project, ids
