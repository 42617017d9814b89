import numpy as np
import pytest

from enogu.world.drawing import draw

TAGS = ["1girl", "blue hair", "smile", "white background"]


@pytest.fixture
def command():
    return ("pictures", "caption")


@pytest.fixture
def project(tmp_path, monkeypatch):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (tmp_path / "enogu.toml").write_text("version = 1\n", encoding="utf-8")
    for seed in range(2):
        draw(TAGS, seed).save(pictures / f"p{seed}.png")
    (pictures / "p0.txt").write_text("mychar\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_written_until_it_is_asked_for_and_undo_takes_it_back(project, told, document):
    folder = project / "pictures"
    assert "Nothing was written" in told()
    assert not (folder / "p1.txt").exists()
    said = document("--apply")
    assert (said["written"], said["new_files"], said["read_now"], said["read_before"]) == (
        True, 1, 0, 2,
    )  # fmt: skip
    first = (folder / "p0.txt").read_text(encoding="utf-8")
    assert first.startswith("mychar, ")
    # The judge has seen these drawings' kind; what it reads is what was drawn.
    assert {"1girl", "blue hair", "smile"} <= set(first.strip().split(", "))
    from enogu.cli import run

    assert run(["captions", "undo"]) == 0
    assert (folder / "p0.txt").read_text(encoding="utf-8") == "mychar\n"
    assert not (folder / "p1.txt").exists()


def test_a_wd_tagger_is_given_by_its_path(project, document):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["none"]),
        helper.make_node("Add", ["none", "answer"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes, "t",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 8, 8, 3])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 4])],
        [
            numpy_helper.from_array(np.zeros((), np.float32), "zero"),
            numpy_helper.from_array(np.array([[0.9, 0.8, 0.3, 0.5]], np.float32), "answer"),
        ],
    )  # fmt: skip
    folder = project / "wd-tiny"
    folder.mkdir()
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    (folder / "selected_tags.csv").write_text(
        "tag_id,name,category,count\n1,general,9,1\n2,long_hair,0,1\n3,hat,0,1\n4,>_<,0,1\n",
        encoding="utf-8",
    )
    said = document("--tagger", str(folder / "model.onnx"), "--exclude", "Long Hair", "--apply")
    assert said["tagger"] == "wd-tiny"
    assert said["added"] == {">_<": 2}
    assert (project / "pictures" / "p1.txt").read_text(encoding="utf-8") == ">_<\n"


def test_a_tagger_that_is_not_there_and_a_wrong_threshold_are_told(project, refused):
    assert "no such model file" in refused("--tagger", "none.onnx")
    assert "must be 0.05 to 1, got 2" in refused("--threshold", "2")
