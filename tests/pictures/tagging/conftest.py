"""A tiny tagger as an ONNX file: it answers with what stands in its middle pixel and corner."""

import numpy as np
import pytest

CSV = """tag_id,name,category,count
9999999,general,9,1
9999998,sensitive,9,1
1,1girl,0,5000
2,long_hair,0,4000
3,^_^,0,300
4,star_(symbol),0,200
5,some_character_(work),4,20
"""


@pytest.fixture
def write_tagger(tmp_path):
    """Write a tagger that always answers `answer`, or one made of `nodes`."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    def write(
        answer=None, *, nodes=None, shape=("batch", 8, 8, 3), csv=CSV, outputs=None, name="wd.onnx"
    ):
        answer = np.asarray(answer if answer is not None else [0.0], dtype=np.float32)
        if nodes is None:
            # The input is multiplied by nothing, so that the answer is always the same.
            nodes = [
                helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
                helper.make_node("Mul", ["mean", "zero"], ["none"]),
                helper.make_node("Add", ["none", "answer"], ["out"]),
            ]
        outputs = outputs or {"out": [1, answer.shape[-1]]}
        graph = helper.make_graph(
            nodes,
            "tagger",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, list(shape))],
            [
                helper.make_tensor_value_info(key, TensorProto.FLOAT, sides)
                for key, sides in outputs.items()
            ],
            [
                numpy_helper.from_array(np.zeros((), np.float32), "zero"),
                numpy_helper.from_array(answer[None], "answer"),
            ],
        )  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.save(model, str(path))
        if csv is not None:
            (path.parent / "selected_tags.csv").write_text(csv, encoding="utf-8")
        return path

    return write


@pytest.fixture
def seen_by():
    """Return the input that a network gets, as the numbers it answers with (N of them)."""

    def nodes():
        from onnx import helper

        return [helper.make_node("Flatten", ["picture"], ["out"])]

    return nodes
