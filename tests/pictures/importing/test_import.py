"""Importing as a whole: sources in, a project folder and a report out."""

import io
import json
import os
import tarfile
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from enogu.errors import PictureError, ProjectError
from enogu.files import sha256_file
from enogu.pictures.chain import Bounds
from enogu.pictures.importing import archive
from enogu.pictures.records import Records
from enogu.project.import_pictures import import_into


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "drawings"
    folder.mkdir()
    return folder


@pytest.fixture
def draw(source):
    rng = np.random.default_rng(0)

    def make(name, caption=None, *, size=(40, 32), **options):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, **options)
        if caption is not None:
            path.with_suffix(".txt").write_text(caption, encoding="utf-8")
        return path

    return make


@pytest.fixture
def take(tmp_path):
    def run(*sources, **options):
        return import_into(tmp_path / "project", sources, bounds=Bounds(workers=1), **options)

    return run


def captions(imported):
    root = imported.project.root
    found = {}
    for one in imported.report.kept:
        text = (root / one.place).with_suffix(".txt")
        found[one.place.removeprefix("pictures/")] = (
            text.read_text("utf-8").rstrip("\n") if text.exists() else None
        )
    return found


def refused(imported):
    return {item.origin.rpartition("/")[2]: item for item in imported.report.refused}


class TestProject:
    def test_is_made_with_copies_captions_masks_and_a_trigger(self, draw, source, take):
        path = draw("a.png", "hoshi, smile")
        draw("sub/b.png", "hoshi, hat")
        draw("a-masklabel.png")
        before = sorted((p.name, sha256_file(p)) for p in source.rglob("*") if p.is_file())
        imported = take(source)
        assert captions(imported) == {"a.png": "hoshi, smile", "sub/b.png": "hoshi, hat"}
        assert (imported.is_new, imported.trigger) == (True, "hoshi")
        root = imported.project.root
        assert sha256_file(root / "pictures" / "a.png") == sha256_file(path)
        assert (root / "pictures" / "a-masklabel.png").is_file()
        assert before == sorted((p.name, sha256_file(p)) for p in source.rglob("*") if p.is_file())
        assert sorted(p.name for p in root.parent.iterdir()) == ["drawings", "project"]
        with Records(root / "work") as records:
            assert records.facts(sha256_file(path)).width == 40

    def test_going_on_takes_only_what_is_new(self, draw, source, take):
        for number in range(4):
            draw(f"{number}.png")
        seen = []
        first = take(source, progress=lambda *s: seen.append(s), stop=lambda: len(seen) >= 2)
        assert (first.report.outcome, len(first.report.kept)) == ("stopped", 2)
        second = take(source)
        assert (second.report.outcome, second.is_new) == ("finished", False)
        assert [len(second.report.already), len(second.report.kept)] == [2, 2]
        assert take(source).report.kept == []

    def test_a_place_taken_or_inside_the_source_is_refused(self, draw, source, tmp_path):
        draw("a.png")
        with pytest.raises(ProjectError, match="is no project"):
            import_into(source, [tmp_path])
        with pytest.raises(ProjectError, match="lies inside"):
            import_into(source / "project", [source])

    def test_nothing_usable_leaves_no_project(self, source, take, tmp_path):
        (source / "a.png").write_text("hello")
        with pytest.raises(PictureError, match="it is a text file"):
            take(source)
        with pytest.raises(PictureError, match="no such file"):
            take(source / "nowhere")
        assert [path.name for path in tmp_path.iterdir()] == ["drawings"]


class TestNames:
    def test_two_pictures_of_one_caption_are_refused_with_a_proposal(self, draw, source, take):
        draw("a.jpg", "smile")
        draw("a.png")
        imported = take(source)
        item = refused(imported)["a.png"]
        assert "share one caption" in item.reason
        assert "--rename to take it as a-png.png" in item.proposal
        again = take(source, rename=True)
        assert captions(again) == {"a-png.png": "smile"}

    def test_a_broken_picture_does_not_take_the_name(self, draw, source, take):
        draw("a.jpg").write_bytes(b"")
        draw("a.png", "smile")
        assert captions(take(source)) == {"a.png": "smile"}

    def test_case_and_unicode_forms_do_not_tell_names_apart(self, draw, source, take):
        draw("A.png", "upper")
        draw("a.png", "lower")
        draw(unicodedata.normalize("NFD", "が") + ".png", "ga")
        found = captions(take(source))
        assert found == {"A.png": "upper", "a-2.png": "lower", "が.png": "ga"}

    def test_names_that_some_system_forbids_are_mended_and_said(self, draw, source, take):
        draw('what? "x".png', "smile")
        draw("con.PNG", "hat")
        imported = take(source)
        assert captions(imported) == {"what_ _x_.png": "smile", "_con.png": "hat"}
        assert any("does not work on every system" in n for n in imported.report.kept[0].notes)

    def test_a_wrong_ending_is_mended(self, draw, source, take):
        draw("a.png").rename(source / "a.jpg")
        (kept,) = take(source).report.kept
        assert kept.place == "pictures/a.png"
        assert "saved as .png" in kept.notes[0]

    def test_equal_files_are_taken_once(self, draw, source, take):
        (source / "b.png").write_bytes(draw("a.png").read_bytes())
        report = take(source).report
        assert len(report.kept) == len(report.already) == 1


