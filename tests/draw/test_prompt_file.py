import pytest

from enogu.draw.prompt_file import read_prompt_file
from enogu.errors import PromptError

TEXT = """\
# of sd-scripts
masterpiece, (1girl:1.2) --n lowres, --bad-- things --w 768 --h 512 --d 42 --l 7.5 --s 28

plain prompt
--n only a negative --l 1
"""


@pytest.fixture
def write(tmp_path):
    def made(text, name="prompts.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return made


def test_prompts_and_switches_are_read_line_by_line(write):
    text = TEXT.replace("--bad-- ", "")
    first, second, third = read_prompt_file(write(text))
    assert (first.number, first.text, first.negative) == (
        2, "masterpiece, (1girl:1.2)", "lowres, things",
    )  # fmt: skip
    assert (first.width, first.height, first.seed) == (768, 512, 42)
    assert (first.cfg_scale, first.steps) == (7.5, 28)
    assert (second.number, second.text, second.negative, second.seed) == (
        4, "plain prompt", None, None,
    )  # fmt: skip
    assert (third.text, third.negative, third.cfg_scale) == ("", "only a negative", 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ok\nx --q 3\n", r"line 2: unknown switch --q; known are --n \(what"),
        ("x --width 512", "line 1: unknown switch --width"),
        ("x --w 5 --w 6", "--w is given twice"),
        ("x --w wide", r"--w \(width in pixels\) must be a whole number, got 'wide'"),
        ("x --d", "--d .* got ''"),
        ("x --d -1", "--d .* got '-1'"),
        ("x --l low", "--l .* must be a number"),
        ("# nothing\n\n", "holds no prompt"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_mistakes_are_named_with_their_line(write, text, message):
    with pytest.raises(PromptError, match=message):
        read_prompt_file(write(text))


def test_other_forms_and_missing_files_are_refused(write, tmp_path):
    with pytest.raises(PromptError, match="one prompt a line"):
        read_prompt_file(write("{}", "prompts.json"))
    with pytest.raises(PromptError, match="cannot be read"):
        read_prompt_file(tmp_path / "none.txt")
