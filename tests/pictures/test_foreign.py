from pathlib import Path

from enogu.pictures.foreign import foreign_reason, is_foreign
from enogu.pictures.scan import scan_pictures


def test_an_archive_beside_pictures_is_named_with_its_command(tmp_path, save, drawing):
    save(drawing, "a.png")
    (tmp_path / "more drawings.zip").write_bytes(b"PK")
    (refused,) = scan_pictures(tmp_path).refused
    assert refused.path.name == "more drawings.zip"
    assert 'enogu pictures import "more drawings.zip"' in refused.reason


def test_a_document_of_a_drawing_program_is_to_be_exported():
    assert foreign_reason(Path("A.PSD")) == (
        "is a Photoshop document, which cannot be read here",
        "export it as PNG",
    )


def test_other_files_are_not_foreign():
    assert not is_foreign(Path("film.mp4"))
    assert not is_foreign(Path("a.png"))
