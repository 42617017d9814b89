"""The page's files: complete, in both languages, and from nowhere else."""

import hashlib
import json
import re

import pytest

from enogu.studio.review_app import STATIC

SCRIPTS = sorted(STATIC.glob("*.js"))


def catalogue(language):
    return json.loads((STATIC / "i18n" / f"{language}.json").read_text(encoding="utf-8"))


def test_both_languages_have_the_same_keys_in_the_same_order():
    assert list(catalogue("en")) == list(catalogue("ja"))


def test_both_languages_take_the_same_values():
    japanese = catalogue("ja")
    for key, text in catalogue("en").items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", japanese[key])), key
        assert text.strip(), key
        assert japanese[key].strip(), key


def test_every_text_that_a_script_says_is_there():
    said = set()
    for path in SCRIPTS:
        said |= set(re.findall(r'\bsay\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
    assert said
    assert said <= set(catalogue("en"))


def test_japanese_is_japanese():
    plain = [key for key, text in catalogue("ja").items()
             if text.isascii() and key != "language"]  # fmt: skip
    assert plain == []


def test_what_others_wrote_is_what_it_says_it_is():
    versions = json.loads((STATIC / "vendor" / "versions.json").read_text(encoding="utf-8"))
    names = {path.name for path in (STATIC / "vendor").glob("*.mjs")}
    assert set(versions) == names
    for name, entry in versions.items():
        data = (STATIC / "vendor" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert entry["licence"] in ("MIT", "Apache-2.0")


@pytest.mark.parametrize("path", [*SCRIPTS, STATIC / "index.html", STATIC / "review.css"])
def test_nothing_is_loaded_from_elsewhere(path):
    assert not re.search(r"https?://|//cdn", path.read_text(encoding="utf-8"))


def test_every_import_leads_to_a_file():
    mapped = set(re.findall(r'"([\w/]+)": "/static/', (STATIC / "index.html").read_text("utf-8")))
    for path in SCRIPTS:
        for target in re.findall(r'from "([^"]+)"', path.read_text(encoding="utf-8")):
            assert target in mapped or (STATIC / target).is_file(), (path.name, target)
