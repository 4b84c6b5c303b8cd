"""Pictures as files of every format, their colours, and what cannot be drawn."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import (
    GOLDEN,
    ROOT,
    SVG,
    check_svg,
    drawing,
    every_picture,
    network,
    tree,
)

from archspec.drawing.content.cards import FIGURES, cards
from archspec.drawing.content.colouring import COLOURS, Colouring
from archspec.drawing.content.labels import FAMILIES
from archspec.drawing.content.scene import DETAILS, Cluster
from archspec.drawing.drawing import CardDrawing, draw
from archspec.drawing.formats import svg
from archspec.drawing.formats.looks import looks
from archspec.drawing.formats.marks import Group, Picture
from archspec.drawing.formats.themes import THEMES
from archspec.drawing.layout import engine
from archspec.drawing.layout.forms import DIRECTIONS, place
from archspec.errors import UsageError

# SVG


@every_picture
def test_svg_is_well_formed_and_says_what_everything_is(name: str, detail: str) -> None:
    check_svg(tree(name, detail), drawing(name, detail).placing.scene)
    assert str(ROOT) not in drawing(name, detail).svg


def test_a_description_has_the_figures() -> None:
    root = tree("resnet50", "overview")
    text = next(g.findtext(f"{SVG}desc") for g in root.findall(f"{SVG}g") if g.get("data-path") == "layer1")
    assert text is not None
    assert "215,808 parameters" in text
    assert "256×56×56" in text
    assert "25,557,032 parameters, 4,089,184,256 MACs" in (root.findtext(f"{SVG}desc") or "")


HOSTILE = '"><script>alert(1)</script>&amp;<![CDATA[x]]>\u0000\u000b\ud800 \\N \\" <b>bold</b> ]]> --> %% ; } end'


@pytest.fixture
def hostile() -> CardDrawing:
    """A picture all of whose texts are hostile."""
    placing = draw(network("resnet50"), detail="blocks").placing
    boxes = tuple(
        replace(box, title=HOSTILE if box.kind != "merge" else box.title, arguments=HOSTILE, name=HOSTILE,
                lines=(HOSTILE,), remark=HOSTILE, doc=HOSTILE)
        for box in placing.scene.boxes
    )  # fmt: skip
    frames = tuple(
        Cluster(c.path, c.parent, HOSTILE, HOSTILE, HOSTILE, c.is_block, c.figures) for c in placing.scene.clusters
    )
    shown = replace(placing.scene, boxes=boxes, clusters=frames, doc=HOSTILE, name=HOSTILE)
    return CardDrawing(placing=place(shown, cards(shown)), colouring=Colouring(), look=THEMES["light"])


def test_no_text_becomes_markup(hostile: CardDrawing) -> None:
    root = ElementTree.fromstring(hostile.svg.encode())
    tags = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert tags <= set("svg title desc style rect g path text tspan".split())
    check_svg(root, hostile.placing.scene)


def test_no_id_becomes_markup() -> None:
    mark = Group("node", HOSTILE, HOSTILE, HOSTILE, (), {"path": HOSTILE})
    text = svg.render(Picture(HOSTILE, HOSTILE, HOSTILE, (10.0, 10.0), (mark,)), THEMES["light"])
    (group,) = ElementTree.fromstring(text.encode()).findall(f"{SVG}g")
    assert group.get("data-path") == HOSTILE.replace("\u0000", "\ufffd").replace("\u000b", "\ufffd").replace(
        "\ud800", "\ufffd"
    )


def test_no_text_becomes_dot(hostile: CardDrawing) -> None:
    import json

    plain = json.loads(engine._render(hostile.dot.encode(errors="replace").decode()))
    boxes = [each for each in plain["objects"] if "nodes" not in each and not each["name"].startswith("cluster")]
    assert len(boxes) == len(hostile.placing.scene.boxes)
    assert len(plain["edges"]) == len(hostile.placing.scene.edges)
    assert not any(each.get("label", "").startswith("<") for each in boxes)
    assert not re.search(r"(?<!\\)(?:\\\\)*\\N", hostile.dot.partition("{")[2]), (
        "Graphviz reads this as the name of the node"
    )


def test_no_text_becomes_mermaid(hostile: CardDrawing) -> None:
    for line in hostile.mermaid.splitlines():
        if '["' in line:
            inner = line.partition('["')[2].rpartition('"]')[0]
            assert not set(inner.replace("<br/>", "")) & set('"<>[]{}`\\')
            assert ";" not in re.sub(r"#\d+;", "", inner)


# The other formats


@every_picture
def test_mermaid_has_every_box_and_edge(name: str, detail: str) -> None:
    picture = drawing(name, detail)
    text = picture.mermaid
    shown = picture.placing.scene
    assert text.splitlines()[1].startswith("flowchart ")
    assert len(re.findall(r"^ +n\d+[\[(]", text, re.MULTILINE)) == len(shown.boxes)
    assert len(re.findall(r"^  n\d+ (?:-->|-\.->)", text, re.MULTILINE)) == len(shown.edges)
    lines = [line for label in re.findall(r'"(.*)"', text) for line in label.split("<br/>")]
    assert not [line for line in lines if re.match(r"([+*-]|\d+[.)])( |$)", line)], "Mermaid refuses lists of Markdown"
    assert text.count("subgraph ") == len(shown.clusters) == len(re.findall(r"^ +end$", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["googlenet", "mobilenet_v2", "resnet20_cifar"])
@pytest.mark.parametrize("detail", DETAILS)
def test_dot_has_every_box_and_edge(name: str, detail: str) -> None:
    import json

    picture = drawing(name, detail)
    found = json.loads(engine._render(picture.dot))
    shown = picture.placing.scene
    names = {each["name"] for each in found["objects"]}
    assert {box.id.replace(" ", "/") for box in shown.boxes} <= names
    assert {f"cluster {cluster.path}" for cluster in shown.clusters} <= names
    assert len(found.get("edges", ())) == len(shown.edges)


def test_png_is_as_large_as_asked() -> None:
    picture = drawing("lenet", "overview")
    for dpi in (48, 96, 300):
        data = picture.png(dpi)
        assert data.startswith(b"\x89PNG")
        width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        wanted = [length * dpi / 72 for length in picture.picture.size]
        assert (width, height) == pytest.approx(wanted, abs=2)
    for dpi in (0, -1, 100_000, float("nan"), float("inf"), "300"):
        with pytest.raises(UsageError, match="dpi"):
            picture.png(dpi)  # type: ignore[arg-type]


def test_png_has_text() -> None:
    """A renderer without fonts leaves texts out in silence."""
    pytest.importorskip("PIL")
    import io

    from PIL import Image

    picture = drawing("lenet", "overview")
    left, top, right, bottom = (round(2 * number * 96 / 72) for number in picture.placing.boxes["fc3"])
    image = Image.open(io.BytesIO(picture.png(192))).convert("L").crop((left + 24, top + 8, right - 8, bottom - 8))
    assert image.getextrema()[0] < 80


@pytest.mark.parametrize("name", THEMES)
def test_pdf_is_a_page_with_text_and_fonts(name: str) -> None:
    picture = draw(network("resnet50"), theme=name, color="kind", paper="a4", detail="blocks")
    assert picture.pdf.startswith(b"%PDF")
    assert picture.pdf.count(b"/Type /Page\n") == 1
    assert picture.pdf.count(b"/FontFile2") == picture.pdf.count(b"/BaseFont") >= 2  # every font is embedded
    assert b"595 842" in picture.pdf


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "dot", "gv", "mmd"])
def test_a_picture_is_saved_as_its_ending_says(ending: str, tmp_path: Path) -> None:
    file = tmp_path / "new" / f"lenet.{ending}"
    picture = draw(network("lenet"), file)
    assert file.read_bytes() == picture.data(ending)


def test_a_notebook_shows_the_svg() -> None:
    assert drawing("lenet", "overview")._repr_svg_() == drawing("lenet", "overview").svg


# The same bytes


def test_the_same_picture_gives_the_same_bytes() -> None:
    one, other = (draw(network("googlenet"), detail="blocks", color="kind", show=("params",)) for _ in range(2))
    for ending in ("svg", "pdf", "dot", "mmd"):
        assert one.data(ending) == other.data(ending)


def test_the_hash_seed_changes_nothing() -> None:
    script = """
