"""The page in a real Chromium: keys, boxes, masks, undo, both languages, both colour schemes."""

import functools
import re
import threading

import numpy as np
import pytest
from PIL import Image
from tests.studio.browser import ARGUMENTS, chromium, missing

from enogu.pictures.records import Decisions

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def address(reviewed_project):
    """The page of a project, served as the command serves it."""
    import uvicorn

    from enogu.project.review import open_desk
    from enogu.studio.review_app import build_app
    from enogu.studio.serve import HOST, listening

    project, _ = reviewed_project
    with listening(0) as listener:
        app = build_app(functools.partial(open_desk, project), "a-token")
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://{HOST}:{listener.getsockname()[1]}/?token=a-token"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def page(browser, address):
    """The wall, in English and light; nothing may be said on the console."""
    opened, said = open_page(browser, address)
    yield opened
    opened.context.close()
    assert said == []


def open_page(browser, address, *, locale="en-GB", scheme="light"):
    context = browser.new_context(
        viewport={"width": 1200, "height": 760}, locale=locale, color_scheme=scheme
    )
    context.set_default_timeout(20_000)
    opened, said = context.new_page(), []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("requestfailed", lambda request: said.append(f"failed {request.url}"))
    opened.goto(address)
    opened.wait_for_selector(".cell .frame > *")
    return opened, said


@pytest.fixture
def ids(reviewed_project):
    return reviewed_project[1]


@pytest.fixture
def decided(reviewed_project):
    """What is decided about a picture now, by step."""
    project, ids = reviewed_project
    return lambda name: {
        step: one.verdict
        for step, one in Decisions(project.root / "decisions.jsonl").of_picture(ids[name]).items()
    }


def names(page):
    return page.locator(".cell .name").all_inner_texts()


def status(page, text):
    page.get_by_role("status").get_by_text(text).wait_for()


def open_first(page, tool):
    page.keyboard.press("Enter")
    page.wait_for_selector(".view img")
    page.keyboard.press(tool)
    # The view is drawn again when the picture's data have come.
    page.wait_for_selector(".view svg")
    return page.locator(".view").bounding_box()


def drag(page, start, stop):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2)
    page.mouse.move(*stop)
    page.mouse.up()


def until(page, happened):
    """Wait for what the program does; scripts cannot be evaluated here, the page forbids it."""
    for _ in range(200):
        if happened():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen within ten seconds")


def test_keys_that_are_typed_quickly_each_mean_the_next_picture(page, decided):
    page.get_by_role("button", name="All", exact=True).click()
    page.locator(".cell").nth(3).wait_for()
    page.get_by_role("searchbox").press("Escape")
    for key in "kxuk":
        page.keyboard.press(key)
    until(page, lambda: decided("d"))
    verdicts = ["keep", "leave-out", "unsure", "keep"]
    assert [decided(name)["use"] for name in "abcd"] == verdicts


def test_one_key_gives_a_verdict_and_another_takes_it_back(page, decided):
    assert names(page) == ["a.png", "b.png"]
    page.keyboard.press("x")
    status(page, "left out: 1")
    page.keyboard.press("k")
    status(page, "keep: 1")
    assert (decided("a"), decided("b")) == ({"use": "leave-out"}, {"use": "keep"})
    page.keyboard.press("z")
    page.keyboard.press("z")
    page.get_by_role("button", name="Undo").and_(page.locator(":disabled")).wait_for()
    assert decided("a") == decided("b") == {}


def test_several_pictures_get_one_verdict(page, decided):
    page.get_by_role("button", name="All", exact=True).click()
    page.locator(".cell").nth(3).wait_for()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("u")
    status(page, "unsure: 3")
    assert [decided(name) for name in "abcd"] == [{"use": "unsure"}] * 3 + [{}]


def test_what_is_not_rated_general_is_covered_until_it_is_asked_for(page):
    page.get_by_role("button", name="All", exact=True).click()
    third = page.locator(".cell").nth(2)
    third.get_by_text("Covered").wait_for()
    assert third.locator("img").count() == 0
    page.get_by_label("Show every rating").check()
    third.locator("img").wait_for()


