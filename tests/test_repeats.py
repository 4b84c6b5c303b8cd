"""A repeat is runs of equal copies, which nobody can tell from copies one by one."""

from __future__ import annotations

from itertools import islice, permutations

import pytest
from told import REPEAT

import archspec
from archspec import Block, Limits, Node
from archspec.errors.help import Change, changes_of
from archspec.network import Copies

MANY = 100_000


def test_a_repeat_is_a_few_runs_however_long_it_is() -> None:
    few, many = (archspec.compile_text(REPEAT, depth=depth, limits=Limits(nodes=10_000_000)) for depth in (1_000, MANY))
    each = few["body.1"]
    assert isinstance(each, Block)
    for net, depth in [(few, 1_000), (many, MANY)]:
        body = net["body"]
        assert isinstance(body, Block)
        assert isinstance(body.content.uses, Copies)
        assert len(body.content.uses.runs) == 1
        assert (body.params, body.macs) == (depth * each.params, depth * each.macs)
        assert len(net) == depth * each.content.totals.nodes + 2
        assert net.shape("body") == (16, 16, 16)
    last = many[f"body.{MANY - 1}.conv1"]
    assert last.inputs == (f"body.{MANY - 2}.relu2",)
    assert f"body.{MANY}" not in many
    first = [node.path for node in islice(many.blocks.nodes(), 3)]
    assert first == ["stem", "body.0.conv1", "body.0.bn1"]


def test_the_copies_of_a_repeat_are_a_sequence() -> None:
    text = REPEAT.replace("repeat: $depth}", "repeat: $depth, first: {stride: 2}, last: {channels: 32}}")
    uses = archspec.compile_text(text, depth=6)["body"].content.uses  # type: ignore[union-attr]
    assert isinstance(uses, Copies)
    assert [run.length for run in uses.runs] == [1, 4, 1]
    listed = list(uses)
    assert [use.name for use in listed] == list("012345")
    assert len(uses) == 6
    assert [uses[number] for number in range(-6, 6)] == listed + listed
    assert list(uses[1:4]) == listed[1:4]
    assert all(uses.named(use.name) == use for use in listed)
    assert not any(uses.named(name) for name in ("6", "-1", "01", "", "x", "٣", "1" * 5000))
    with pytest.raises(IndexError):
        uses[6]


def test_copies_that_hold_nothing_are_left_out() -> None:
    text = """
archspec: 1
name: gaps
inputs: {image: [4, 8, 8]}
blocks:
  odd:
    params: {number: {type: int}}
    graph:
      act: {op: relu, when: $(number % 2 == 1)}
graph:
  body: {block: odd, number: $index, repeat: 6}
  end: identity
"""
    net = archspec.compile_text(text)
    assert [node.path for node in net] == ["body.1.act", "body.3.act", "body.5.act", "end"]
    assert [node.inputs for node in net] == [("image",), ("body.1.act",), ("body.3.act",), ("body.5.act",)]
    assert "body.2" not in net
    assert "body.3" in net
    assert [child.name for child in net["body"].children] == ["1", "3", "5"]  # type: ignore[union-attr]


def test_copies_that_ask_for_their_index_differ() -> None:
    text = REPEAT.replace(
        "{block: residual_basic, channels: 16, repeat: $depth}",
        "{graph: {conv: {op: conv, out_channels: $(16 * (index + 1)), kernel_size: 1}}, repeat: $depth}",
    )
    net = archspec.compile_text(text, depth=4)
    assert [net.shape(f"body.{i}")[0] for i in range(4)] == [16, 32, 48, 64]


def test_what_a_copy_does_not_need_is_taken_out_before_it() -> None:
    text = """
archspec: 1
name: fresh
inputs: {image: [4, 8, 8], other: [4, 8, 8]}
blocks:
  restart:
    params: {number: 0}
    inputs: [x, y]
    graph:
      a: {op: relu, from: x, when: $(number != 3)}
      b: {op: relu, from: y, when: $(number == 3)}
      pick: {op: identity, from: a, when: $(number != 3)}
      last: {op: add, from: [pick, b], when: $(number < 0)}
    outputs:
      out: {from: last, when: $(number < 0)}
      left: {from: pick, when: $(number >= 0 and number != 3)}
      right: {from: b, when: $(number == 3)}
graph:
  body: {block: restart, from: [image, other], number: $index, repeat: 6}
"""
    net = archspec.compile_text(text)
    paths = [node.path for node in net]
    assert paths == ["body.3.b", "body.4.a", "body.4.pick", "body.5.a", "body.5.pick"]
    known = set(net.inputs)
    for node in net:
        assert known.issuperset(node.inputs)
        known.add(node.path)


