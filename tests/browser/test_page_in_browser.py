"""The HTML page in Chromium, headless: what a reader does with it, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sampling import PROFILE, few

import archspec
from archspec.drawing.formats.page import render
from browser.wirings import WIRINGS

ROOT = Path(__file__).parent.parent.parent

Page = Any


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens the page of a spec; at the end nothing may have gone wrong, and nothing may have been asked for."""
    pages, problems, requests = [], [], []

    def open_page(name: str, **options: Any) -> Page:
        network = archspec.compile_text(WIRINGS[name]) if name in WIRINGS else archspec.compile(file_of(name))
        file = tmp_path / f"{network.name}.html"
        file.write_text(render(network), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1280, "height": 800}, **options)
        page.set_default_timeout(10_000)
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        pages.append((page, file.as_uri()))
        return page

    yield open_page
    for page, _ in pages:
        page.close()
    assert problems == []
    assert [url for url in requests if not url.startswith("data:")] == [uri for _, uri in pages]


def file_of(name: str) -> Path:
    """The file of a bundled network, or of one of the tests."""
    bundled = ROOT / "specs" / f"{name}.yaml"
    return bundled if bundled.exists() else ROOT / "tests" / "data" / bundled.name


def box(page: Page, path: str) -> Any:
    """The box or frame of a path."""
    return page.locator(f'[role=treeitem][aria-label^="{path}:"]').first


def row(page: Page, name: str) -> Any:
    return page.locator("#rows tr").filter(has=page.locator("td:first-child", has_text=name)).first


def paths(page: Page) -> list[str]:
    return page.evaluate("[...visible(items[0])].map((item) => item.path)")


def names(page: Page) -> list[str]:
    return [text.lstrip("▸▾") for text in page.locator("#rows td:first-child").all_text_contents()]


