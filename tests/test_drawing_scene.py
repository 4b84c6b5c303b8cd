"""What pictures show, at every level of detail."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from drawing_geometry import faults
from drawn import (
    check_parts,
    drawing,
    every_picture,
    every_spec,
    network,
    scene,
    small,
)

import archspec
from archspec.drawing.content.folding import without_probability
from archspec.drawing.content.labels import _WRITERS, FAMILIES, written
from archspec.drawing.content.scene import DETAILS, Box
from archspec.drawing.content.staging import stage
from archspec.drawing.content.volumes import volumes
from archspec.drawing.drawing import CardDrawing, draw
from archspec.drawing.layout.pages import page_of
from archspec.language import library
from archspec.network import Block, Node, one_op
from archspec.ops.registry import ops


@every_picture
def test_every_node_is_in_one_box(name: str, detail: str) -> None:
    check_parts(network(name), drawing(name, detail).placing.scene)


@every_spec
def test_an_overview_is_small_and_legible_on_a_page(name: str) -> None:
    check_overview(drawing(name, "overview"), LEAST_TEXT.get(name, 6))


@pytest.mark.parametrize("variant", ["training"])
def test_an_overview_with_side_branches_is_too(variant: str) -> None:
    check_overview(draw(network("googlenet", variant)))


MOST_DRAWN = 30
"""Boxes of an overview; it opens no more blocks beyond 25, but a network may have more on its own."""
LEAST_TEXT = {
    "retinanet": 5.3,  # backbone, lateral connections, way up, heads and ten outputs side by side
    "yolov8": 5.4,  # backbone, ways up and down, and heads side by side
}
"""Points of the smallest text on an A4 page, for networks whose overview cannot be broken into columns."""


def check_overview(picture: CardDrawing, legible: float = 6) -> None:
    assert len(picture.placing.scene.boxes) <= MOST_DRAWN
    root = ElementTree.fromstring(picture.svg)
    least = min(float(each.get("font-size", "99")) for each in root.iter())
    assert least * max(page_of(name).fitted(picture.picture.size) for name in ("a4", "a4-landscape")) >= legible


@every_spec
def test_every_op_is_a_box_where_every_op_is_shown(name: str) -> None:
    """One for each node, and one for all tensors of an op that gives several."""
    net, shown = network(name), drawing(name, "ops").placing.scene
    ops = [box for box in shown.boxes if box.kind not in ("input", "output")]
    assert [path for box in ops for path in box.paths] == [node.path for node in net]
    assert all(box.paths == (box.id,) or one_op(net[box.id]) is not None for box in ops)


@every_spec
def test_every_block_without_blocks_inside_is_a_box_where_blocks_are_shown(name: str) -> None:
    shown = {box.id: box for box in drawing(name, "blocks").placing.scene.boxes}
    for block in network(name).blocks.walk():
        if block.kind == "block" and sum(1 for inner in block.walk() if inner.kind == "block") == 1:
            assert shown[block.path].count == 1


@every_spec
def test_copies_in_one_box_are_equal_but_for_the_first(name: str) -> None:
    """Or all are equal but for the sizes of what they take."""
    net = network(name)
    for box in drawing(name, "overview").placing.scene.boxes:
        if box.count > 1:
            copies = copies_of(net, box)
            assert len(copies) == box.count
            contents = [content(copy) for copy in copies]
            alike = [[(op, wiring) for op, _, wiring in content] for content in contents]
            assert all(each == contents[1] for each in contents[1:]) or all(each == alike[0] for each in alike)
            assert bool(box.remark) == (contents[0] != contents[1])


def copies_of(net: archspec.Network, box: Box) -> list[Block | Node]:
    """The parts that a box stands for."""
    part = net[box.id]
    if isinstance(part, Block) and part.kind == "repeat":
        return list(part.children)
    parent = net[box.id.rpartition(".")[0]] if "." in box.id else net.blocks
    assert isinstance(parent, Block)
    start = [child.path for child in parent.children].index(box.id)
    return list(parent.children[start : start + box.count])


def content(part: Block | Node) -> list[tuple[Any, ...]]:
    """What a part is, without names, and inside a block without the probabilities of dropout."""
    nodes = [part] if isinstance(part, Node) else list(part.nodes())
    places = {node.path: index for index, node in enumerate(nodes)}
    for node in nodes:
        for path in node.inputs:
            places.setdefault(path, -len(places))
    ops = [node.op if isinstance(part, Node) else without_probability(node.op) for node in nodes]
    return [
        (op, node.input_shapes, [places[path] for path in node.inputs]) for op, node in zip(ops, nodes, strict=True)
    ]


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


def test_copies_that_take_more_channels_each_are_one_box() -> None:
    shown = scene(small("  layer: {block: dense_layer, growth_rate: 4, repeat: 6}\n"))
    (box,) = (box for box in shown.boxes if box.kind == "block")
    assert (box.name, box.count) == ("layer", 6)
    assert box.remark.startswith("first: from ")


def test_copies_of_several_kinds_have_no_title_and_do_not_fold() -> None:
    text = small("  layer: {block: residual_basic, channels: 8, repeat: 4}\n")
    text += "override: {layer.0: {block: conv_bn_relu, channels: null, out_channels: 8, kernel_size: 3}}\n"
    shown = scene(text)
    boxes = [(box.title, box.count, box.remark) for box in shown.boxes if box.kind not in ("input", "output")]
    assert sorted(boxes) == [("conv", 1, ""), ("residual basic", 3, "")]
    detailed = scene(text, "blocks")
    assert [cluster.title for cluster in detailed.clusters] == [""]
    assert not any(box.remark for box in detailed.boxes)


def test_features_of_tokens_are_no_channels() -> None:
    text = """archspec: 1
