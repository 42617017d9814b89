import json
import pickle

import numpy as np
import pytest
from PIL import Image
from tests.pictures.steps.conftest import figure

from enogu.errors import ProjectError
from enogu.pictures.box import Box
from enogu.pictures.chain import Outcome
from enogu.pictures.onnx_file import network_digest
from enogu.pictures.pixels import parse_colour
from enogu.pictures.records import Region
from enogu.pictures.regions.found import SUBJECT
from enogu.pictures.steps import (
    BackgroundStep,
    FingerprintStep,
    QualityStep,
    RegionsStep,
    TrimStep,
    fingerprint_of,
    regions_of,
)


def framed(bar=20):
    """The figure between two black bars, as a film has them."""
    image = Image.new("RGB", (160, 160 + 2 * bar), "#000000")
    image.paste(figure(ground="#88bbee"), (0, bar))
    return image


STEPS = (TrimStep(), BackgroundStep(), RegionsStep(), QualityStep(), FingerprintStep())


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_what_a_step_finds_and_is_set_to_can_be_kept(step, picture):
    outcome = step.run(picture(), {})
    assert json.loads(json.dumps(dict(outcome.values))) == dict(outcome.values)
    assert json.loads(json.dumps(dict(step.settings()))) == dict(step.settings())
    assert pickle.loads(pickle.dumps(step)) == step


class TestTrim:
    def test_cuts_the_bars_off(self, picture, kept):
        step, shown = TrimStep(), picture(framed())
        outcome = step.run(shown, {})
        assert outcome.verdict == "trim"
        assert outcome.values["reasons"] == ["letterbox"]
        result, files = kept(step, outcome)
        after = step.apply(shown, result, files)
        assert after.origin == Box(0, 20, 160, 180)

    def test_switched_off_it_keeps_all(self, picture):
        outcome = TrimStep(enabled=False).run(picture(framed()), {})
        assert (outcome.verdict, outcome.values["box"]) == ("keep", [0, 0, 160, 200])

    def test_a_decision_without_a_box_is_refused_with_its_place(self, picture, kept):
        step, shown = TrimStep(), picture()
        result, files = kept(step, step.run(shown, {}), values={"box": [3, 3, 3, 9]})
        with pytest.raises(ProjectError, match="trim of aaaa"):
            step.apply(shown, result, files)


class TestBackground:
    def test_masks_are_as_large_as_the_original_and_empty_where_trimmed(self, picture):
        shown = picture(framed(), origin=Box(0, 20, 160, 180))
        outcome = BackgroundStep().run(shown, {})
        assert outcome.verdict == "flat"
        mask = outcome.files["mask"]
        assert mask.shape == (200, 160)
        assert not mask[:20].any()
        assert mask[20 + 60, 80] == 255
        (subject,) = outcome.regions
        assert subject.kind == SUBJECT
        assert 40 <= subject.box.top <= 46

    @pytest.mark.parametrize(("use", "channels"), [("colour", 3), ("transparent", 4)])
    def test_another_background_is_kept_and_shown(self, picture, kept, use, channels):
        step, shown = BackgroundStep(use=use, colour="#00ff00"), picture(figure(ground="#88bbee"))
        outcome = step.run(shown, {})
        assert outcome.files["picture"].shape == (160, 160, channels)
        result, files = kept(step, outcome)
        after = step.apply(shown, result, files)
        wanted = parse_colour("#00ff00" if use == "colour" else "#ffffff")
        assert tuple(after.pixels[2, 2]) == wanted
        assert tuple(after.pixels[60, 80]) == tuple(shown.pixels[60, 80])
        assert (after.alpha is not None) == (use == "transparent")

    def test_what_is_unsure_changes_nothing(self, picture, kept):
        noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
        step, shown = BackgroundStep(use="colour"), picture(Image.fromarray(noise))
        result, files = kept(step, step.run(shown, {}))
        assert result.verdict == "unsure"
        assert step.apply(shown, result, files) is shown

    def test_weighing_the_loss_needs_no_other_files_than_keeping(self):
        assert BackgroundStep(use="mask").settings() == BackgroundStep().settings()
        assert BackgroundStep(use="colour").settings() != BackgroundStep().settings()


