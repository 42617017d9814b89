"""Measure the review page with many pictures in a real Chromium.

python benchmarks/review_page.py     10,000 pictures into benchmarks/review_page_202611.md
python benchmarks/review_page.py --count 500 --out -

Pictures are made: small drawings of one circle each, with records as the steps leave them. CPU
times are those of all processes of the browser, and of the program that serves the page; on a
machine that does other work, wall times say little and are told apart.
"""

import argparse
import functools
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from PIL import Image, ImageDraw

from enogu.files import sha256_file
from enogu.pictures.records import PictureFacts, Records, StepResult
from enogu.project import open_project
from enogu.project.picture_files import project_loader
from enogu.project.review import open_desk
from enogu.studio.review_app import build_app
from enogu.studio.serve import HOST, listening

RESULTS = Path(__file__).resolve().parent / "review_page_202611.md"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SCROLLS = 120
VERDICTS = 40


def make_project(root: Path, count: int) -> None:
    """Write pictures, and what five steps would say of each."""
    folder = root / "pictures"
    folder.mkdir(parents=True)
    (root / "enogu.toml").write_text("version = 1\n", encoding="utf-8")
    project = open_project(root)
    loader = project_loader(project).digest
    with Records(project.work_dir) as records, records.changing():
        for number in range(count):
            image = Image.new("RGB", (192, 256), (number % 256, number // 256 % 256, 200))
            ImageDraw.Draw(image).ellipse((40, 60, 150, 170), fill=(250, 240, number % 200))
            path = folder / f"drawing-{number:05d}.png"
            image.save(path, compress_level=1)
            picture_id = sha256_file(path)
            records.put_facts(
                PictureFacts(
                    id=picture_id, pixels_id=picture_id, loader=loader, format="PNG", width=192,
                    height=256, orientation=1, profile=None, has_alpha=False, prompt=None, notes=(),
                )
            )  # fmt: skip
            for step in ("trim", "background", "regions", "quality", "duplicates"):
                unsure = (number + len(step)) % 4 == 0
                records.put_result(
                    StepResult(
                        picture_id=picture_id, step=step, version=1, settings="", inputs="",
                        verdict="unsure" if unsure else "keep",
                        values={"box": [0, 0, 192, 256], "proposal": [0, 0, 180, 240]},
                    )
                )  # fmt: skip


class Meter:
    """Reads the CPU time of all processes of the browser, which no other work can stretch."""

    def __init__(self) -> None:
        self._me = psutil.Process()

    def read(self) -> float:
        """Return CPU seconds so far of every process below this one, those that ended included."""
        total = 0.0
        for child in self._me.children(recursive=True):
            try:
                times = child.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
            except psutil.NoSuchProcess:
                continue
        return total


def measure(root: Path, chromium: str) -> list[tuple[str, str]]:
    """Serve the project, look at it with Chromium, and return rows of the report."""
    from playwright.sync_api import sync_playwright

    rows: list[tuple[str, str]] = []
    project = open_project(root)
    started = time.process_time()
    with open_desk(project) as desk:
        rows.append(
            ("open the desk (look at all files), CPU s", f"{time.process_time() - started:.2f}")
        )
        started = time.process_time()
        desk.rows()
        rows.append(("rows of the wall, CPU s", f"{time.process_time() - started:.2f}"))
    with listening(0) as listener, sync_playwright() as playwright:
        app = build_app(functools.partial(open_desk, project), "t")
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        address = f"http://{HOST}:{listener.getsockname()[1]}/?token=t"
        rows += look(browser, address, "first time, no thumbnail there")
        rows += look(browser, address, "again")
        browser.close()
        server.should_exit = True
        thread.join()
    return rows


def look(browser: Any, address: str, when: str) -> list[tuple[str, str]]:
    """Open the wall in a fresh context, scroll it from end to end, and judge pictures."""
    meter = Meter()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.add_init_script(
        "new PerformanceObserver((list) => "
        "{ window.painted = list.getEntries().at(-1).startTime; })"
        ".observe({type: 'paint', buffered: true});"
    )
    before, started, own = meter.read(), time.monotonic(), time.process_time()
    page.goto(address)
    page.wait_for_selector(".cell")
    page.get_by_role("button", name="All", exact=True).click()
    page.wait_for_selector(".cell img")
    rows = [
        ("first paint, wall ms", f"{page.evaluate('window.painted'):.0f}"),
        ("pictures on the wall, wall ms", f"{1000 * (time.monotonic() - started):.0f}"),
        ("pictures on the wall, CPU s of the browser", f"{meter.read() - before:.2f}"),
        ("pictures on the wall, CPU s of the program", f"{time.process_time() - own:.2f}"),
        ("cells there", str(page.locator(".cell").count())),
        ("heap of the page, MiB", f"{heap(page):.1f}"),
    ]
    wall = page.locator(".wall")
    height = wall.evaluate("(element) => element.scrollHeight")
    page.wait_for_timeout(2000)
    before, own, started = meter.read(), time.process_time(), time.monotonic()
    most = 0
    for number in range(1, SCROLLS + 1):
        wall.evaluate(
            "(element, top) => new Promise((done) => { element.scrollTop = top;"
            " requestAnimationFrame(() => requestAnimationFrame(done)); })",
            height * number / SCROLLS,
        )
        most = max(most, page.locator(".cell").count())
    page.wait_for_timeout(2000)
    per_jump = 1000 / SCROLLS
    rows += [
        (f"{SCROLLS} jumps from top to end, wall s", f"{time.monotonic() - started:.1f}"),
        ("a jump, CPU ms of the browser", f"{(meter.read() - before) * per_jump:.0f}"),
        ("a jump, CPU ms of the program", f"{(time.process_time() - own) * per_jump:.0f}"),
        ("most cells at once", str(most)),
    ]
    page.keyboard.press("Home")
    page.wait_for_timeout(2000)
    before, own = meter.read(), time.process_time()
    for _ in range(VERDICTS):
        page.keyboard.press("k")
    page.get_by_role("status").get_by_text("keep: 1").wait_for()
    page.wait_for_timeout(2000)
    rows += [
        ("a verdict, CPU ms of the browser", f"{(meter.read() - before) * 1000 / VERDICTS:.0f}"),
        (
            "a verdict, CPU ms of the program",
            f"{(time.process_time() - own) * 1000 / VERDICTS:.0f}",
        ),
        ("heap of the page at the end, MiB", f"{heap(page):.1f}"),
    ]
    context.close()
    return [(f"{when}: {name}", value) for name, value in rows]


def heap(page: Any) -> float:
    """Return the memory of the page's scripts in MiB, as Chromium tells it, rounded by it."""
    return page.evaluate("performance.memory.usedJSHeapSize") / 2**20


def report(rows: list[tuple[str, str]], count: int, command: str, chromium: str) -> str:
    """Return the page of results."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    browser = subprocess.run(
        [chromium, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        f"# The review page with {count:,} pictures\n",
        f"- Date: 2026-11. Commit: {commit}. Hardware: {platform.processor() or platform.machine()}"
        f", {os.cpu_count()} cores. Python {platform.python_version()}, "
        f"FastAPI {version('fastapi')}, {browser} without a GPU.",
        f"- Command: `{command}`",
        "- CPU: of all processes of the browser, which draws without a GPU here, and of the "
        "program. Wall times are those of a machine that did other work too.\n",
        "| what | |",
        "|---|--:|",
        *(f"| {name} | {value} |" for name, value in rows),
        f"\n- Largest memory of the program, making the pictures included: {memory:.0f} MiB.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--out", default=str(RESULTS), help="- prints the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "many"
        make_project(root, options.count)
        rows = measure(root, options.chromium)
    command = f"python benchmarks/{Path(__file__).name} {' '.join(sys.argv[1:])}".strip()
    text = report(rows, options.count, command, options.chromium)
    if options.out == "-":
        sys.stdout.write(text)
    else:
        Path(options.out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