import hashlib, archspec
from archspec.drawing.drawing import draw
digest = hashlib.sha256()
for name, detail in (("googlenet", "ops"), ("resnetv2_50", "blocks"), ("mobilenet_v2", "overview")):
    picture = draw(archspec.compile(f"specs/{name}.yaml"), detail=detail, color="cost", show=("params", "macs"))
    for ending in ("svg", "pdf", "dot", "mmd"):
        digest.update(picture.data(ending))
print(digest.hexdigest())
"""

    def digest(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True).stdout

    assert digest("1") == digest("2")
    assert len(digest("1").strip()) == 2 * hashlib.sha256().digest_size


SHOWN = [
    ("lenet", "overview", "svg"),
    ("resnet50", "overview", "mmd"),
    ("mobilenet_v2", "blocks", "mmd"),
    ("googlenet", "overview", "dot"),
]


@pytest.mark.parametrize(("name", "detail", "ending"), SHOWN)
def test_a_few_pictures_as_text(name: str, detail: str, ending: str) -> None:
    """``ARCHSPEC_UPDATE_GOLDENS=1`` writes the files anew, for a person to read."""
    golden = GOLDEN / f"{name}-{detail}.{ending}"
    text = drawing(name, detail).data(ending).decode()
    if os.environ.get("ARCHSPEC_UPDATE_GOLDENS"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


# Colours


def luminance(colour: str) -> float:
    """Of WCAG 2."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_texts_stand_out(name: str) -> None:
    table = looks(THEMES[name])
    for style, look in table.items():
        if style.startswith(("card-", "pill-")):
            texts = ("title", "text", "count") if "heat" in style else ("title", "text", "count", "name", "remark")
            for text in texts:
                assert contrast(table[text].fill, look.fill) >= 4.5, (style, text)
    for behind in ("page", "frame-box"):
        for text in ("name", "label", "shape"):
            assert contrast(table[text].fill, table[behind].fill) >= 4.5


