import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from enogu.cli import app, run
from enogu.cli.draw_command import output_paths, parse_lora
from enogu.errors import AdapterError

QUICK = ["train.steps=2", "samples.every=0", "train.rank=2", "machine.threads=1"]
SETTINGS = [word for text in QUICK for word in ("--set", text)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    drawings = tmp_path / "drawings"
    drawings.mkdir()
    for number in range(3):
        Image.new("RGB", (128, 128), (80 * number, 90, 200)).save(drawings / f"{number}.png")
        (drawings / f"{number}.txt").write_text(f"hoshi, 1girl, tag{number}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["new", "star", "--pictures", str(drawings)]) == 0
    monkeypatch.chdir(tmp_path / "star")
    return tmp_path / "star"


def test_the_main_job_from_the_command_line(project, document):
    made = document("plan", *SETTINGS)
    assert made["pictures"] == 3
    assert made["forecast"]["peak_bytes"] > 100 << 20
    trained = document("train", *SETTINGS)
    assert (trained["outcome"], trained["step"]) == ("finished", 2)
    summary = document("inspect", "runs/latest")
    assert (summary["family"], summary["trigger"]) == ("sd1", "hoshi")
    assert set(summary["modules"]) == {"UNet", "text encoder"}
    assert summary["ranks"] == {"2": sum(summary["modules"].values())}
    drawn = document("draw", "hoshi", "--lora", "runs/latest:0.5", "--seed", "3", "-n", "2",
        "--steps", "2", "--out", "out.png",
    )  # fmt: skip
    for path in drawn["pictures"]:
        with Image.open(path) as picture:
            assert picture.size == (128, 128)
    assert drawn["seed"] == 3
    report = document("report")["report"]
    page = Path(report).read_text(encoding="utf-8")
    assert "Forecast and fact" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    again = document("train", *SETTINGS)
    assert again["outcome"] == "nothing"
    board = document("tensorboard", "--out", "board")
    assert board["values"] == 2 * 3


@pytest.mark.parametrize(
    ("words", "message", "next_step"),
    [
        (["train", "--set", "train.rnak=3"], "did you mean train.rank", "enogu config show"),
        (["train", "--set", "train.rank=0"], "greater than or equal to 1", "config show"),
        (["draw", "x", "--size", "100y3"], "WIDTHxHEIGHT", "--size 512x768"),
        (["draw", "x", "--size", "130x128"], "multiples of 4", "128x128"),
        (["draw", "x", "-n", "0"], "must be 1 or more", ""),
        (["draw", "x", "--lora", "none.safetensors"], "no LoRA file", "runs/latest"),
        (["draw", "x", "--lora", "runs/latest"], "no runs", "enogu train"),
        (["draw", "x", "--base", "none"], "no base", "mini"),
        (["plan", "--project", "/"], "no project", "enogu new"),
        (["inspect", "none"], "no run folder", "runs/latest"),
        (["new", "pictures/star", "--pictures", "pictures"], "inside", "beside"),
        (["train", "--set", "machine.device=cuda:9"], "cpu", "enogu doctor"),
    ],
)
def test_mistakes_end_with_code_2_and_the_next_step(project, words, message, next_step, call):
    code, printed = call(*words)
    assert code == 2
    text = " ".join(printed.err.split())
    assert message in text
    assert next_step in text
    assert "Traceback" not in text


def test_unknown_command_and_option_are_refused(call):
    assert call("trian")[0] == 2
    assert call("plan", "--jsno")[0] == 2


def test_debug_shows_the_traceback(project, call):
    code, printed = call("draw", "x", "--lora", "no.safetensors", "--debug")
    assert code == 2
    assert "Traceback" in printed.err


def test_config_show_names_origins(project, document):
    rows = {row["name"]: row for row in document("config", "show", "--set", "train.rank=3")}
    assert (rows["train.rank"]["value"], rows["train.rank"]["origin"]) == (3, "command line")
    assert rows["captions.trigger"]["origin"] == "file"
    assert rows["train.learning_rate"]["origin"] == "base"
    assert rows["train.seed"]["origin"] == "default"
    tables = tomllib.loads((project / "enogu.toml").read_text(encoding="utf-8"))
    assert tables["captions"]["trigger"] == "hoshi"


def test_newer_project_is_refused(project, call):
    path = project / "enogu.toml"
    path.write_text(path.read_text().replace("version = 1", "version = 2"), encoding="utf-8")
    code, printed = call("plan")
    assert code == 2
    assert "newer Enogu" in printed.err


def test_schema_and_doctor_answer(project, call, document):
    code, printed = call("config", "schema")
    assert code == 0
    assert json.loads(printed.out)["title"] == "enogu.toml"
    assert document("doctor")["precision"]["name"] in ("fp32", "bf16")
    assert call("doctor")[0] == 0


def test_a_call_imports_the_module_of_its_own_command_alone():
    code = (
        "import sys; from enogu.cli import run; run(['config', 'schema']);"
        "print([name for name in sys.modules if name.endswith(('_command', '_commands'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['enogu.cli.config_commands']"


def commands(group=app, words=()):
    found = []
    for name in (entry for entry in group if not entry.startswith("-")):
        found += commands(group[name], (*words, name)) or [(*words, name)]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_explains_itself_with_an_example(words, call):
    code, printed = call(*words, "--help")
    assert code == 0
    assert "Example: enogu" in " ".join(printed.out.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.safetensors", ("a.safetensors", 1.0)),
        ("a.safetensors:0.8", ("a.safetensors", 0.8)),
        ("a:-1", ("a", -1.0)),
        (r"C:\lora.safetensors", (r"C:\lora.safetensors", 1.0)),
        (r"C:\lora.safetensors:.5", (r"C:\lora.safetensors", 0.5)),
    ],
)
def test_lora_with_weight(text, expected):
    assert parse_lora(text) == expected


def test_a_lora_weight_that_is_no_number_is_named():
    with pytest.raises(AdapterError, match="must be a number, got 'much'"):
        parse_lora("folder/mine.safetensors:much")


@pytest.mark.parametrize(("word", "hint"), [("mine", "--project mine"), ("red", "needs quotes")])
def test_words_that_a_command_does_not_take_get_a_way_on(tmp_path, monkeypatch, capsys, word, hint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "enogu.toml").write_text("version = 1", encoding="utf-8")
    assert run(["doctor", word]) == 2
    assert hint in capsys.readouterr().err


def test_default_file_names_never_overwrite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = output_paths(None, 2, 7)
    assert [path.as_posix() for path in first] == ["drawn/0001-seed7.png", "drawn/0002-seed8.png"]
    (tmp_path / "drawn").mkdir()
    (tmp_path / first[1]).touch()
    assert output_paths(None, 1, 7)[0].name == "0003-seed7.png"
