"""Nodes that reuse others: one module called again, whose tensors have one path and count once.

Random networks reuse nodes too (`random_networks`); here is what they cannot say.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from random_networks import compiled

import archspec
from archspec.drawing.content.scene import Box
from archspec.drawing.content.staging import stage
from archspec.drawing.content.symbols import symbolic
from archspec.network import Block, Network
from archspec.reports.json_report import report
from archspec.reports.table import render, render_csv

HEAD = """
archspec: 1
name: retina_head
inputs: {p3: [256, 100, 100], p4: [256, 50, 50], p5: [256, 25, 25], p6: [256, 13, 13], p7: [256, 7, 7]}
blocks:
  tower:
    params: {out_channels: {type: int}}
    graph:
      conv0: {block: conv_relu, out_channels: 256, kernel_size: 3}
      conv1: {block: conv_relu, out_channels: 256, kernel_size: 3}
      conv2: {block: conv_relu, out_channels: 256, kernel_size: 3}
      conv3: {block: conv_relu, out_channels: 256, kernel_size: 3}
      predict: {op: conv, out_channels: $out_channels, kernel_size: 3, padding: 1}
graph:
  cls3: {block: tower, from: p3, out_channels: 720}
  cls4: {reuse: cls3, from: p4}
  cls5: {reuse: cls3, from: p5}
  cls6: {reuse: cls3, from: p6}
  cls7: {reuse: cls3, from: p7}
outputs: {cls3: cls3, cls4: cls4, cls5: cls5, cls6: cls6, cls7: cls7}
"""

TWO_OUTPUTS = """
archspec: 1
name: two_outputs
params: {left_too: true}
inputs: {x: [4, 8, 8], y: [4, 6, 6]}
blocks:
  fork:
    graph:
      one: {op: conv, out_channels: 4, kernel_size: 1}
      two: {op: conv, out_channels: 5, kernel_size: 1, from: input}
      three: {op: conv, out_channels: 6, kernel_size: 1, from: input}
    outputs: {one: one, two: two, three: three}
graph:
  left: {block: fork, from: x}
  right: {reuse: left, from: y}
outputs:
  left: {from: left.one, when: $left_too}
  right: right.two
"""

SHARED = """
archspec: 1
name: shared
inputs: {image: [4, 8, 8]}
graph:
  conv: {op: conv, out_channels: 4, kernel_size: 3, padding: 1}
  again: {reuse: conv, repeat: 3}
  norm: batch_norm
"""


def shares(network: Network) -> dict[str, str]:
    return {node.path: node.shares for node in network if node.shares}


def module_of(network: Network, **options: Any) -> Any:
    pytest.importorskip("torch")
    return archspec.build(network, **options)


def test_one_head_on_five_levels_counts_once() -> None:
    network = compiled(HEAD)
    assert (network.params, network.macs) == (4_019_920, 53_614_522_368)
    assert [network[f"cls{level}"].params for level in (3, 4, 5, 6, 7)] == [4_019_920, 0, 0, 0, 0]
    assert network["cls4.conv1.conv"].shares == "cls3.conv1.conv"
    assert not network["cls4.predict"].weights
    assert network["cls3.predict"].weights
    module = module_of(network, device="meta")
    assert sum(parameter.numel() for parameter in module.parameters()) == 4_019_920
    assert {name.partition(".")[0] for name in module.state_dict()} == {"cls3"}


def test_the_module_is_called_again() -> None:
    torch = pytest.importorskip("torch")
    module = module_of(compiled(SHARED)).eval()
    image = torch.rand(2, 4, 8, 8)
    wanted = image
    for _ in range(4):
        wanted = module.conv(wanted)
    torch.testing.assert_close(module(image), module.norm(wanted))
    assert module.state_dict().keys() == {
        "conv.weight", "conv.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var",
        "norm.num_batches_tracked",
    }  # fmt: skip


def test_a_chain_with_a_layer_that_is_called_again_and_again_is_no_sequential() -> None:
    """What a class inherits from ``nn.Sequential`` calls each layer once."""
    torch = pytest.importorskip("torch")
    text = "group: {graph: {a: {op: linear, out_features: 3}, b: {reuse: a, repeat: 2, from: a}}}"
    spec = f"archspec: 1\nname: n\ninputs: {{x: [3]}}\ngraph:\n  {text}\n"
    module = module_of(compiled(spec))
    calls: list[object] = []
    module.group.a.register_forward_hook(lambda *_: calls.append(1))
    module(torch.ones(2, 3))
    assert len(calls) == 3


def test_further_calls_take_the_same_other_operand() -> None:
    torch = pytest.importorskip("torch")
    text = """