class TestRegions:
    def test_take_the_subject_over_and_what_a_person_drew(self, picture, kept):
        background = BackgroundStep()
        found, _ = kept(background, background.run(picture(), {}))
        step = RegionsStep()
        outcome = step.run(picture(), {"background": found})
        assert outcome.verdict == "found"
        result, _ = kept(step, outcome, values={"drawn": [["face", 50, 20, 110, 70]]})
        face, subject = regions_of(result, Box(40, 10, 160, 160))
        assert (face.kind, face.box, face.source) == ("face", Box(10, 10, 70, 60), "person")
        assert (subject.kind, subject.source) == (SUBJECT, "mask")

    def test_a_drawn_box_stands_in_for_those_of_its_kind(self, kept):
        step = RegionsStep()
        found = (Region(kind="face", box=Box(0, 0, 9, 9), score=0.4),)
        result, _ = kept(
            step,
            _outcome(found),
            values={"drawn": [["face", 1, 1, 8, 8]]},
        )
        (face,) = regions_of(result, Box(0, 0, 20, 20))
        assert face.box == Box(1, 1, 8, 8)

    def test_nothing_gives_none(self, picture):
        assert RegionsStep().run(picture(), {}).verdict == "none"

    @pytest.mark.parametrize(
        "drawn", [["face", 1, 2, 3], [7, 1, 2, 3, 4], "face", ["f", 5, 5, 5, 9]]
    )
    def test_a_damaged_decision_is_refused(self, kept, drawn):
        result, _ = kept(RegionsStep(), _outcome(()), values={"drawn": [drawn]})
        with pytest.raises(ProjectError, match="drawn in picture aaaa"):
            regions_of(result, Box(0, 0, 20, 20))


def _outcome(regions):

    return Outcome(verdict="found", regions=regions)


def test_quality_says_what_is_wrong(picture):
    clean = QualityStep().run(picture(), {})
    assert (clean.verdict, clean.values["faults"]) == ("clean", [])
    dark = Image.fromarray((np.asarray(figure()) * 0.2).astype(np.uint8))
    flagged = QualityStep().run(picture(dark), {})
    assert flagged.verdict == "flagged"
    assert flagged.values["faults"] == ["dark"]
    assert len(flagged.values["messages"]) == 1


def test_fingerprints_come_back_and_damage_is_told(picture, kept):
    step = FingerprintStep()
    result, _ = kept(step, step.run(picture(), {}))
    assert (fingerprint_of(result).width, fingerprint_of(result).height) == (160, 160)
    for data in (None, "x", result.values["data"][:-8]):
        broken, _ = kept(step, step.run(picture(), {}), values={"data": data})
        with pytest.raises(ProjectError, match="--redo"):
            fingerprint_of(broken)


class TestNetworks:
    """Networks that a person brings, through the steps, in tiny form."""

    def test_a_mask_network_is_asked_where_the_picture_alone_does_not_tell(
        self, picture, write_network
    ):
        # Red of the picture, halved twice so that it is a mask of one channel from 0 to 1.
        path = write_network(
            [("Slice", ["picture", "from", "to", "axis"], ["red"])],
            {"red": [1, 1, 32, 32]},
            constants=[
                ("from", np.array([0])), ("to", np.array([1])), ("axis", np.array([1])),
            ],
        )  # fmt: skip
        card = {"input": {"width": 32, "height": 32, "divide_by": 255, "fit": "stretch"}}
        path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
        pixels = np.random.default_rng(0).integers(0, 40, (64, 64, 3), dtype=np.uint8)
        pixels[16:48, 16:48, 0] = 255
        shown = picture(Image.fromarray(pixels))
        step = BackgroundStep(model=path, model_digest=network_digest(path))
        assert BackgroundStep().run(shown, {}).values["method"] != "model"
        outcome = step.run(shown, {})
        assert outcome.values["method"] == "model"
        mask = outcome.files["mask"]
        assert mask[32, 32] > 200
        assert mask[2, 2] < 60
        assert step.settings()["model"] != BackgroundStep().settings()["model"]

    def test_boxes_of_a_detector_are_in_pixels_of_the_original(self, picture, write_network):
        answer = np.array([[16, 16, 8, 8, 0.9]], dtype=np.float32).T[None]
        path = write_network(
            [("ReduceSum", ["picture"], ["sum"], {"keepdims": 0}),
             ("Mul", ["sum", "nothing"], ["none"]), ("Add", ["none", "boxes"], ["out"])],
            {"out": [1, 5, 1]},
            constants=[("nothing", np.array(0, np.float32)), ("boxes", answer)],
        )  # fmt: skip
        card = {"input": {"width": 32, "height": 32}, "output": {"labels": ["face"]}}
        path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
        step = RegionsStep(detector=path, detector_digest=network_digest(path))
        shown = picture(origin=Box(0, 20, 128, 148))
        outcome = step.run(shown, {})
        (face,) = outcome.regions
        assert outcome.verdict == "found"
        assert (face.kind, face.box, face.score) == ("face", Box(48, 68, 80, 100), 0.9)
