import numpy as np
import pytest

from enogu.errors import ProjectError
from enogu.pictures.records import DerivedFiles


@pytest.fixture
def derived(tmp_path):
    return DerivedFiles(tmp_path / "derived")


@pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7)])
def test_pictures_and_masks_come_back_and_equal_ones_are_one_file(derived, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    key = derived.write(pixels)
    assert derived.write(pixels.copy()) == key
    np.testing.assert_array_equal(derived.read(key), pixels)
    assert [path.name for path in derived.folder.rglob("*.png")] == [f"{key}.png"]


def test_what_is_gone_or_damaged_says_how_to_make_it_again(derived):
    key = derived.write(np.zeros((4, 4), dtype=np.uint8))
    derived.path(key).write_bytes(b"x")
    for wrong in (key, "0" * 64):
        with pytest.raises(ProjectError, match="gone or damaged") as caught:
            derived.read(wrong)
        assert "enogu prep" in caught.value.hint


def test_pruning_keeps_what_is_wanted(derived):
    keys = [derived.write(np.full((2, 2), value, dtype=np.uint8)) for value in range(3)]
    assert derived.prune({keys[1]}) == 2
    assert [derived.path(key).exists() for key in keys] == [False, True, False]
