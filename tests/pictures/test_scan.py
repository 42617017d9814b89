import unicodedata

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from enogu.errors import PictureError
from enogu.files import sha256_file
from enogu.pictures.scan import scan_pictures


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "drawings"


@pytest.fixture
def draw(folder):
    """Save a picture of its own colour under a name, with a caption if one is given."""
    rng = np.random.default_rng(0)

    def make(name, caption=None, *, size=(96, 80), **options):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, tuple(rng.integers(0, 256, 3).tolist())).save(path, **options)
        if caption is not None:
            path.with_suffix(".txt").write_text(caption, encoding="utf-8")
        return path

    return make


def relatives(scan):
    return [record.relative for record in scan.records]


def reasons(scan):
    return {item.path.name: item.reason for item in scan.refused}


class TestRecords:
    def test_hold_what_is_known_of_a_picture(self, draw, folder):
        path = draw("a.png", "1girl, smile\n")
        (record,) = scan_pictures(folder).records
        assert record.id == sha256_file(path)
        assert record.path == path
        assert (record.width, record.height, record.format) == (96, 80, "PNG")
        assert record.caption == "1girl, smile"
        assert record.caption_path == path.with_suffix(".txt")
        assert record.caption_encoding == "utf-8"
        assert (record.repeats, record.class_words, record.is_reg) == (1, None, False)
        assert not record.has_alpha
        assert record.notes == ()

    def test_are_sorted_and_named_with_forward_slashes(self, draw, folder):
        for name in ("b.png", "sub/a.png", "a.png", "Z.png"):
            draw(name)
        assert relatives(scan_pictures(folder)) == ["Z.png", "a.png", "b.png", "sub/a.png"]
        assert relatives(scan_pictures(folder, recursive=False)) == ["Z.png", "a.png", "b.png"]

    def test_do_not_depend_on_the_number_of_threads(self, draw, folder):
        for i in range(12):
            draw(f"{i}.png", f"tag {i}")
        assert scan_pictures(folder, workers=1) == scan_pictures(folder, workers=4)

    def test_turned_pictures_give_their_upright_size(self, draw, folder):
        exif = Image.Exif()
        exif[0x0112] = 6
        draw("a.jpg", exif=exif)
        scan = scan_pictures(folder)
        assert (scan.records[0].width, scan.records[0].height) == (80, 96)
        assert scan.warnings == ("a.jpg: turned upright as its EXIF says (orientation 6)",)

    def test_a_relative_folder_gives_absolute_paths(self, draw, folder, monkeypatch):
        draw("a.png", "a")
        monkeypatch.chdir(folder.parent)
        (record,) = scan_pictures(folder.relative_to(folder.parent)).records
        assert record.path == folder / "a.png"