archspec: 1
name: recurrent
inputs: {image: [4, 8, 8]}
blocks:
  cell:
    inputs: [state, seen]
    graph:
      next: {op: conv, out_channels: 4, kernel_size: 1, from: state}
      add: {op: add, from: [next, seen]}
graph:
  begin: {op: conv, out_channels: 4, kernel_size: 1}
  cell: {block: cell, from: [begin, image]}
  more: {reuse: cell, repeat: 2, from: [begin, image]}
  add: {op: add, from: [more, cell, begin]}
"""
    module, image = module_of(compiled(text)), torch.rand(2, 4, 8, 8)
    begin = module.begin(image)
    cell = module.cell(begin, image)
    torch.testing.assert_close(module(image), module.cell(cell, image) + cell + begin)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_module_gives_the_same() -> None:
    torch = pytest.importorskip("torch")
    module = module_of(compiled(SHARED)).eval()
    image = torch.rand(2, 4, 8, 8)
    torch.testing.assert_close(torch.jit.script(module)(image), module(image))


def test_a_node_and_what_reuses_it_give_all_that_either_needs() -> None:
    network = compiled(TWO_OUTPUTS)
    assert [node.path for node in network] == ["left.one", "left.two", "right.one", "right.two"]
    assert network.params == 4 * 4 + 4 + 4 * 5 + 5


def test_what_is_reused_stays_where_only_that_is_needed() -> None:
    torch = pytest.importorskip("torch")
    network = compiled(TWO_OUTPUTS.replace("left_too: true", "left_too: false"))
    assert [node.path for node in network] == ["left.two", "right.two"]
    assert network.macs == 4 * 5 * (64 + 36)
    module = module_of(network)
    given = module(torch.rand(2, 4, 8, 8), torch.rand(2, 4, 6, 6))
    assert given.shape == (2, 5, 6, 6)


def test_what_only_training_runs_is_not_run_for_the_sake_of_weights() -> None:
    torch = pytest.importorskip("torch")
    flops = pytest.importorskip("torch.utils.flop_counter")
    text = TWO_OUTPUTS.replace("when: $left_too", "training_only: true").replace("params: {left_too: true}\n", "")
    network = compiled(text)
    module = module_of(network).eval()
    with flops.FlopCounterMode(display=False) as counter:
        module(torch.rand(1, 4, 8, 8), torch.rand(1, 4, 6, 6))
    assert counter.get_total_flops() == network.flops == 2 * 4 * (4 + 5) * 36
    assert network.is_training_only("left")


def test_where_the_other_passes_its_input_through_a_reuse_does_so_too() -> None:
    text = SHARED.replace("padding: 1}", "padding: 1, when: $deep}").replace(
        "inputs:", "params: {deep: false}\ninputs:"
    )
    network = compiled(text)
    assert [node.path for node in network] == ["norm"]
    deep = compiled(text.replace("deep: false", "deep: true"))
    assert shares(deep) == {f"again.{copy}": "conv" for copy in range(3)}


def test_the_arguments_are_those_of_what_is_reused_whatever_the_index() -> None:
    text = """
archspec: 1
name: indexed
inputs: {image: [4, 8, 8]}
graph:
  convs: {op: conv, out_channels: 4, kernel_size: "$(1 + 2 * index)", padding: $index, repeat: 3, last: {bias: false}}
  body:
    repeat: 2
    graph:
      conv: {op: conv, out_channels: 4, kernel_size: "$(1 + 2 * index)", padding: $index}
      again: {reuse: conv, repeat: 2}
  first: {reuse: convs.0, repeat: 2}
  last: {reuse: convs.2}
"""
    network = compiled(text)
    kernels = {node.path: (node.op.kernel_size[0], node.op.bias) for node in network}
    assert kernels["first.0"] == kernels["first.1"] == (1, True)
    assert kernels["last"] == (5, False)
    assert kernels["body.1.again.0"] == kernels["body.1.again.1"] == (3, True)
    assert shares(network) == {
        "body.0.again.0": "body.0.conv", "body.0.again.1": "body.0.conv", "body.1.again.0": "body.1.conv",
        "body.1.again.1": "body.1.conv", "first.0": "convs.0", "first.1": "convs.0", "last": "convs.2",
    }  # fmt: skip


def test_a_copy_of_a_repeat_that_not_every_use_has() -> None:
    torch = pytest.importorskip("torch")
    text = """
