"""Pictures for a width, a size and a font, with titles, notes and highlights: what papers and slides need."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus import SOME_SPECS
from drawing_geometry import faults, label_of, shrunk
from drawn import SVG, every_spec, network
from hypothesis import given, settings
from random_networks import compiled, networks
from sampling import PROFILE, examples
from test_drawing_scales import networks_with_scales

import archspec
from archspec.drawing.content.cards import LEGIBLE
from archspec.drawing.content.emphasis import emphasised
from archspec.drawing.content.fonts import VERA, measured_in, text_width
from archspec.drawing.content.staging import stage
from archspec.drawing.content.typefaces import NAMES, typeface
from archspec.drawing.drawing import CardDrawing, Drawing, draw
from archspec.drawing.formats.marks import RectMark, TextMark
from archspec.drawing.formats.pdf import font_files
from archspec.drawing.formats.themes import THEMES
from archspec.drawing.layout import lengths
from archspec.drawing.layout.geometry import Rect, overlap
from archspec.drawing.layout.pages import HIGHEST, page_of

ASKED: dict[str, dict[str, str]] = {
    "a column": {"width": "85mm", "font_size": "8pt"},
    "a text": {"width": "textwidth", "font_size": "7pt"},
    "a slide": {"size": "254x143mm", "font_size": "14pt"},
    "a shape": {"size": "4:3", "font_size": "10pt"},
    "a shape of a width": {"width": "160mm", "size": "16:9", "font_size": "8pt"},
    "a page": {"paper": "a4", "font_size": "8pt"},
    "a size of text": {"font_size": "12pt"},
}
NIGHTLY = PROFILE == "nightly"
CASES = [
    (path.stem, wish)
    for number, path in enumerate(SOME_SPECS)
    for wish in (ASKED if NIGHTLY else list(ASKED)[number % len(ASKED) :][:1])
]
"""Each network has one of the wishes, at night all."""


def printed(picture: Drawing) -> tuple[float, float, float]:
    """Width, height and the size of the smallest text of an SVG, in points, as a reader of the file has them."""
    root = ElementTree.fromstring(picture.svg)
    width, height = (float((root.get(name) or "").removesuffix("pt")) for name in ("width", "height"))
    view = [float(number) for number in (root.get("viewBox") or "").split()]
    sizes = [float(each.get("font-size") or "inf") for each in root.iter() if each.tag in (f"{SVG}text", f"{SVG}tspan")]
    return width, height, min(sizes) * width / view[2]


def is_empty(picture: Drawing) -> bool:
    """Whether it shows inputs and outputs alone, which have no small text."""
    return isinstance(picture, CardDrawing) and all(
        box.kind in ("input", "output") for box in picture.placing.scene.boxes
    )


def check_size(picture: Drawing, wish: dict[str, str]) -> None:
    """The size is that asked, and the text too or a note says its size; another what is higher than a page."""
    width, height, text = printed(picture)
    assert ("width" in wish and "size" not in wish and height > HIGHEST) == any(" mm high" in n for n in picture.notes)
    if "width" in wish:
        assert width == pytest.approx(lengths.width(wish["width"]), abs=0.1)
    if ":" in wish.get("size", ""):
        one, other = lengths.shape(wish["size"]) or (0.0, 1.0)
        assert width / height == pytest.approx(one / other, rel=0.01)
    elif "size" in wish:
        assert (width, height) == pytest.approx(lengths.size(wish["size"]), abs=0.1)
    asked = float(wish["font_size"].removesuffix("pt"))
    if is_empty(picture):
        assert text >= picture.smallest_text
        return
    assert text == pytest.approx(picture.smallest_text, rel=0.01)
    small = [note for note in picture.notes if "smallest text" in note]
    if small:
        assert text < asked
        assert f"{text:.1f}"[:-1] in small[0]
        assert f"not {asked:g} pt" in small[0]
    else:
        assert text == pytest.approx(asked, rel=0.02)


def check_fit(picture: CardDrawing, wish: dict[str, str]) -> None:
    """The size and the text are those asked, and all of the picture is on what it stands on."""
    check_size(picture, wish)
    left, top, wide, high = picture.sheet.view
    for rect in picture.placing.boxes.values():
        assert left <= rect[0] < rect[2] <= left + wide
        assert top <= rect[1] < rect[3] <= top + high


@pytest.mark.parametrize(("name", "wish"), CASES)
def test_a_picture_has_the_size_and_the_text_that_are_asked(name: str, wish: str) -> None:
    picture = draw(network(name), **ASKED[wish])
    check_fit(picture, ASKED[wish])
    assert not faults(picture.placing)


def test_a_picture_reflows_for_its_width() -> None:
    """The same text and another form; a picture that has no room says which text it has."""
    narrow, wide = (draw(network("resnet50"), width=width, font_size="8pt") for width in ("85mm", "178mm"))
    assert narrow.placing.columns < wide.placing.columns
    assert narrow.sheet.size[1] > wide.sheet.size[1]
    assert narrow.smallest_text == wide.smallest_text == pytest.approx(8)
    assert not (*narrow.notes, *wide.notes)
    (note,) = draw(network("fpn"), width="85mm", font_size="8pt").notes
    assert note.startswith("on 85mm the smallest text is ")


def test_without_a_font_size_text_is_no_larger_than_usual_and_fills_a_size() -> None:
    assert draw(network("lenet"), width="300mm").smallest_text == pytest.approx(9)
    assert draw(network("lenet"), size="254x143mm").smallest_text > 10
    (note,) = draw(network("fpn"), width="40mm").notes
    assert re.fullmatch(r"on 40mm the smallest text is [1-5]\.\d pt; fewer boxes .* would make it larger", note)


@settings(max_examples=examples(2_000 if NIGHTLY else 15))
@given(networks())
def test_any_network_fits_a_column(text: str) -> None:
    wish = ASKED["a column"]
    for detail in ("overview", "ops"):
        check_fit(draw(compiled(text), detail=detail, **wish), wish)


# Titles, notes, highlights


def paths_of(picture: CardDrawing) -> list[str]:
    """Paths that a note or a highlight may name."""
    scene = picture.placing.scene
    return [path for box in scene.boxes for path in box.paths[:1]] + [cluster.path for cluster in scene.clusters]


def beside(picture: CardDrawing) -> Iterator[Rect]:
    """The rectangles of what stands above and below a picture."""
    for group in picture.picture.groups:
        for mark in group.marks if group.kind in ("title", "totals", "legend", "notes") else ():
            if isinstance(mark, TextMark):
                (x, y), width = mark.at, sum(span.width for span in mark.spans)
                yield x, y - mark.spans[0].size * 0.8, x + width, y + 2
            elif isinstance(mark, RectMark):
                yield mark.rect


def check_emphasis(net: archspec.Network, **options: Any) -> CardDrawing:
    """All that a person adds is there, and covers no box, no label and nothing of its own."""
    paths = paths_of(draw(net, **options))
    words = "a note of several words that has to be broken into lines"
    picture = draw(
        net, title="A title that says in many words what the picture is about, so that it needs lines",
        note=dict.fromkeys(paths, words), highlight=paths, show=["totals"], color="kind", **options,
    )  # fmt: skip
    assert not [fault for fault in faults(picture.placing) if "leads over" not in fault and "the label of" not in fault]
    placed = [shrunk(rect) for rect in beside(picture)]
    there = [*picture.placing.boxes.values(), *(frame.rect for frame in picture.placing.frames)]
    there += [label_of(edge) for edge in picture.placing.edges if edge.label]
    assert not [rect for rect in placed for other in there if overlap(rect, shrunk(other))]
    assert all(rect[2] <= picture.picture.size[0] and rect[3] <= picture.picture.size[1] for rect in placed)
    around = {box.id: picture.placing.boxes[box.id] for box in picture.placing.scene.boxes if box.highlighted}
    assert around
    for group in picture.picture.groups:
        for mark in group.marks:
            if isinstance(mark, RectMark) and mark.style == "highlight" and group.id in around:
                box = around[group.id]
                assert all(
                    inner - outer == pytest.approx(1.2) for inner, outer in zip(mark.rect[:2], box[:2], strict=True)
                )
    for box in picture.placing.scene.boxes:
        if box.note:
            written = " ".join(span.text for line in picture.placing.cards[box.id].lines for span in line.left)
            assert box.note in written
    return picture


@every_spec
def test_what_a_person_adds_covers_nothing(name: str) -> None:
    check_emphasis(network(name), detail="blocks" if NIGHTLY or len(network(name)) < 80 else "overview")


@settings(max_examples=examples(2_000 if NIGHTLY else 15))
@given(networks_with_scales())
def test_what_a_person_adds_covers_nothing_at_any_scale(text: str) -> None:
    check_emphasis(archspec.compile_text(text), layout="scales")


def test_a_note_and_a_highlight_are_at_their_part() -> None:
    scene = stage(network("resnet50"), "overview", expand=("layer2.0",))
    told = emphasised(scene, ["layer3", "layer2.0"], {"layer3.2.conv1": "inside", "layer2.0": "open", "fc": "last"})
    boxes = told.by_id
    assert [id for id, box in boxes.items() if box.highlighted] == ["layer3"]
    assert {id: box.note for id, box in boxes.items() if box.note} == {"layer3": "inside", "fc": "last"}
    (frame,) = (cluster for cluster in told.clusters if cluster.path == "layer2.0")
    assert (frame.title, frame.highlighted) == ("bottleneck · open", True)
    assert emphasised(scene) is scene


def test_a_picture_says_notes_and_highlights_in_every_format() -> None:
    picture = draw(network("lenet"), note=["conv1=as in the paper"], highlight=["fc*"], title="LeNet, drawn")
    for text in (picture.svg, picture.dot, picture.mermaid, picture.tikz):
        assert "as in the paper" in text
        assert THEMES["light"].highlight.lstrip("#").lower() in text.lower()
    assert picture.alt.startswith("LeNet, drawn. LeNet as most courses teach it")
    assert "61.7k parameters, 417k MACs" in draw(network("lenet"), show=["totals"]).svg


# Fonts and lengths


def test_a_text_is_as_wide_as_its_font_has_it() -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    text = "bottleneck 3x3, 64 (layer1.0) – ReLU"
    for name, face in (("Helvetica", "Helvetica"), ("Times New Roman", "Times-Roman"), ("courier", "Courier")):
        with measured_in(typeface(name).metrics):
            assert text_width(text, 10) == pytest.approx(stringWidth(text, face, 10), abs=0.2)
            assert text_width(text, 10, bold=True) >= text_width(text, 10)
    with measured_in(typeface(font_files()[0]).metrics):
        assert text_width(text, 10, bold=True) == pytest.approx(stringWidth(text, "Helvetica", 10), rel=0.4)
    assert text_width(text, 10) == sum(VERA.regular[letter] for letter in text) / 100


def test_a_font_makes_boxes_as_wide_as_it_needs() -> None:
    widths = {name: draw(network("resnet50"), font=name).picture.size[0] for name in (*NAMES, "Unheard Of")}
    assert widths["Times"] < widths["Helvetica"] < widths["DejaVu Sans"] == widths["Unheard Of"]
    assert all(
        "font-family:" + ("'" if " " in name else "") + name in draw(network("lenet"), font=name).svg for name in NAMES
    )


def test_a_font_that_is_not_known_is_said_and_one_without_a_file_is_not_printed(tmp_path: Path) -> None:
    (note,) = draw(network("lenet"), font="Unheard Of").notes
    assert "`Unheard Of`" in note
    for name in ("Unheard Of", "Times"):
        for kind in ("png", "pdf"):
            with pytest.raises(archspec.UsageError, match="font's file"):
                draw(network("lenet"), font=name).data(kind)
    own = draw(network("lenet"), font=font_files()[0])
    assert not own.notes
    assert own.data("pdf").startswith(b"%PDF")
    assert own.data("png").startswith(b"\x89PNG")
    (tmp_path / "x.ttf").write_bytes(b"no font")
    for wrong in (str(tmp_path / "x.ttf"), "./missing.ttf"):
        with pytest.raises(archspec.UsageError, match="no file of TrueType letters"):
            draw(network("lenet"), font=wrong)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"width": "85"}, "the width `85` needs a unit; did you mean `85mm`?"),
        ({"width": "85m"}, "has no unit `m`; known here: `cm`, `in`, `mm`, `pt`, `px`"),
        ({"width": "0mm"}, "more than 0"),
        ({"width": "0.0000001mm"}, "more than 0.1pt"),
        ({"width": "-3mm"}, "a number with a unit"),
        ({"width": "1e9mm"}, "a number with a unit"),
        ({"width": "99999in"}, "at most 432in"),
        ({"width": "textwith"}, "did you mean `textwidth`"),
        ({"width": ""}, "such as `85mm`"),
        ({"width": 0.5}, "a number with a unit"),
        ({"size": "0:9"}, "no shape `0:9`"),
        ({"size": "16:0"}, "no shape"),
        ({"size": "16x9"}, "did you mean `16x9mm`?"),
        ({"size": "wide"}, "such as `16:9` or `160x90mm`"),
        ({"size": "160x90m"}, "has no unit `m`"),
        ({"font_size": "8"}, "did you mean `8pt`?"),
        ({"font_size": "0pt"}, "more than 0"),
        ({"width": "85mm", "paper": "a4"}, "a paper or a width, not both"),
        ({"width": "85mm", "size": "16x9mm"}, "a width or a size, not both"),
        ({"size": "16:9", "paper": "a4"}, "a paper or a size, not both"),
        ({"font": "x;}"}, "no name of a font"),
        ({"highlight": ["layr3"]}, "did you mean `layer3`"),
        ({"highlight": ["nothing*"]}, "nothing in the picture of resnet50 is `nothing*`"),
        ({"note": ["nowhere=x"]}, "nothing in the picture of resnet50 is `nowhere`"),
        ({"note": ["layer3"]}, "a note is a path and a text"),
        ({"note": {"layer3": " "}}, "has no text"),
        ({"show": ["total"]}, "did you mean `totals`"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_wish_is_refused(wish: dict[str, Any], words: str) -> None:
    with pytest.raises(archspec.UsageError, match=re.escape(words)):
        draw(network("resnet50"), **wish)


def test_lengths_are_those_of_their_units() -> None:
    assert lengths.width("1in") == lengths.width("25.4mm") == lengths.width("96px") == pytest.approx(72)
    assert lengths.size("10x5cm") == lengths.size("100mm×50mm") == pytest.approx((283.46, 141.73), abs=0.01)
    assert page_of(width="80mm", size="16:9").height == pytest.approx(lengths.width("45mm"))


# PNG


def chunks(data: bytes) -> dict[bytes, list[bytes]]:
    """The chunks of a PNG file, whose checksums are right."""
    found: dict[bytes, list[bytes]] = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        found.setdefault(kind, []).append(body)
        at += 12 + length
    return found


def test_a_png_says_its_resolution_and_what_it_shows() -> None:
    picture = draw(network("lenet"), width="85mm")
    for dpi, dots in ((None, 192), (300, 300), (72.5, 72.5)):
        data = picture.png(dpi)
        width, _ = struct.unpack(">II", data[16:24])
        assert width == pytest.approx(dots * 85 / 25.4, abs=1)
        (density,) = chunks(data)[b"pHYs"]
        assert struct.unpack(">IIB", density) == (round(dots / 0.0254), round(dots / 0.0254), 1)
        texts = [body.partition(b"\0")[0] + b": " + body.rpartition(b"\0")[2] for body in chunks(data)[b"iTXt"]]
        assert texts[0] == b"Title: lenet: overview"
        assert b"LeNet as most courses teach it" in texts[1]


def test_a_u_net_in_a_column_is_no_higher_than_a_page() -> None:
    picture = draw(network("unet"), width="85mm")
    assert picture.sheet.size[1] <= HIGHEST
    assert picture.smallest_text >= LEGIBLE
    assert not picture.notes


def test_what_is_higher_than_a_page_says_so() -> None:
    (note,) = draw(network("googlenet"), width="85mm").notes
    assert re.fullmatch(r"on 85mm it is 40\d mm high, more than a page; more width would make it lower", note)
