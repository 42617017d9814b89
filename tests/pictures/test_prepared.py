"""Samples made of scanned pictures and what the chain found, over a real folder and records."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.pictures.steps.conftest import figure

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.chain import Loader, look_at_files, run_chain
from enogu.pictures.prepared import NOT_PREPARED, Preparation, apply_preparation
from enogu.pictures.record_pixels import read_mask, read_record
from enogu.pictures.records import LEAVE_OUT, SKIP, USE_STEP, Decision, Decisions, Records
from enogu.pictures.regions import CropSettings
from enogu.pictures.scan import scan_pictures
from enogu.pictures.steps import BackgroundStep, RegionsStep, TrimStep

WHITE = {"background": "#ffffff", "max_megapixels": 10}


def barred(bar=20):
    image = Image.new("RGB", (160, 160 + 2 * bar), "#000000")
    image.paste(figure(ground="#88bbee"), (0, bar))
    return image


class Work:
    """A folder of pictures, its records and decisions."""

    def __init__(self, root):
        self.root = root
        self.pictures = root / "pictures"
        self.pictures.mkdir()
        self.decisions = Decisions(root / "decisions.jsonl")

    def draw(self, name, image, caption=None):
        image.save(self.pictures / name)
        if caption is not None:
            (self.pictures / name).with_suffix(".txt").write_text(caption, encoding="utf-8")

    def scan(self):
        return scan_pictures(self.pictures).records

    def prepare(self, use="keep"):
        with Records(self.root / "work") as records:
            look_at_files(self.root, [one.path for one in self.scan()], records)
            entries = list(records.files())
            steps = (TrimStep(), BackgroundStep(use=use, colour="#00ff00"), RegionsStep())
            run_chain(self.root, entries, steps, records, self.decisions, loader=Loader())

    def samples(self, **changes):
        with Records(self.root / "work") as records:
            preparation = Preparation(
                results=records.results, decisions=self.decisions, derived=records.derived
            )
            return apply_preparation(self.scan(), replace(preparation, **changes))

    def decide(self, step, verdict, **values):
        (record,) = self.scan()
        self.decisions.add(
            [Decision(picture_id=record.id, step=step, verdict=verdict, values=values)]
        )


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def test_pictures_that_were_not_prepared_pass_through_and_it_is_said(work):
    work.draw("a.png", barred(), "hoshi, 1girl")
    samples = work.samples()
    assert samples.records == work.scan()
    assert samples.notes == (NOT_PREPARED,)


def test_bars_are_cut_where_the_original_stays(work):
    work.draw("a.png", barred(), "hoshi, 1girl")
    before = (work.pictures / "a.png").read_bytes()
    work.prepare()
    (sample,) = work.samples().records
    assert sample.crop == Box(0, 20, 160, 180)
    assert (sample.width, sample.height) == (160, 160)
    pixels = read_record(sample, **WHITE).pixels
    assert np.array_equal(pixels, np.asarray(figure(ground="#88bbee")))
    assert (work.pictures / "a.png").read_bytes() == before


def test_what_was_taken_back_has_no_effect(work):
    work.draw("a.png", barred())
    work.prepare()
    work.decide("trim", SKIP)
    work.prepare()
    (sample,) = work.samples().records
    assert sample.crop is None


def test_a_mask_fits_the_trimmed_picture_and_a_drawn_one_wins(work):
    work.draw("a.png", barred())
    work.prepare()
    samples = work.samples(use="mask")
    (sample,) = samples.records
    mask = read_mask(sample, max_megapixels=10)
    assert mask.shape == (160, 160)
    assert (mask[2, 2], mask[60, 80]) == (0, 255)
    assert samples.num_masked == 1
    Image.new("L", (160, 200), 255).save(work.pictures / "a-masklabel.png")
    (sample,) = work.samples(use="mask").records
    assert read_mask(sample, max_megapixels=10).min() == 255


def test_a_mask_of_another_size_is_refused(work):
    work.draw("a.png", figure())
    Image.new("L", (80, 80), 255).save(work.pictures / "a-masklabel.png")
    (record,) = work.scan()
    with pytest.raises(PictureError, match="not the size of its picture"):
        read_mask(record, max_megapixels=10)


def test_another_background_is_shown_and_said(work):
    work.draw("a.png", figure(ground="#88bbee"), "hoshi, blue background, 1girl")
    work.prepare(use="colour")
    (sample,) = work.samples(use="colour", colour="#ffffff").records
    assert sample.caption == "hoshi, 1girl, white background"
    assert tuple(read_record(sample, **WHITE).pixels[2, 2]) == (0, 255, 0)
    assert sample.changes == {"derived": sample.derived_path.stem}


def test_lost_derived_files_are_said_and_the_picture_is_used_as_it_came(work):
    work.draw("a.png", figure(ground="#88bbee"))
    work.prepare(use="colour")
    (sample,) = work.samples(use="colour").records
    sample.derived_path.unlink()
    samples = work.samples(use="colour")
    assert samples.records[0].derived_path is None
    assert any("are gone" in note for note in samples.notes)


def test_extra_samples_follow_their_picture_with_fitting_captions(work):
    work.draw("a.png", figure(size=(400, 400)), "hoshi, full body, boots, smile")
    work.prepare()
    work.decide("regions", "found", drawn=[["head", 120, 60, 280, 200]])
    samples = work.samples(crops=CropSettings(min_side_px=64))
    whole, *extra = samples.records
    assert [one.part for one in extra] == ["face", "full"]
    assert samples.num_extra == 2
    face = extra[0]
    assert face.caption == "hoshi, portrait, smile"
    assert face.name == "a.png (face)"
    assert (face.id, face.relative) == (whole.id, whole.relative)
    assert read_record(face, **WHITE).pixels.shape == (face.height, face.width, 3)
    assert whole.keep[0] == Box(120, 60, 280, 200)


def test_pictures_that_a_person_left_out_are_gone_until_reset(work):
    work.draw("a.png", figure())
    work.prepare()
    work.decide(USE_STEP, LEAVE_OUT)
    samples = work.samples()
    assert samples.records == ()
    assert [one.path.name for one in samples.left_out] == ["a.png"]
    work.decisions.take_back(USE_STEP, [work.scan()[0].id])
    assert len(work.samples().records) == 1


def test_of_equal_files_the_one_that_is_kept_stays(work):
    work.draw("a.png", figure())
    work.draw("b.png", figure())
    first = work.scan()[0]
    work.decisions.add(
        [Decision(picture_id=first.id, step=USE_STEP, verdict=LEAVE_OUT, values={"keep": "b.png"})]
    )
    assert [one.relative for one in work.samples().records] == ["b.png"]


def test_new_pictures_are_counted(work):
    work.draw("a.png", figure())
    work.prepare()
    work.draw("b.png", barred())
    samples = work.samples()
    assert samples.num_prepared == 1
    assert any("1 pictures are new" in note for note in samples.notes)