class TestSidecars:
    def test_of_other_tools_are_read(self, draw, source, take):
        draw("booru.jpg")
        (source / "booru.jpg.txt").write_text("long_hair\n^_^\nlong_hair\n")
        draw("board.jpg")
        (source / "board.jpg.json").write_text(
            json.dumps({"tag_string_general": "red_eyes hat", "tag_string_artist": "someone"})
        )
        draw("e.jpg")
        (source / "e.jpg.json").write_text(json.dumps({"tags": {"general": ["sea", "sky"]}}))
        draw("00000.jpg")
        (source / "00000.json").write_text(json.dumps({"caption": "A cat.", "key": "00000"}))
        draw("meta/one.png")
        draw("meta/two.png")
        (source / "meta" / "meta_lat.json").write_text(
            json.dumps({"one": {"caption": "a\nb", "tags": "x, y"}, "two": {"tags": "z"}})
        )
        draw("table/t.png")
        (source / "table" / "metadata.jsonl").write_text(
            '{"file_name": "t.png", "text": "a table"}\n'
        )
        assert captions(take(source)) == {
            "00000.jpg": "A cat.",
            "board.jpg": "red eyes, hat",
            "booru.jpg": "long hair, ^_^",
            "e.jpg": "sea, sky",
            "meta/one.png": "a, x, y\nb, x, y",
            "meta/two.png": "z",
            "table/t.png": "a table",
        }

    def test_prompts_inside_are_offered_and_taken_when_asked(self, draw, source, take):
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", "1girl, (red_hair:1.2), <lora:x:1>\nSteps: 20, Seed: 1, CFG: 7")
        draw("a.png", pnginfo=info)
        draw("b.png", "own", pnginfo=info)
        offered = take(source)
        assert any("--use-prompts" in note for note in offered.report.notes)
        assert captions(offered)["a.png"] is None

    def test_prompts_become_plain_tags(self, draw, source, take):
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", "1girl, (red_hair:1.2), <lora:x:1>\nSteps: 20, Seed: 1, CFG: 7")
        draw("a.png", pnginfo=info)
        assert captions(take(source, use_prompts=True)) == {"a.png": "1girl, red hair"}

    def test_pickle_files_are_named_and_never_opened(self, draw, source, take, monkeypatch):
        draw("a.png")
        (source / "a.pkl").write_bytes(b"x")
        (source / ".a_meta.json").write_bytes(b"\x80\x04x")
        assert any("never opened" in note for note in take(source).report.notes)
        with pytest.raises(PictureError, match="can run code"):
            take(source / "a.pkl")


class TestKohya:
    def test_a_dataset_toml_brings_pictures_captions_repeats_and_settings(
        self, draw, source, take, tmp_path
    ):
        draw("train/a.png").with_suffix(".caption").write_text("smile")
        draw("train/deeper/z.png")
        draw("reg/r.png")
        (source / "dataset.toml").write_text(
            """
[general]
shuffle_caption = true
keep_tokens = 2
odd_key = 1
[[datasets]]
resolution = 512
batch_size = 3
  [[datasets.subsets]]
  image_dir = 'train'
  num_repeats = 5
  class_tokens = 'mychar girl'
  caption_prefix = 'best,'
  [[datasets.subsets]]
  image_dir = 'reg'
  is_reg = true
  class_tokens = 'girl'
"""
        )
        imported = take(source / "dataset.toml")
        assert captions(imported) == {
            "5_mychar girl/a.png": "best, smile",
            "regularisation/1_girl/r.png": None,
        }
        config = imported.project.resolved.config
        assert (config.pictures.resolution, config.train.batch_size) == (512, 3)
        assert (config.captions.shuffle, config.captions.keep_tags) == (True, 2)
        assert config.pictures.regularisation == "regularisation"
        assert any("odd_key" in note for note in imported.report.notes)

    def test_folders_keep_their_meaning_also_when_given_alone(self, draw, source, take):
        draw("10_mychar/a.png", "x")
        assert captions(take(source / "10_mychar")) == {"10_mychar/a.png": "x"}

    def test_a_metadata_json_names_its_pictures(self, draw, source, take):
        path = draw("a.png")
        draw("left.png")
        meta = source / "meta_cap.json"
        meta.write_text(json.dumps({str(path): {"caption": "cat"}, "gone": {"caption": "dog"}}))
        imported = take(meta)
        assert captions(imported) == {"a.png": "cat"}
        assert [item.origin for item in imported.report.refused] == [f"{meta}: gone"]