class TestCaptions:
    def test_txt_comes_before_caption_and_that_is_said(self, draw, folder):
        draw("a.png", "from txt").with_suffix(".caption").write_text("from caption")
        draw("b.png").with_suffix(".caption").write_text("only this")
        scan = scan_pictures(folder)
        assert [record.caption for record in scan.records] == ["from txt", "only this"]
        assert scan.warnings == (
            f"{folder / 'a.txt'}: used as caption; a.caption beside it is not",
        )

    def test_missing_and_empty_captions_differ(self, draw, folder):
        draw("a.png")
        draw("b.png", " \n")
        scan = scan_pictures(folder)
        assert [record.caption for record in scan.records] == [None, ""]
        assert scan.warnings == ("b.png: caption file is empty",)

    def test_without_a_picture_are_listed_with_a_hint(self, draw, folder):
        draw("a.png")
        (folder / "a.png.txt").write_text("x")
        (folder / "gone.txt").write_text("x")
        scan = scan_pictures(folder)
        assert [path.name for path in scan.orphan_captions] == ["a.png.txt", "gone.txt"]
        assert scan.warnings == (
            "2 caption files have no picture (a caption is named name.txt, not name.png.txt): "
            "a.png.txt, gone.txt",
        )

    def test_of_a_refused_picture_is_no_orphan(self, draw, folder):
        draw("a.png")
        draw("b.png", "x").write_bytes(b"")
        assert scan_pictures(folder).orphan_captions == ()

    def test_in_shift_jis_are_read_and_said(self, draw, folder):
        for name in "abcd":
            draw(f"{name}.png").with_suffix(".txt").write_bytes("猫耳, 笑顔".encode("cp932"))
        scan = scan_pictures(folder)
        assert {record.caption for record in scan.records} == {"猫耳, 笑顔"}
        assert scan.warnings == (
            "a.png, b.png, c.png and 1 more: caption read as Shift_JIS (CP932)",
        )

    def test_that_are_no_text_refuse_their_picture(self, draw, folder):
        draw("a.png")
        draw("b.png").with_suffix(".txt").write_bytes(b"\0\xff\0\xfe")
        scan = scan_pictures(folder)
        assert relatives(scan) == ["a.png"]
        assert "its caption is unusable" in reasons(scan)["b.png"]
        assert "save it as UTF-8" in reasons(scan)["b.png"]

    @pytest.mark.parametrize(
        "name", ["猫 ねこ (コピー) [1]", "が", "dots.in.name", "100%", "a" * 120]
    )
    def test_unusual_names(self, name, draw, folder):
        draw(f"{name}.PNG", "x")
        (record,) = scan_pictures(folder).records
        assert record.caption == "x"

    def test_composed_and_decomposed_names_meet(self, draw, folder):
        draw(unicodedata.normalize("NFD", "が") + ".png")
        (folder / (unicodedata.normalize("NFC", "が") + ".txt")).write_text("x")
        assert scan_pictures(folder).records[0].caption == "x"

    def test_capital_endings(self, draw, folder):
        draw("a.png").with_suffix(".TXT").write_text("x")
        assert scan_pictures(folder).records[0].caption == "x"


class TestFolders:
    def test_repeats_and_class_words(self, draw, folder):
        draw("10_mychar girl/a.png")
        draw("10_mychar girl/b.png", "own caption")
        draw("c.png")
        scan = scan_pictures(folder)
        assert [(r.repeats, r.class_words) for r in scan.records] == [
            (10, "mychar girl"),
            (10, "mychar girl"),
            (1, None),
        ]
        assert scan.warnings == (
            "folder '10_mychar girl': each picture 10 times, class words 'mychar girl'",
        )

    def test_the_given_folder_itself_is_plain_and_that_is_said(self, draw, folder):
        draw("10_mychar/a.png")
        scan = scan_pictures(folder / "10_mychar")
        assert scan.records[0].repeats == 1
        assert "give its parent" in scan.warnings[0]

    def test_regularisation(self, draw, folder):
        draw("a.png")
        draw("reg/b.png")
        assert relatives(scan_pictures(folder, leave_out=folder / "reg")) == ["a.png"]
        assert scan_pictures(folder / "reg", is_reg=True).records[0].is_reg

    def test_masks_belong_to_their_picture(self, draw, folder):
        draw("a.png")
        mask = draw("a-masklabel.png")
        draw("b-masklabel.png")
        scan = scan_pictures(folder)
        assert relatives(scan) == ["a.png"]
        assert scan.records[0].mask_path == mask
        assert scan.warnings == ("1 mask has no picture: b-masklabel.png",)


