import io
import json
import sys

import pytest


@pytest.fixture
def command():
    return ("prompt",)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, data_dir):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENOGU_DATA_DIR", str(data_dir))


def test_check_says_what_is_wrong_and_shows_the_repair(call):
    text = "1girl, (red hair:1.2, [blue eyes]"
    code, printed = call("check", text, "--dialect", "a1111", "--fix")
    assert code == 1
    assert "never closed" in printed.out
    assert printed.out.endswith("1girl, (red hair:1.2), [blue eyes]\n")
    assert "estimated" in printed.out
    code, printed = call("check", text, "--language", "ja")
    assert "閉じられていません" in printed.out


def test_check_speaks_japanese_throughout(call):
    code, printed = call("check", "1girl, smile", "--language", "ja")
    assert code == 0
    assert printed.out.split("\n") == [
        "問題は見つかりませんでした。",
        "チャンク1: ~4/75 トークン: 1girl, smile",
        "トークン数は見積もりです。--base を付けると正確に数えます",
        "",
    ]


def test_check_of_a_good_prompt_ends_with_0_and_counts_with_a_base(call):
    code, printed = call("check", "1girl, red hair", "--base", "mini", "--json")
    assert code == 0
    found = json.loads(printed.out)
    assert found["findings"] == []
    assert found["chunks"]["exact"] is True


def test_prompts_come_from_files_and_from_standard_input(tmp_path, monkeypatch, call):
    (tmp_path / "p.txt").write_text("smile)\n", encoding="utf-8-sig")
    code, printed = call("check", "--file", "p.txt", "--fix", "--json")
    assert (code, json.loads(printed.out)["mended"]) == (1, "smile")
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO("(笑顔)".encode()), encoding="utf-8")
    )
    code, printed = call("convert", "--from", "a1111", "--to", "comfy")
    assert (code, printed.out) == (0, "(笑顔:1.1)\n")


def test_convert_reports_on_the_other_stream(call):
    code, printed = call("convert", "(a:1.2) BREAK b", "--from", "a1111", "--to", "comfy")
    assert code == 1
    assert printed.out == "(a:1.2) BREAK b\n"
    assert "cannot be written in comfy" in printed.err


def test_expand_tells_the_number_before_the_prompts(tmp_path, call):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "hat.txt").write_text("beret\nstraw hat\n", encoding="utf-8")
    words = ("--wildcards", "w", "--method", "combinatorial", "-n", "3")
    code, printed = call("expand", "{red|blue} __hat__", *words)
    assert code == 0
    assert printed.out.splitlines() == ["red beret", "red straw hat", "blue beret"]
    assert "4 combinations; the first 3 follow" in printed.err


def test_order_names_what_it_did(call):
    code, printed = call("order", "smile, 1girl", "--preset", "noobai")
    assert (code, printed.out) == (0, "1girl, smile\n")
    assert "not added" in printed.err
    assert call("presets")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "a", "--file", "x"], "not both"),
        (["check", "--file", "none.txt"], "cannot be read"),
        (["expand", "__x__"], "no wildcard fits"),
        (["expand", "a", "-n", "0"], "1 to 10,000"),
        (["expand", "a", "--wildcards", "none"], "no such folder"),
        (["order", "a", "--preset", "none"], "unknown preset"),
        (["convert", "a", "--from", "dynamic", "--to", "a1111"], "Expand them first"),
    ],
)
def test_mistakes_end_with_code_2(words, message, call):
    code, printed = call(*words)
    assert code == 2
    assert message in " ".join(printed.err.split())
