"""Pictures: what every one of them keeps to, at every level of detail, and what a few of them look like."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from drawing_geometry import faults
from hypothesis import given, settings
from random_networks import compiled, networks

import archspec
from archspec import library
from archspec.drawing import Drawing, draw, engine, svg
from archspec.drawing.cards import FIGURES, cards
from archspec.drawing.colouring import COLOURS, Colouring
from archspec.drawing.fonts import text_width
from archspec.drawing.labels import FAMILIES
from archspec.drawing.looks import looks
from archspec.drawing.marks import Group, Picture
from archspec.drawing.placing import DIRECTIONS, PAPERS, fitted, page_size, place
from archspec.drawing.routes import route
from archspec.drawing.scene import DETAILS, Box, Cluster, Edge, Scene
from archspec.drawing.staging import MOST_IN_OVERVIEW, stage
from archspec.drawing.themes import THEMES
from archspec.errors import UsageError
from archspec.network import Block, Node
from archspec.op import ops

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "drawings"
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
CASES = [(path.stem, detail) for path, detail in product(SPECS, DETAILS)]
IDS = ["-".join(case) for case in CASES]
SVG = "{http://www.w3.org/2000/svg}"

every_picture = pytest.mark.parametrize(("name", "detail"), CASES, ids=IDS)
every_spec = pytest.mark.parametrize("name", [path.stem for path in SPECS])


@cache
def network(name: str, variant: str | None = None) -> archspec.Network:
    return archspec.compile(ROOT / "specs" / f"{name}.yaml", variant=variant)


@cache
def drawing(name: str, detail: str) -> Drawing:
    return draw(network(name), detail=detail)


@cache
def tree(name: str, detail: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(name, detail).svg)


def scene(text: str, detail: str = "overview", **options: tuple[str, ...]) -> Scene:
    return stage(archspec.compile_text(text), detail, **options)


def small(graph: str, blocks: str = "") -> str:
    return f"archspec: 1\nname: small\ninputs: {{image: [8, 16, 16]}}\n{blocks}graph:\n{graph}"


# What a picture shows


@every_picture
def test_every_node_is_in_one_box(name: str, detail: str) -> None:
    check_parts(network(name), drawing(name, detail).placing.scene)


def check_parts(net: archspec.Network, shown: Scene) -> None:
    """Every node is in one box, every tensor that leads from one box to another is an edge, and nothing else is."""
    assert sorted(path for box in shown.boxes for path in box.paths) == sorted(node.path for node in net)
    assert len({box.id for box in shown.boxes}) == len(shown.boxes)
    home = {path: box.id for box in shown.boxes for path in box.paths} | {key: f"input {key}" for key in net.inputs}
    taken = {(path, node.path) for node in net for path in node.inputs}
    wanted = {(path, home[path], home[node]) for path, node in taken if home[path] != home[node]}
    wanted |= {(output.path, home[output.path], f"output {key}") for key, output in net.outputs.items()}
    assert {(edge.tensor, edge.source, edge.target) for edge in shown.edges} == wanted
    frames = {cluster.path for cluster in shown.clusters} | {""}
    assert {box.cluster for box in shown.boxes} | {cluster.parent for cluster in shown.clusters} <= frames


@every_spec
def test_an_overview_is_small_and_legible_on_a_page(name: str) -> None:
    check_overview(drawing(name, "overview"))


@pytest.mark.parametrize("variant", ["training"])
def test_an_overview_with_side_branches_is_too(variant: str) -> None:
    check_overview(draw(network("googlenet", variant)))


def check_overview(picture: Drawing) -> None:
    assert len(picture.placing.scene.boxes) <= MOST_IN_OVERVIEW
    root = ElementTree.fromstring(picture.svg)
    least = min(float(each.get("font-size", "99")) for each in root.iter())
    assert least * fitted(picture.picture.size, page_size("a4")) >= 6


@every_spec
def test_every_op_is_a_box_where_every_op_is_shown(name: str) -> None:
    shown = drawing(name, "ops").placing.scene
    ops = [box for box in shown.boxes if box.kind not in ("input", "output")]
    assert [box.id for box in ops] == [node.path for node in network(name)]


@every_spec
def test_every_block_without_blocks_inside_is_a_box_where_blocks_are_shown(name: str) -> None:
    shown = {box.id: box for box in drawing(name, "blocks").placing.scene.boxes}
    for block in network(name).blocks.walk():
        if block.kind == "block" and sum(1 for inner in block.walk() if inner.kind == "block") == 1:
            assert shown[block.path].count == 1


@every_spec
def test_copies_in_one_box_are_equal_but_for_the_first(name: str) -> None:
    net = network(name)
    for box in drawing(name, "overview").placing.scene.boxes:
        if box.count > 1:
            copies = copies_of(net, box)
            assert len(copies) == box.count
            assert all(content(copy) == content(copies[1]) for copy in copies[1:])
            assert bool(box.remark) == (content(copies[0]) != content(copies[1]))


def copies_of(net: archspec.Network, box: Box) -> list[Block | Node]:
    """The parts that a box stands for."""
    part = net[box.id]
    if isinstance(part, Block) and part.kind == "repeat":
        return list(part.children)
    parent = net[box.id.rpartition(".")[0]] if "." in box.id else net.blocks
    assert isinstance(parent, Block)
    start = [child.path for child in parent.children].index(box.id)
    return list(parent.children[start : start + box.count])


def content(part: Block | Node) -> list[object]:
    """What a part is, without names."""
    nodes = [part] if isinstance(part, Node) else list(part.nodes())
    places = {node.path: index for index, node in enumerate(nodes)}
    for node in nodes:
        for path in node.inputs:
            places.setdefault(path, -len(places))
    return [(node.op, node.input_shapes, [places[path] for path in node.inputs]) for node in nodes]


REPEATED = "  layer: {{op: conv, out_channels: 8, kernel_size: {}, padding: same, repeat: 6}}\n"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("3", ["layer ×6"]),
        ("$(5 if index == 0 else 3)", ["layer ×6"]),
        ("$(5 if index == 3 else 3)", ["layer.0–2 ×3", "layer.3 ×1", "layer.4–5 ×2"]),
        ("$(5 if index == 5 else 3)", ["layer.0–4 ×5", "layer.5 ×1"]),
        ("$(2 * index + 1)", ["layer.0–1 ×2", "layer.2 ×1", "layer.3 ×1", "layer.4 ×1", "layer.5 ×1"]),
    ],
)
def test_a_copy_that_differs_stands_alone(size: str, expected: list[str]) -> None:
    shown = scene(small(REPEATED.format(size)))
    assert [f"{box.name} ×{box.count}" for box in shown.boxes if box.kind == "op"] == expected


UNIT = "{block: residual_basic, channels: %s}"


def test_equal_blocks_fold_whatever_they_are_called() -> None:
    names = ("a", "b", "c")
    shown = scene(small("".join(f"  {name}: {UNIT % 8}\n" for name in names)))
    assert [(box.name, box.count) for box in shown.boxes if box.kind == "block"] == [("a, b, c", 3)]


def test_blocks_that_differ_do_not_fold() -> None:
    uses = [f"  {name}: {UNIT % channels}\n" for name, channels in (("a", 8), ("b", 8), ("c", 16))]
    shown = scene(small("".join(uses)), collapse=("*",))
    assert [(box.name, box.count) for box in shown.boxes if box.kind == "block"] == [("a, b", 2), ("c", 1)]


def test_blocks_that_do_not_follow_each_other_do_not_fold() -> None:
    graph = f"  a: {UNIT % 8}\n  b: {UNIT % 8}\n  c: {UNIT % 8}\n  add: {{op: add, from: [c, a]}}\n"
    shown = scene(small(graph), collapse=("*",))
    assert [(box.name, box.count) for box in shown.boxes if box.kind == "block"] == [("a", 1), ("b, c", 2)]


def test_an_overview_says_what_is_different_in_the_first_copy() -> None:
    remarks = {box.id: box.remark for box in drawing("resnet50", "overview").placing.scene.boxes if box.count > 1}
    assert remarks["layer1"] == "first: with downsample"
    assert remarks["layer2"] == "first: stride 2, with downsample"
    box = drawing("mobilenet_v2", "overview").placing.scene.by_id["layer3"]
    assert box.remark == "first: stride 2, without add"


def test_an_op_and_those_that_finish_it_are_one_box_of_an_overview() -> None:
    box = drawing("resnet50", "overview").placing.scene.by_id["conv1"]
    assert (box.title, box.arguments, box.lines) == ("conv", "7×7, 64, /2", ("batch norm, ReLU",))
    assert box.paths == ("conv1", "bn1", "relu")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("{op: conv, out_channels: 16, kernel_size: 3, padding: 1}", "conv 3×3, 16"),
        ("{op: conv, out_channels: 16, kernel_size: [1, 7], stride: 2, dilation: 2, groups: 2, padding: 9}",
         "conv 1×7, 16, /2, dilation 2, 2 groups"),
        ("{op: conv, out_channels: 8, kernel_size: 3, stride: [1, 2], groups: 8}", "depthwise conv 3×3, 8, /1×2"),
        ("{op: max_pool, kernel_size: 2}", "max pool 2×2"),
        ("{op: adaptive_avg_pool, output_size: 7}", "adaptive avg pool to 7×7"),
        ("{op: dropout, p: 0.25}", "dropout 0.25"),
        ("{op: upsample, scale_factor: 2}", "upsample ×2"),
        ("{op: group_norm, num_groups: 4}", "group norm num groups 4"),
        ("{op: leaky_relu, negative_slope: 0.2}", "leaky ReLU negative slope 0.2"),
        ("{op: permute, dims: [2, 3, 1]}", "permute dims (2, 3, 1)"),
        ("batch_norm", "batch norm"),
    ],
)  # fmt: skip
def test_a_box_says_the_arguments_that_matter(node: str, expected: str) -> None:
    box = scene(small(f"  x: {node}\n"), "ops").by_id["x"]
    assert f"{box.title} {box.arguments}".strip() == expected


def test_blocks_are_opened_and_closed_by_path() -> None:
    net = network("resnet50")
    opened = stage(net, "overview", expand=("layer2.0",))
    assert {"layer2.0.conv1", "layer2.1", "layer1"} <= opened.by_id.keys()
    assert [cluster.path for cluster in opened.clusters] == ["layer2", "layer2.0"]
    closed = stage(net, "ops", collapse=("layer*",))
    assert {"layer1", "layer2", "layer3", "layer4", "bn1"} <= closed.by_id.keys()
    assert stage(net, "blocks", expand=("layer*.*",)).by_id.keys() == stage(net, "ops").by_id.keys()
    for shown in (opened, closed):
        check_parts(net, shown)


def test_a_repeat_closed_by_hand_says_that_its_copies_differ() -> None:
    text = small(REPEATED.format("$(2 * index + 1)"))
    assert scene(text, "ops", collapse=("layer",)).by_id["layer"].remark == "copies differ"


def test_shortcuts_are_marked() -> None:
    skips = [edge for edge in drawing("resnet50", "ops").placing.scene.edges if edge.role == "skip"]
    assert sum(edge.target.endswith(".add") for edge in skips) == 16
    assert len(skips) == 12 + 4 * 3  # a projection is three edges: into the convolution, the normalisation, the sum
    dense = archspec.compile_text(small("  d: {block: dense_layer, growth_rate: 4}\n"))
    assert [edge.source for edge in stage(dense, "ops").edges if edge.role == "skip"] == ["input image"]
    for name in ("googlenet", "vgg16"):
        assert not [edge for edge in drawing(name, "ops").placing.scene.edges if edge.role == "skip"]


def test_the_sum_of_two_inputs_has_no_shortcut() -> None:
    text = "archspec: 1\nname: two\ninputs: {a: [8], b: [8]}\n"
    text += "graph: {relu: {op: relu, from: a}, add: {op: add, from: [relu, b]}}"
    assert {edge.role for edge in scene(text, "ops").edges} == {"body"}


@pytest.mark.parametrize("name", library.blocks())
def test_every_block_of_the_library_can_be_drawn(name: str) -> None:
    from archspec.pictures import block_alone

    net = block_alone(name)
    for detail in DETAILS:
        picture = draw(net, detail=detail)
        check_parts(net, picture.placing.scene)
        assert not faults(picture.placing)


@pytest.mark.parametrize("name", ops())
def test_every_op_of_its_own_has_a_family(name: str) -> None:
    from archspec.drawing.labels import family

    module = ops()[name].__module__
    if module.startswith("archspec."):
        expected = module.rpartition(".")[2]
        assert family(ops()[name].model_construct()) == (expected if expected in FAMILIES else "other")
        assert expected in FAMILIES or expected == "misc"


# Where things stand


@pytest.mark.parametrize("direction", ["down", "right"])
@every_picture
def test_nothing_is_on_top_of_anything_else(name: str, detail: str, direction: str) -> None:
    if len(network(name)) > 600 and direction == "right":
        pytest.skip("large: one direction is enough")
    shown = drawing(name, detail).placing.scene
    assert not faults(place(shown, cards(shown), direction))


@every_picture
def test_a_frame_is_drawn_over_the_one_around_it(name: str, detail: str) -> None:
    frames = [frame.cluster for frame in drawing(name, detail).placing.frames]
    seen = {""}
    for cluster in frames:
        assert cluster.parent in seen
        seen.add(cluster.path)


@pytest.mark.parametrize("detail", DETAILS)
def test_side_branches_have_room(detail: str) -> None:
    assert not faults(draw(network("googlenet", "training"), detail=detail).placing)


TWISTED = """
  a: {op: conv, out_channels: 8, kernel_size: 3, padding: 1}
  b: {op: relu, from: a}
  c: {op: tanh, from: a}
  d: {op: add, from: [b, c]}
  e: {op: sigmoid, from: c}
  f: {op: mul, from: [d, e]}
  g: {op: concat, from: [f, b]}