class TestArchives:
    def pictures(self, draw):
        return draw("a.png").read_bytes(), draw("b.png").read_bytes()

    def test_are_unpacked_without_what_leads_out(self, draw, source, take, tmp_path):
        one, two = self.pictures(draw)
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as opened:
            opened.writestr("in/a.png", one)
            opened.writestr("in/a.txt", "smile")
            opened.writestr("../evil.png", two)
            opened.writestr("/abs.png", two)
            opened.writestr("C:\\w.png", two)
            opened.writestr("__MACOSX/in/._a.png", b"x")
            opened.writestr("run.exe", b"x")
            link = zipfile.ZipInfo("link.png")
            link.external_attr = 0o120777 << 16
            opened.writestr(link, "/etc/passwd")
        imported = take(path)
        assert captions(imported) == {"in/a.png": "smile"}
        assert {item.origin.partition(": ")[2] for item in imported.report.refused} == {
            "../evil.png",
            "/abs.png",
            "C:\\w.png",
            "link.png",
        }
        assert not (tmp_path / "evil.png").exists()

    def test_tar_shards_with_links_are_safe(self, draw, take, tmp_path):
        one, _ = self.pictures(draw)
        path = tmp_path / "00000.tar"
        with tarfile.open(path, "w") as opened:
            for name, data in (("k.png", one), ("k.txt", b"hat"), ("../out.png", one)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                opened.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo("l.png")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            opened.addfile(link)
        imported = take(path)
        assert captions(imported) == {"k.png": "hat"}
        assert len(imported.report.refused) == 2

    def test_japanese_names_of_windows_are_read(self, draw, take, tmp_path):
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as opened:
            opened.writestr("XX.png", self.pictures(draw)[0])
        path.write_bytes(path.read_bytes().replace(b"XX.png", "猫".encode("cp932") + b".png"))
        assert captions(take(path)) == {"猫.png": None}

    def test_bombs_and_broken_archives_are_refused(self, take, tmp_path, monkeypatch):
        monkeypatch.setattr(archive, "_FREE_OF_RATIO_BYTES", 1 << 20)
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("a.bmp", b"\0" * (4 << 20))
        with pytest.raises(PictureError, match="taken for a bomb"):
            take(path)
        path.write_bytes(b"PK\x03\x04 broken")
        with pytest.raises(PictureError, match="cannot be unpacked"):
            take(path)


class TestOddFolders:
    def test_links_out_are_followed_only_when_asked(self, draw, source, take, tmp_path):
        draw("a.png")
        (tmp_path / "far").mkdir()
        Image.new("RGB", (40, 40)).save(tmp_path / "far" / "b.png")
        os.symlink(tmp_path / "far" / "b.png", source / "b.png")
        os.symlink(tmp_path / "far", source / "deep")
        os.symlink(source, source / "loop")
        assert set(captions(take(source))) == {"a.png"}
        assert len(take(source, follow_links=True).report.kept) == 1

    def test_a_file_that_changes_or_goes_is_said(self, draw, source, take, monkeypatch):
        from enogu.pictures.importing import fetch

        draw("a.png")
        draw("b.png")
        gone = draw("c.png")
        original = fetch.hashlib.sha256

        def changing(*data):
            with (source / "b.png").open("ab") as handle:
                handle.write(b"x")
            gone.unlink(missing_ok=True)
            return original(*data)

        monkeypatch.setattr(fetch.hashlib, "sha256", changing)
        found = refused(take(source))
        assert "changed while it was read" in found["b.png"].reason
        assert "went away" in found["c.png"].reason

    def test_an_unreadable_file_is_said(self, draw, source, take):
        draw("a.png")
        os.mkfifo(source / "pipe.png")
        assert "no ordinary file" in refused(take(source))["pipe.png"].reason


@pytest.mark.shared_data
class TestRealCases:
    def test_every_import_case_is_kept_or_refused_as_expected(self, shared_data, take):
        imported = take(shared_data / "prep-cases" / "import")
        assert set(refused(imported)) == {
            "animated.webp",
            "huge_30000x30000.png",
            "one_pixel.png",
            "text_file.png",
            "truncated.jpg",
            "zero_bytes.png",
        }
        notes = {one.place.rpartition("/")[2]: " ".join(one.notes) for one in imported.report.kept}
        assert len(notes) == 17
        for name, words in {
            "exif_rotate6.jpg": "turned upright",
            "cmyk.jpg": "CMYK",
            "grey16.png": "16 bits",
            "png_named.png": "saved as .png",
            "animated.gif": "first of 4 frames",
            "strip_2000x90.jpg": "very long",
        }.items():
            assert words in notes[name], name
        with Records(imported.project.work_dir) as records:
            turned = next(f for f in records.files() if f.relative.endswith("exif_rotate6.jpg"))
            facts = records.facts(turned.picture_id)
            clear = [f for f in records.files() if f.relative.endswith("hidden_magenta.png")]
            assert records.facts(clear[0].picture_id).has_alpha
        # The file is the plain scene stored on its side; upright it lies again.
        assert (facts.orientation, facts.width > facts.height) == (6, True)
