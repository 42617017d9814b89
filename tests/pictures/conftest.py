import io
import zlib

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def drawing():
    """A small picture whose four corners differ, so that every turn and mirror shows: [24, 40]."""
    pixels = np.full((24, 40, 3), 200, dtype=np.uint8)
    pixels[:8, :8] = (255, 0, 0)
    pixels[:8, -8:] = (0, 255, 0)
    pixels[-8:, :8] = (0, 0, 255)
    return pixels


@pytest.fixture
def save(tmp_path):
    """Write pixels or a Pillow image to a file and return its path."""

    def write(picture, name, **options):
        image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)
        return path

    return write


def png_chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


@pytest.fixture
def png_bomb(tmp_path):
    """A 30000x30000 PNG of a few bytes; its pixel data are not even there."""
    header = b"".join(value.to_bytes(4, "big") for value in (30000, 30000)) + b"\1\0\0\0\0"
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(data + png_chunk(b"IEND", b""))
    return path


@pytest.fixture
def late_exif_png(drawing, tmp_path):
    """A PNG whose eXIf chunk stands behind the pixels, as the standard allows."""
    buffer = io.BytesIO()
    Image.fromarray(drawing).save(buffer, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    data = buffer.getvalue()
    end = data.index(b"IEND") - 4
    chunk = png_chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path = tmp_path / "late.png"
    path.write_bytes(data[:end] + chunk + data[end:])
    return path


@pytest.fixture
def write_network(tmp_path):
    """Write a tiny network as an ONNX file; `nodes` lead from ``picture`` to `outputs`."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    def write(nodes, outputs, *, shape=(1, 3, 32, 32), name="net.onnx", constants=(), inputs=1):
        values = [
            helper.make_tensor_value_info(f"picture{i or ''}", TensorProto.FLOAT, list(shape))
            for i in range(inputs)
        ]
        graph = helper.make_graph(
            [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
            "tiny",
            values,
            [helper.make_tensor_value_info(o, TensorProto.FLOAT, s) for o, s in outputs.items()],
            [onnx.numpy_helper.from_array(array, key) for key, array in constants],
        )
        opset = [helper.make_opsetid("", 18)]
        path = tmp_path / name
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))
        return path

    return write
