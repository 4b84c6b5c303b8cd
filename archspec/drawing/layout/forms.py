"""How a scene is laid out: by its scales where it has some, else as a flow down a page or to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Literal, get_args

from archspec.drawing.content.cards import LEGIBLE, ROOMS, SMALL, Card, cards
from archspec.drawing.content.scene import Scene
from archspec.drawing.layout.flow import Columns, flow
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.ladder import ladder
from archspec.drawing.layout.pages import Fit, Page, page_of
from archspec.drawing.layout.placement import Placing
from archspec.drawing.layout.scales import scales
from archspec.errors import UsageError, did_you_mean

Direction = Literal["auto", "down", "right"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Layout = Literal["auto", "flow", "scales"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

NO_SCALES = "it cannot be laid out by scales: its resolution neither comes back nor stays"

_USUAL = page_of("a4")
"""The columns of a picture without a page are those that it would have on this one."""
_BROAD = page_of("a4-landscape")
"""Where a picture by scales that has no page may be read as well."""
_MANY = 500
"""Pictures of more boxes are read downwards; the other direction is not tried."""
CLEARER = 1.3
"""Where the text of a layout by scales is too small, a flow must make it this much larger to be drawn instead."""
_LOWER = 1.25
"""Narrower boxes must make a picture this much lower where it has the width that it needs."""
_TURNED = 1.15
"""Reading from left to right must make the picture this much larger."""


def fitting(scene: Scene, show: Sequence[str], direction: Direction, page: Page, layout: Layout = "auto") -> Placing:
    """Lay out a scene for a page, with boxes as narrow as a width, or a size with text of a size, needs.

    On a sheet, boxes are narrower where the text could not be read else.

    Args:
        scene: The scene.
        show: What its boxes say; see `cards`.
        direction: How it is read.
        page: What it is fitted to.
        layout: By scales or as a flow.

    Raises:
        UsageError: There is no such direction, layout or figure, or the scene has no scales to be laid out by.
    """
    best = place(scene, cards(scene, show), direction, page, layout)
    for room in ROOMS[1:] if _may_be_narrower(page, best) else ():
        fits = page.fitted(best.size) == 1.0
        if fits and (page.fit is Fit.SIZE or len(scene.boxes) > _MANY):
            break
        tried = place(scene, cards(scene, show, room), direction, page, layout, terse=True)
        if _is_clearer(tried.size, best.size, page):
            best = tried
    return best


def _is_clearer(tried: Point, usual: Point, page: Page) -> bool:
    """Whether a picture with narrower boxes is printed where the usual one is too high, else larger or much lower."""
    if page.fit is Fit.WIDTH and page.prints(tried) != page.prints(usual):
        return page.prints(tried)
    if page.fitted(usual) == 1.0:
        return page.fitted(tried) == 1.0 and tried[1] * _LOWER < usual[1]
    return page.fitted(tried) > page.fitted(usual)


def _may_be_narrower(page: Page, usual: Placing) -> bool:
    """Whether narrower boxes than usual may be better on a page."""
    if page.fit is Fit.PAPER:
        return page.scale * SMALL * page.fitted(usual.size) < LEGIBLE and len(usual.boxes) <= _MANY
    return page.fit in (Fit.WIDTH, Fit.SIZE)


def place(
    scene: Scene,
    cards: Mapping[str, Card],
    direction: Direction = "auto",
    page: Page | None = None,
    layout: Layout = "auto",
    *,
    terse: bool = False,
) -> Placing:
    """Lay out a scene by its scales, or so that it is large on a page; to the right without one, in a single row.

    Args:
        scene: The scene.
        cards: The cards of its boxes.
        direction: How it is read.
        page: What it is fitted to.
        layout: By scales or as a flow.
        terse: Whether lines by scales say shapes only where they change.

    Raises:
        UsageError: There is no such direction or layout, or the scene has no scales to be laid out by.
    """
    require_known("direction", direction, DIRECTIONS)
    require_known("layout", layout, LAYOUTS)
    paged = page is not None and page.fit is not Fit.FREE
    on = page if page is not None and paged else _USUAL
    found = None
    if layout == "scales" or (layout == "auto" and direction == "auto"):
        levels = scales(scene)
        found = ladder(levels, scene, cards, terse=terse) if levels else None
        if found is None and layout == "scales":
            raise UsageError(
                "it cannot be laid out by scales: its lines find no way between boxes" if levels else NO_SCALES
            )
    fit = max(each.fitted(found.size) for each in ((on,) if paged else (on, _BROAD))) if found else 0.0
    if found and (layout == "scales" or on.scale * SMALL * fit >= LEGIBLE):
        return found
    flowing = _flow(scene, cards, direction, on, paged=paged)
    return found if found and fit * CLEARER >= on.fitted(flowing.size) else flowing


def require_known(kind: str, name: str, known: Sequence[str]) -> None:
    """Refuse a value of an option that is none of those that it has.

    Raises:
        UsageError: It is none.
    """
    if name not in known:
        raise UsageError(f"there is no {kind} `{name}`; {did_you_mean(name, known)}".rstrip("; "))


def _flow(scene: Scene, cards: Mapping[str, Card], direction: Direction, page: Page, *, paged: bool) -> Placing:
    """The flow that is largest on a page."""
    if direction == "right":
        return flow(scene, cards, page if paged else _USUAL._replace(width=inf), rightwards=True).placing()
    down = flow(scene, cards, page, rightwards=False)
    if direction == "down" or len(scene.boxes) > _MANY or not _may_turn(down, page):
        return down.placing()
    right = flow(scene, cards, page, rightwards=True)
    return (right if _is_better(right, down, page) else down).placing()


def _may_turn(down: Columns, page: Page) -> bool:
    """Whether a picture that is read downwards may be better read from left to right."""
    return page.fit is Fit.WIDTH or (page.width >= page.height and page.fitted(down.size) != 1.0)


def _is_better(right: Columns, down: Columns, page: Page) -> bool:
    """Whether a picture is clearly larger, or on a page of any height lower, read from left to right."""
    gain = page.fitted(right.size) / page.fitted(down.size)
    if page.fit is Fit.WIDTH and gain == 1.0:
        gain = down.size[1] / right.size[1]
    return gain > _TURNED
