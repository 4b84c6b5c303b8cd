"""What classes of an emitted file have as parameters, and which uses share a class: what a person would write."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent
from typing import Any

import pytest

import archspec
from archspec.compiler.application import Application
from archspec.compiler.probing import Probing
from archspec.network import Block

torch = pytest.importorskip("torch")
from class_law import check  # noqa: E402

HEADS = """
archspec: 1
name: heads
inputs: {image: [2048, 14, 14]}
blocks:
  head:
    graph:
      a: {block: conv_bn_relu, out_channels: 256, kernel_size: 1}
      b: {block: conv_bn_relu, from: input, out_channels: 256}
      both: {op: concat, from: [a, b]}
      c: {block: conv_bn_relu, out_channels: 256}
graph:
  head: {block: head}
"""


def test_a_number_is_no_algebra_of_the_channels_that_it_divides() -> None:
    """A concatenation of constants is their sum, whatever the input has."""
    source = archspec.emit(archspec.compile_text(HEADS))
    assert "def __init__(self, in_channels: int) -> None:" in source
    assert "self.c = ConvBnRelu(256 + 256, 256)" in source
    assert "//" not in source.partition("class Head")[2]


TIED = """
archspec: 1
name: tied
inputs: {image: [8, 14, 14]}
graph:
  a: {block: residual_basic, channels: 8}
  up: {op: conv, out_channels: 16, kernel_size: 1}
  b: {block: residual_basic, channels: 16}
"""


def test_a_block_that_holds_only_where_two_parameters_are_equal_takes_one() -> None:
    source = archspec.emit(archspec.compile_text(TIED))
    assert "def __init__(self, channels: int) -> None:" in source
    assert "self.a = ResidualBasic(8)" in source
    assert "Shape: (N, channels, 14, 14) -> (N, channels, 14, 14)" in source
    assert "self.b = ResidualBasic(16)" in source


STAGES = """
archspec: 1
name: stages
inputs: {image: [8, 14, 14]}
blocks:
  stage: {params: {channels: {type: int}}, graph: {units: {block: residual_basic, channels: $channels, repeat: 2}}}
  feed_forward:
    graph:
      last: {op: permute, dims: [2, 3, 1]}
      norm: layer_norm
      fc1: {op: linear, out_features: $(4 * input.channels)}
      fc2: {op: linear, out_features: $(input.channels)}
graph:
  a: {block: stage, channels: 8}
  m1: feed_forward
  up: {op: conv, out_channels: 16, kernel_size: 1}
  b: {block: stage, channels: 16}
  m2: feed_forward
"""


def test_a_parameter_that_no_layer_asks_for_or_that_was_added_is_so_many_times_another() -> None:
    network = archspec.compile_text(STAGES.replace(": feed_forward\n", ": {block: feed_forward}\n"))
    check(network, Counter())
    source = archspec.emit(network)
    assert "self.b = Stage(16)" in source
    assert "self.fc2 = nn.Linear(in_channels * 4, in_channels)" in source


LISTED = """
archspec: 1
name: listed
inputs: {x: [1, 4, 8, 8]}
blocks:
  one_map:
    params: {stride: {type: size, default: [1, 2], min: 0}}
    graph:
      squeeze: {op: squeeze, dim: 1}
      conv: {op: conv, out_channels: 4, kernel_size: 3, stride: $stride, padding: 1}
      unsqueeze: {op: unsqueeze, dim: 1}
  pool:
    params: {stride: {type: size, default: [1, 2], min: 0}}
    graph:
      map: {block: one_map, stride: $stride}
      parts: {op: reshape, shape: [1, 4, -1]}
      norm: {op: batch_norm}
graph:
  one: {block: pool, stride: 1}
  two: {block: pool, from: x}
  three: {block: pool, from: x, stride: [2, 2]}
  all: {op: concat, from: [one, two, three], dim: 3}
"""


def test_a_parameter_that_is_the_channels_is_not_tried_with_a_list() -> None:
    """A stride of 1 on an input of one channel, of a block whose stride is usually a list."""
    network = archspec.compile_text(LISTED)
    check(network, Counter())
    assert "stride" in archspec.emit(network)


PRESENT = """
archspec: 1
name: present
inputs: {image: [3, 1, 1]}
graph:
  a: {block: residual_basic, channels: 4, stride: 4}
  b: {block: bottleneck, channels: 5, expansion: 1}
"""


def test_a_node_that_all_uses_have_is_always_there() -> None:
    """With as many channels as the input has, the language would leave the projection out."""
    network = archspec.compile_text(PRESENT)
    check(network, Counter())
    source = archspec.emit(network)
    assert source.count("self.downsample = nn.Sequential(") == 2
    assert "if " not in source


FLATTENED = """
archspec: 1
name: flattened
inputs: {image: [3, 8, 8]}
blocks:
  head:
    params: {stride: 1, channels: {type: int}}
    graph:
      conv: {op: conv, out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}
      flatten: flatten
      fc: {op: linear, out_features: 4}