name: tokens
inputs: {image: [5, 8]}
blocks:
  mlp:
    params: {width: {type: int}}
    graph: {up: {op: linear, out_features: $width}, twice: {op: concat, from: [up, up], dim: 2}}
graph: {mlp: {block: mlp, width: 16}}
"""
    from archspec.drawing.pictures import block_alone

    net = block_alone("mlp", archspec.compile_text(text))
    assert [output.shape for output in net.outputs.values()] == [("C", "L'")]


def test_what_does_not_train_is_marked() -> None:
    graph = "".join(f"  {name}: {UNIT % 8}\n  {name}_pool: {{op: max_pool, kernel_size: 1}}\n" for name in "abc")
    shown = scene(f'{small(graph)}freeze: [a, "b.conv*"]\n', collapse=("*",))
    remarks = {box.id: box.remark for box in shown.boxes if box.kind == "block"}
    assert remarks == {"a": "frozen", "b": "partly frozen", "c": ""}
    assert not any(box.remark for box in shown.boxes if box.id.endswith("pool"))


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
    box = drawing("mobilenet_v2", "overview").placing.scene.by_id["blocks.2"]
    assert box.remark == "first: stride 2, expand and depthwise 144, no shortcut"
    box = drawing("mobilenet_v1", "overview").placing.scene.by_id["blocks.1"]
    assert box.remark == "first: stride 2, depthwise 64"


@every_spec
def test_what_an_overview_says_of_layers_holds_for_every_copy(name: str) -> None:
    """Of the channels that a box says, those that its first copy lacks are in its remark."""
    for box in drawing(name, "overview").placing.scene.boxes:
        parts = copies_of(network(name), box) if box.count > 1 else []
        first, *others = [dict(widths(part)) for part in parts] or [{}]
        for other in others:
            different = {width for layer, width in first.items() if other.get(layer, width) != width}
            assert all(f" {width}" in box.remark for width in different)


def widths(part: Block | Node) -> list[tuple[str, int]]:
    nodes = part.nodes() if isinstance(part, Block) else [part]
    return [(node.path.removeprefix(part.path), getattr(node.op, "out_channels", 0)) for node in nodes]


def test_a_box_says_whether_it_has_a_shortcut() -> None:
    boxes = drawing("mobilenet_v2", "overview").placing.scene.by_id
    assert "+ shortcut" in boxes["blocks.1"].lines
    assert "+ shortcut" not in boxes["blocks.0"].lines
    assert all(
        "+ shortcut" in box.lines for box in drawing("resnet50", "overview").placing.scene.boxes if box.count > 1
    )
    assert not any("shortcut" in line for box in drawing("vgg16", "overview").placing.scene.boxes for line in box.lines)


def test_the_sum_of_a_tensor_and_a_number_is_no_shortcut() -> None:
    """A hard sigmoid written out: it is told among what finishes the convolution."""
    gate = "{graph: {shift: {op: add, value: 3}, relu6: relu6, scale: {op: div, value: 6}}}"
    (_, box, _) = scene(small(f"  gate: {gate}\n"), "blocks", collapse=("gate",)).boxes
    assert not any("shortcut" in line for line in box.lines)
    graph = "  conv: {op: conv, out_channels: 8, kernel_size: 1}\n  plus: {op: add, value: 3}\n  relu6: relu6\n"
    (_, box, _) = scene(small(graph), "overview").boxes
    assert (box.title, box.lines) == ("conv", ("+ 3, ReLU6",))


LEARNED = """  conv: {op: conv, out_channels: 8, kernel_size: 3, padding: 1}
  norm: {op: batch_norm, affine: false}
  beta: {op: parameter, shape: [8, 1, 1]}
  shifted: {op: add, from: [norm, beta]}
