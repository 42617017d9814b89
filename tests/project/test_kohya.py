"""Runs of sd-scripts become projects, and projects runs of sd-scripts."""

import json

import pytest
from PIL import Image

from enogu.errors import ConfigError, PictureError, ProjectError
from enogu.project import open_project
from enogu.project.export_kohya import export_kohya
from enogu.project.import_kohya import import_kohya

CONFIG = """
pretrained_model_name_or_path = "base.safetensors"
output_name = "star"
network_dim = 8
network_alpha = 4
learning_rate = 1e-4
network_train_unet_only = true
max_train_steps = 300
shuffle_caption = true
keep_tokens = 1
resolution = "256"
enable_bucket = true
max_bucket_reso = 512
xformers = true
"""

DATASET = """
[general]
caption_extension = ".txt"
keep_tokens = 2
[[datasets]]
batch_size = 3
  [[datasets.subsets]]
  image_dir = "heap"
  num_repeats = 5
  class_tokens = "hoshi girl"
  flip_aug = true
  conditioning_data_dir = "masks"
  [[datasets.subsets]]
  image_dir = "reg"
  is_reg = true
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("train/10_hoshi", "train/2_hoshi girl", "heap", "reg", "masks"):
        (tmp_path / folder).mkdir(parents=True)
    for number, name in enumerate(
        ("train/10_hoshi/a", "train/2_hoshi girl/b", "heap/c", "heap/d", "reg/r", "masks/c")
    ):
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (96, 64), (40 * number, 90, 200)).save(path)
        if number < 4:
            path.with_suffix(".txt").write_text(f"hoshi, 1girl, tag{number}", encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "dataset.toml").write_text(DATASET, encoding="utf-8")
    return tmp_path


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_settings_and_folders_become_a_project(place):
    made = import_kohya(["config.toml", "--train_data_dir", "train"])
    assert made.root == place / "star"
    assert files(made.root / "pictures") == {
        "10_hoshi/a.png",
        "10_hoshi/a.txt",
        "2_hoshi girl/b.png",
        "2_hoshi girl/b.txt",
    }
    config = open_project(made.root).resolved.config
    assert (config.base, config.train.name) == ("base.safetensors", "star")
    assert (config.train.rank, config.train.steps, config.train.text_encoder) == (8, 300, False)
    assert (config.captions.trigger, config.captions.keep_tags) == ("hoshi", 0)
    assert any("named as the trigger" in note for note in made.notes)
    text = (made.root / "enogu.toml").read_text(encoding="utf-8")
    assert "# from network_dim = 8\nrank = 8" in text
    report = json.loads(made.report_path.read_text(encoding="utf-8"))
    verdicts = {line["option"]: line["verdict"] for line in report["lines"] if line["given"]}
    assert verdicts["xformers"] == "nothing"
    assert verdicts["pretrained_model_name_or_path"] == "renamed"


def test_a_data_set_brings_repeats_masks_and_its_own_options(place):
    made = import_kohya(["config.toml", "dataset.toml"], into=place / "other")
    assert files(made.root / "pictures") == {
        "5_hoshi girl/c.png",
        "5_hoshi girl/c.txt",
        "5_hoshi girl/c-masklabel.png",
        "5_hoshi girl/d.png",
        "5_hoshi girl/d.txt",
    }
    assert files(made.root / "regularisation") == {"1_reg/r.png"}
    config = open_project(made.root).resolved.config
    assert (config.train.batch_size, config.pictures.flip) == (3, True)
    assert (config.captions.trigger, config.captions.keep_tags) == ("hoshi", 1)
    assert config.pictures.regularisation == "regularisation"
    # Regularisation pictures were not mirrored, and both of their first tags were kept.
    (reg,) = config.pictures.subsets
    assert reg.folder == "regularisation/1_reg"
    assert reg.differences() == {"flip": False, "keep_tags": 2}


SUBSETS = """
[general]
caption_extension = ".txt"
shuffle_caption = true
keep_tokens = 1
[[datasets]]
resolution = 256
enable_bucket = true
max_bucket_reso = 512
batch_size = 2
  [[datasets.subsets]]
  image_dir = "heap"
  class_tokens = "girl"
  [[datasets.subsets]]
  image_dir = "train/10_hoshi"
  class_tokens = "girl"
  caption_dropout_rate = 0.25
  caption_dropout_every_n_epochs = 4
  secondary_separator = ";;;"
  color_aug = true
[[datasets]]
resolution = [512, 512]
enable_bucket = true
min_bucket_reso = 256
batch_size = 4
  [[datasets.subsets]]
  image_dir = "train/2_hoshi girl"
  num_repeats = 3
  shuffle_caption = false
  random_crop = true
