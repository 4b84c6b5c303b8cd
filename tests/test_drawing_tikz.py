"""Pictures as TikZ: named nodes for all boxes, no text that is markup; compiled where there is LaTeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import drawing, every_picture, every_spec, network
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from sampling import PROFILE, examples
from test_drawing_formats import HOSTILE
from test_drawing_scales import networks_with_scales

import archspec
from archspec.drawing import changes
from archspec.drawing.content.cards import cards
from archspec.drawing.content.colouring import Colouring
from archspec.drawing.content.scene import Cluster
from archspec.drawing.drawing import CardDrawing, draw
from archspec.drawing.formats.latex import escaped
from archspec.drawing.formats.themes import THEMES
from archspec.drawing.layout.forms import place
from archspec.drawing.volumes import VolumeDrawing, draw_volumes


def names_given(text: str) -> list[str]:
    """The names of nodes, each used after it is given."""
    named: list[str] = []
    for line in text.splitlines():
        used = re.findall(
            r"(?:of |[\](]| )([\w-]+(?: label)?)\.(?:north|south|east|west|center)", line.partition("{\\")[0]
        )
        if "current bounding box" not in line and "path picture" not in line and "\\begin{scope}" not in line:
            assert set(used) <= set(named), line
        if found := re.match(r"\s*\\node\[.*?\] \(([\w-]+(?: label)?)\)", line):
            named.append(found[1])
    assert len(named) == len(set(named))
    return named


def check_tikz(picture: CardDrawing) -> None:
    """Each box is a node, each line is drawn between nodes that are there, and names are used after they are given."""
    text = picture.tikz
    assert len(names_given(text)) == len(picture.placing.boxes) + len(picture.placing.frames)
    assert text.count(r"\draw[") == sum(1 for placed in picture.placing.edges if placed.parts) + sum(
        "edge-" in getattr(mark, "style", "")
        for group in picture.picture.groups if group.kind == "legend"
        for mark in group.marks
    )  # fmt: skip
    check_text(picture)


def check_text(picture: CardDrawing | VolumeDrawing) -> None:
    """What is open is closed, and a fragment is the picture of the document."""
    plain = re.sub(r"\\[{}\\]|^%.*$", "", picture.tikz, flags=re.MULTILINE)
    assert plain.count("{") == plain.count("}")
    assert picture.tikz_fragment.partition("\\begin{tikzpicture}")[2].strip() in picture.tikz


def check_volumes(picture: VolumeDrawing) -> None:
    """Each volume and each label is a node, each slab is drawn on one, each line between those that are there."""
    placed, text = picture.solids.placed, picture.tikz
    named = names_given(text)
    assert len(named) == len(placed) + sum(each.label is not None for each in placed)
    body = text.partition("\\path[use as bounding box]")[2]
    solids = re.findall(r"\\solid\[[\w-]+\]\{([\w-]+)\}", body)
    assert len(solids) == sum(len(each.body.slabs) for each in placed if each.label)
    assert set(solids) <= set(named)
    assert body.count(r"\draw[") == len(picture.solids.lines)
    check_text(picture)


@every_spec
def test_volumes_are_nodes_with_faces_and_labels(name: str) -> None:
    check_volumes(draw_volumes(network(name)))


@settings(max_examples=examples(500 if PROFILE == "nightly" else 10))
@given(st.one_of(networks(), networks_with_scales()))
def test_any_network_is_tikz_of_volumes(text: str) -> None:
    net = compiled(text)
    for options in ({"detail": "ops"}, {"width": "85mm", "color": "cost"}):
        picture = draw_volumes(net, title=HOSTILE, **options)
        check_volumes(picture)
        assert draw_volumes(compiled(text), title=HOSTILE, **options).tikz == picture.tikz


def test_volumes_are_placed_and_joined_by_name() -> None:
    text = draw_volumes(network("unet")).tikz
    assert r"\draw[shortcut] (down1-0.east) -- (up1-concat.west);" in text
    assert r"\draw[flow] (down1-0 label.south) -- ([shift={(0,-5)}]pool1.north);" in text
    nodes = re.findall(r"\\node\[volume=.*", text)
    assert sum(" at (" in node for node in nodes) == 1
    assert all(re.search(r"(?:right|below|above)=[\d.]+bp of ", node) for node in nodes[1:])


@every_picture
def test_each_box_is_a_node_and_each_line_joins_nodes(name: str, detail: str) -> None:
    check_tikz(drawing(name, detail))


@pytest.mark.parametrize(("before", "after"), [("vgg11", "vgg11_bn"), ("googlenet", "googlenet_bn")])
def test_what_changed_is_tikz(before: str, after: str) -> None:
    picture = changes.draw(archspec.diff(before, after), detail="ops")
    check_tikz(picture)
    assert re.search("(?:added|changed) box", picture.tikz)


@settings(max_examples=examples(2_000 if PROFILE == "nightly" else 10))
@given(networks())
def test_any_network_is_tikz(text: str) -> None:
    net = compiled(text)
    for detail in ("overview", "ops"):
        picture = draw(net, detail=detail, color="kind", show=["totals"], title=HOSTILE)
        check_tikz(picture)
        assert draw(compiled(text), detail=detail, color="kind", show=["totals"], title=HOSTILE).tikz == picture.tikz


@settings(max_examples=examples(2_000 if PROFILE == "nightly" else 10))
@given(networks_with_scales())
def test_any_network_with_scales_is_tikz(text: str) -> None:
    check_tikz(draw(archspec.compile_text(text), layout="scales"))


def hostile() -> CardDrawing:
    """A picture all of whose texts mean something to LaTeX."""
    text = HOSTILE + r" \input{/etc/passwd} \end{document} %$&#_^~{}[]*`'-- é文😀"
    placing = draw(network("resnet50"), detail="blocks").placing
    boxes = tuple(
        replace(box, title=text if box.kind != "merge" else box.title, arguments=text, name=text, lines=(text,),
                remark=text, doc=text, note=text)
        for box in placing.scene.boxes
    )  # fmt: skip
    frames = tuple(Cluster(c.path, c.parent, text, text, text, c.is_block, c.figures) for c in placing.scene.clusters)
    shown = replace(placing.scene, boxes=boxes, clusters=frames, doc=f"{text}\n\\input{{x}}", name=text)
    return CardDrawing(placing=place(shown, cards(shown)), colouring=Colouring(), look=THEMES["light"])


def test_no_text_becomes_latex() -> None:
    text = hostile().tikz
    printed = [line for line in text.splitlines() if not line.startswith("%")]
    commands = {found for line in printed for found in re.findall(r"\\[a-zA-Z]+", line)}
    assert not commands & {r"\input", r"\N", r"\b", r"\script"}
    assert (
        text.count(r"\end{document}")
        - text.partition("\n")[0].count(r"\end{document}")
        - sum(line.count(r"\end{document}") for line in text.splitlines()[1:] if line.startswith("%"))
        == 1
    )
    assert r"\character{文}{[U+6587]}" in text


def test_each_character_is_escaped_or_itself() -> None:
    """What is left of a text once LaTeX has read its commands is the text."""
    back = {r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", r"\textless{}": "<",
            r"\textgreater{}": ">", r"\textbar{}": "|", r"\textasciigrave{}": "`", r"\textquotesingle{}": "'",
            r"\textquotedbl{}": '"', "-{}": "-"}  # fmt: skip
    for code in range(33, 127):
        text = f"a{chr(code)}{chr(code)}b"
        found = escaped(text)
        for command, character in back.items():
            found = found.replace(command, character if character not in "\\" else "\0")
        assert not set(re.sub(r"\\[{}$&#_%]", "", found)) & set("{}$&#_%")
        assert re.sub(r"\\([{}$&#_%])", r"\1", found).replace("\0", "\\") == text


def test_places_are_said_by_other_nodes() -> None:
    """But for the first, boxes of a chain stand below each other, and lines lead from side to side."""
    text = drawing("lenet", "overview").tikz
    nodes = re.findall(r"\\node\[(?:input|conv|pool|linear) .*", text)
    assert sum(" at (" in node for node in nodes) == 1
    assert all("below=" in node for node in nodes[1:])
    assert r"\draw[flow] (conv1.south) -- (pool1.north);" in text
    styles = text.partition(r"\node")[0]
    assert all(f"{name} box/.style" in styles for name in ("conv", "pool", "linear"))


def test_a_fragment_has_no_document(tmp_path: Path) -> None:
    archspec.draw(network("lenet"), tmp_path / "x.tex", fragment=True)
    text = (tmp_path / "x.tex").read_text()
    assert not re.findall(r"^[^%]*\\(?:documentclass|begin\{document\}|usepackage)", text, re.MULTILINE)
    assert text.rstrip().endswith(r"\end{tikzpicture}")


SHOWN = ["lenet", "resnet50", "googlenet", "unet", "fpn", "mobilenet_v2"]
LATEX = shutil.which("pdflatex")


@pytest.mark.skipif(LATEX is None or PROFILE != "nightly", reason="needs pdflatex, and minutes: make nightly")
@pytest.mark.parametrize("theme", ["light", "print", "dark"])
@pytest.mark.parametrize("name", [*SHOWN, "hostile"])
def test_latex_compiles_it(name: str, theme: str, tmp_path: Path) -> None:
    options = {"theme": theme, "color": "kind", "show": ["totals"], "title": "A_title & 50%"}
    check_compiles(hostile() if name == "hostile" else draw(network(name), detail="blocks", **options), tmp_path)


@pytest.mark.skipif(LATEX is None or PROFILE != "nightly", reason="needs pdflatex, and minutes: make nightly")
@pytest.mark.parametrize("theme", ["light", "print", "dark"])
@pytest.mark.parametrize("name", [*SHOWN, "vgg16", "alexnet_2012"])
def test_latex_compiles_volumes(name: str, theme: str, tmp_path: Path) -> None:
    color = "cost" if theme == "print" else "kind"
    check_compiles(draw_volumes(network(name), theme=theme, color=color, title="A_title & 50%"), tmp_path)


def check_compiles(picture: CardDrawing | VolumeDrawing, tmp_path: Path) -> None:
    """LaTeX makes a page as large as the picture of it, and takes it into a paper."""
    (tmp_path / "fragment.tex").write_text(picture.tikz_fragment, encoding="utf-8")
    (tmp_path / "alone.tex").write_text(picture.tikz, encoding="utf-8")
    libraries = re.search(r"\\usetikzlibrary\{.*?\}", picture.tikz)
    assert libraries
    paper = rf"\documentclass{{article}}\usepackage[T1]{{fontenc}}\usepackage{{tikz}}{libraries[0]}"
    (tmp_path / "paper.tex").write_text(paper + r"\begin{document}\input{fragment}\end{document}")
    for file in ("alone", "paper"):
        command = [str(LATEX), "-halt-on-error", "-interaction=nonstopmode", f"{file}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:].decode("utf-8", "replace")
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (tmp_path / "alone.pdf").read_bytes())
    if box:
        assert [float(number) for number in box.groups()] == pytest.approx(list(picture.sheet.size), abs=1.5)
