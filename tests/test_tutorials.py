"""The commands of the tutorials work, and print what is shown."""

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image
from tests.pictures.steps.conftest import figure

from enogu.cli import run
from enogu.cli.common import console

TUTORIALS = Path(__file__).resolve().parents[1] / "docs" / "tutorials"
WIDTH = 88


@pytest.fixture
def folder(tmp_path, tmp_path_factory, monkeypatch):
    # The embedded words only, built once for all tests.
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.getbasetemp() / "vocabulary"))
    monkeypatch.setattr(console, "_width", WIDTH)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown_commands(text):
    """Give each command of the blocks of code with the words shown below it."""
    for block in re.findall(r"^```\n(\$ .*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ enogu ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield shlex.split(command), output.split()


@pytest.mark.parametrize("page", ["tags.md", "tags.ja.md"])
def test_the_tutorial_of_tags_shows_what_its_commands_print(page, folder, capsys):
    text = (TUTORIALS / page).read_text(encoding="utf-8")
    captions = re.findall(r"^\| `(\d\.txt)` \| `(.+)` \|$", text, flags=re.MULTILINE)
    assert len(captions) == 4
    (folder / "drawings").mkdir()
    for name, caption in captions:
        (folder / "drawings" / name).write_text(caption + "\n", encoding="utf-8")
    commands = list(shown_commands(text))
    assert len(commands) >= 15
    for words, shown in commands:
        code = run(words)
        printed = capsys.readouterr()
        assert code in (0, 1), printed.err
        assert (printed.out + printed.err).replace(str(folder), "~/art").split() == shown, words


def test_the_tutorial_of_preparing_pictures_can_be_followed(tmp_path, monkeypatch, capsys):
    text = (TUTORIALS / "prepare-pictures.md").read_text(encoding="utf-8")
    drawings = tmp_path / "drawings"
    drawings.mkdir()
    still = Image.new("RGB", (160, 200), "#000000")
    still.paste(figure(ground="#88bbee"), (0, 20))
    still.save(drawings / "still.png")
    figure().save(drawings / "figure.png")
    figure().save(drawings / "figure-again.jpg", quality=80)
    monkeypatch.chdir(tmp_path)
    commands = list(re.findall(r"^\$ enogu (.*)$", text, flags=re.MULTILINE))
    assert len(commands) >= 9
    for number, command in enumerate(commands):
        words = shlex.split(command.replace("~/drawings", str(drawings)))
        size = [] if number == 0 else ["--set", "pictures.resolution=128"]
        assert run([*words, *size]) == 0, (command, capsys.readouterr().err)
        if number == 0:
            monkeypatch.chdir(tmp_path / "hoshi")
    assert (tmp_path / "hoshi-for-kohya" / "dataset.toml").is_file()