PICK = """
archspec: 1
name: jump
params: {at: 2, copies: 5}
inputs: {image: [4, 8, 8]}
blocks:
  pick:
    params: {number: {type: int}, at: {type: int}}
    inputs: [x, y]
    graph:
      a: {op: relu, from: x, when: $(number != at)}
      b: {op: identity, from: y, when: false}
    outputs:
      left: {from: a, when: $(number != at)}
      right: {from: b, when: $(number == at)}
graph:
  p: tanh
  q: {op: sigmoid, from: image}
  body: {block: pick, from: [p, q], number: $index, at: $at, repeat: $copies}
  end: identity
"""


@pytest.mark.parametrize("at", range(-1, 6))
@pytest.mark.parametrize("copies", range(6))
def test_a_copy_that_passes_another_operand_through_makes_those_before_it_unused(at: int, copies: int) -> None:
    paths = [node.path for node in archspec.compile_text(PICK, at=at, copies=copies)]
    jumps = 0 <= at < copies
    body = [f"body.{number}.a" for number in range(at + 1 if jumps else 0, copies)]
    assert paths == ["q" if jumps else "p", *body, "end"]


# Copies taken one by one


def taking(*taken: str, depth: int = 5) -> archspec.Network:
    """A chain of convolutions, of which some are outputs."""
    outputs = ", ".join(f"o{number}: {reference}" for number, reference in enumerate(taken))
    return archspec.compile_text(
        f"""
archspec: 1
name: taken
inputs: {{image: [4, 8, 8]}}
graph:
  body: {{op: conv, out_channels: 4, kernel_size: 1, repeat: {depth}}}
outputs: {{{outputs}}}
""",
        limits=Limits(nodes=10_000_000),
    )


def test_copies_that_nothing_taken_needs_are_left_out() -> None:
    assert [node.path for node in taking("body.1")] == ["body.0", "body.1"]
    assert [output.path for output in taking("body.-2", "body.0").outputs.values()] == ["body.3", "body.0"]
    assert len(taking("body.-2", "body.0")) == 4
    assert len(taking("body.2", "body")) == 5


def test_a_long_repeat_stays_a_few_runs_where_single_copies_are_taken() -> None:
    net = taking("body.7", "body.-7", "body.50000", depth=MANY)
    uses = net.blocks.content.use("body").content.uses  # type: ignore[union-attr]
    assert isinstance(uses, Copies)
    assert [(run.start, run.stop) for run in uses.runs] == [(0, MANY - 6)]


def test_all_copies_taken_are_operands_in_order() -> None:
    text = REPEAT.replace("repeat: $depth}", "repeat: $depth}\n  join: {op: concat, from: [stem, body.*]}")
    for depth in (0, 1, 3):
        join = archspec.compile_text(text, depth=depth)["join"]
        assert isinstance(join, Node)
        assert join.inputs == ("stem", *(f"body.{index}.relu2" for index in range(depth)))


TURNING = """
archspec: 1
name: turning
inputs: {image: [4, 8, 8]}
blocks:
  turn:
    inputs: [%s]
    graph:
      x: {op: relu, from: %s}
    outputs: {one: %s, two: %s, three: %s}
graph:
  a: relu
  b: {op: tanh, from: image}
  c: {op: sigmoid, from: image}
"""
ENDS = ("one", "two", "three")


