"""What holds of pictures in every style: cards, volumes and tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command import Run
from drawn import network
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from sampling import PROFILE, examples
from test_drawing_papers import ASKED, check_size
from test_volumes import faults

import archspec
from archspec.drawing import drawing, styles
from archspec.drawing.content.fonts import measured_in
from archspec.drawing.content.labels import FAMILIES
from archspec.drawing.drawing import TABLE_FORMATS, CardDrawing, Drawing
from archspec.drawing.formats.looks import looks
from archspec.drawing.formats.marks import FaceMark, TextMark
from archspec.drawing.formats.themes import THEMES
from archspec.drawing.layout.geometry import Rect
from archspec.drawing.styles import STYLES
from archspec.drawing.volumes import VolumeDrawing, draw_volumes

MORE: dict[str, dict[str, Any]] = {
    "cards": {"title": "A title of a few words", "show": ["totals"]},
    "volumes": {"title": "A title of a few words"},
    "table": {},
}
"""What of a style stands above and below a picture."""
NAMES = ("lenet", "vgg16", "resnet18", "unet")


def texts(picture: Drawing) -> Iterator[Rect]:
    """Where letters are, with those parts that are below the line."""
    with measured_in(picture.face.metrics):
        for mark in (mark for group in picture.picture.groups for mark in group.marks):
            if isinstance(mark, TextMark):
                (x, y), width = mark.at, sum(span.width for span in mark.spans)
                left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
                size = max(span.size for span in mark.spans)
                yield left, y - 0.75 * size, left + width, y + 0.24 * size


def check_on_sheet(picture: Drawing) -> None:
    """All letters are on what the picture stands on."""
    left, top, width, height = picture.sheet.view
    for rect in texts(picture):
        assert left <= rect[0] <= rect[2] <= left + width
        assert top <= rect[1] <= rect[3] <= top + height


PLAIN = {"input", "merge", "arithmetic", "reduction", "reshape", "dropout", "constant", "other", "norm", "activation"}
"""Families that need not be told apart as volumes: they are none, or say what they are."""


@pytest.mark.parametrize("theme", THEMES)
def test_volumes_of_two_families_look_different(theme: str) -> None:
    """By what is on their fronts: also where all is black and white."""
    look, found = THEMES[theme], {}
    for family in sorted(set(FAMILIES) - PLAIN - {"failed", "added", "removed", "changed"}):
        mark = FaceMark((0, 0, 20, 12), f"front-{family}", family)
        shown = looks(look)[mark.style].fill, mark.hatching(look.paint(family).pattern)
        assert shown != (look.page, ())
        assert found.setdefault(shown, family) == family


@pytest.mark.parametrize("theme", THEMES)
def test_samples_of_the_legend_are_fronts_of_volumes(theme: str) -> None:
    groups = draw_volumes(network("unet"), theme=theme, color="kind").picture.groups
    fronts = {kind: {mark[1:] for group in groups if group.kind == kind for mark in group.marks
                     if isinstance(mark, FaceMark)} for kind in ("node", "legend")}  # fmt: skip
    assert fronts["legend"] == {front for front in fronts["node"] if front[1] != "input"}


@given(st.tuples(st.floats(0.5, 60), st.floats(0.5, 130)), st.sampled_from(["lines", "falls", "cross", "bars", "dots"]))
def test_strokes_are_on_the_front_that_they_fill(size: tuple[float, float], pattern: str) -> None:
    strokes = FaceMark((0, 0, *size), "front-pool", "pool").hatching(pattern)
    for _, points in strokes:
        for x, y in points:
            assert -0.01 <= x <= size[0] + 0.01
            assert -0.01 <= y <= size[1] + 0.01


def test_each_style_is_tried() -> None:
    assert list(MORE) == list(STYLES)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("name", "wish"), [(name, wish) for name in NAMES for wish in ASKED])
def test_a_picture_in_any_style_has_the_size_that_is_asked(style: Any, name: str, wish: str) -> None:
    for legend in ({}, {"color": "kind"}) if style != "table" else ({},):
        picture = archspec.draw(network(name), style=style, **MORE[style], **legend, **ASKED[wish])
        check_size(picture, ASKED[wish])
        check_on_sheet(picture)


@settings(max_examples=examples(500 if PROFILE == "nightly" else 10))
@given(networks())
def test_volumes_of_any_network_fit_a_column(text: str) -> None:
    wish = ASKED["a column"]
    picture = draw_volumes(compiled(text), title="A title of a few words", color="kind", **wish)
    check_size(picture, wish)
    check_on_sheet(picture)
    assert faults(picture.solids) == []
    assert min(placed.rect[1] for placed in picture.solids.placed) > 12 + 13  # below the margin and the title


@pytest.mark.parametrize("style", STYLES)
def test_a_font_is_that_of_any_style(style: Any) -> None:
    widths = {}
    for name in ("Times", "DejaVu Sans"):
        picture = archspec.draw("vgg16", style=style, font=name)
        assert f"font-family:{picture.face.family}}}" in picture.svg
        widths[name] = picture.picture.size[0]
    assert widths["Times"] < widths["DejaVu Sans"]
    with pytest.raises(archspec.UsageError, match="font's file"):
        archspec.draw("vgg16", style=style, font="Times").data("pdf")


def test_a_title_is_part_of_volumes() -> None:
    plain, titled = (draw_volumes(network("lenet"), title=title) for title in (None, "LeNet, drawn"))
    assert titled.alt.startswith("LeNet, drawn. ")
    down = titled.picture.size[1] - plain.picture.size[1]
    moved = zip(plain.solids.placed, titled.solids.placed, strict=True)
    assert down > 0
    assert {round(low.rect[1] - high.rect[1], 6) for high, low in moved} == {down}


@pytest.mark.parametrize(("name", "fragment", "dpi"), [("a.svg", True, None), ("a.pdf", False, 300)])
@pytest.mark.parametrize("style", STYLES)
def test_files_of_other_kinds_take_no_pixels_and_no_fragment(name: str, fragment: bool, dpi: Any, style: Any) -> None:
    with pytest.raises(archspec.UsageError, match="a `fragment` is" if fragment else "a `dpi` is"):
        archspec.draw("lenet", name, style=style, fragment=fragment, dpi=dpi)


@pytest.mark.parametrize("option", sorted(styles.FITTING))
@pytest.mark.parametrize("ending", sorted(TABLE_FORMATS.keys() - drawing.FORMATS.keys()))
def test_a_table_as_text_takes_no_size(run: Run, ending: str, option: str) -> None:
    values = {"font": "Times", "font_size": "8pt", "paper": "a4", "size": "16:9", "width": "85mm"}
    done = run(
        "draw", "lenet", "--style", "table", f"--{option.replace('_', '-')}", values[option], "-o", f"x.{ending}"
    )
    assert done.code == 2
    assert f"a table as `.{ending}` is text and takes no `{option}`" in done.err


VALUES: dict[str, Any] = {
    "detail": "ops", "expand": ["layer2"], "collapse": ["features"], "theme": "dark", "direction": "right",
    "width": "60mm", "size": "16:9", "font_size": "20pt", "font": "Times", "layout": "scales", "color": "cost",
    "show": ["totals"], "title": "x", "highlight": ["fc"], "note": ["fc=x"],
}  # fmt: skip
"""A value of each option of cards that changes a picture, but for the paper, of which texts take the direction."""
REFUSED = dict.fromkeys(("dot", "gv", "mmd"), ("width", "size", "font_size", "font", "color", "title", "show"))


@pytest.mark.parametrize("option", VALUES)
@pytest.mark.parametrize("ending", ["dot", "gv", "mmd", "tex", "html"])
def test_an_option_says_something_in_a_text_or_is_refused(tmp_path: Path, ending: str, option: str) -> None:
    name = {"collapse": "vgg16", "direction": "unet", "layout": "unet"}.get(option, "resnet18")
    plain, asked = tmp_path / f"plain.{ending}", tmp_path / f"asked.{ending}"
    archspec.draw(name, plain, **({"layout": "flow"} if option == "layout" else {}))
    with suppress(archspec.UsageError):
        archspec.draw(name, asked, **{option: VALUES[option]})
    refused = (ending == "html" and option != "layout") or option in REFUSED.get(ending, ())
    assert asked.exists() != refused
    assert refused or asked.read_bytes() != plain.read_bytes()


@pytest.mark.parametrize("ending", sorted(TABLE_FORMATS.keys() - drawing.FORMATS.keys()))
def test_a_table_as_text_has_no_colours(tmp_path: Path, ending: str) -> None:
    with pytest.raises(archspec.UsageError, match="is text and takes no `theme`"):
        archspec.draw("lenet", tmp_path / f"x.{ending}", style="table", theme="dark")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--style", "volumes", "-o", "x.dot"],
            "this picture is not saved as `.dot`; a file's name ends in one of .svg",
        ),
        (["--style", "table", "-o", "x.tex", "--fragment"], "a table's `.tex` is one already"),
        (["--style", "volumes", "--highlight", "conv1"], "in the style `volumes` have no option `highlight`"),
        (["--style", "volumes", "--show", "totals"], "in the style `volumes` have no option `show`"),
        (["--style", "table", "--title", "x", "-o", "x.svg"], "in the style `table` have no option `title`"),
        (["--style", "table", "--note", "conv1=x", "-o", "x.svg"], "in the style `table` have no option `note`"),
        (["--style", "table", "--width", "85mm"], "a table as `.txt` is text and takes no `width`"),
    ],
)
def test_what_a_style_lacks_is_said(run: Run, arguments: list[str], message: str) -> None:
    done = run("draw", "lenet", *arguments)
    assert done.code == 2
    assert message in done.err


def test_a_picture_of_a_style_is_of_its_class() -> None:
    assert isinstance(archspec.draw("lenet"), CardDrawing)
    assert isinstance(archspec.draw("lenet", style="volumes"), VolumeDrawing)