"""


@pytest.mark.parametrize("direction", ["down", "right"])
def test_what_is_no_chain_of_branches_is_laid_out_by_the_engine(direction: str) -> None:
    engine.layout.cache_clear()
    picture = draw(archspec.compile_text(small(TWISTED)), detail="ops", direction=direction)
    assert engine.layout.cache_info().misses == 1
    assert not faults(picture.placing)


FRAMED = """archspec: 1
name: framed
inputs: {image: [8, 1, 1], image2: [8, 4, 4]}
blocks:
  unit:
    inputs: [part, stem]
    graph:
      mul: {op: mul, from: [stem, stem, part, part]}
      linear: {op: linear, out_features: 5}
      join: {op: concat, dim: 2, from: [linear, linear, linear]}
      dropout: dropout
graph:
  norm: {op: layer_norm, from: image}
  shaped: {op: reshape, shape: [1, 1, 8], from: image}
  unit: {block: unit, from: [image, shaped]}
  add: {op: add, from: [unit, image]}
  other: {op: add, from: [image2, norm]}
  flat: {op: flatten, from: add}
  flat2: {op: flatten, from: other}
  concat: {op: concat, from: [flat, flat2]}
"""

SECOND = """archspec: 1
name: second
inputs: {image: [16, 4, 4], image2: [3, 4, 8]}
graph:
  y: {block: nin_block, channels: 4, from: image2}
  gate: {op: sigmoid, from: image2}
  stem: {block: preact_basic, channels: 4}
  flat: {op: flatten, from: image}
  flat2: {op: flatten, from: y}
  concat: {op: concat, from: [flat, flat2]}
  flat3: {op: flatten, from: stem}
  concat2: {op: concat, from: [flat3, concat]}
