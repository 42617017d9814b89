"""Each form is read back by the reader that it is made for, or by one of the same rules."""

import gc
import json
import shutil
import tarfile
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from enogu.errors import StorageError, UserError
from enogu.pictures.box import Box
from enogu.pictures.buckets import BucketSize, cover
from enogu.pictures.exporting import ExportSettings, export_samples, name_samples
from enogu.pictures.exporting import write as writing
from enogu.pictures.importing.folder import read_folder
from enogu.pictures.scan import scan_pictures

WORDS = "hoshi, 1girl, smile"


@pytest.fixture
def records(tmp_path):
    """A plain JPEG, a transparent PNG, one with a mask in a folder of repeats, one to be cut."""
    folder = tmp_path / "pictures"
    (folder / "3_hoshi").mkdir(parents=True)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (24, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "plain.jpg", quality=95)
    clear = np.dstack([pixels, np.full((24, 40), 255, np.uint8)])
    clear[:, :10, 3] = 0
    Image.fromarray(clear).save(folder / "clear.v2.png")
    Image.fromarray(pixels).save(folder / "3_hoshi" / "masked.png")
    mask = np.zeros((24, 40), np.uint8)
    mask[4:20, 8:30] = 255
    Image.fromarray(mask).save(folder / "3_hoshi" / "masked-masklabel.png")
    for stem in ("plain", "clear.v2", "3_hoshi/masked"):
        (folder / f"{stem}.txt").write_text(f"{WORDS}, {stem[:5]}", encoding="utf-8")
    return scan_pictures(folder).records


@pytest.fixture
def export(records, tmp_path):
    def made(form, *, fit_of=None, out="out", chosen=None, stop=None, **settings):
        samples = name_samples(chosen or records, lambda one: one.caption or "", fit_of)
        return export_samples(
            samples, tmp_path / out, form, ExportSettings(**settings), stop=stop,
            dataset=None, bounds=None,
        )  # fmt: skip

    return made


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image)


class TestFolder:
    def test_comes_back_with_captions_and_masks(self, export, records):
        report = export("folder")
        assert (report.outcome, report.written, report.masks) == ("finished", 3, 1)
        back = {one.relative: one for one in scan_pictures(report.folder).records}
        assert set(back) == {"plain.jpg", "clear_v2.png", "3_hoshi-masked.png"}
        assert back["plain.jpg"].caption == f"{WORDS}, plain"
        assert back["3_hoshi-masked.png"].mask_path is not None

    def test_a_plain_file_is_passed_on_as_it_is(self, export, records):
        report = export("folder")
        (plain,) = (one for one in records if one.relative == "plain.jpg")
        assert (report.folder / "plain.jpg").read_bytes() == plain.path.read_bytes()

    def test_nothing_hidden_under_transparency_gets_out(self, export):
        pixels = pixels_of(export("folder", background="#00ff00").folder / "clear_v2.png")
        assert pixels.shape == (24, 40, 3)
        assert (pixels[:, :10] == (0, 255, 0)).all()
        cut = pixels_of(export("folder", keep_alpha=True, out="cut").folder / "clear_v2.png")
        assert cut.shape == (24, 40, 4)

    def test_turned_pictures_are_written_upright(self, export, records, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        path = tmp_path / "pictures" / "turned.jpg"
        Image.new("RGB", (40, 24), "#ff0000").save(path, exif=exif)
        report = export("folder", chosen=scan_pictures(path.parent).records)
        with Image.open(report.folder / "turned.png") as image:
            assert image.size == (24, 40)

    def test_only_the_part_that_counts_is_written_at_the_size_of_its_bucket(self, export, records):
        (plain,) = (one for one in records if one.relative == "plain.jpg")
        part = replace(plain, crop=Box(4, 2, 36, 22), width=32, height=20, part="face")
        fit = cover(BucketSize(32, 20), BucketSize(16, 16))
        report = export("folder", chosen=[part], fit_of=lambda one: fit)
        (path,) = report.folder.glob("*.png")
        assert path.stem.endswith("-face") or "masklabel" in path.stem
        assert pixels_of(path).shape[:2] == (16, 16)


class TestKohya:
    def test_folders_say_repeats_and_masks_lie_in_the_alpha_channel(self, export):
        report = export("kohya")
        assert sorted(path.name for path in report.folder.iterdir()) == ["1_pictures", "3_hoshi"]
        reading = read_folder(report.folder)
        captions = {str(one.place): one.caption for one in reading.candidates}
        assert captions["3_hoshi/3_hoshi-masked.png"] == f"{WORDS}, 3_hos"
        masked = pixels_of(report.folder / "3_hoshi" / "3_hoshi-masked.png")
        assert masked.shape == (24, 40, 4)
        assert (masked[10, 10, 3], masked[0, 0, 3]) == (255, 0)
        assert not list(report.folder.rglob("*masklabel*"))


class TestWebDataset:
    # The library leaves its files to the garbage collector.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.filterwarnings("ignore::ResourceWarning")
    def test_the_library_reads_the_shards(self, export):
        webdataset = pytest.importorskip("webdataset")
        report = export("webdataset", shard_size=2)
        shards = sorted(path.name for path in report.folder.glob("*.tar"))
        assert shards == ["00000.tar", "00001.tar"]
        urls = [str(report.folder / name) for name in shards]
        read = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False))
        gc.collect()
        assert [one["__key__"] for one in read] == ["000000000", "000000001", "000010000"]
        assert {one["txt"].decode() for one in read} == {
            f"{WORDS}, plain", f"{WORDS}, clear", f"{WORDS}, 3_hos",
        }  # fmt: skip
        (masked,) = (one for one in read if "mask.png" in one)
        assert json.loads(masked["json"])["repeats"] == 3

    def test_each_shard_has_a_table_of_its_metadata(self, export):
        parquet = pytest.importorskip("pyarrow.parquet")
        report = export("webdataset", shard_size=2)
        rows = parquet.read_table(report.folder / "00001.parquet").to_pylist()
        assert [row["key"] for row in rows] == ["000010000"]
        assert rows[0]["status"] == "success"

    def test_a_stopped_export_keeps_whole_shards_and_goes_on(self, export, records, tmp_path):
        asked = []

        def stop():
            asked.append(None)
            return len(asked) > 2

        assert export("webdataset", shard_size=1, stop=stop).outcome == "stopped"
        assert not (tmp_path / "out").exists()
        before = {p.name for p in (tmp_path / ".out.part").glob("*.tar")}
        assert 0 < len(before) < 3
        report = export("webdataset", shard_size=1)
        assert report.outcome == "finished"
        names = []
        for shard in sorted(report.folder.glob("*.tar")):
            with tarfile.open(shard) as tar:
                names += [m.name for m in tar if m.name.endswith(".txt")]
        assert names == ["000000000.txt", "000010000.txt", "000020000.txt"]


