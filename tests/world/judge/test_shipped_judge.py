"""The judge that ships: small, whole, of this vocabulary, and right."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enogu.cli import run
from enogu.world.export import read_mini
from enogu.world.judge.card import write_judge_card
from enogu.world.judge.judge import JUDGE_PATH, Judge, load_judge
from enogu.world.judge.make import known_answers
from enogu.world.judge.measure import measure_readings
from enogu.world.judge.pictures import draw_judge_picture, round_trip
from enogu.world.judge.reader import INPUT_PX

SEED = 31_337
COUNT = 96


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.stack([draw_judge_picture(SEED, i, INPUT_PX) for i in range(COUNT)])


def test_at_most_3_megabytes_and_the_card_beside_it() -> None:
    onnx = JUDGE_PATH.with_suffix(".onnx")
    assert JUDGE_PATH.stat().st_size + onnx.stat().st_size <= 3_000_000
    assert "## Measured" in (JUDGE_PATH.parent / "judge_card.md").read_text("utf-8")


def test_it_reads_fresh_drawings(judge: Judge, pixels: np.ndarray) -> None:
    measure = measure_readings(judge(pixels), known_answers(SEED, COUNT))
    assert measure.mean_share > 0.95
    for axis in measure.axes:
        # The card asks more drawings; with about 90 an axis of 88 % may come out a little lower.
        assert axis.share > 0.8, (axis.axis, axis.confusions)


def test_it_reads_drawings_after_the_autoencoder(
    judge: Judge, pixels: np.ndarray, mini_dir: Path
) -> None:
    vae = read_mini(mini_dir).vae
    after = round_trip(vae, pixels[:32], 0, noisy=False, bf16=False)
    measure = measure_readings(judge(after), known_answers(SEED, 32))
    assert measure.mean_share > 0.9


def test_the_onnx_file_says_the_same(judge: Judge, pixels: np.ndarray) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(JUDGE_PATH.with_suffix(".onnx")))
    (table,) = session.run(None, {"pixels": pixels[:8]})
    assert np.allclose(table, judge(pixels[:8]).table, atol=1e-4)


def test_a_drawing_of_another_size_reads_alike(judge: Judge, pixels: np.ndarray) -> None:
    large = [Image.fromarray(part).resize((300, 300)) for part in pixels[:8]]
    same = [a == b for a, b in zip(judge(large).answers, judge(pixels[:8]).answers, strict=True)]
    assert sum(same) >= 6


def test_the_command_compares_a_dataset_with_its_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "set")
    assert run(["world", "dataset", folder, "-n", "6"]) == 0
    capsys.readouterr()
    assert run(["world", "judge", folder, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["agreement"]["hair_style"]["total"] == 6
    right = sum(item["right"] for item in report["agreement"].values())
    assert right / sum(item["total"] for item in report["agreement"].values()) > 0.9
    assert run(["world", "judge", folder]) == 0
    printed = capsys.readouterr().out
    assert "hair style" in printed and "world_000.png" in printed


def test_the_card_is_measured_anew(tmp_path: Path, mini_dir: Path) -> None:
    stages: set[str] = set()
    text = write_judge_card(
        mini_dir,
        tmp_path / "card.md",
        count=8,
        progress=lambda title, done, total: stages.add(title),
    )
    assert (tmp_path / "card.md").read_text("utf-8") == text
    assert stages == {"Drawing", "Colours", "Features"}
    for part in ("## Measured", "hair style", "without learning", "star hairpin"):
        assert part in text