@pytest.mark.parametrize("given", [*permutations("abx")], ids="".join)
@pytest.mark.parametrize("count", [2, 7])
@pytest.mark.parametrize("inputs", ["abc", "ab"])
def test_tensors_that_copies_hand_on_are_those_of_nodes_in_a_row(
    given: tuple[str, ...], count: int, inputs: str
) -> None:
    start, width = ", ".join(inputs), len(inputs)  # of three tensors two are handed on where a copy takes two
    block = TURNING % (start, inputs[-1], *given)
    taken = [f"body.{copy}.{end}" for copy in (0, count // 2, count - 1) for end in ENDS]
    repeated = f"  body: {{block: turn, from: [{start}], repeat: {count}}}\n"
    operands = [start, *(", ".join(f"body{copy}.{end}" for end in ENDS[:width]) for copy in range(count))]
    row = "".join(f"  body{copy}: {{block: turn, from: [{operands[copy]}]}}\n" for copy in range(count))
    outputs = "".join(f"  o{number}: {reference}\n" for number, reference in enumerate([*taken, "c"]))
    found = archspec.compile_text(f"{block}{repeated}outputs:\n{outputs}")
    wanted = archspec.compile_text(f"{block}{row}outputs:\n{outputs.replace('body.', 'body')}")
    assert [(node.path, node.inputs) for node in found] == [
        (restored(node.path), tuple(map(restored, node.inputs))) for node in wanted
    ]
    assert [each.path for each in found.outputs.values()] == [restored(each.path) for each in wanted.outputs.values()]


@pytest.mark.parametrize("inputs", ["abc", "ab"])
def test_a_repeat_without_copies_passes_on_all_that_copies_would_hand_on(inputs: str) -> None:
    text = TURNING % (", ".join(inputs), inputs[-1], "a", "b", "x")
    text += f"  body: {{block: turn, from: [{', '.join(inputs)}], repeat: 0}}\noutputs: [body.one, body.two, c]"
    assert [output.path for output in archspec.compile_text(text).outputs.values()] == ["a", "b", "c"]


def test_a_copy_that_is_passed_by_hands_on_what_the_others_do() -> None:
    text = TURNING % ("a, b", "b", "x", "a", "b")
    text += "  body: {each: [false, true, false, true], as: used, when: $used, block: turn, from: [a, b]}\n"
    text += "outputs: {one: body.one, two: body.two, old: body.1.two, new: body.three, c: c}"
    net = archspec.compile_text(text)
    assert [node.inputs for node in net if node.path.startswith("body")] == [("b",), ("a",)]
    assert [output.path for output in net.outputs.values()] == ["body.3.x", "body.1.x", "a", "a", "c"]


def test_the_last_copy_may_give_less_than_the_others() -> None:
    text = TURNING % ("a, b", "b", "x", "a", "b")
    text += "  body: {each: [turn, turn, least], as: unit, block: $unit, from: [a, b]}\noutputs: [body, c]"
    least = "  least: {inputs: [a, b], graph: {sum: {op: add, from: [a, b]}}}\n"
    text = text.replace("graph:\n  a:", f"{least}graph:\n  a:")
    assert [node.inputs for node in archspec.compile_text(text)][-1] == ("body.1.x", "body.0.x")


def restored(path: str) -> str:
    """The path of a copy, for that of a node in a row."""
    return path.replace("body", "body.")


def test_only_what_stands_in_a_repeat_or_table_is_a_copy_of_it() -> None:
    """Whatever it is called: the nodes of lists have numbers for names too."""
    network = archspec.compile_text("""
archspec: 1
name: numbers
inputs: {x: [8]}
graph:
  - {graph: [{graph: [relu, tanh]}, {repeat: 2, graph: [relu, tanh]}], repeat: 2}
  - {each: [[1], [2]], as: [_], graph: [{graph: [relu]}]}
""")
    copies = {block.path: block.copy for block in network.blocks.walk()}
    assert {path for path, copy in copies.items() if copy is not None} == {
        "0.0", "0.1", "0.0.1.0", "0.0.1.1", "0.1.1.0", "0.1.1.1", "1.0", "1.1",
    }  # fmt: skip
    assert all(path.endswith(f".{copy}") for path, copy in copies.items() if copy is not None)


COUNTED = """
archspec: 1
name: counted
inputs: {image: [8, 16, 16]}
graph:
  layers: {op: conv, out_channels: 8, kernel_size: 1, repeat: 3}
  stage: {graph: {conv: {op: conv, out_channels: 8, kernel_size: 1}, act: relu}, repeat: 2}
"""


@pytest.mark.parametrize(
    ("rest", "written", "meant"),
    [
        ("override: {layers.-1: {bias: false}}", "layers.-1", "layers.2"),
        ("override: {stage.-2.conv: {bias: false}}", "stage.-2.conv", "stage.0.conv"),
        ("freeze: [stage.-1]", "stage.-1", "stage.1"),
        ("init: {stage.-1.conv: zeros}", "stage.-1.conv", "stage.1.conv"),
        ("expect: {shapes: {stage.-1.act: [8, 16, 16]}}", "stage.-1.act", "stage.1.act"),
        ("expect: {receptive_field: {layers.-3: 1}}", "layers.-3", "layers.0"),
    ],
)
def test_a_path_that_counts_from_the_end_is_told_as_it_is_written(rest: str, written: str, meant: str) -> None:
    with pytest.raises(archspec.SpecError) as raised:
        archspec.compile_text(COUNTED + rest)
    (diagnostic,) = raised.value.diagnostics
    assert changes_of(diagnostic.help) == (Change("replace", meant),)
    assert archspec.compile_text(COUNTED + rest.replace(written, meant))


def test_what_names_a_copy_in_its_graph_may_count_from_the_end() -> None:
    for rest in ("  again: {reuse: layers.-1}", "  again: {op: relu, from: layers.-1}\noutputs: [stage, again]"):
        network, other = (archspec.compile_text(COUNTED + text) for text in (rest, rest.replace("-1", "2")))
        assert [(node.path, node.inputs, node.shares) for node in network] == [
            (node.path, node.inputs, node.shares) for node in other
        ]