archspec: 1
name: optional
inputs: {image: [4, 8, 8]}
blocks:
  body:
    params: {deep: true}
    graph:
      convs: {op: conv, out_channels: 4, kernel_size: 1, repeat: 2, when: $deep}
      again: {reuse: convs.1}
      more: {reuse: convs.0, repeat: 2}
      last: {op: conv, out_channels: 4, kernel_size: 1}
graph:
  deep: {block: body}
  flat: {block: body, deep: false}
"""
    network = compiled(text)
    module, image = module_of(network), torch.rand(2, 4, 8, 8)
    first, second = module.deep.convs
    deep = module.deep.last(first(first(second(second(first(image))))))
    torch.testing.assert_close(module(image), module.flat.last(deep))


def test_a_layer_called_in_several_places_overwrites_nothing() -> None:
    text = """
archspec: 1
name: act
inputs: {image: [4, 8, 8]}
graph:
  conv: {op: conv, out_channels: 4, kernel_size: 1}
  act: relu
  second: {op: conv, out_channels: 4, kernel_size: 1, from: image}
  again: {reuse: act}
  add: {op: add, from: [again, act, second]}
"""
    source = archspec.emit(compiled(text))
    assert "nn.ReLU()" in source
    assert "inplace" not in source


def test_a_repeat_of_many_is_one_run() -> None:
    network = compiled(SHARED.replace("repeat: 3", "repeat: 40_000"))
    assert len(network) == 40_002
    assert "for _ in range(40000):" in archspec.emit(network)


def test_reports_say_whose_tensors_a_node_uses() -> None:
    network = compiled(HEAD)
    told = report(network)
    assert {node["path"]: node["shares"] for node in told["nodes"]}["cls4.predict"] == "cls3.predict"
    assert {block["path"]: block["shares"] for block in told["blocks"]}["cls7"] == "cls3"
    assert {node["shares"] for node in told["nodes"] if node["path"].startswith("cls3")} == {None}
    assert "tower, shares cls3" in render(network)
    assert render_csv(network, 1).splitlines()[2].endswith(",cls3")
    assert sum(node["params"] for node in told["nodes"]) == told["totals"]["params"]


def test_pictures_say_whose_weights_a_box_uses() -> None:
    shown = stage(compiled(HEAD), expand=["cls7"])
    titles = {frame.path: frame.title for frame in shown.clusters}
    assert titles == {"cls3": "tower", **{f"cls{level}": "tower · weights of cls3" for level in range(4, 8)}}
    boxes = {box.id: (box.count, box.remark) for box in stage(compiled(SHARED)).boxes}
    assert [boxes["conv"], boxes["again"]] == [(1, ""), (3, "weights of conv")]


def heads_of(text: str, **options: list[str]) -> dict[str, str]:
    return {box.id: box.remark for box in stage(compiled(text), **options).boxes if box.kind not in ("input", "output")}


def test_an_overview_shows_uses_on_maps_of_several_sizes_as_one_box() -> None:
    assert heads_of(HEAD) == {"cls3": "shared by 5"}
    assert heads_of(HEAD, collapse=["cls*"]) == {"cls3": "shared by 5"}
    (box,) = (box for box in stage(compiled(HEAD)).boxes if box.id == "cls3")
    assert (box.name, box.shape) == ("cls3 … cls7", None)
    assert {path.partition(".")[0] for path in box.paths} == {f"cls{level}" for level in range(3, 8)}


LEVELS = range(3, 6)

APART = """
archspec: 1
name: apart
inputs: {p3: [64, 32, 32], p4: [64, 16, 16], p5: [64, 8, 8]}
graph:
"""


def heads_apart(*, norm: bool) -> str:
    """Two heads, each written layer by layer for each level."""
    lines = [APART.strip()]
    for head, answers in (("class", 90), ("box", 36)):
        for level in LEVELS:
            for number, channels in ((0, 64), (1, 64), (2, answers)):
                given = f"{head}{level}_{number - 1}{'n' * norm}" if number else f"p{level}"
                own = f"op: conv, out_channels: {channels}, kernel_size: 3, padding: 1"
                what = own if level == LEVELS[0] else f"reuse: {head}{LEVELS[0]}_{number}"
                lines.append(f"  {head}{level}_{number}: {{{what}, from: {given}}}")
                lines += [f"  {head}{level}_{number}n: batch_norm"] * (norm and number < 2)
    outputs = ", ".join(f"{head}{level}: {head}{level}_2" for level in LEVELS for head in ("class", "box"))
    return "\n".join([*lines, f"outputs: {{{outputs}}}"])


def boxes_of(text: str) -> list[Box]:
    return [box for box in stage(compiled(text)).boxes if box.kind not in ("input", "output")]


@pytest.mark.parametrize(("norm", "but"), [(False, ""), (True, " but for batch norm")])
def test_heads_that_are_written_layer_by_layer_are_one_box(norm: bool, but: str) -> None:
    text = heads_apart(norm=norm)
    (box,) = boxes_of(text)
    assert (box.title, box.remark, box.uses) == ("class and box", f"shared by 3{but}", 3)
    assert box.lines == ("class: 2× conv 3×3, 64", "conv 3×3, 90", "box: 2× conv 3×3, 64", "conv 3×3, 36")
    assert sorted(box.paths) == sorted(node.path for node in compiled(text))
    assert box.figures.params == compiled(text).params


def test_shared_layers_between_which_something_else_leads_are_boxes_of_their_own() -> None:
    text = heads_apart(norm=False).replace("{reuse: class3_1, from: class4_0}", "{reuse: class3_1, from: p4}")
    text = text.replace("outputs: {", "outputs: {more: class4_0, ")
    assert len(boxes_of(text)) > 1


def test_towers_on_inputs_of_one_shape_stand_beside_each_other() -> None:
    same = re.sub(r"\[256, \d+, \d+\]", "[256, 25, 25]", HEAD)
    assert heads_of(same, collapse=["cls*"])["cls4"] == "weights of cls3"


def test_uses_behind_each_other_are_boxes_of_their_own() -> None:
    behind = HEAD.replace("cls4: {reuse: cls3, from: p4}", "cls4: {reuse: cls3, from: lower}").replace(
        "  cls4:", "  lower: {op: conv, out_channels: 256, kernel_size: 1, stride: 2, from: cls3}\n  cls4:"
    ).replace("p4: [256, 50, 50], ", "")  # fmt: skip
    assert heads_of(behind, collapse=["cls*"])["cls4"] == "weights of cls3"


def test_layers_without_weights_are_not_shared() -> None:
    text = HEAD.replace("{block: tower, from: p3, out_channels: 720}", "{op: relu, from: p3}")
    assert set(heads_of(text)) == {f"cls{level}" for level in range(3, 8)}


def test_what_takes_turns_is_not_one_box() -> None:
    """Of two that take from each other neither could stand before the other."""
    text = """
