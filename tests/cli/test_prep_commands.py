"""Preparing from the command line: one mixed folder, as a person has it."""

import io
import shutil
import tomllib

import numpy as np
import pytest
from PIL import Image
from tests.pictures.steps.conftest import figure

from enogu.cli import run
from enogu.pictures.importing.dataset_toml import read_dataset_toml

KOHYA_SUBSET_KEYS = {
    "image_dir", "class_tokens", "is_reg", "num_repeats", "caption_extension", "shuffle_caption",
    "keep_tokens", "caption_separator", "flip_aug", "alpha_mask", "enable_wildcard",
}  # fmt: skip
"""Keys of a subset that sd-scripts knows; it refuses all others."""

SIZE = ["--set", "pictures.resolution=128", "--workers", "1"]


def barred(ground):
    image = Image.new("RGB", (160, 200), "#000000")
    image.paste(figure(ground=ground), (0, 20))
    return image


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a film still, its JPEG copy, a scan of noise, a dark picture, a torn file."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    barred("#88bbee").save(folder / "still.png")
    (folder / "still.txt").write_text("hoshi, 1girl", encoding="utf-8")
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    scene = Image.fromarray(noise).resize((180, 150), Image.Resampling.BICUBIC)
    scene.paste(figure((90, 90)), (40, 30))
    scene.save(folder / "scene.png")
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=70)
    (folder / "scene-copy.jpg").write_bytes(buffer.getvalue())
    dark = (np.asarray(figure(ground="#886644")) * 0.2).astype(np.uint8)
    Image.fromarray(dark).save(folder / "dark.png")
    monkeypatch.chdir(tmp_path)
    assert run(["pictures", "import", str(folder), "--into", "star", "--workers", "1"]) == 0
    root = tmp_path / "star"
    whole = (root / "pictures" / "scene.png").read_bytes()
    (root / "pictures" / "torn.png").write_bytes(whole[: len(whole) // 2])
    monkeypatch.chdir(root)
    return root


def verdicts(document, step):
    return {line["name"]: line["verdict"] for line in document["steps"][step]["pictures"]}


def test_the_chain_says_what_it_found_and_skips_what_holds(project, document, told):
    originals = {path: path.read_bytes() for path in (project / "pictures").iterdir()}
    made = document("prep", *SIZE)
    assert (made["outcome"], made["looked_at"], made["unchanged"]) == ("finished", 5, 0)
    assert verdicts(made, "trim")["pictures/still.png"] == "trim"
    assert verdicts(made, "quality")["pictures/dark.png"] == "flagged"
    assert verdicts(made, "duplicates")["pictures/scene-copy.jpg"] == "copy"
    assert verdicts(made, "background")["pictures/scene.png"] == "unsure"
    assert [one["name"] for one in made["refused"]] == ["pictures/torn.png"]
    page = (project / "work" / "prep-report.html").read_text(encoding="utf-8")
    assert "pictures/dark.png" in page
    assert "http" not in page
    again = document("prep", *SIZE)
    assert again["unchanged"] >= 4
    text = told("prep", "--set", "prep.background=mask", *SIZE)
    assert 'prep.background = "mask"' in text
    assert "enogu pictures duplicates --leave-out" in text
    assert {path: path.read_bytes() for path in (project / "pictures").iterdir()} == originals


def test_everything_can_be_rebuilt_without_the_work_folder(project, document):
    first = document("prep", *SIZE)
    document("pictures", "trim", "still", "--undo", *SIZE)
    shutil.rmtree(project / "work")
    made = document("prep", *SIZE)
    assert verdicts(made, "trim")["pictures/still.png"] == "taken back"
    assert made["steps"]["quality"] == first["steps"]["quality"]


def test_a_damaged_or_newer_database_is_said_and_kept(project, document):
    document("prep", *SIZE)
    damage = b"SQLite format 3\0" + b"\xff" * 8000
    (project / "work" / "records.db").write_bytes(damage)
    plan = document("plan", "--set", "pictures.resolution=128")
    assert any("damaged" in warning for warning in plan["warnings"])
    (project / "work" / "records.db").write_bytes(damage)
    made = document("prep", *SIZE)
    assert any("damaged" in warning for warning in made["warnings"])
    assert list((project / "work").glob("records-kept-*.db"))
    assert made["looked_at"] == 5


class TestDecisions:
    def test_undo_accept_and_reset(self, project, document):
        document("pictures", "trim", *SIZE)
        undone = document("pictures", "trim", "still", "--undo", *SIZE)
        assert undone["changed"] == ["pictures/still.png"]
        assert verdicts(undone, "trim")["pictures/still.png"] == "taken back"
        reset = document("pictures", "trim", "pictures/still.png", "--reset", *SIZE)
        assert verdicts(reset, "trim")["pictures/still.png"] == "trim"

    def test_a_box_drawn_by_hand(self, project, document, refused):
        made = document("pictures", "trim", "scene", "--box", "10,20,100,120", *SIZE)
        assert verdicts(made, "trim")["pictures/scene.png"] == "trim"
        made = document(
            "pictures", "regions", "scene", "--box", "face:10,20,60,70", "--box", "head:0,0,90,90",
            *SIZE,
        )  # fmt: skip
        (line,) = (
            one
            for one in made["steps"]["regions"]["pictures"]
            if one["name"] == "pictures/scene.png"
        )
        assert line["text"] == "1 face, 1 head"
        assert "does not lie in the picture" in refused(
            "pictures", "trim", "scene", "--box", "10,20,100,9999", *SIZE
        )
        assert "left,top,right,bottom" in refused(
            "pictures", "trim", "scene", "--box", "1,2,3", *SIZE
        )
        assert "Name one picture" in refused("pictures", "trim", "--box", "1,2,30,40", *SIZE)

    def test_leaving_copies_and_flagged_pictures_out_of_training(self, project, document):
        document("prep", *SIZE)
        left = document("pictures", "duplicates", "--leave-out", *SIZE)
        assert left["changed"] == ["pictures/scene-copy.jpg"]
        (group,) = left["groups"]["copies"]
        assert (group["keep"], group["copies"][0]["name"]) == (
            "pictures/scene.png", "pictures/scene-copy.jpg",
        )  # fmt: skip
        left = document("pictures", "quality", "--leave-out", *SIZE)
        assert "pictures/dark.png" in left["changed"]
        plan = document("plan", "--set", "pictures.resolution=128")
        assert any("left out because you decided so" in warning for warning in plan["warnings"])
        document("pictures", "duplicates", "--reset", *SIZE)
        document("pictures", "quality", "--reset", *SIZE)
        assert document("pictures", "quality", *SIZE)["left_out"] == []

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["trim", "stil"], "Did you mean still.png"),
            (["trim", "--undo", "--accept"], "contradict each other"),
            (["trim", "still", "--accept"], "nothing to agree to"),
            (["quality", "--leave-out", "--reset"], "contradict each other"),
        ],
    )
    def test_mistakes_are_told(self, project, refused, words, message):
        assert message in refused("pictures", *words, *SIZE)


