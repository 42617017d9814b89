import os

import pytest
from PIL import Image, PngImagePlugin

from enogu.draw.infotext_recipe import infotext
from enogu.draw.metadata import read_picture_recipe, read_recipe, save_png
from enogu.draw.recipe import LoraUse, Recipe
from enogu.errors import ConfigError, PictureError, StorageError


@pytest.fixture
def image():
    return Image.linear_gradient("L").convert("RGB").resize((16, 24))


def make(**changes):
    values = {
        "prompt": "1girl",
        "seed": 7,
        "width": 64,
        "height": 96,
        "steps": 4,
        "cfg_scale": 5.0,
        "sampler": "euler",
        "schedule": "karras",
    }
    return Recipe(**{**values, **changes})


@pytest.mark.parametrize(
    "prompt", ["1girl", "女の子, (赤髪:1.2)", "a\nNegative prompt: b", "é" * 9000]
)
def test_a_saved_picture_gives_its_recipe_and_pixels_back(tmp_path, image, prompt):
    recipe = make(prompt=prompt, loras=(LoraUse(title="x", path=tmp_path / "x.safetensors"),))
    save_png(image, tmp_path / "out.png", recipe)
    found = read_picture_recipe(tmp_path / "out.png")
    assert found.source == "enogu"
    assert found.recipe == recipe.model_copy(update={"loras": (LoraUse(title="x"),)})
    with Image.open(tmp_path / "out.png") as saved:
        assert saved.tobytes() == image.tobytes()
        assert saved.info["parameters"] == infotext(recipe)
    assert str(tmp_path).encode() not in (tmp_path / "out.png").read_bytes()


def test_text_is_written_latin_where_possible_and_unicode_elsewhere(tmp_path, image):
    save_png(image, tmp_path / "latin.png", make(prompt="café"))
    save_png(image, tmp_path / "japanese.png", make(prompt="絵"))
    assert b"tEXtparameters" in (tmp_path / "latin.png").read_bytes()
    assert b"iTXtparameters" in (tmp_path / "japanese.png").read_bytes()


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path, image):
    save_png(image, tmp_path / "a b" / "絵" / "out.PNG", make())
    assert os.listdir(tmp_path / "a b" / "絵") == ["out.PNG"]


def test_other_endings_are_refused_with_a_name_to_use(tmp_path, image):
    with pytest.raises(ConfigError, match="written as PNG") as caught:
        save_png(image, tmp_path / "out.jpg", make())
    assert "out.png" in caught.value.hint


def test_a_place_that_is_a_file_is_a_clear_error(tmp_path, image):
    (tmp_path / "file").write_text("x")
    with pytest.raises((StorageError, OSError)):
        save_png(image, tmp_path / "file" / "out.png", make())


def png_with(path, image, **texts):
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    image.save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_pictures_of_a1111_are_read(tmp_path, image, compressed):
    info = PngImagePlugin.PngInfo()
    text = "猫 <lora:neko:0.7>\nSteps: 4, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64"
    info.add_text("parameters", text, zip=compressed)
    image.save(tmp_path / "a.png", pnginfo=info)
    found = read_picture_recipe(tmp_path / "a.png")
    assert found.source == "a1111"
    assert found.recipe.prompt == "猫"
    assert found.recipe.loras == (LoraUse(title="neko", weight=0.7),)
    assert any("RNG" in note for note in found.notes)


def test_our_own_text_is_preferred(tmp_path, image):
    path = png_with(tmp_path / "a.png", image, parameters="rubbish", enogu=make().to_json())
    assert read_recipe(path) == make()


def test_a_picture_without_either_text_is_refused(tmp_path, image):
    path = png_with(tmp_path / "a.png", image, Software="Editor")
    with pytest.raises(PictureError, match=r"does not say how it was drawn.*Software"):
        read_recipe(path)


def test_a_damaged_recipe_names_the_file(tmp_path, image):
    path = png_with(tmp_path / "a.png", image, enogu="{")
    with pytest.raises(ConfigError, match=r"a\.png: the recipe cannot be used"):
        read_recipe(path)


@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "jpeg", "missing", "folder"])
def test_files_that_are_no_png_are_refused(tmp_path, image, kind):
    path = tmp_path / "a.png"
    save_png(image, path, make())
    data = path.read_bytes()
    path.unlink()
    if kind == "jpeg":
        image.save(path, format="JPEG")
    elif kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"empty": b"", "text": b"hello", "truncated": data[:-30]}[kind])
    with pytest.raises(PictureError, match=r"a\.png"):
        read_recipe(path)