"""


def test_a_learned_tensor_finishes_a_layer_and_is_no_shortcut() -> None:
    graph = "  unit: {graph: {" + ", ".join(line.strip() for line in LEARNED.splitlines()) + ", relu: relu}}\n"
    (_, unit, _) = scene(small(graph), collapse=("unit",)).boxes
    assert (unit.kind, unit.title, unit.lines) == ("unit", "conv", ("batch norm, + parameter, ReLU",))
    more = graph.replace("relu: relu", "last: {op: conv, out_channels: 8, kernel_size: 1}")
    (_, block, _) = scene(small(more), collapse=("unit",)).boxes
    assert block.lines == ("conv 3×3, 8", "conv 1×1, 8")
    more = more.replace("last:", "mid: {op: add, from: [shifted, input]}, last:")
    (_, block, _) = scene(small(more), collapse=("unit",)).boxes
    assert block.lines == ("conv 3×3, 8", "conv 1×1, 8", "+ shortcut")


def test_an_op_that_finishes_layers_does_not_stand_in_their_place() -> None:
    """Given as an argument, such as the normalisation of all that an import wrote."""
    blocks = (
        "blocks:\n  body:\n    params: {norm: {type: op}, act: {type: op, default: relu}}\n    graph:\n"
        + "".join(
            f"      c{n}: {{block: conv_bn, out_channels: 8, kernel_size: {n}, norm: $norm}}\n" for n in (1, 3, 5, 7, 9)
        )
        + "      act: $act\n"
    )
    norm = "{op: batch_norm, eps: 0.001, momentum: 0.01}"
    text = small(f"  body: {{block: body, norm: {norm}, act: {{op: elu, alpha: 0.5}}}}\n", blocks)
    (_, box, _) = scene(text, collapse=("body",)).boxes
    assert (box.arguments, box.lines) == ("", ("5× conv",))
    (_, box, _) = scene(text, "blocks", collapse=("body",)).boxes
    assert box.arguments == "norm batch_norm, act elu"


LANGUAGE = Path(__file__).parent / "golden" / "language"


def test_copies_say_what_they_hold_alike_whatever_they_give() -> None:
    """The last copy gives one tensor, the others two."""
    shown = stage(archspec.compile(LANGUAGE / "copies-skips.yaml"), "overview").by_id
    assert shown["layers.8"].lines == ("2× conv 2, 32, dilation 256", "conv 1, 64", "conv 1, 32", "+ shortcut")
    assert shown["layers.9"].lines == ("2× conv 2, 32, dilation 512", "conv 1, 64")


def test_groups_of_an_opened_block_are_open_too() -> None:
    opened = stage(network("googlenet"), "overview", expand=("inception3a",))
    assert {"inception3a.branch2.reduce", "inception3a.branch4.pool"} <= opened.by_id.keys()
    assert all(box.title for box in opened.boxes)


@pytest.mark.parametrize("count", [1, 2])
def test_a_group_that_repeats_is_called_by_its_name(count: int) -> None:
    inside = "{a: relu, b: {op: conv, out_channels: 8, kernel_size: 1}}"
    shown = scene(small(f"  stem: {{repeat: {count}, graph: {inside}}}\n  c: relu\n"))
    assert "stem" in {box.title for box in shown.boxes} | {cluster.name for cluster in shown.clusters}
    assert not any(box.title.isdecimal() for box in shown.boxes)


def test_copies_beside_an_opened_one_stay_folded() -> None:
    opened = stage(network("resnet50"), "overview", expand=("layer3.0",))
    assert (opened.by_id["layer3.1"].count, opened.by_id["layer3.1"].name) == (5, "layer3.1–5")


def test_the_first_of_copies_that_are_shown_singly_says_what_it_has() -> None:
    shown = stage(network("resnet50"), "overview", expand=("layer1",))
    assert [shown.by_id[f"layer1.{index}"].remark for index in range(3)] == ["with downsample", "", ""]


def test_a_block_closed_by_hand_says_what_is_in_it() -> None:
    closed = stage(network("resnet50"), "ops", collapse=("layer1",)).by_id["layer1"]
    assert closed.lines == ("conv 1×1, 64", "conv 3×3, 64", "conv 1×1, 256", "+ shortcut")
    assert stage(network("resnet50"), "blocks", collapse=("layer1",)).by_id["layer1"].arguments == "channels 64"


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
        ("{op: add, value: 0.2}", "+ 0.2"),
        ("{op: sub, value: 1}", "− 1"),
        ("{op: mul, value: 0.5}", "× 0.5"),
        ("{op: div, value: 6}", "÷ 6"),
        ("{op: pow, exponent: 2}", "pow 2"),
        ("{op: clamp, min: 0, max: 6}", "clamp min 0, max 6"),
        ("{op: pixel_unshuffle, downscale_factor: 2}", "pixel unshuffle /2"),
        ("{op: normalize, dim: 1}", "L2 normalize"),
        ("{op: normalize, p: 1}", "L1 normalize"),
        ("{op: amax, dim: 1}", "amax"),
        ("{op: pad, padding: [1, 1], value: 0.5}", "pad value 0.5"),
    ],
)  # fmt: skip
def test_a_box_says_the_arguments_that_matter(node: str, expected: str) -> None:
    box = scene(small(f"  x: {node}\n"), "ops").by_id["x"]
    assert f"{box.title} {box.arguments}".strip() == expected


def test_blocks_are_opened_and_closed_by_path() -> None:
    net = network("resnet50")
    opened = stage(net, "overview", expand=("layer2.0",))
    assert {"layer2.0.conv1", "layer2.0.conv3", "layer2.1", "layer1"} <= opened.by_id.keys()
    assert [cluster.path for cluster in opened.clusters] == ["layer2", "layer2.0"]
    closed = stage(net, "ops", collapse=("layer*",))
    assert {"layer1", "layer2", "layer3", "layer4", "bn1"} <= closed.by_id.keys()
    separate = stage(net, "blocks", expand=("layer*.*",), joined=False)
    assert separate.by_id.keys() == stage(net, "ops").by_id.keys()
    for shown in (opened, closed):
        check_parts(net, shown)


SIAMESE = """
archspec: 1
name: siamese
inputs: {left: [1, 64, 64], right: [1, 64, 64]}
blocks:
  tower:
    graph:
      conv: {op: conv, out_channels: 16, kernel_size: 3}
      pool: {op: max_pool, kernel_size: 2}
      fc: {op: conv, out_channels: 32, kernel_size: 31}