def test_a_network_that_is_not_there_is_told(project, refused):
    message = refused("prep", "--set", "prep.background_model=no.onnx", *SIZE)
    assert "no.onnx" in message


def test_the_plan_uses_what_was_prepared_and_advises_where_nothing_was(project, document):
    size = ["--set", "pictures.resolution=128"]
    plain = document("plan", *size)
    assert any("were not prepared" in warning for warning in plain["warnings"])
    document("prep", *SIZE)
    prepared = document("plan", *size)
    assert not any("were not prepared" in warning for warning in prepared["warnings"])
    assert any("1 cut" in warning for warning in prepared["warnings"])


def test_buckets_show_each_picture_with_its_window(project, document, told, refused):
    document("prep", *SIZE)
    size = SIZE[:2]
    made = document("pictures", "buckets", *size)
    by_name = {one["name"]: one for one in made["pictures"]}
    still = by_name["still.png"]
    assert still["window"] == [0, 20, 160, 180]
    assert still["bucket"] == [128, 128]
    assert sum(one["pictures"] for one in made["buckets"]) == len(made["pictures"])
    with Image.open(made["sheet"]) as sheet:
        assert sheet.width > 500
    text = told("pictures", "buckets", "--mode", "aspects", *size)
    assert "128x128" in text
    assert "fit" in refused("pictures", "buckets", "--mode", "square", *size)


class TestExport:
    SIZE = ("--set", "pictures.resolution=128", "--workers", "1")

    def test_kohya_reads_the_data_set_back(self, project, document):
        document("prep", *SIZE)
        made = document("pictures", "export", "../out", *self.SIZE)
        out = project.parent / "out"
        assert (made["outcome"], made["folder"]) == ("finished", str(out))
        reading = read_dataset_toml(out / "dataset.toml")
        captions = {one.place.name: one.caption for one in reading.candidates}
        assert captions["still.png"] == "star, hoshi, 1girl"
        assert captions["scene.png"] == "star"
        with Image.open(out / "1_star" / "still.png") as picture:
            assert picture.size == (160, 160)
        settings = tomllib.loads((out / "dataset.toml").read_text(encoding="utf-8"))
        assert settings["datasets"][0]["resolution"] == 128
        assert set(settings["datasets"][0]["subsets"][0]) == KOHYA_SUBSET_KEYS

    def test_fitted_pictures_have_the_size_of_their_bucket(self, project, document):
        document("pictures", "export", "../out", "--as", "folder", "--fitted", *self.SIZE)
        sizes = set()
        for path in (project.parent / "out").glob("*.png"):
            with Image.open(path) as picture:
                sizes.add(tuple(side % 4 for side in picture.size))
        assert sizes == {(0, 0)}

    def test_mistakes_are_told(self, project, refused):
        assert "beside the project" in refused("pictures", "export", "pictures/out", *self.SIZE)
        (project.parent / "full").mkdir()
        (project.parent / "full" / "x").touch()
        assert "not empty" in refused("pictures", "export", "../full", *self.SIZE)
