"""The detector that ships with the package, as a file: the card fits, damage is refused."""

import shutil

import numpy as np
import pytest

from enogu.errors import ModelFileError
from enogu.pictures.onnx_file import card_path
from enogu.pictures.regions import DetectorModel, embedded
from enogu.pictures.regions.embedded import EMBEDDED_PATH, embedded_detector, load_embedded


def test_it_is_small_and_finds_heads_and_faces():
    pytest.importorskip("onnxruntime")
    assert EMBEDDED_PATH.stat().st_size < 700_000
    assert embedded_detector() == EMBEDDED_PATH
    assert load_embedded().labels == ("head", "face")


def test_an_empty_sheet_holds_nothing_sure():
    pytest.importorskip("onnxruntime")
    model = load_embedded()
    for grey in (0, 114, 255):
        assert not model.find(np.full((90, 150, 3), grey, np.uint8))


def test_without_onnxruntime_there_is_none(monkeypatch):
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    assert embedded_detector() is None


@pytest.mark.parametrize("damage", ["cut", "other card", "no card"])
def test_damaged_files_are_refused(tmp_path, damage):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "heads.onnx"
    shutil.copy(EMBEDDED_PATH, path)
    shutil.copy(card_path(EMBEDDED_PATH), card_path(path))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100_000])
    elif damage == "other card":
        card_path(path).write_text('{"input": {"width": 64, "height": 64}}', encoding="utf-8")
    else:
        card_path(path).unlink()
    with pytest.raises(ModelFileError, match=r"heads\.(onnx|json)"):
        DetectorModel(path)