def test_filters_and_search(page):
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("searchbox").fill("D.p")
    page.locator(".cell").nth(1).wait_for(state="detached")
    assert names(page) == ["d.png"]
    page.get_by_role("button", name="Kept").click()
    page.get_by_text("No picture fits.").wait_for()


def test_a_button_that_was_clicked_leaves_the_keys_to_the_wall(page):
    page.get_by_role("button", name="All", exact=True).click()
    page.keyboard.press("Enter")
    page.wait_for_selector(".view img")


def test_a_proposal_is_agreed_to_and_undone(page, decided):
    page.keyboard.press("Enter")
    page.locator('[data-step="trim"] [data-answer="accept"]').click()
    page.locator('[data-step="trim"]').get_by_text("by you").wait_for()
    assert decided("a") == {"trim": "trim"}
    page.keyboard.press("b")
    after = page.locator("img.after")
    after.wait_for()
    assert (
        after.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
        == 50
    )
    page.keyboard.press("z")
    page.locator('[data-step="trim"]').get_by_text("by you").wait_for(state="detached")
    assert decided("a") == {}


def test_a_crop_is_drawn_moved_and_resized(page, reviewed_project):
    project, ids = reviewed_project

    def box():
        decision = Decisions(project.root / "decisions.jsonl").get(ids["a"], "trim")
        return np.array(decision.values["box"])

    def spot(x, y):
        return frame["x"] + x * frame["width"] / 80, frame["y"] + y * frame["height"] / 60

    frame = open_first(page, "c")
    # A corner of the whole picture, dragged inwards.
    drag(page, spot(0.3, 0.3), spot(20, 15))
    status(page, "Saved")
    assert box() == pytest.approx([20, 15, 80, 60], abs=1)
    page.locator('[data-step="trim"]').get_by_text("by you").wait_for()
    drag(page, spot(50, 40), spot(40, 30))
    until(page, lambda: box()[0] < 12)
    assert box() == pytest.approx([10, 5, 70, 50], abs=1)


def test_regions_are_moved_drawn_and_deleted(page, reviewed_project):
    project, ids = reviewed_project

    def drawn():
        decision = Decisions(project.root / "decisions.jsonl").get(ids["a"], "regions")
        return [] if decision is None else decision.values["drawn"]

    def spot(x, y):
        return frame["x"] + x * frame["width"] / 80, frame["y"] + y * frame["height"] / 60

    frame = open_first(page, "r")
    page.locator('[data-box="face"]').wait_for()
    drag(page, spot(30, 18), spot(35, 23))
    page.locator(".box.drawn").wait_for()
    (moved,) = drawn()
    assert moved[0] == "face"
    assert moved[1:] == pytest.approx([27, 17, 45, 30], abs=1)
    page.locator("aside select").select_option("head")
    drag(page, spot(55, 5), spot(75, 45))
    page.locator('[data-box="head"]').wait_for()
    assert [one[0] for one in drawn()] == ["face", "head"]
    page.mouse.click(*spot(70, 40))
    page.locator('[data-box="head"] .handle').first.wait_for()
    page.keyboard.press("Delete")
    page.locator('[data-box="head"]').wait_for(state="detached")
    assert [one[0] for one in drawn()] == ["face"]


def test_a_mask_is_painted(page, reviewed_project):
    project, ids = reviewed_project
    frame = open_first(page, "m")
    # The red patch is the subject; a stroke beside it adds more of it.
    middle = frame["y"] + frame["height"] * 0.8
    drag(
        page,
        (frame["x"] + frame["width"] * 0.2, middle),
        (frame["x"] + frame["width"] * 0.8, middle),
    )
    status(page, "Saved")
    decision = Decisions(project.root / "decisions.jsonl").get(ids["a"], "background")
    key = decision.values["files"]["mask"]
    with Image.open(project.root / "masks" / key[:2] / f"{key}.png") as image:
        mask = np.asarray(image)
    assert mask.shape == (60, 80)
    assert mask[20, 35] == 255
    assert mask[48, 40] > 250
    assert mask[5, 5] == mask[57, 5] == 0
    page.locator('[data-step="background"]').get_by_text("drawn by you").wait_for()


