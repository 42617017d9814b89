import numpy as np
import pytest
from PIL import Image

from enogu.errors import PictureError, StorageError
from enogu.pictures.buckets import BucketRule, BucketSize
from enogu.pictures.contact_sheet import contact_sheet
from enogu.pictures.scan import scan_pictures

RULE = BucketRule(resolution=BucketSize(128, 128), step=32, min_px=64, max_px=256)


@pytest.fixture
def rows(tmp_path):
    """Fits of red pictures of the given sizes, each with a name."""

    def make(*sizes, name="{}.png"):
        folder = tmp_path / "pictures"
        folder.mkdir(exist_ok=True)
        for i, size in enumerate(sizes):
            Image.new("RGB", size, (200, 0, 0)).save(folder / name.format(i))
        records = scan_pictures(folder).records
        return [(r, RULE.choose(BucketSize(r.width, r.height))) for r in records]

    return make


def colours(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_shows_what_is_trained_full_and_what_is_cut_pale(rows, tmp_path):
    made = rows((300, 200))
    assert made[0][1].lost > 0
    sheet = colours(contact_sheet(made, tmp_path / "sheet.png"))
    full = (sheet == (200, 0, 0)).all(axis=-1).sum()
    pale = ((sheet[..., 0] > 230) & (sheet[..., 1] > 150) & (sheet[..., 1] < 180)).sum()
    assert full > 1000
    assert 0 < pale < full


def test_nothing_is_pale_where_nothing_is_cut(rows, tmp_path):
    sheet = colours(contact_sheet(rows((128, 128)), tmp_path / "sheet.png"))
    assert not ((sheet[..., 0] > 230) & (sheet[..., 1] > 150) & (sheet[..., 1] < 180)).any()


def test_every_bucket_has_its_row(rows, tmp_path):
    one = colours(contact_sheet(rows((128, 128)), tmp_path / "one.png"))
    two = colours(contact_sheet(rows((128, 128), (300, 200)), tmp_path / "two.png"))
    assert two.shape[1] == one.shape[1]
    assert two.shape[0] > 1.7 * one.shape[0]


def test_large_sets_show_a_share_of_each_bucket(rows, tmp_path):
    made = rows(*[(128, 128)] * 20, (300, 200))
    whole = colours(contact_sheet(made, tmp_path / "all.png"))
    some = colours(contact_sheet(made, tmp_path / "some.png", max_pictures=6))
    assert some.shape[0] < whole.shape[0]
    assert (some == (200, 0, 0)).all(axis=-1).sum() > 5 * 128 * 128


@pytest.mark.parametrize("name", ["猫 ねこ ({}).png", "が{}.png", "n" * 120 + "{}.png"])
def test_any_file_name_can_be_written(name, rows, tmp_path):
    path = contact_sheet(rows((128, 128), name=name), tmp_path / "sheet.png")
    assert colours(path).min() < 100


def test_no_picture_and_no_place(rows, tmp_path, monkeypatch):
    with pytest.raises(PictureError, match="no picture"):
        contact_sheet([], tmp_path / "sheet.png")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    made = rows((128, 128))
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(StorageError, match="full"):
        contact_sheet(made, tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()
