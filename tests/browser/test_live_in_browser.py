"""The page of ``archspec live`` in Chromium, headless: what an author does with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `live` is not installed")

Page = Any
Show = Callable[..., Page]

TEXT = """\
archspec: 1
name: small
params: {width: {default: 8, min: 1}, deep: false}
inputs: {x: [3, 8, 8]}
graph:
  a: {op: conv, out_channels: $width, kernel_size: 1}
  b: relu
  c: {op: linear, out_features: 10, when: $deep}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    file = tmp_path_factory.mktemp("live") / "small.yaml"
    file.write_text(TEXT)
    command = [sys.executable, "-m", "archspec", "live", str(file), "--no-open"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found
        yield file, found[0]
        process.terminate()
        assert "Traceback" not in process.stderr.read()


@pytest.fixture
def show(browser: Any, served: tuple[Path, str]) -> Iterator[Show]:
    """Opens the page; at the end nothing may have gone wrong, and only the server may have been asked for anything."""
    file, address = served
    problems, requests, pages = [], [], []

    def open_page(text: str = TEXT, **options: Any) -> Page:
        file.write_text(text)
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
        page.set_default_timeout(20_000)
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        pages.append(page)
        page.wait_for_selector("#count:not(:empty)")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert problems == []
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []


def end_of(page: Page, line: str) -> None:
    """Puts the cursor at the end of a line."""
    page.locator(".cm-line").filter(has_text=line).first.click()
    page.keyboard.press("End")


PLACE_OF_TEXT = """(root, text) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), range = document.createRange();
    while (walker.nextNode() && !walker.currentNode.data.includes(text));
    const from = walker.currentNode.data.indexOf(text);
    range.setStart(walker.currentNode, from);
    range.setEnd(walker.currentNode, from + text.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
}"""


def hover(page: Page, text: str) -> None:
    """Puts the mouse on a text of the editor, which need not be an element of its own."""
    page.mouse.move(*page.locator(".cm-content").evaluate(PLACE_OF_TEXT, text))


def figure(page: Page, name: str) -> str:
    return page.locator("#figures div").filter(has_text=name).locator("dd").first.inner_text()


def told(page: Page, selector: str, text: str) -> None:
    page.locator(selector).filter(has_text=text).first.wait_for()


def write_elsewhere(file: Path, text: str) -> None:
    """Writes a file as other programs do: who reads it has the one text or the other, and never a part."""
    other = file.with_suffix(".new")
    other.write_text(text)
    other.replace(file)


def test_a_mistake_is_marked_at_its_line_and_mended_by_its_fix(show: Show) -> None:
    page = show()
    end_of(page, "b: relu")
    for _ in "elu":
        page.keyboard.press("Backspace")
    page.keyboard.type("leu")
    told(page, "#found .error", "line 7")
    page.wait_for_selector(".cm-lintRange-error")
    page.wait_for_selector("#figures.stale")
    page.locator("#found .fix").click()
    told(page, "#count", "No problems")
    page.wait_for_selector("#figures:not(.stale)")
    assert "b: relu" in page.locator(".cm-content").inner_text()


def test_a_change_shows_what_it_costs_and_its_shapes(show: Show) -> None:
    page = show()
    assert figure(page, "params") == "32"
    told(page, ".hint", "8x8x8")
    end_of(page, "b: relu")
    page.keyboard.press("Enter")
    page.keyboard.type("d: {op: max_pool, kernel_size: 2")
    told(page, "#figures .change", "was 8x8x8")
    told(page, ".hint", "8x4x4")


def test_parameters_are_controls(show: Show) -> None:
    page = show()
    page.locator("#settings summary").click()
    page.fill("[name='param:width']", "16")
    page.keyboard.press("Tab")
    told(page, "#figures .change", "+32 (+100.0%)")
    page.fill("[name='param:width']", "0")
    page.keyboard.press("Tab")
    told(page, "#status", "width")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_selector("#figures:not(:has(.change))")
    page.check("[name='param:deep']")
    told(page, "#figures", "8x8x10")


def test_the_picture_keeps_what_is_open_and_leads_to_the_line(show: Show) -> None:
    text = TEXT.replace("  b: relu\n", "  b: {block: residual_basic, channels: 8}\n")
    page = show(text)
    frame = page.frame_locator("#picture iframe")
    frame.locator('[role=treeitem][aria-label^="b:"] .card').first.click()
    frame.locator('[role=treeitem][aria-label^="b.conv1:"]').first.wait_for()
    told(page, ".cm-activeLine", "b: {block: residual_basic")
    end_of(page, "name: small")
    page.keyboard.type("er")
    page.wait_for_timeout(500)
    page.frame_locator("#picture iframe").locator('[role=treeitem][aria-label^="b.conv1:"]').first.wait_for()


def test_the_views_are_tabs_for_the_keyboard(show: Show) -> None:
    page = show()
    page.locator("#tab-picture").focus()
    page.keyboard.press("ArrowRight")
    page.frame_locator("#picture iframe").locator("#rows tr").first.wait_for()
    page.keyboard.press("ArrowRight")
    told(page, "#source .cm-content", "class Small(nn.Module)")
    page.keyboard.press("Home")
    page.frame_locator("#picture iframe").locator("#world").wait_for()


def test_a_problem_is_gone_to_by_the_keyboard(show: Show) -> None:
    page = show(TEXT.replace("b: relu", "b: rleu"))
    page.locator("#found .place").first.focus()
    page.keyboard.press("Enter")
    told(page, ".cm-activeLine", "b: rleu")
    page.keyboard.type("x")
    assert "xrleu" in page.locator(".cm-content").inner_text()


def test_a_hover_shows_text_and_does_nothing(show: Show) -> None:
    """A doc may hold HTML: of a spec that somebody shares."""
    doc = "<img src=x onerror=alert(1)> <form action=https://evil.example><input></form> **bold**"
    page = show(TEXT.replace("min: 1}", f"min: 1, doc: '{doc}'}}"))
    hover(page, "$width")
    page.wait_for_selector(".cm-tooltip strong:has-text('bold')")
    assert page.locator(".cm-tooltip :is(img, form, input)").count() == 0


def test_a_text_is_saved_and_others_are_told(show: Show, served: tuple[Path, str]) -> None:
    file, _ = served
    page = show(TEXT.replace("\n", "\r\n"))
    assert page.locator("#save").is_disabled()
    end_of(page, "name: small")
    page.keyboard.type("er")
    page.keyboard.press("Control+s")
    told(page, "#status", "Saved")
    assert file.read_bytes() == TEXT.replace("small", "smaller").replace("\n", "\r\n").encode()
    write_elsewhere(file, TEXT.replace("small", "other"))
    told(page, ".cm-line", "name: other")
    end_of(page, "name: other")
    page.keyboard.type("s")
    write_elsewhere(file, TEXT.replace("small", "theirs"))
    told(page, "#conflict", "Another program changed the file")
    page.get_by_role("button", name="Keep mine").click()
    page.locator("#conflict").wait_for(state="hidden")
    assert "name: others" in file.read_text()
    file.unlink()
    told(page, "#conflict", "The file is gone")
    page.get_by_role("button", name="Keep mine").click()
    page.locator("#conflict").wait_for(state="hidden")
    assert "name: others" in file.read_text()


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_nothing_is_cut_off_at_the_side(show: Show, width: int) -> None:
    page = show(TEXT.replace("relu", "rleu"), viewport={"width": width, "height": 700})
    page.locator("#settings summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("scheme", "state"),
    [("light", "wrong"), ("dark", "wrong"), ("light", "source"), ("dark", "settings"), ("light", "narrow")],
)
def test_axe_finds_nothing(show: Show, scheme: str, state: str) -> None:
    axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing")
    text = TEXT.replace("relu", "rleu") if state == "wrong" else TEXT
    size = {"viewport": {"width": 400, "height": 700}} if state == "narrow" else {}
    page = show(text, color_scheme=scheme, **size)
    if state == "source":
        page.locator("#tab-source").click()
        told(page, "#source .cm-content", "class Small(nn.Module)")
    elif state == "settings":
        page.locator("#settings summary").click()
        page.locator("#downloads summary").click()
    elif state == "wrong":
        page.wait_for_selector("#found .fix")
    violations = axe_api.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in violations] == []