"""


def test_subsets_keep_their_settings_and_folders_of_equal_names_their_pictures(place):
    (place / "dataset.toml").write_text(SUBSETS, encoding="utf-8")
    made = import_kohya(["dataset.toml"], into=place / "many")
    assert {name for name in files(made.root / "pictures") if name.endswith("png")} == {
        "1_girl/c.png",
        "1_girl/d.png",
        "1_girl 2/a.png",
        "3_2_hoshi girl/b.png",
    }
    config = open_project(made.root).resolved.config
    assert (config.pictures.resolution, config.pictures.bucket_max) == (256, 512)
    assert (config.captions.trigger, config.captions.shuffle) == ("hoshi", True)
    own = {one.folder: one.differences() for one in config.pictures.subsets}
    assert own == {
        "pictures/1_girl 2": {
            "class_words": "girl",
            "dropout": 0.25,
            "dropout_every_epochs": 4,
            "secondary_separator": ";;;",
            "vary_colour": 0.1,
        },
        "pictures/3_2_hoshi girl": {
            "resolution": 512,
            "bucket_min": 256,
            "bucket_max": 1024,
            "shuffle": False,
        },
    }
    assert any("batch_size differs between subsets (2, 4)" in note for note in made.notes)
    missing = {line.option for line in made.lines if line.verdict == "missing"}
    assert "random_crop" in missing


def test_subsets_survive_the_way_to_sd_scripts_and_back(place):
    text = SUBSETS.replace("batch_size = 4", "batch_size = 2\nmax_bucket_reso = 1024")
    (place / "dataset.toml").write_text(text, encoding="utf-8")
    first = import_kohya(["config.toml", "dataset.toml"], into=place / "many")
    project = open_project(first.root, {"base": str(place / "base.safetensors")})
    facts = {"family": "sd1", "prediction": "epsilon", "zero_terminal_snr": False}
    made = export_kohya(project, place / "out", resolution=512, **facts)
    text = made.dataset_path.read_text(encoding="utf-8")
    assert text.count("[[datasets]]") == 2
    assert made.left == ()
    again = import_kohya([str(made.config_path)], into=place / "again")
    one, two = project.resolved.config, open_project(again.root).resolved.config
    assert files(again.root / "pictures") == files(first.root / "pictures")
    assert {**two.model_dump(), "pictures": None} == {**one.model_dump(), "pictures": None}
    assert {x.folder: x.differences() for x in two.pictures.subsets} == {
        x.folder: x.differences() for x in one.pictures.subsets
    }


def test_folders_whose_captions_begin_with_words_of_their_own_keep_them_as_triggers(place):
    for name in ("heap/c", "heap/d"):
        (place / f"{name}.txt").write_text(f"tsuki, 1girl, {name}", encoding="utf-8")
    (place / "dataset.toml").write_text(DATASET.replace("= 2", "= 1") + """
  [[datasets.subsets]]
  image_dir = "train/10_hoshi"
