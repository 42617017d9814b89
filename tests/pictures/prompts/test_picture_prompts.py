import json
import os

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from enogu.draw.metadata import save_png
from enogu.draw.recipe import Recipe
from enogu.errors import PictureError
from enogu.pictures.prompts.picture_prompts import log_pictures, read_picture_prompts
from enogu.tags.phrases import PhraseBook, UseLog, rank

INFOTEXT = (
    "1girl, (red hair:1.2)\nNegative prompt: lowres, bad\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
)


def picture(path, **texts):
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


def novelai(**comment):
    return {"Software": "NovelAI", "Description": "described", "Comment": json.dumps(comment)}


def test_our_own_pictures_are_read(tmp_path):
    recipe = Recipe(
        prompt="1girl, hat",
        negative_prompt="lowres",
        seed=1,
        width=64,
        height=64,
        steps=4,
        cfg_scale=5.0,
        sampler="euler",
        schedule="karras",
    )
    save_png(Image.new("RGB", (64, 64)), tmp_path / "a.png", recipe)
    found = read_picture_prompts(tmp_path / "a.png")
    assert (found.prompt, found.negative_prompt, found.tool) == ("1girl, hat", "lowres", "enogu")


def test_png_of_a1111_is_read(tmp_path):
    found = read_picture_prompts(picture(tmp_path / "a.png", parameters=INFOTEXT))
    assert (found.prompt, found.negative_prompt, found.tool) == (
        "1girl, (red hair:1.2)",
        "lowres, bad",
        "a1111",
    )


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + INFOTEXT.encode("utf-16-be"),
        b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
        b"ASCII\0\0\0" + INFOTEXT.encode(),
    ],
)
def test_the_exif_user_comment_is_read_in_every_form(tmp_path, suffix, comment):
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0x9286] = comment
    path = tmp_path / f"a{suffix}"
    image.save(path, exif=exif)
    found = read_picture_prompts(path)
    assert (found.prompt, found.negative_prompt) == ("1girl, (red hair:1.2)", "lowres, bad")


def test_the_comment_of_a_gif_is_read_only_when_it_is_a_parameter_text(tmp_path):
    Image.new("P", (8, 8)).save(tmp_path / "a.gif", comment=INFOTEXT.encode())
    Image.new("P", (8, 8)).save(tmp_path / "b.gif", comment=b"made with love")
    assert read_picture_prompts(tmp_path / "a.gif").prompt == "1girl, (red hair:1.2)"
    assert read_picture_prompts(tmp_path / "b.gif") is None


def test_pictures_of_novelai_are_read(tmp_path):
    old = picture(tmp_path / "a.png", **novelai(prompt="{hat}", uc="lowres"))
    found = read_picture_prompts(old)
    assert (found.prompt, found.negative_prompt, found.tool) == ("{hat}", "lowres", "novelai")
    caption = {"base_caption": "2girls", "char_captions": [{"char_caption": "girl, hat"}, 7]}
    new = picture(tmp_path / "b.png", **novelai(prompt="x", v4_prompt={"caption": caption}))
    assert read_picture_prompts(new).prompt == "2girls | girl, hat"
    bare = picture(tmp_path / "c.png", Software="NovelAI", Description="sky", Comment="{broken")
    assert read_picture_prompts(bare).prompt == "sky"


def test_pictures_of_comfyui_are_read(tmp_path):
    graph = {
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": "hat"}},
        "2": {"class_type": "KSampler", "inputs": {"positive": ["1", 0], "negative": ["1", 0]}},
    }
    found = read_picture_prompts(picture(tmp_path / "a.png", prompt=json.dumps(graph)))
    assert (found.prompt, found.negative_prompt, found.tool) == ("hat", "hat", "comfy")


def test_pictures_without_prompt_give_none(tmp_path):
    assert read_picture_prompts(picture(tmp_path / "a.png")) is None
    assert read_picture_prompts(picture(tmp_path / "b.png", enogu="[1]", prompt="x")) is None
    assert read_picture_prompts(picture(tmp_path / "c.png", parameters="  ")) is None


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("text", encoding="utf-8")
    with pytest.raises(PictureError, match="cannot be read as a picture"):
        read_picture_prompts(tmp_path / "a.png")
    with pytest.raises(PictureError, match="there is no picture"):
        read_picture_prompts(tmp_path / "b.png")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out" / "deep").mkdir(parents=True)
    picture(tmp_path / "out" / "a.png", parameters=INFOTEXT)
    picture(tmp_path / "out" / "copy.png", parameters=INFOTEXT)
    picture(tmp_path / "out" / "deep" / "b.png", parameters=INFOTEXT.replace("Seed: 1", "Seed: 2"))
    picture(tmp_path / "out" / "none.png")
    (tmp_path / "out" / "broken.png").write_bytes(b"broken")
    (tmp_path / "out" / "notes.txt").write_text("x", encoding="utf-8")
    os.symlink(tmp_path / "out" / "a.png", tmp_path / "out" / "link.png")
    return tmp_path / "out"


def test_a_folder_is_read_into_the_log_once(folder, tmp_path):
    log = UseLog(tmp_path / "phrases.db")
    first = log_pictures([folder], log)
    assert (first.pictures, first.told, first.new, len(first.unreadable)) == (5, 3, 2, 1)
    again = log_pictures([folder, folder / "a.png"], log)
    assert (again.told, again.new) == (4, 0)
    assert rank("prompts", PhraseBook(log.path)).rows[0].uses == 2
    assert {row.text for row in rank("tags", PhraseBook(log.path)).rows} == {"1girl", "red_hair"}


def test_the_day_is_that_of_the_file(folder, tmp_path):
    os.utime(folder / "deep" / "b.png", (1e9, 1e9))
    log = UseLog(tmp_path / "phrases.db")
    log_pictures([folder / "deep"], log)
    assert rank("prompts", PhraseBook(log.path)).rows[0].last_day == "2001-09-09"


def test_a_missing_place_is_refused(tmp_path):
    with pytest.raises(PictureError, match="no picture or folder"):
        log_pictures([tmp_path / "x"], UseLog(tmp_path / "phrases.db"))


@pytest.mark.shared_data
def test_real_pictures_with_every_fault_are_survived(shared_data, tmp_path):
    result = log_pictures([shared_data / "prep-cases"], UseLog(tmp_path / "phrases.db"))
    assert result.pictures > 100
    assert result.new == 1
