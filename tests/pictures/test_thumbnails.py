import numpy as np
import pytest
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.chain import Loader
from enogu.pictures.thumbnails import THUMBNAIL_PX, Thumbnails, shrunk

ID = "ab" * 32


def test_a_thumbnail_is_made_once_and_keeps_the_aspect(save, tmp_path, drawing):
    path = save(np.repeat(np.repeat(drawing, 20, axis=0), 20, axis=1), "a.png")
    thumbnails = Thumbnails(tmp_path / "thumbnails", Loader())
    made = thumbnails.make(ID, path)
    with Image.open(made) as image:
        assert image.size == (THUMBNAIL_PX, round(THUMBNAIL_PX * 24 / 40))
        corner = np.asarray(image)[5, 5]
    assert corner == pytest.approx([255, 0, 0], abs=6)
    path.unlink()
    assert thumbnails.make(ID, path) == made


def test_small_pictures_are_not_enlarged(drawing):
    assert shrunk(drawing, 256) is drawing


def test_another_background_has_other_thumbnails(tmp_path):
    light, dark = Loader(), Loader(background="#000000")
    assert Thumbnails(tmp_path, light).path(ID) != Thumbnails(tmp_path, dark).path(ID)


def test_what_is_no_picture_is_told(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("no", encoding="utf-8")
    with pytest.raises(PictureError):
        Thumbnails(tmp_path / "t", Loader()).make(ID, path)
    assert not (tmp_path / "t").exists()