def test_every_family_has_a_paint_in_every_theme() -> None:
    for theme in THEMES.values():
        assert theme.paints.keys() == FAMILIES.keys()


def test_print_has_no_colours_and_tells_families_of_layers_apart() -> None:
    colours = re.findall(r"#[0-9a-f]{6}", draw(network("googlenet"), theme="print", color="cost").svg)
    assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in colours)
    paints = THEMES["print"].paints
    layers = [paints[name] for name in ("conv", "local", "linear", "pool", "norm", "activation", "dropout", "resample")]
    assert len({(paint.pattern, paint.dash) for paint in layers}) == len(layers)


def test_auto_is_light_and_dark() -> None:
    sheet = re.search(r"<style>(.*)</style>", draw(network("lenet"), theme="auto").svg)
    assert sheet
    light, dark = sheet[1].split("@media (prefers-color-scheme:dark)")
    assert THEMES["light"].page in light
    assert THEMES["dark"].page in dark


@pytest.mark.parametrize("color", COLOURS)
def test_colours_have_a_legend(color: str) -> None:
    root = ElementTree.fromstring(draw(network("mobilenet_v2"), color=color, detail="blocks").svg)
    legend = [group for group in root.findall(f"{SVG}g") if group.get("class") == "legend"]
    assert len(legend) == 1
    text = "".join(legend[0].itertext())
    assert {"kind": "convolution", "cost": "of MACs", "memory": "of activations"}[color] in text
    assert ("shortcut" in text) == (color == "kind")


def test_cost_colours_the_costliest_box_most() -> None:
    picture = draw(network("resnet50"), color="cost")
    costliest = max(picture.placing.scene.boxes, key=lambda box: box.figures.share)
    assert picture.colouring.styles[costliest.id] == "heat10"
    assert picture.colouring.styles["maxpool"] == "heat0"


def test_figures_are_shown_where_asked() -> None:
    text = draw(network("resnet50"), show=FIGURES).svg
    for words in ("9.54k params", "118M MACs", "2.9% of MACs", "field 7×7", "MiB"):
        assert words in text
    assert "params" not in draw(network("resnet50")).svg.replace("parameters", "")


# What cannot be


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"detail": "block"}, "did you mean `blocks`"),
        ({"expand": ["layer9"]}, "no block of resnet50"),
        ({"expand": ["conv1"]}, "is an op, not a block"),
        ({"collapse": ["x*"]}, "no block of resnet50"),
        ({"expand": ["layer1"], "collapse": ["layer1"]}, "both to be expanded and collapsed"),
        ({"expand": ["layer1.0"], "collapse": ["layer1"]}, "`layer1` is both to be expanded and collapsed"),
        ({"theme": "drak"}, "did you mean `dark`"),
        ({"direction": "up"}, "no direction `up`"),
        ({"paper": "b4"}, "no paper `b4`"),
        ({"paper": "a4-upside"}, "no paper `a4-upside`"),
        ({"color": "costs"}, "did you mean `cost`"),
        ({"show": ["mac"]}, "did you mean `macs`"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_wish_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        draw(network("resnet50"), **options)


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ends in one of"):
        draw(network("lenet"), tmp_path / "x.gif")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        draw(network("lenet"), tmp_path / "file" / "x.svg")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_direction_is_possible(direction: str) -> None:
    placing = draw(network("lenet"), direction=direction).placing
    assert placing.rightwards == (direction == "right")