graph:
  one: {block: head, channels: 4}
  two: {block: head, from: image, channels: 8, stride: 2}
  add: {op: add, from: [one, two]}
"""


def test_a_layer_that_follows_from_a_size_leaves_no_parameter_that_changes_the_size() -> None:
    check(archspec.compile_text(FLATTENED), Counter())
    source = archspec.emit(archspec.compile_text(FLATTENED))
    assert "stride: int" not in source


OVERWRITING = """
archspec: 1
name: overwriting
inputs: {image: [4, 8, 8]}
blocks:
  residual:
    params: {channels: 4}
    graph:
      conv: {op: conv, out_channels: $channels, kernel_size: 1}
      add: {op: add, from: [conv, input]}
  rectified:
    params: {conv: true, norm: true}
    graph:
      conv: {op: conv, out_channels: 4, kernel_size: 1, when: $conv}
      norm: {op: batch_norm, when: $norm}
      relu: relu
graph:
  residual: {block: residual, channels: 4}
  one: {block: rectified, norm: false}
  two: {block: rectified, conv: false}
  up: {op: conv, out_channels: 8, kernel_size: 1}
  wide: {block: residual, channels: 8}
"""


def test_what_a_class_overwrites_can_be_overwritten_for_other_values_of_its_parameters() -> None:
    """A sum that broadcasts cannot be, nor what a block takes, which both parameters together leave to the ReLU."""
    network = archspec.compile_text(OVERWRITING)
    check(network, Counter())
    source = archspec.emit(network)
    assert "out += x" in source
    names: dict[str, Any] = {}
    exec(source, names)
    names["Rectified"](4, conv=False, norm=False)(torch.zeros(1, 4, 8, 8, requires_grad=True))


def test_an_operand_that_has_fallen_away_leaves_the_class_right() -> None:
    """The second operand of the block is needed by nothing that is taken of it."""
    network = archspec.compile_text("""
archspec: 1
name: net
inputs: {x: [4, 8, 8]}
blocks:
  pair:
    inputs: [a, b]
    params: {channels: 8}
    graph:
      one: {op: conv, out_channels: $channels, kernel_size: 1, from: a}
      two: {op: concat, from: [one, b]}
graph:
  y: {op: conv, out_channels: 2, kernel_size: 1}
  u: {block: pair, output: one, from: [x, y]}
""")
    assert "y" not in network
    assert archspec.build(network)(torch.zeros(1, 4, 8, 8)).shape == (1, 8, 8, 8)


GATED = """
archspec: 1
name: gated
inputs: {image: [8, 14, 14]}
blocks:
  gate:
    params: {channels: {type: int}}
    graph:
      fc1: {op: conv, out_channels: "$(make_divisible(channels // 4, 8))", kernel_size: 1}
      fc2: {op: conv, out_channels: $(ceil(channels / 3)), kernel_size: 1}
  halves:
    params: {channels: {type: int}, n: 1}
    graph:
      cv1: {block: conv_bn_relu, out_channels: $channels, kernel_size: 1, padding: 0}
      left: {op: split, chunks: 2, index: 0, from: cv1}
      right: {op: split, chunks: 2, index: 1, from: cv1}
      m: {block: conv_bn_relu, out_channels: $(operand.channels), kernel_size: 3, padding: 1, repeat: $n}
      cat: {op: concat, from: [left, right, m.*]}
      cv2: {block: conv_bn_relu, out_channels: $channels, kernel_size: 1, padding: 0}
graph:
  a: {block: gate, channels: 64}
  b: {block: gate, channels: 130}
  c: {block: halves, channels: 32}
  d: {block: halves, channels: 64, n: 2}
"""


def test_classes_that_a_person_would_write_once() -> None:
    """Functions of the language, halves of channels, and an argument that is what the default computes anyway."""
    network = archspec.compile_text(GATED)
    check(network, Counter())
    source = archspec.emit(network)
    assert source.count("class Gate(") == source.count("class Halves(") == 1
    assert "make_divisible(channels // 4, 8)" in source
    assert "from math import ceil" in source
    assert "ConvBnRelu(channels + n * (channels // 2), channels, kernel_size=1)" in source


TABLES = """
archspec: 1
name: tables
params: {widths: [8, 16, 32]}
inputs: {image: [3, 8, 8]}
blocks:
  layer:
    graph:
      conv: {op: conv, out_channels: 4, kernel_size: 1}
      cat: {op: concat, from: [input, conv]}