def test_strokes_that_follow_quickly_are_all_kept_and_undone_one_by_one(page, reviewed_project):
    project, ids = reviewed_project

    def mask():
        decision = Decisions(project.root / "decisions.jsonl").get(ids["a"], "background")
        if decision is None:
            return np.zeros((60, 80), dtype=np.uint8)
        key = decision.values["files"]["mask"]
        with Image.open(project.root / "masks" / key[:2] / f"{key}.png") as image:
            return np.asarray(image)

    def spot(x, y):
        return frame["x"] + x * frame["width"] / 80, frame["y"] + y * frame["height"] / 60

    frame = open_first(page, "m")
    page.locator(".view.brush").wait_for()
    for row in (36, 44, 52):
        drag(page, spot(10, row), spot(70, row))
    until(page, lambda: mask()[52, 40] > 200)
    assert mask()[36, 40] > 200
    assert mask()[44, 40] > 200
    page.keyboard.press("z")
    until(page, lambda: mask()[52, 40] < 50)
    assert mask()[44, 40] > 200
    # The canvas shows the mask that counts again, so the next stroke builds on it.
    background = """() => { const canvas = document.querySelector("canvas.mask");
        return canvas.getContext("2d").getImageData(40, 52, 1, 1).data[3]; }"""
    until(page, lambda: page.evaluate(background) == 255)
    drag(page, spot(10, 5), spot(70, 5))
    until(page, lambda: mask()[5, 40] > 200)
    assert mask()[44, 40] > 200
    assert mask()[52, 40] < 50


def test_the_page_is_in_japanese_where_the_browser_is_and_switches(browser, address):
    page, said = open_page(browser, address, locale="ja-JP", scheme="dark")
    assert page.locator("html").get_attribute("lang") == "ja"
    assert page.get_by_role("button", name="要確認だけ").is_visible()
    page.keyboard.press("x")
    status(page, "除外: 1 枚")
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Only what is unsure").wait_for()
    page.reload()
    page.get_by_role("button", name="Only what is unsure").wait_for()
    page.context.close()
    assert said == []


def contrast(one, other):
    """WCAG 2.2 relative luminance and contrast ratio."""

    def luminance(colour):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_colour_schemes(browser, address, scheme):
    page, _ = open_page(browser, address, scheme=scheme)
    looks = """(selector) => { const style = getComputedStyle(document.querySelector(selector));
        let element = document.querySelector(selector), behind = style.backgroundColor;
        while (/, 0\\)$/.test(behind) || behind === "transparent") {
          element = element.parentElement; behind = getComputedStyle(element).backgroundColor; }
        return [style.color, behind]; }"""
    for selector in (
        "h1",
        "button.on",
        ".cell.cursor .name",
        ".cell:not(.cursor) .name",
        ".doubt",
        "footer span",
    ):
        assert contrast(*page.evaluate(looks, selector)) >= 4.5, selector
    page.context.close()


def test_ten_thousand_pictures_have_no_more_cells_than_fit(browser, address, reviewed_project):
    project, _ = reviewed_project
    page, _ = open_page(browser, address)
    rows = [
        {"id": f"{number:064x}", "name": f"pictures/{number}.png", "verdict": None, "doubts": [],
         "covered": True, "unsure": True, "refusal": None}
        for number in range(10_000)
    ]  # fmt: skip
    page.route("**/api/wall", lambda route: route.fulfill(
        json={"project": project.name, "can_undo": False, "rows": rows}
    ))  # fmt: skip
    page.get_by_role("button", name="Reload").click()
    page.get_by_text("10000 of 10000").wait_for()
    assert page.locator(".cell").count() < 80
    page.keyboard.press("End")
    page.locator(".cell.cursor").get_by_text("9999.png").wait_for()
    assert page.locator(".cell").count() < 80
    assert page.locator(".cell.cursor").is_visible()
    page.context.close()


def test_a_program_that_has_ended_is_told(browser, address):
    page, _ = open_page(browser, address)
    page.route("**/api/verdict", lambda route: route.abort())
    page.keyboard.press("k")
    status(page, "The program does not answer")
    page.context.close()
