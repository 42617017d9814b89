"""Making a detector at toy size: files, going on, and the same answers as torch."""

import json

import numpy as np
import pytest
import torch

from enogu.errors import WorldError
from enogu.pictures.regions import DetectorModel
from enogu.world.detector.boxes import LABELS
from enogu.world.detector.make import DETECTOR_NAME, DetectorBudget, make_detector
from enogu.world.detector.network import INPUT_PX, DetectorShape, decode
from enogu.world.detector.scenes import draw_parts
from enogu.world.detector.training import scene_batch, train_detector
from enogu.world.training_state import Budget

TINY = DetectorShape(channels=(4, 4, 4, 4, 4))


@pytest.fixture(scope="module")
def parts():
    return draw_parts(0, 4, 2, 48)


def trained(parts, path, steps, **changes):
    return train_detector(
        parts,
        path,
        budget=Budget(steps=steps),
        shape=TINY,
        save_every=1,
        bf16=False,
        **changes,
    )


def test_a_stopped_training_goes_on_as_if_it_had_not_been(parts, tmp_path, monkeypatch):
    monkeypatch.setattr("enogu.world.detector.training.BATCH_SIZE", 2)
    monkeypatch.setattr("enogu.world.detector.training.STATISTICS_BATCHES", 1)
    whole = trained(parts, tmp_path / "whole.safetensors", 3)
    # The learning rate follows the budget; so the stop is made inside the same one.
    stopped = 0

    def stop_once(step, *rest):
        nonlocal stopped
        if step == 2 and not stopped:
            stopped = 1
            raise KeyboardInterrupt
        return scene_batch(*rest)

    monkeypatch.setattr(
        "enogu.world.detector.training.scene_batch",
        lambda parts, seed, step, count: stop_once(step, parts, seed, step, count),
    )
    with pytest.raises(KeyboardInterrupt):
        trained(parts, tmp_path / "half.safetensors", 3)
    resumed = trained(parts, tmp_path / "half.safetensors", 3)
    for name, weight in whole.state_dict().items():
        assert torch.allclose(weight, resumed.state_dict()[name], atol=1e-6), name
    with pytest.raises(WorldError, match="seed"):
        trained(parts, tmp_path / "half.safetensors", 3, seed=1)


def test_batches_depend_on_seed_and_step(parts):
    (one, spots), (same, again) = (scene_batch(parts, 3, 7, 2) for _ in range(2))
    assert np.array_equal(one, same) and spots == again
    assert not np.array_equal(one, scene_batch(parts, 3, 8, 2)[0])


def test_a_detector_is_made_from_nothing_and_answers_as_torch_does(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    monkeypatch.setattr("enogu.world.detector.training.BATCH_SIZE", 2)
    monkeypatch.setattr("enogu.world.detector.training.STATISTICS_BATCHES", 1)
    monkeypatch.setattr("enogu.world.detector.make.FIGURE_PX", 48)
    parts = draw_parts(0, 4, 2, 48)
    monkeypatch.setattr("enogu.world.detector.make.build_parts", lambda *a, **k: parts)
    monkeypatch.setattr("enogu.world.detector.make.draw_parts", lambda *a: parts)
    kept = []

    def keep(net, path, count):
        from enogu.world.detector.export import Calibration, export_detector

        kept.append(net)
        export_detector(net, path, min_score=0.0)
        return (Calibration(slope=2.0, shift=0.5), Calibration())

    monkeypatch.setattr("enogu.world.detector.make.calibrate", keep)
    budget = DetectorBudget(figures=4, backdrops=2, training=Budget(steps=1), calibration_scenes=2)
    out = tmp_path / "out"
    num_bytes = make_detector(tmp_path / "work", out, budget=budget, shape=TINY, bf16=False)
    assert num_bytes == (out / DETECTOR_NAME).stat().st_size
    assert b"/src/enogu" not in (out / DETECTOR_NAME).read_bytes()
    card = json.loads((out / "heads.json").read_text("utf-8"))
    assert card["output"]["labels"] == list(LABELS)
    model = DetectorModel(out / DETECTOR_NAME)
    assert model.metadata["figures"] == "4" and model.metadata["steps"] == "1"

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (INPUT_PX, INPUT_PX, 3), dtype=np.uint8)
    plane = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    # The file keeps weights in half precision.
    for weight in kept[0].state_dict().values():
        weight.copy_(weight.half())
    logits, boxes = decode(kept[0](plane))
    import onnxruntime

    session = onnxruntime.InferenceSession(str(out / DETECTOR_NAME))
    (answer,) = session.run(None, {"picture": plane.numpy()})
    places = logits.shape[-1]
    assert answer.shape == (1, 4 + len(LABELS), len(LABELS) * places)
    head = (logits[0, 0] * 2.0 + 0.5).sigmoid().numpy()
    assert np.allclose(answer[0, 4, :places], head, atol=1e-4)
    assert (answer[0, 4, places:] == 0).all() and (answer[0, 5, :places] == 0).all()
    corners = boxes[0, 1].numpy()
    assert np.allclose(answer[0, 0, places:], (corners[:, 0] + corners[:, 2]) / 2, atol=1e-2)
    assert np.allclose(answer[0, 3, places:], corners[:, 3] - corners[:, 1], atol=1e-2)