graph:
  stages: {each: [0, 1, 2], as: stage, op: conv, out_channels: "$(widths[stage])", kernel_size: 1}
  dense:
    each: [4, 3, 5]
    as: n
    graph:
      layers: {block: layer, repeat: $n}
      norm: batch_norm
      conv: {op: conv, out_channels: $(operand.channels // 2), kernel_size: 1}
"""


def test_tables_have_the_numbers_that_differ_and_what_follows_is_algebra() -> None:
    network = archspec.compile_text(TABLES)
    check(network, Counter())
    source = archspec.emit(network)
    assert "for in_channels, out_channels in [(3, 8), (8, 16), (16, 32)]" in source
    assert "nn.BatchNorm2d(in_channels + 4 * n)" in source


def test_copies_in_lines_of_their_own_hand_on_the_same_variables() -> None:
    network = archspec.compile_text("""
archspec: 1
name: handed
inputs: {a: [4], b: [4]}
blocks:
  mix:
    inputs: [a, b]
    params: {width: 4}
    graph:
      hidden: {op: linear, out_features: $width, from: a}
      c: {op: linear, out_features: 4, from: hidden}
      d: {op: add, from: [c, b]}
    outputs: {a: c, b: d}
graph:
  mixes: {block: mix, repeat: 4, from: [a, b], last: {width: 8}}
output: mixes.a
""")
    source = archspec.emit(network)
    assert "mixes_a_" not in source
    assert archspec.build(network)(torch.zeros(1, 4), torch.zeros(1, 4)).shape == (1, 4)


def test_uses_that_need_several_classes_share_few() -> None:
    """Units that stride and those that do not are two classes, whatever their channels are."""
    network = archspec.compile_text("""
archspec: 1
name: shuffled
inputs: {image: [8, 16, 16]}
graph:
  stage2: {block: shuffle_unit_v2, channels: 16, repeat: 2, first: {stride: 2}}
  stage3: {block: shuffle_unit_v2, channels: 32, repeat: 2, first: {stride: 2}}
  stage4: {block: shuffle_unit_v2, channels: 64, repeat: 2, first: {stride: 2}}
""")
    check(network, Counter())
    assert archspec.emit(network).count("class ShuffleUnit") == 2


GROWING = """
archspec: 1
name: growing
params: {layers: [2, 3, 4]}
let: {total: $(sum(layers))}
inputs: {image: [8, 32, 32]}
blocks:
  unit:
    params: {channels: {type: int}, stride: 1, p: {type: float}}
    graph:
      conv: {op: conv, out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}
      drop: {op: dropout, p: $p}
graph:
  alone: {block: unit, channels: 8, repeat: 5, p: $(0.5 * index / 5), first: {stride: 2}}
  stages:
    each: [[0, 16], [1, 24], [2, 32]]
    as: [stage, c]
    block: unit
    channels: $c
    repeat: $(layers[stage])
    first: {stride: 2}
    p: $(0.5 * (sum(layers[:stage]) + index) / total)
"""


def test_a_first_copy_and_the_others_are_one_expression_of_their_index() -> None:
    """What the row of a table looks up, beside the index of a copy, is a column."""
    source = archspec.emit(archspec.compile_text(GROWING))
    for text in (
        "Unit(8, 8, 0.0, stride=2)",
        "*(Unit(8, 8, 0.5 * i / 5) for i in range(1, 5))",
        "Unit(in_channels, c, 0.5 * offset / 9, stride=2)",
        "*(Unit(c, c, 0.5 * (offset + i) / 9) for i in range(1, repeat))",
        "(16, 3, 2, 24)",
    ):
        assert text in source
    network = archspec.compile_text(GROWING)
    wanted = [node.op.p for node in network if node.op.name == "dropout"]  # type: ignore[attr-defined]
    model = archspec.build(network)
    assert [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)] == wanted


def test_what_is_tried_ends_at_its_first_error(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = ", ".join("{op: conv, out_channels: 8, kernel_size: 1, groups: $groups}" for _ in range(10))
    text = f"""
        archspec: 1
        name: grouped
        inputs: {{image: [8, 4, 4]}}
        blocks: {{convs: {{params: {{groups: 2}}, graph: [{nodes}]}}}}
        graph: {{body: {{block: convs}}}}
    """
    network, applied = archspec.compile_text(dedent(text)), []
    block = network.blocks.children[0]
    assert isinstance(block, Block)
    apply = Application.apply
    monkeypatch.setattr(Application, "apply", lambda *given: applied.append(given) or apply(*given))
    assert Probing(network).block(block, {"groups": 3}, {}, [(8, 4, 4)], ["output"]) is None
    assert len(applied) == 1
