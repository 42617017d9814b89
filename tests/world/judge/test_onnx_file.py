"""The ONNX file says the same as torch."""

import json
from pathlib import Path

import numpy as np
import pytest

from enogu.errors import MissingExtraError
from enogu.world.axes import AXES
from enogu.world.judge.judge import Judge
from enogu.world.judge.onnx_file import export_onnx
from enogu.world.onnx_export import check_can_export
from enogu.world.questions import questions_from_text, vocabulary_digest


def test_onnx_and_torch_agree(untrained: Judge, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    for weight in untrained.net.state_dict().values():
        weight.copy_(weight.half())
    untrained.temperatures["mouth"] = 2.0
    path = tmp_path / "judge.onnx"
    assert export_onnx(untrained, path) == path.stat().st_size
    session = onnxruntime.InferenceSession(str(path))
    for count in (1, 5):
        rng = np.random.default_rng(count)
        pixels = rng.integers(0, 256, (count, 128, 128, 3), dtype=np.uint8)
        (table,) = session.run(None, {"pixels": pixels})
        assert np.allclose(table, untrained(pixels).table, atol=1e-5)
    metadata = session.get_modelmeta().custom_metadata_map
    assert questions_from_text(metadata["questions"]) == AXES
    assert metadata["vocabulary"] == vocabulary_digest(AXES)
    assert json.loads(metadata["temperatures"])["mouth"] == 2.0
    assert b"/src/enogu" not in path.read_bytes(), "no paths of the machine that exported"


def test_without_the_packages_the_export_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="onnxscript") as caught:
        check_can_export("leave the file out with --no-onnx")
    assert "--no-onnx" in caught.value.hint