""", encoding="utf-8")  # fmt: skip
    made = import_kohya(["dataset.toml"], into=place / "words")
    config = open_project(made.root).resolved.config
    assert (config.captions.trigger, config.captions.keep_tags) == ("tsuki", 0)
    own = {one.folder: one.differences() for one in config.pictures.subsets}
    assert own["pictures/1_10_hoshi"] == {"flip": False, "trigger": "hoshi"}
    # What is no subject has no word; its first tag stays in place all the same.
    assert own["regularisation/1_reg"] == {"flip": False, "keep_tags": 1}
    assert any("a word of its own (tsuki, hoshi)" in note for note in made.notes)
    # Captions that do not begin alike are left as they are.
    (place / "heap/d.txt").write_text("1girl, tsuki", encoding="utf-8")
    made = import_kohya(["dataset.toml"], into=place / "mixed")
    assert open_project(made.root).resolved.config.captions.trigger == ""


def test_a_folder_that_is_named_twice_is_taken_once_and_told(place):
    text = SUBSETS.replace('image_dir = "train/2_hoshi girl"', 'image_dir = "heap"')
    (place / "dataset.toml").write_text(text, encoding="utf-8")
    made = import_kohya(["dataset.toml"], into=place / "twice")
    assert {name for name in files(made.root / "pictures") if name.endswith("png")} == {
        "1_girl/c.png",
        "1_girl/d.png",
        "1_girl 2/a.png",
    }
    assert any("'heap' is named again" in note for note in made.notes)
    assert open_project(made.root).resolved.config.pictures.resolution == 256


def test_settings_of_subsets_are_named_where_no_pictures_come_along(place):
    (place / "dataset.toml").write_text(SUBSETS.replace("heap", "gone"), encoding="utf-8")
    made = import_kohya(["dataset.toml"], into=place / "bare", pictures=False)
    note = next(note for note in made.notes if "settings of their own" in note)
    assert "dropout" in note
    assert "resolution" in note
    assert open_project(made.root).resolved.config.pictures.subsets == ()


def test_captions_of_a_metadata_file_are_written_beside_the_pictures(place):
    (place / "meta.json").write_text(json.dumps({"c": {"tags": "one, two"}}), encoding="utf-8")
    words = ["--train_data_dir", "heap", "--in_json", "meta.json", "--dataset_repeats", "3"]
    made = import_kohya(words, into=place / "meta")
    text = (made.root / "pictures" / "3_heap" / "c.txt").read_text(encoding="utf-8")
    assert text.strip() == "one, two"


def test_only_the_settings_can_be_written(place):
    made = import_kohya(["config.toml"], into=place / "bare", pictures=False)
    assert made.pictures is None
    assert open_project(made.root).resolved.config.train.rank == 8


def test_nothing_that_exists_is_overwritten(place):
    (place / "star").mkdir()
    (place / "star" / "mine.txt").write_text("x")
    with pytest.raises(ProjectError, match="nothing in it was changed"):
        import_kohya(["config.toml", "--train_data_dir", "train"])
    assert files(place / "star") == {"mine.txt"}


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["config.toml"], ConfigError, "no pictures are named"),
        (["config.toml", "--train_data_dir", "none"], ConfigError, "which is not there"),
        (["config.toml", "--train_data_dir", "heap"], ConfigError, "named as 10_name"),
        (["--dataset_config", "dataset.toml", "--batch_size", "x"], ConfigError, "batch_size"),
    ],
)
def test_what_names_no_pictures_is_refused_and_leaves_nothing(place, words, error, message):
    before = files(place)
    with pytest.raises(error, match=message):
        import_kohya(words)
    assert files(place) == before


def test_a_missing_folder_of_a_data_set_leaves_no_project(place):
    (place / "dataset.toml").write_text(DATASET.replace('"heap"', '"gone"'), encoding="utf-8")
    with pytest.raises(PictureError, match="gone"):
        import_kohya(["dataset.toml"])
    assert not (place / "from-kohya").exists()


def test_settings_that_contradict_each_other_name_the_way_out(place):
    words = ["config.toml", "--train_data_dir", "train", "--network_module", "lycoris.kohya",
             "--network_args", "algo=loha", "--network_dropout", "0.1"]  # fmt: skip
    with pytest.raises(ConfigError, match="narrow middle") as caught:
        import_kohya(words)
    assert "--set" in caught.value.hint
    assert not (place / "star").exists()
    made = import_kohya(words, assignments=["train.adapter.dropout=0"])
    assert open_project(made.root).resolved.config.train.adapter.kind == "loha"


def test_a_project_survives_the_way_to_sd_scripts_and_back(place):
    first = import_kohya(["config.toml", "dataset.toml"])
    project = open_project(first.root, {"base": str(place / "base.safetensors")})
    facts = {"family": "sd1", "prediction": "epsilon", "zero_terminal_snr": False}
    made = export_kohya(project, place / "out", resolution=256, **facts)
    assert made.left == ()
    assert "train_network.py --config_file" in made.command
    again = import_kohya([str(made.config_path)], into=place / "again")
    one, two = project.resolved.config, open_project(again.root).resolved.config
    assert two.model_dump() == one.model_dump()
    assert files(again.root / "pictures") == files(first.root / "pictures")
    assert any("masks" in note for note in made.notes)
    with pytest.raises(ProjectError, match="nothing was written"):
        export_kohya(project, place / "out", resolution=256, **facts)


def test_export_names_the_script_and_flags_of_the_family(place):
    project = open_project(import_kohya(["config.toml", "dataset.toml"]).root)
    made = export_kohya(
        project, place / "v", family="sd2", prediction="v_prediction",
        zero_terminal_snr=True, resolution=768,
    )  # fmt: skip
    text = made.config_path.read_text(encoding="utf-8")
    assert "v2 = true" in text
    assert "v_parameterization = true" in text
    made = export_kohya(
        project, place / "x", family="sdxl", prediction="epsilon",
        zero_terminal_snr=False, resolution=1024,
    )  # fmt: skip
    assert "sdxl_train_network.py" in made.command