archspec: 1
name: turns
inputs: {x: [8, 16, 16], y: [8, 8, 8]}
graph:
  a: {op: conv, out_channels: 8, kernel_size: 1, from: x}
  b: {op: conv, out_channels: 8, kernel_size: 3, padding: 1, from: a}
  again_b: {reuse: b, from: y}
  again_a: {reuse: a}
outputs: [b, again_a]
"""
    assert set(heads_of(text)) == {"a", "b", "again_b", "again_a"}


def test_copies_that_reuse_copies_are_one_box() -> None:
    text = SHARED.replace("padding: 1}", "padding: 1, repeat: 3}").replace("{reuse: conv, repeat: 3}", "{reuse: conv}")
    boxes = {box.id: (box.count, box.remark) for box in stage(compiled(text)).boxes}
    assert boxes["again"] == (3, "weights of conv.0, conv.1, conv.2")


def test_a_block_by_itself_says_it_too() -> None:
    head, graph = SHARED.split("graph:\n")
    inside = graph.replace("  ", "      ")
    network = compiled(f"{head}blocks:\n  body:\n    graph:\n{inside}graph:\n  body: {{block: body}}\n")
    block = network["body"]
    assert isinstance(block, Block)
    remarks = {box.id: box.remark for box in stage(symbolic(network, block)).boxes}
    assert remarks["again"] == "weights of conv"


@pytest.mark.parametrize(
    ("node", "shared"),
    [
        ("again: {reuse: conv, repeat: null}", {"again": "conv"}),
        ("again: {op: conv, out_channels: 4, kernel_size: 1}", {}),
        ("norm: {reuse: conv, from: again}", {**{f"again.{n}": "conv" for n in range(3)}, "norm": "conv"}),
    ],
)
def test_a_file_that_extends_changes_a_node_into_a_reuse_and_back(tmp_path, node: str, shared: dict[str, str]) -> None:
    (tmp_path / "base.yaml").write_text(SHARED)
    (tmp_path / "spec.yaml").write_text(f"extends: base.yaml\narchspec: 1\nname: changed\ngraph:\n  {node}\n")
    assert shares(archspec.compile(tmp_path / "spec.yaml")) == shared