class TestRefused:
    def test_bad_files_are_listed_and_never_stop_the_rest(self, draw, folder, png_bomb):
        draw("good.png")
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "cut.jpg")
        (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-900])
        (folder / "empty.png").write_bytes(b"")
        (folder / "text.png").write_text("hello")
        (folder / "photo.heic").write_bytes(b"x")
        (folder / "work.clip").write_bytes(b"x")
        png_bomb.rename(folder / "bomb.png")
        draw("tiny.png", size=(1, 1))
        scan = scan_pictures(folder)
        assert relatives(scan) == ["good.png"]
        expected = {
            "bomb.png": "900 megapixels",
            "cut.jpg": "damaged or cut off",
            "empty.png": "0 bytes",
            "photo.heic": "is a HEIC photo, which cannot be read here; export it as PNG",
            "text.png": "it is a text file",
            "tiny.png": "only 1x1 pixels",
            "work.clip": "Clip Studio Paint",
        }
        assert list(reasons(scan)) == sorted(expected)
        for name, words in expected.items():
            assert words in reasons(scan)[name]
            assert str(folder) not in reasons(scan)[name]

    def test_two_pictures_of_one_name(self, draw, folder):
        draw("a.jpg")
        draw("a.png")
        scan = scan_pictures(folder)
        assert relatives(scan) == ["a.jpg"]
        assert "same name as a.jpg" in reasons(scan)["a.png"]

    def test_a_broken_picture_does_not_take_the_name(self, draw, folder):
        draw("a.jpg").write_bytes(b"")
        draw("a.png")
        assert relatives(scan_pictures(folder)) == ["a.png"]

    def test_damage_inside_is_found_by_verify(self, draw, folder):
        draw("good.png")
        path = draw("bad.png", size=(300, 300))
        data = bytearray(path.read_bytes())
        data[data.index(b"IDAT") + 20] ^= 255
        path.write_bytes(data)
        assert len(scan_pictures(folder).records) == 2
        assert relatives(scan_pictures(folder, verify=True)) == ["good.png"]

    def test_the_limit_of_megapixels(self, draw, folder):
        draw("a.png", size=(100, 100))
        draw("b.png", size=(200, 200))
        assert relatives(scan_pictures(folder, max_megapixels=0.02)) == ["a.png"]


class TestOddities:
    def test_small_long_and_prompts_are_said(self, draw, folder):
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", "1girl\nSteps: 20")
        draw("long.png", size=(500, 100))
        draw("prompt.png", pnginfo=info)
        draw("small.png", size=(32, 32))
        scan = scan_pictures(folder)
        assert scan.warnings == (
            "long.png: is very long: one side is more than 4 times the other",
            "prompt.png: has no caption file, but a prompt inside that could become its caption",
            "small.png: is small: its short side has less than 64 pixels",
        )
        assert scan.records[1].prompt == "1girl"


class TestNothing:
    def test_a_missing_folder_says_how_far_the_path_is_right(self, folder):
        folder.mkdir()
        with pytest.raises(PictureError) as caught:
            scan_pictures(folder / "nope" / "deep")
        assert "there is no such folder" in caught.value.message
        assert f"right up to {folder}." in caught.value.hint

    def test_a_file_instead_of_a_folder(self, draw, folder):
        path = draw("a.png")
        with pytest.raises(PictureError, match="is a file") as caught:
            scan_pictures(path)
        assert str(folder) in caught.value.hint

    def test_an_empty_folder(self, folder):
        folder.mkdir()
        with pytest.raises(PictureError, match="no files at all") as caught:
            scan_pictures(folder)
        assert "Put drawings into it" in caught.value.hint

    def test_a_folder_of_other_things_says_what_they_are(self, folder):
        folder.mkdir()
        for name in ("a.mp4", "b.mp4", "c.txt", "d.psd", "e"):
            (folder / name).write_bytes(b"x")
        with pytest.raises(PictureError) as caught:
            scan_pictures(folder)
        message = caught.value.message
        assert "1 that cannot be used, 1 caption files, 2 files with .mp4" in message
        assert "d.psd: is a Photoshop document" in message

    def test_pictures_only_below_without_recursion(self, draw, folder):
        draw("sub/a.png")
        with pytest.raises(PictureError, match="1 sub-folders, which were not read"):
            scan_pictures(folder, recursive=False)


@pytest.mark.shared_data
class TestRealFolders:
    @pytest.mark.parametrize(
        ("name", "count"), [("ankitan", 51), ("gopher-sketch", 36), ("illustrations", 21)]
    )
    def test_every_picture_is_found_with_its_caption(self, shared_data, name, count):
        scan = scan_pictures(shared_data / name)
        assert len(scan.records) == count
        assert all(record.caption for record in scan.records)
        assert scan.refused == ()
        assert scan.orphan_captions == ()

    def test_hard_cases(self, shared_data):
        scan = scan_pictures(shared_data / "prep-cases" / "import")
        assert set(reasons(scan)) == {
            "animated.webp",
            "huge_30000x30000.png",
            "one_pixel.png",
            "text_file.png",
            "truncated.jpg",
            "zero_bytes.png",
        }
        assert any(w.startswith("strip_2000x90.jpg: is very long") for w in scan.warnings)
        assert "猫 ねこ (コピー) [1].PNG" in relatives(scan)
