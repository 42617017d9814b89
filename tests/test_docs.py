"""The documentation says what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from enogu.cli import app
from enogu.config import setting_names

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


def test_generated_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "reference.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_repository_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_settings_in_the_text_exist(page):
    text = page.read_text(encoding="utf-8")
    known = {name for name in app if not name.startswith("-")}
    for command in re.findall(r"^(?:\$ )?enogu ([a-z]+)", text, flags=re.MULTILINE):
        assert command in known, f"{page.name}: enogu {command}"
    for setting in re.findall(r"--set ([a-z_.]+)=", text):
        if setting != "name":
            assert setting in setting_names(), f"{page.name}: {setting}"
