"""Make the picture of the review page in docs/images from drawings that the package draws itself.

python scripts/review_picture.py             writes docs/images/review.png and review-regions.png
python scripts/review_picture.py --out DIR   writes there, in both languages and colour schemes

Needs Chromium and the package playwright.
"""

import argparse
import functools
import shutil
import tempfile
import threading
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from enogu.project import open_project
from enogu.project.import_pictures import import_into
from enogu.project.prep import STEPS, open_prep, run_steps
from enogu.project.review import open_desk
from enogu.studio.review_app import build_app
from enogu.studio.serve import HOST, listening
from enogu.world.dataset import write_world_dataset

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def make_project(folder: Path) -> Path:
    """Draw characters, prepare them, and return the project."""
    write_world_dataset(folder / "drawings", count=21, size=384, seed=3)
    root = folder / "my-character"
    project = import_into(root, [folder / "drawings"]).project
    with open_prep(project, 384) as place:
        run_steps(place, STEPS)
    return root


def take_pictures(browser: Browser, address: str, folder: Path, language: str, scheme: str) -> None:
    """Take the wall, a crop and a mask in one language and colour scheme."""
    context = browser.new_context(
        viewport={"width": 1200, "height": 720}, locale=language, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".cell img")
    page.locator("[data-filter=all]").click()
    page.wait_for_load_state("networkidle")
    for key in "kkx":
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")
    save(page, folder / f"review-wall-{language}-{scheme}.png")
    for name, key in (("crop", "c"), ("regions", "r"), ("mask", "m")):
        if name == "crop":
            page.keyboard.press("Enter")
        page.wait_for_selector(".view svg")
        page.keyboard.press(key)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        save(page, folder / f"review-{name}-{language}-{scheme}.png")
    for _ in range(3):
        page.keyboard.press("z")
    page.wait_for_load_state("networkidle")
    context.close()


def save(page: Page, path: Path) -> None:
    """Write what the page shows with 256 colours, which is a third of the size of full colour."""
    page.screenshot(path=path)
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)")


def main() -> None:
    """Make the pictures of the documentation, or all of them elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, listening(0) as listener:
        scratch = Path(name)
        project = open_project(make_project(scratch))
        app = build_app(functools.partial(open_desk, project), "t")
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        address = f"http://{HOST}:{listener.getsockname()[1]}/?token=t"
        folder = options.out or scratch
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=options.chromium, args=list(ARGUMENTS)
            )
            take_pictures(browser, address, folder, "en", "light")
            if options.out is not None:
                take_pictures(browser, address, folder, "ja", "dark")
            browser.close()
        server.should_exit = True
        thread.join()
        if options.out is None:
            shutil.copyfile(scratch / "review-wall-en-light.png", IMAGES / "review.png")
            shutil.copyfile(scratch / "review-regions-en-light.png", IMAGES / "review-regions.png")


if __name__ == "__main__":
    main()
