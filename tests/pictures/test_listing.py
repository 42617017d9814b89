from pathlib import Path

import pytest

from enogu.pictures.listing import list_files

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


@pytest.fixture
def tree(tmp_path):
    def make(*names, content=PNG):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path

    return make


def names(paths):
    return [path.name for path in paths]


def test_files_are_sorted_by_kind(tree):
    folder = tree(
        "b.PNG", "a.jpeg", "a.txt", "a.caption", "a-masklabel.png", "a-condlabel.png", "d.psd",
        "readme.md", "noending", "old.tar.gz", "sub/c.webp", "sub/deep/d.tif",
    )  # fmt: skip
    listing = list_files(folder)
    assert names(listing.pictures) == ["a.jpeg", "b.PNG", "noending", "c.webp", "d.tif"]
    assert names(listing.captions) == ["a.caption", "a.txt"]
    assert names(listing.masks) == ["a-masklabel.png"]
    assert names(listing.foreign) == ["d.psd", "old.tar.gz"]
    assert names(listing.others) == ["readme.md"]
    assert listing.subfolders == 2
    assert listing.refused == []


def test_without_recursion_sub_folders_are_counted_only(tree):
    listing = list_files(tree("a.png", "sub/b.png"), recursive=False)
    assert names(listing.pictures) == ["a.png"]
    assert listing.subfolders == 1


def test_a_folder_can_be_left_out(tree):
    folder = tree("a.png", "reg/b.png", "reg/deep/c.png")
    assert names(list_files(folder, leave_out=folder / "reg").pictures) == ["a.png"]


def test_hidden_files_and_folders_are_skipped(tree):
    listing = list_files(tree("a.png", "._a.png", ".cache/b.png", ".hidden"))
    assert names(listing.pictures) == ["a.png"]
    assert listing.others == []


def test_files_without_ending_need_the_content_of_a_picture(tree):
    folder = tree("drawing")
    tree("notes", content=b"hello")
    listing = list_files(folder)
    assert names(listing.pictures) == ["drawing"]
    assert names(listing.others) == ["notes"]


class TestLinks:
    def test_out_of_the_folder_are_refused_when_they_matter(self, tree, tmp_path):
        outside = tmp_path.parent / f"{tmp_path.name}-outside.png"
        outside.write_bytes(PNG)
        folder = tree("a.png")
        (folder / "b.png").symlink_to(outside)
        (folder / "c.dat").symlink_to(outside)
        listing = list_files(folder)
        assert names(listing.pictures) == ["a.png"]
        assert [refused.path.name for refused in listing.refused] == ["b.png"]
        assert str(outside) in listing.refused[0].reason

    def test_inside_the_folder_are_files_like_others(self, tree):
        folder = tree("a.png")
        (folder / "b.png").symlink_to(folder / "a.png")
        assert names(list_files(folder).pictures) == ["a.png", "b.png"]

    def test_to_folders_are_not_followed_and_that_is_said(self, tree):
        folder = tree("a.png", "sub/b.png")
        (folder / "loop").symlink_to(folder, target_is_directory=True)
        listing = list_files(folder)
        assert names(listing.pictures) == ["a.png", "b.png"]
        assert listing.warnings == [f"link to a folder, not followed: {folder / 'loop'}"]

    def test_the_scanned_folder_may_be_a_link_itself(self, tree):
        folder = tree("real/a.png")
        (folder / "alias").symlink_to(folder / "real", target_is_directory=True)
        assert names(list_files(folder / "alias").pictures) == ["a.png"]


def test_a_folder_that_cannot_be_read_is_refused_by_name(tree, monkeypatch):
    folder = tree("a.png", "shut/b.png")
    real = __import__("os").scandir

    def scandir(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    listing = list_files(folder)
    assert names(listing.pictures) == ["a.png"]
    assert listing.refused[0].path == folder / "shut"
    assert "Permission denied" in listing.refused[0].reason
