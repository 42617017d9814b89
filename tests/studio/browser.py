"""A real Chromium for tests, or the reason why there is none."""

import importlib.util
import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium():
    """Return the path of Chromium, or None."""
    given = os.environ.get("ENOGU_CHROMIUM")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


def missing():
    """Return why browser tests cannot run; empty when they can."""
    if importlib.util.find_spec("playwright") is None:
        return "the package playwright is not installed"
    if chromium() is None:
        return f"there is no Chromium ({', '.join(NAMES)}); ENOGU_CHROMIUM may name one"
    return ""