class TestDiffusers:
    def test_the_reader_of_imagefolder_finds_every_picture(self, export):
        arrow = pytest.importorskip("pyarrow.json")
        report = export("diffusers")
        table = arrow.read_json(report.folder / "train" / "metadata.jsonl").to_pylist()
        assert {row["file_name"] for row in table} == {
            path.name for path in (report.folder / "train").iterdir()
        } - {"metadata.jsonl"}
        assert all(row["text"].startswith(WORDS) for row in table)
        assert (report.folder / "masks" / "3_hoshi-masked.png").is_file()
        assert any("masks/" in note for note in report.notes)


class TestNames:
    def test_names_differ_on_every_system(self, records):
        same = [
            replace(records[0], relative=relative)
            for relative in ("a/b.png", "a-b.png", "A-B.png", "con.png", "x.y.png")
        ]
        stems = [one.stem for one in name_samples(same, lambda one: "")]
        assert stems == ["a-b", "a-b-2", "A-B-3", "_con", "x_y"]


class TestStops:
    def test_a_stopped_export_goes_on_unless_the_samples_changed(self, export, tmp_path):
        export("folder", stop=iter([False, True, True]).__next__)
        part = tmp_path / ".out.part"
        (first,) = (
            p for p in part.iterdir() if p.suffix in (".png", ".jpg") and "masklabel" not in p.stem
        )
        first.write_bytes(b"kept as it is")
        assert (export("folder").folder / first.name).read_bytes() == b"kept as it is"
        shutil.rmtree(tmp_path / "out")
        export("folder", stop=iter([False, True, True]).__next__)
        first.write_bytes(b"of other settings")
        report = export("folder", background="#123456")
        assert (report.folder / first.name).read_bytes() != b"of other settings"

    def test_a_folder_with_something_in_it_is_refused(self, export, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(UserError, match="not empty"):
            export("folder")

    def test_a_picture_that_went_away_is_told_and_the_rest_written(self, export, records):
        records[-1].path.unlink()
        report = export("folder")
        assert report.written == 2
        assert [name for name, _ in report.refused] == [records[-1].name]

    def test_a_full_disk_is_told_and_what_was_written_stays(self, export, tmp_path, monkeypatch):
        usage = namedtuple("Usage", "total used free")
        free = iter([1 << 40, 0])
        monkeypatch.setattr(writing.shutil, "disk_usage", lambda _: usage(1, 1, next(free)))
        with pytest.raises(StorageError, match="full"):
            export("folder")
        monkeypatch.undo()
        assert export("folder").outcome == "finished"