graph:
  a: {block: tower, from: left}
  b: {reuse: a, from: right}
  c: {op: sub, from: [a, b]}
"""


@pytest.mark.parametrize(
    ("options", "opened"), [({}, {"a", "b"}), ({"expand": ["b"]}, {"a", "b"}), ({"collapse": ["a"]}, set())]
)
def test_uses_of_a_block_beside_each_other_are_open_or_none_is(options: dict[str, Any], opened: set[str]) -> None:
    scene = draw(archspec.compile_text(SIAMESE), **options).placing.scene
    assert {cluster.path for cluster in scene.clusters} == opened


def test_a_box_counts_the_branches_of_a_block_before_their_join() -> None:
    scene = draw(archspec.compile("deeplabv3_resnet50")).placing.scene
    assert scene.by_id["classifier.aspp"].lines == ("5 branches", "conv 1×1, 256")


def test_a_frame_says_whose_weights_all_in_it_use() -> None:
    scene = draw(archspec.compile_text(SIAMESE)).placing.scene
    assert [cluster.title for cluster in scene.clusters] == ["tower", "tower · weights of a"]
    assert not any(box.remark for box in scene.boxes)


def test_an_edge_says_which_tensor_of_a_closed_block_it_is() -> None:
    picture = draw(archspec.compile("fpn"))
    ports = {edge.target: edge.port for edge in picture.placing.scene.edges if edge.source == "body"}
    assert ports == {f"lateral{level}": f"c{level}" for level in (2, 3, 4, 5)}
    assert "c3 512×100×100" in picture.svg
    assert "c3 512×100×100" in picture.dot
    assert "c3 512×100×100" in picture.mermaid


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


def test_a_tensor_that_is_taken_twice_is_one_line_and_told_where_it_counts() -> None:
    graph = (
        "  a: {op: conv, out_channels: 8, kernel_size: 1}\n  b: {op: conv, out_channels: 8, kernel_size: 1}\n"
        "  sum: {op: add, from: [a, b, a]}\n"
        "  square: {op: mul, from: [sum, sum]}\n  all: {op: concat, from: [square, square, square]}\n"
        "  tokens: {op: flatten, start_dim: 2}\n"
        "  mixed: {op: scaled_dot_product_attention, from: [tokens, tokens, tokens]}\n"
    )
    net = archspec.compile_text(small(graph))
    for detail in DETAILS:
        shown = stage(net, detail)
        check_parts(net, shown)
        told = {box.id: f"{box.title} {box.arguments}".strip() for box in shown.boxes}
        assert (told["sum"], told["square"], told["all"]) == ("+ a twice", "× twice", "concat 3 times")
        assert told["mixed"] == "scaled dot product attention"
    lines = {volume.id: volume.lines for volume in volumes(net, "ops").volumes}
    assert (lines["sum"], lines["all"][1:]) == (("+ a twice",), ("concat 3 times",))


def test_the_sum_of_two_inputs_has_no_shortcut() -> None:
    text = "archspec: 1\nname: two\ninputs: {a: [8], b: [8]}\n"
    text += "graph: {relu: {op: relu, from: a}, add: {op: add, from: [relu, b]}}"
    assert {edge.role for edge in scene(text, "ops").edges} == {"body"}


@pytest.mark.parametrize("name", library.blocks())
def test_every_block_of_the_library_can_be_drawn(name: str) -> None:
    from archspec.drawing.pictures import block_alone

    net = block_alone(name)
    for detail in DETAILS:
        picture = draw(net, detail=detail)
        check_parts(net, picture.placing.scene)
        assert not faults(picture.placing)


@pytest.mark.parametrize("name", ops())
def test_every_op_of_its_own_has_a_family(name: str) -> None:
    from archspec.drawing.content.labels import family

    module = ops()[name].__module__
    if module.startswith("archspec."):
        expected = module.split(".")[2]
        assert family(ops()[name].model_construct()) == (expected if expected in FAMILIES else "other")
        assert expected in FAMILIES or expected == "misc"


BACKBONES = """archspec: 1
name: ensemble
inputs: {image: [3, 64, 64]}
graph:
  one: {block: resnet18, from: image}
  two: {block: vgg11_bn, from: image}
  three: {block: densenet121, from: image}
  mean: {op: add, from: [one, two, three]}
"""


def test_backbones_beside_each_other_are_drawn_alike() -> None:
    shown = scene(BACKBONES)
    assert {frame.path for frame in shown.clusters if "." not in frame.path} == {"one", "two", "three"}
    assert {edge.role for edge in shown.edges if edge.target == "mean"} == {"body"}
    opened = scene(BACKBONES, expand=("one",), collapse=("two", "three"))
    assert {edge.role for edge in opened.edges if edge.target == "mean"} == {"body"}
    many = scene(BACKBONES.replace("vgg11_bn", "inception_v3").replace("64, 64", "224, 224"))
    assert {box.id for box in many.boxes if box.kind == "block"} == {"one", "two", "three"}
    assert all(box.lines for box in many.boxes if box.kind == "block")


@pytest.mark.parametrize("value", [{"op": "group_norm", "num_groups": 2}, [[1, 2], [3, 4]], [{"op": "relu"}], True])
@pytest.mark.parametrize("name", [*_WRITERS, "norm"])
def test_a_parameter_may_have_any_name_and_any_value(name: str, value: Any) -> None:
    """That of an argument which is written as numbers too, such as `stride`."""
    (text,) = written({name: value})
    assert text.startswith(name.replace("_", " "))