def test_a_click_opens_a_box_and_another_folds_it(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    before = paths(page)
    assert "layer2.0" not in before
    box(page, "layer2").locator(".card").click()
    assert [path for path in paths(page) if path not in before] == [f"layer2.{index}" for index in range(4)]
    assert box(page, "layer2").get_attribute("aria-expanded") == "true"
    box(page, "layer2.0").locator(".card").click()
    assert "layer2.0.downsample.conv" in paths(page)
    box(page, "layer2").locator(".head").first.click(position={"x": 5, "y": 5})
    assert paths(page) == before


def point_on_edge(page: Page, source: str, target: str) -> tuple[float, float]:
    """The middle of the first part of a line, on the screen."""
    return tuple(page.evaluate("""([source, target]) => {
        const { points } = edges.find((edge) => edge.source?.path === source && edge.target?.path === target);
        const origin = world.getBoundingClientRect(), [one, other] = points;
        return [origin.x + scale * (one.x + other.x) / 2, origin.y + scale * (one.y + other.y) / 2];
    }""", [source, target]))  # fmt: skip


def test_pointing_at_an_edge_tells_what_flows(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    page.mouse.move(*point_on_edge(page, "layer1", "layer2"))
    told = page.locator("#tip").inner_text()
    assert all(text in told for text in ("layer1.2.relu3", "256×56×56", "float32", "3.1 MiB a sample"))
    assert page.locator("#lines .near").get_attribute("d")
    box(page, "layer2").locator(".card").hover()
    assert "layer2" in page.locator("#tip h2").inner_text()
    page.mouse.move(3, 3)
    assert page.locator("#tip").is_hidden()


def test_opening_a_box_leaves_it_where_it_is(show: Callable[..., Page]) -> None:
    page = show("googlenet")
    page.evaluate("zoom(1.8)")
    card = box(page, "inception4a").locator(".card")
    card.scroll_into_view_if_needed()
    before = card.bounding_box()
    page.evaluate("toggle(items.find((item) => item.path === 'inception4a'))")
    after = box(page, "inception4a").bounding_box()
    assert after["width"] > page.evaluate("canvas.clientWidth")
    assert after["y"] == pytest.approx(before["y"], abs=1.5)
    assert after["x"] + after["width"] / 2 == pytest.approx(before["x"] + before["width"] / 2, abs=8)


def test_edges_run_between_what_is_shown(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    page.click("#unfold")
    assert page.evaluate("edges.length") == page.evaluate(
        "items.filter((item) => item.edges).reduce((sum, item) => sum + item.edges.length, 0)"
    )
    assert page.evaluate("edges.every((edge) => !edge.line.includes('NaN'))")
    assert page.evaluate("edges.filter((edge) => edge.skip).length") == 16 + 2 * 4
    page.click("#fold")
    assert page.evaluate("edges.length") == len(paths(page)) - 1


@pytest.mark.parametrize("name", few(["googlenet", "mobilenet_v2", "resnet18", *WIRINGS], 8))
def test_no_box_edge_or_label_lies_on_a_box(show: Callable[..., Page], name: str) -> None:
    page = show(name)
    page.click("#unfold")
    page.evaluate("zoom(1)")
    assert page.evaluate(OVERLAPS) == []


OVERLAPS = """() => {
  const origin = world.getBoundingClientRect();
  const cards = [...document.querySelectorAll(".card")].map((card) => {
    const { left, top, right, bottom } = card.getBoundingClientRect();
    const [x, y] = [origin.x, origin.y];
    return { item: card.parentElement.item, left: left - x, top: top - y, right: right - x, bottom: bottom - y };
  });
  const found = cards.filter((one) => cards.some((other) => other !== one
    && one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom));
  for (const edge of edges) {
    const line = path("", edge.line);
    for (let at = 0; at < line.getTotalLength(); at += 4) {
      const { x, y } = line.getPointAtLength(at);
      found.push(...cards.filter((card) => ![edge.source, edge.target].includes(card.item)
        && x > card.left + 2 && x < card.right - 2 && y > card.top + 2 && y < card.bottom - 2));
    }
  }
  for (const label of document.querySelectorAll(".shape, .label")) {
    const { left, top, right, bottom } = label.getBoundingClientRect();
    found.push(...cards.filter((card) => left - origin.x < card.right - 1 && card.left + 1 < right - origin.x
      && top - origin.y < card.bottom - 1 && card.top + 1 < bottom - origin.y));
  }
  return found.map(({ item }) => item.path);
}"""


SCALED = ["unet", "fpn", "retinanet", "segnet", "yolov8", "lraspp", "hrnet_w18", "a U of blocks"]

STANDS = """() => {
  const { left, top } = document.querySelector(".placed").getBoundingClientRect();
  return [...placement.boxes].map(([item, laid]) => {
    const made = elements.get(item).firstChild.getBoundingClientRect();
    const sides = [made.left - left, made.top - top, made.right - left, made.bottom - top];
    return [item.path, sides.map((side) => Math.round(10 * side / scale) / 10),
      [laid.left, laid.top, laid.right, laid.bottom]];
  });
}"""

LOOSE = """() => edges.flatMap(({ source, target, line }) => {
  const made = path("", line), length = made.getTotalLength(), origin = world.getBoundingClientRect();
  const away = (item, at) => {
    const point = made.getPointAtLength(at), box = elements.get(item).firstChild.getBoundingClientRect();
    const [x, y] = [point.x * scale + origin.x, point.y * scale + origin.y];
    return Math.max(box.left - x, x - box.right, box.top - y, y - box.bottom);
  };
  const ends = [[source, 0, 3], [target, length, length - 3]].filter(([item]) => item && !isOpen(item));
  return ends.filter(([item, end, near]) => away(item, end) < -1 || away(item, end) > 6.6 || away(item, near) < -1)
    .map(([item]) => `${source.path} to ${target.path}: ${item.path}`);
})"""
"""Lines that do not begin or end at the border of their closed box, or lead through it."""


@pytest.mark.parametrize(("name", "seed"), few(list(product(SCALED, range(10 if PROFILE == "nightly" else 1))), 3))
def test_boxes_by_scales_stand_where_they_were_laid_out_or_further_apart(
    show: Callable[..., Page], name: str, seed: int
) -> None:
    """Whatever is opened, they stay in order, lines end at them, and nothing lies on anything."""
    page = show(name)
    page.evaluate("zoom(1)")
    stands = page.evaluate(STANDS)
    assert len(stands) > 8
    for axis in (0, 1):
        more = max(now[axis + 2] - now[axis] - laid[axis + 2] + laid[axis] for _, now, laid in stands)
        for path, now, laid in stands:
            assert all(-0.6 <= now[side] - laid[side] <= more * len(stands) + 0.6 for side in (axis, axis + 2)), path
    random = Random(f"{name} {seed}")
    for _ in range(4):
        assert page.evaluate(OVERLAPS) == []
        assert page.evaluate(LOOSE) == []
        choices = page.evaluate("[...visible(items[0])].filter(opens).map((item) => item.number)")
        page.evaluate("(number) => toggle(items[number])", random.choice(choices))


@pytest.mark.parametrize("name", few(SCALED, 3))
def test_a_page_begins_where_its_network_begins(show: Callable[..., Page], name: str) -> None:
    page = show(name)
    page.set_viewport_size({"width": 900, "height": 700})
    for fitted in ("fit(0.7)", "fit()"):
        page.evaluate(fitted)
        inside = page.evaluate(
            """() => { const [a, b] = [elements.get(items[1]), canvas].map((e) => e.getBoundingClientRect());
                       return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom; }"""
        )
        assert inside, fitted


def test_a_long_name_has_room(show: Callable[..., Page]) -> None:
    page = show("lenet")
    page.evaluate("document.querySelector('h1').textContent = 'a_name_'.repeat(14)")
    page.set_viewport_size({"width": 640, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("$('theme').getBoundingClientRect().right <= innerWidth")


def test_a_frame_by_scales_is_folded_and_opened_again(show: Callable[..., Page]) -> None:
    page = show("retinanet")
    before, places = paths(page), page.evaluate(STANDS)
    box(page, "backbone").locator(".head").click(position={"x": 5, "y": 5})
    assert "backbone.body" not in paths(page)
    assert len(page.evaluate(STANDS)) < len(places)
    assert box(page, "backbone").get_attribute("aria-selected") == "true"
    box(page, "backbone").locator(".card").click()
    assert paths(page) == before
    assert page.evaluate(STANDS) == places


MIDDLES = """(paths) => paths.map((path) => {
  const { x, width } = elements.get(items.find((item) => item.path === path)).getBoundingClientRect();
  return (x + width / 2) / scale;
})"""


ENDS = """([from, to]) => edges.filter((edge) => edge.source?.path === from && edge.target?.path === to).map((edge) => {
  const made = path("", edge.line);
  return [made.getPointAtLength(0).x, made.getPointAtLength(made.getTotalLength()).x];
})"""


@pytest.mark.parametrize(
    ("name", "straight"),
    [
        ("crossing branches, past boxes", "input x, a"),
        ("crossing branches, past boxes", "e, f, g, output out"),
        ("all before into each", "input x, a, c, d, e, f, output output"),
        ("ways that cross twice", "a, c, e"),
    ],
)
def test_boxes_in_layers_stand_below_each_other(show: Callable[..., Page], name: str, straight: str) -> None:
    page = show(name)
    middles = page.evaluate(MIDDLES, straight.split(", "))
    assert middles == pytest.approx([middles[0]] * len(middles), abs=1)


def test_layers_follow_what_is_opened_in_them(show: Callable[..., Page]) -> None:
    page = show("a block whose first input comes through a box")
    page.click("#unfold")
    (ends,) = page.evaluate(ENDS, ["a", "pair"])
    assert ends[0] == pytest.approx(ends[1], abs=1)


def test_two_tensors_between_the_same_boxes_are_two_lines(show: Callable[..., Page]) -> None:
    page = show("a block of two inputs and two outputs")
    page.evaluate("openAll([items[0]])")
    one, other = page.evaluate(ENDS, ["pair", "sum"])
    assert one[0] != other[0]


def test_pointing_and_focus_tell_all_figures(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    box(page, "fc").locator(".card").hover()
    text = page.inner_text("#tip")
    for words in ("2,049,000", "2,048,000", "0.1%", "1000"):
        assert words in text
    page.mouse.move(5, 400)
    assert page.locator("#tip").is_hidden()
    page.focus("#search")
    page.keyboard.press("Shift+Tab")
    page.evaluate("focus(items[2])")
    page.keyboard.press("ArrowDown")
    assert "maxpool" in page.inner_text("#tip")
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_search_finds_what_is_folded_and_shows_it(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    page.keyboard.press("/")
    page.keyboard.type("layer3.4 conv2")
    assert page.inner_text("#found") == "1 found"
    assert names(page) == ["layer3.4.conv2"]
    assert "hit" in box(page, "layer3").get_attribute("class")
    page.keyboard.press("Enter")
    assert box(page, "layer3.4.conv2").get_attribute("aria-selected") == "true"
    assert box(page, "layer3.4.conv2").locator(".card").is_visible()
    inside = page.evaluate(
        """() => { const [a, b] = [elements.get(selected), canvas].map((e) => e.getBoundingClientRect());
                   return a.top >= b.top && a.bottom <= b.bottom; }"""
    )
    assert inside
    page.keyboard.press("Escape")
    assert page.inner_text("#found") == ""
    assert "layer3.4.conv2" not in names(page)
    page.fill("#search", "nothing of the kind")
    assert page.inner_text("#found") == "none found"
    assert names(page) == []


def test_a_row_selects_its_box_and_a_box_its_row(show: Callable[..., Page]) -> None:
    page = show("googlenet")
    row(page, "inception4b").click()
    assert box(page, "inception4b").get_attribute("aria-selected") == "true"
    box(page, "maxpool3").locator(".card").click()
    assert row(page, "maxpool3").get_attribute("aria-selected") == "true"
    assert page.locator("[aria-selected=true]").count() == 2
    row(page, "inception5b").locator(".twisty").click()
    assert box(page, "inception5b").get_attribute("aria-expanded") == "true"
    assert row(page, "inception5b").get_attribute("aria-expanded") == "true"


def test_folding_a_frame_selects_it_for_what_was_selected_inside(show: Callable[..., Page]) -> None:
    page = show("googlenet")
    box(page, "inception3a").locator(".card").click()
    box(page, "inception3a.branch4.pool").locator(".card").click()
    page.evaluate("toggle(items.find((item) => item.path === 'inception3a'))")
    assert box(page, "inception3a").get_attribute("aria-selected") == "true"


def test_rows_sort_by_cost(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    spec_order = names(page)

    def macs() -> list[int]:
        cells = page.locator("#rows td:nth-child(5)").all_text_contents()
        return [int(text.replace(",", "")) for text in cells]

    heading = page.locator("#heads th").nth(4)
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert macs() == sorted(macs(), reverse=True)
    assert names(page)[0] == "layer3"
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert macs() == sorted(macs())
    heading.locator("button").click()
    assert names(page) == spec_order


def test_the_theme_follows_the_page_and_a_switch(show: Callable[..., Page]) -> None:
    page = show("lenet", color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(colour)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(13, 17, 23)")
    seen = []
    for _ in range(3):
        page.click("#theme")
        seen.append((page.inner_text("#theme"), page.evaluate(colour)))
    assert seen == [("Theme: light", light), ("Theme: dark", dark), ("Theme: auto", light)]


def test_colour_by_cost_is_strongest_where_most_is_spent(show: Callable[..., Page]) -> None:
    page = show("deepface")
    page.select_option("#colour", "macs")
    fill = "(item) => getComputedStyle(elements.get(item).firstChild).backgroundColor"
    item = "items.find((item) => item.path === '{}')"
    colours = [page.evaluate(f"({fill})({item.format(path)})") for path in ("C1", "C3", "M2")]
    assert len(set(colours)) == 3
    page.select_option("#colour", "")
    assert page.locator(".heat").count() == 0


def test_zoom_by_keys_buttons_and_wheel(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    start = page.evaluate("scale")
    page.click("#larger")
    page.keyboard.press("+")
    assert page.evaluate("scale") == pytest.approx(start * 1.44)
    page.keyboard.press("-")
    page.click("#smaller")
    assert page.evaluate("scale") == pytest.approx(start)
    page.mouse.move(300, 300)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function(f"scale > {start} * 1.5")
    page.click("#fit")
    assert page.evaluate("world.offsetHeight * scale <= canvas.clientHeight + 1 || scale === 0.3")


def test_dragging_moves_the_picture_and_opens_nothing(show: Callable[..., Page]) -> None:
    page = show("googlenet")
    page.click("#larger")
    before, top = paths(page), page.evaluate("canvas.scrollTop")
    place = box(page, "inception3a").bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + 10)
    page.mouse.down()
    page.mouse.move(place["x"] + 20, place["y"] - 90, steps=5)
    page.mouse.up()
    assert page.evaluate("canvas.scrollTop") == pytest.approx(top + 100, abs=2)
    assert paths(page) == before
    box(page, "inception3a").locator(".card").click()
    assert paths(page) != before


def test_everything_can_be_done_by_keyboard(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "treeitem":
            break
    active = "document.activeElement.item.path"
    assert page.evaluate(active) == "input image"
    assert page.locator("#world [tabindex='0']").count() == 1
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.evaluate(active) == "layer1"
    page.keyboard.press("Enter")
    assert "layer1.0" in paths(page)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(active) == "layer1.0"
    page.keyboard.press("ArrowRight")
    assert "layer1.0.conv1" in paths(page)
    page.keyboard.press("ArrowLeft")
    assert "layer1.0.conv1" not in paths(page)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(active) == "layer1"
    page.keyboard.press(" ")
    assert "layer1.0" not in paths(page)
    page.keyboard.press("End")
    assert page.evaluate(active) == "output output"
    assert page.locator("#world [tabindex='0']").count() == 1


def test_rows_can_be_walked_by_keyboard(show: Callable[..., Page]) -> None:
    page = show("resnet50")
    page.locator("#rows tr[tabindex='0']").focus()
    active = "document.activeElement.closest('tr').item.path"
    page.keyboard.press("End")
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.evaluate(active) == "layer1"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(active) == "layer1"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(active) == "layer1.0"
    page.keyboard.press("Enter")
    assert box(page, "layer1.0").get_attribute("aria-selected") == "true"
    assert page.evaluate(active) == "layer1.0"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert "layer1.0" not in paths(page)


STATES = ["overview", "open", "searching", "sorted", "by cost", "pointing"]


@pytest.mark.parametrize(("state", "scheme"), few(list(product(STATES, ["light", "dark"])), 4))
def test_axe_finds_nothing(show: Callable[..., Page], scheme: str, state: str) -> None:
    axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing")
    page = show("googlenet" if state != "by cost" else "deepface", color_scheme=scheme)
    if state == "open":
        page.click("#unfold")
        page.locator("summary").click()
    elif state == "searching":
        page.fill("#search", "conv3x3")
        page.keyboard.press("Enter")
    elif state == "sorted":
        page.locator("#heads button").nth(3).click()
    elif state == "by cost":
        page.select_option("#colour", "macs")
    elif state == "pointing":
        box(page, "inception3a").locator(".card").hover()
    violations = axe_api.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
