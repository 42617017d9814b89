import numpy as np
import pytest
from PIL import Image

from enogu.errors import CaptionError, StorageError
from enogu.tags.dataset import captions_statistics, heatmap, write_heat_map


def statistics(make, knows):
    files = {f"a{n}.txt": "hero, blue hair, hat, dress" for n in range(4)}
    files |= {f"b{n}.txt": "hero, black hair, smile" for n in range(4)}
    files |= {"c.txt": "hero, smile, hat", "d.txt": "hero, once"}
    return captions_statistics(make(files), knows, trigger="hero")


def test_the_picture_shows_values_at_their_place(make, knows, tmp_path):
    found = statistics(make, knows)
    path = write_heat_map(found, tmp_path / "map.png")
    names = heatmap._shown_tags(found, 40)
    assert names == ["black_hair", "blue_hair", "smile", "hat", "dress"]
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    height = pixels.shape[0]
    top = height - heatmap._LINE_PX * 3 - len(names) * heatmap._CELL_PX
    font = heatmap.label_font(heatmap._LABEL_SIZE)
    side = heatmap._side(heatmap._texts(names, found, {}, None), font)

    def corner(row, column):
        step = heatmap._CELL_PX
        return tuple(pixels[top + row * step + 2, side + column * step + 2].tolist())

    assert corner(0, 0) == heatmap._DIAGONAL
    assert corner(1, 3) == heatmap._colour(1.0)
    assert corner(3, 1) == heatmap._colour(4 / 5)
    assert corner(0, 1) == heatmap._colour(0.0)
    crosses = (pixels == heatmap._NEVER).all(axis=2)
    assert crosses[top : top + 5 * heatmap._CELL_PX, side:].any()


def test_japanese_names_are_used_only_with_a_font(make, knows, tmp_path, monkeypatch):
    found = statistics(make, knows)
    labels = {"hat": "帽子", "smile": "warai"}
    monkeypatch.setattr(heatmap, "wide_font", lambda: None)
    texts = heatmap._texts(["hat", "smile", "dress"], found, labels, None)
    assert texts == ["hat  5", "warai  5", "dress  4"]
    monkeypatch.setattr(heatmap, "wide_font", lambda: "some.ttf")
    assert heatmap._texts(["hat"], found, labels, None) == ["帽子  5"]


def test_long_names_are_cut(make, knows, tmp_path):
    name = "very " * 30 + "long"
    captions = make({f"{n}.txt": f"{name}, hat" for n in range(3)} | {f"x{n}.txt": "dress, hat"
                    for n in range(3)} | {"y.txt": "z"})  # fmt: skip
    path = write_heat_map(captions_statistics(captions), tmp_path / "map.png")
    with Image.open(path) as image:
        assert image.width < 900


def test_too_little_to_draw(make, knows, tmp_path):
    found = captions_statistics(make({"a.txt": "hero, once"}), knows)
    with pytest.raises(CaptionError, match=r"nothing to draw"):
        write_heat_map(found, tmp_path / "map.png")
    with pytest.raises(CaptionError, match=r"2 to 200 tags, got 1"):
        write_heat_map(found, tmp_path / "map.png", most_tags=1)
    assert not (tmp_path / "map.png").exists()


def test_a_font_that_is_none_is_refused(make, knows, tmp_path):
    (tmp_path / "font.ttf").write_bytes(b"no font")
    with pytest.raises(StorageError, match="not a font"):
        write_heat_map(statistics(make, knows), tmp_path / "map.png", font=tmp_path / "font.ttf")