"""


HALF = """archspec: 1
name: half
inputs: {image: [8, 4, 4]}
blocks:
  unit:
    inputs: [left, right]
    graph:
      relu: {op: relu, from: left}
      sigmoid: {op: sigmoid}
      add: {op: add, from: [sigmoid, right]}
graph:
  conv: {op: conv, out_channels: 8, kernel_size: 1}
  tanh: {op: tanh, from: conv}
  gelu: {op: gelu}
  unit: {block: unit, from: [conv, gelu]}
"""

SIDE = """archspec: 1
name: side
inputs: {image: [8, 4, 4]}
graph:
  a: {op: relu, from: image}
  b: {op: tanh, from: a}
  c: {op: sigmoid, from: a}
  d: {op: add, from: [b, c]}
  e: {op: relu, from: d}
  f: {op: tanh, from: e}
  g: {op: mul, from: [c, b]}
  h: {op: relu, from: g}
outputs: {main: h, side: f}
"""

OUT_OF_THE_WAY = {"framed": FRAMED, "second": SECOND, "half": HALF, "side": SIDE}


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("text", OUT_OF_THE_WAY.values(), ids=OUT_OF_THE_WAY)
def test_frames_and_second_inputs_stand_free(text: str, detail: str, direction: str) -> None:
    assert not faults(draw(archspec.compile_text(text), detail=detail, direction=direction).placing)


def test_a_line_goes_round_what_is_in_its_way() -> None:
    edge = Edge("a", "b", "a", (1,))
    source, target, between = (0.0, 0.0, 10.0, 40.0), (90.0, 0.0, 100.0, 40.0), (40.0, 10.0, 60.0, 30.0)
    curve = [(10.0, 20.0), (40.0, 80.0), (60.0, 80.0), (90.0, 20.0)]
    free = route(edge, source, target, curve, [source, target], joins=False)
    assert free == (((10.0, 20.0), (90.0, 20.0)),)
    assert route(edge, source, target, curve, [source, target, between], joins=False) == (tuple(curve),)


@settings(max_examples=25)
@given(networks())
def test_any_network_can_be_drawn(text: str) -> None:
    net = compiled(text)
    for detail in DETAILS:
        picture = draw(net, detail=detail)
        check_parts(net, picture.placing.scene)
        serious = [fault for fault in faults(picture.placing) if "label" not in fault and "leads over" not in fault]
        assert not serious
        check_svg(ElementTree.fromstring(picture.svg), picture.placing.scene)


@every_picture
def test_text_fits_its_box(name: str, detail: str) -> None:
    for card in drawing(name, detail).placing.cards.values():
        widest = max(line.width for line in card.lines)
        assert widest <= (card.width if card.shape == "circle" else card.end - card.start) + 0.01


def test_text_is_as_wide_as_the_fonts_say() -> None:
    from reportlab.pdfbase.ttfonts import TTFont

    from archspec.drawing.pdf import font_files

    characters = [chr(code) for code in range(32, 127)] + list("×·…–")
    for file, bold in zip(font_files(), (False, True), strict=True):
        face = TTFont(Path(file).stem, file).face
        for character in characters:
            assert text_width(character, 1000, bold=bold) == pytest.approx(face.charWidths[ord(character)], abs=1)


@pytest.mark.parametrize("paper", [*PAPERS, "a4-landscape"])
def test_a_picture_on_a_page_has_its_size(paper: str) -> None:
    picture = draw(network("resnet50"), paper=paper)
    root = ElementTree.fromstring(picture.svg)
    size = page_size(paper)
    assert (root.get("width"), root.get("height")) == tuple(f"{length:g}pt" for length in size)
    left, top, width, height = map(float, root.get("viewBox", "").split())
    assert max(left, top) < 0
    assert left + width > picture.picture.size[0]
    assert top + height > picture.picture.size[1]
    assert width / height == pytest.approx(size[0] / size[1], rel=1e-2)


# SVG


@every_picture
def test_svg_is_well_formed_and_says_what_everything_is(name: str, detail: str) -> None:
    check_svg(tree(name, detail), drawing(name, detail).placing.scene)
    assert str(ROOT) not in drawing(name, detail).svg


def check_svg(root: ElementTree.Element, shown: Scene) -> None:
    ids = [each.attrib["id"] for each in root.iter() if "id" in each.attrib]
    assert len(ids) == len(set(ids))
    assert root.get("role") == "img"
    assert set(root.get("aria-labelledby", "").split()) <= set(ids)
    groups = root.findall(f"{SVG}g")
    nodes = [group for group in groups if group.get("class") == "node"]
    assert len(nodes) == len(shown.boxes)
    for group in nodes:
        assert group.findtext(f"{SVG}title")
        assert group.findtext(f"{SVG}desc")
    edges = [group for group in groups if group.get("class") == "edge"]
    assert len(edges) == len(shown.edges)
    assert all(group.findtext(f"{SVG}title") for group in groups)
    styles = {name for each in root.iter() for name in each.get("class", "").split()}
    sheet = root.findtext(f"{SVG}style") or ""
    drawn = {name for each in root.iter() if each.tag != f"{SVG}g" for name in each.get("class", "").split()}
    assert not {name for name in drawn - {"archspec"} if f".{name}" not in sheet}, styles


def test_a_description_has_the_figures() -> None:
    root = tree("resnet50", "overview")
    text = next(g.findtext(f"{SVG}desc") for g in root.findall(f"{SVG}g") if g.get("data-path") == "layer1")
    assert text is not None
    assert "215,808 parameters" in text
    assert "256×56×56" in text
    assert "25,557,032 parameters, 4,089,184,256 MACs" in (root.findtext(f"{SVG}desc") or "")


HOSTILE = '"><script>alert(1)</script>&amp;<![CDATA[x]]>\u0000\u000b\ud800 \\N \\" <b>bold</b> ]]> --> %% ; } end'


@pytest.fixture
def hostile() -> Drawing:
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
    return Drawing(place(shown, cards(shown)), Colouring(), THEMES["light"])


def test_no_text_becomes_markup(hostile: Drawing) -> None:
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


def test_no_text_becomes_dot(hostile: Drawing) -> None:
    import json

    plain = json.loads(engine._render(hostile.dot.encode(errors="replace").decode()))
    boxes = [each for each in plain["objects"] if "nodes" not in each and not each["name"].startswith("cluster")]
    assert len(boxes) == len(hostile.placing.scene.boxes)
    assert len(plain["edges"]) == len(hostile.placing.scene.edges)
    assert not any(each.get("label", "").startswith("<") for each in boxes)
    assert not re.search(r"(?<!\\)(?:\\\\)*\\N", hostile.dot.partition("{")[2]), (
        "Graphviz reads this as the name of the node"
    )


def test_no_text_becomes_mermaid(hostile: Drawing) -> None:
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
    assert text.startswith("flowchart ")
    assert len(re.findall(r"^ +n\d+[\[(]", text, re.MULTILINE)) == len(shown.boxes)
    assert len(re.findall(r"^  n\d+ (?:-->|-\.->)", text, re.MULTILINE)) == len(shown.edges)
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
    for scale in (0.5, 1.0, 2.0):
        data = picture.png(scale)
        assert data.startswith(b"\x89PNG")
        width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        wanted = [length * scale * 96 / 72 for length in picture.picture.size]
        assert (width, height) == pytest.approx(wanted, abs=2)
    for scale in (0, -1, 1000):
        with pytest.raises(UsageError, match="scale"):
            picture.png(scale)


def test_png_has_text() -> None:
    """A renderer without fonts leaves texts out in silence."""
    pytest.importorskip("PIL")
    import io

    from PIL import Image

    picture = drawing("lenet", "overview")
    left, top, right, bottom = (round(2 * number * 96 / 72) for number in picture.placing.boxes["fc3"])
    image = Image.open(io.BytesIO(picture.png(2))).convert("L").crop((left + 24, top + 8, right - 8, bottom - 8))
    assert image.getextrema()[0] < 80


@pytest.mark.parametrize("name", THEMES)
def test_pdf_is_a_page_with_text_and_fonts(name: str) -> None:
    picture = draw(network("resnet50"), theme=name, color="kind", paper="a4", detail="blocks")
    assert picture.pdf.startswith(b"%PDF")
    assert picture.pdf.count(b"/Type /Page\n") == 1
    assert picture.pdf.count(b"/FontFile2") >= 2
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
from archspec.drawing import draw
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
