"""Writing files safely: what a full disk or a forbidden place looks like to a person."""

import errno

import pytest
import safetensors

from enogu.errors import BusyError, StorageError
from enogu.files import atomic_path, content_key, hold_folder, write_text_atomic

# What safetensors 0.8 raises on a full file system.
FULL = "Error while serializing: I/O error: No space left on device (os error 28)"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_the_old_file_stays_when_there_is_no_room(tmp_path, number):
    path = tmp_path / "a.txt"
    write_text_atomic(path, "old")
    with pytest.raises(StorageError, match=r"a\.txt"), atomic_path(path) as temporary:
        temporary.write_text("half", "utf-8")
        raise OSError(number, "no")
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_told_in_the_same_words_by_safetensors(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(StorageError, match="disk is full"), atomic_path(path):
        raise safetensors.SafetensorError(FULL)
    assert list(tmp_path.iterdir()) == []


def test_other_faults_of_libraries_are_not_taken_for_a_full_disk(tmp_path):
    with pytest.raises(safetensors.SafetensorError), atomic_path(tmp_path / "a"):
        raise safetensors.SafetensorError("header too large")


def test_a_folder_is_held_once_and_let_go_also_after_an_error(tmp_path):
    folder = tmp_path / "new"
    with pytest.raises(KeyError), hold_folder(folder, "first"):
        busy = pytest.raises(BusyError, match="somebody works here")
        with busy, hold_folder(folder, "somebody works here"):
            pass
        raise KeyError
    with hold_folder(folder, "still held"):
        pass


def test_a_content_key_depends_on_every_part_and_not_on_their_order():
    one = content_key({"a": 1, "b": [2, 3]})
    assert one == content_key({"b": [2, 3], "a": 1})
    assert one != content_key({"a": 1, "b": [3, 2]})
    with pytest.raises(ValueError, match="Out of range float"):
        content_key({"a": float("nan")})
