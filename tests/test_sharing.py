"""Equal uses of a block share what they hold, and nobody can tell but by the time it takes."""

from __future__ import annotations

import copy
import pickle
from contextlib import suppress
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from sampling import few
from told import REPEAT, told

import archspec
from archspec import Block, Limits, Node, SpecError
from archspec.compiler import application, sharing
from archspec.compiler.pipeline import of_bytes
from archspec.language import library
from archspec.network import Applied, Body

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").glob("*.yaml"))


def contents(body: Body, found: dict[int, Body] | None = None) -> dict[int, Body]:
    """The different contents of the blocks inside, by identity."""
    found = {} if found is None else found
    for content, _ in body.parts():
        if isinstance(content, Body) and id(content) not in found:
            found[id(content)] = content
            contents(content, found)
    return found


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_is_known_from_before_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sharing.forget()
    first = told(archspec.compile(path))
    assert told(archspec.compile(path)) == first
    sharing.forget()
    assert told(archspec.load(path).compile()) == first
    monkeypatch.setattr(sharing, "_MOST", 10)
    loaded = archspec.load(path)
    assert told(loaded.compile()) == told(loaded.compile()) == first


def test_no_more_is_kept_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_MOST", 100)
    sharing.forget()
    sizes = []
    for width in range(1, 200):
        archspec.compile_text(REPEAT.replace("channels: 16", f"channels: {width}"))
        sizes.append(len(sharing.OPS.applied))
    assert max(sizes) < 120
    assert min(sizes[1:]) < 20


class Forgetful(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


@pytest.mark.parametrize("path", few(SPECS, 8), ids=lambda path: path.stem)
def test_source_and_pictures_do_not_depend_on_what_is_shared(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = archspec.compile(path)
    sharing.forget()
    monkeypatch.setattr(sharing.Memory, "keep", lambda self, keys, shared: None)
    monkeypatch.setattr(sharing, "OPS", sharing.Ops(Forgetful(), Forgetful()))
    monkeypatch.setattr(application, "OPS", sharing.OPS)
    alone = archspec.compile(path)
    assert {id(node.applied) for node in alone}.isdisjoint({id(node.applied) for node in net})
    assert archspec.emit(alone) == archspec.emit(net)
    assert archspec.draw(alone, detail="blocks").svg == archspec.draw(net, detail="blocks").svg


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_equal_uses_of_a_block_hold_one_content(path: Path) -> None:
    net = archspec.compile(path)
    seen: dict[Any, Body] = {}
    for block in net.blocks.walk():
        if block.kind == "block":
            shapes = tuple(net.shape(origin) for origin in block.inputs)
            key = (id(block.template), repr(sorted(block.arguments.items())), shapes, tuple(block.content.outputs))
            assert seen.setdefault(key, block.content) is block.content


COPIES = """
archspec: 1
name: copies
params: {n: 2, c: 8, s: 1, unit: {type: block, default: conv_bn}, b: true}
inputs: {x: [8, 32, 32]}
graph:
  plain: {block: $unit, out_channels: $c, repeat: $n}
  ends: {block: conv_bn, out_channels: $c, repeat: $n, first: {stride: $s}, last: {kernel_size: 1}}
  counted: {block: conv_bn, out_channels: $(c + index), repeat: $n}
  doubled: {block: conv_bn, out_channels: $(2 * operand.channels), repeat: $n}
  rows:
    {each: [[8, 1], [$c, 2], [8, $n]], as: [w, m], block: conv_bn, out_channels: $w, repeat: $m, first: {stride: $s}}
  rest: {block: $("conv_bn_relu" if b else unit), out_channels: $c, repeat: 3}
"""


def test_copies_hold_the_same_whatever_was_compiled_before() -> None:
    """One loaded spec at many values of its parameters, and each as if it were the first."""
    loaded = of_bytes(COPIES.encode(), "<text>", ROOT, Limits())
    values = {"n": (0, 1, 3), "c": (4, 8), "s": (1, 2), "unit": ("conv_bn", "conv_bn_relu6"), "b": (True, False)}
    for point in product(*values.values()):
        params = dict(zip(values, point, strict=True))
        alone = archspec.compile_text(COPIES, **params)
        assert told(loaded.compile(**params)) == told(alone), params


def test_copies_of_equal_arguments_and_operands_are_one_in_all_points_of_a_sweep() -> None:
    loaded = archspec.load(ROOT / "specs" / "mobilenet_v2.yaml")
    one, other, wider = (loaded.compile(**params) for params in ({}, {"num_classes": 10}, {"width": 1.4}))
    for row in range(7):
        contents = [net[f"blocks.{row}"].content for net in (one, other, wider)]
        assert contents[0] is contents[1] is not contents[2]


def test_resnet152_has_eight_different_bottlenecks() -> None:
    net = archspec.compile(ROOT / "specs" / "resnet152.yaml")
    kinds = [body for body in contents(net.blocks.content).values() if body.definition == "bottleneck"]
    assert len(kinds) == 8
    assert sum(block.definition == "bottleneck" for block in net.blocks.walk()) == 50


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_totals_of_blocks_are_sums_over_their_nodes(path: Path) -> None:
    net = archspec.compile(path)
    for block in net.blocks.walk():
        nodes = list(block.nodes())
        totals = block.content.totals
        assert totals.nodes == len(nodes)
        assert totals.costed == sum(node.cost is not None for node in nodes)
        assert (block.params, block.buffer_elements) == (
            sum(node.params for node in nodes), sum(node.buffer_elements for node in nodes),
        )  # fmt: skip
        assert (block.macs, block.other_ops) == (
            sum(node.macs or 0 for node in nodes), sum(node.other_ops or 0 for node in nodes),
        )  # fmt: skip


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_path_leads_to_its_node_or_block(path: Path) -> None:
    net = archspec.compile(path)
    for part in [*net.nodes, *list(net.blocks.walk())[1:]]:
        found = net[part.path]
        assert part.path in net
        assert (found.path, found.inputs) == (part.path, part.inputs)
        assert found.content is part.content
    assert sorted(net.paths()) == sorted({part.path for part in [*net.nodes, *list(net.blocks.walk())[1:]]})


def test_outputs_that_a_user_takes_of_a_library_block_are_known_by_what_they_say() -> None:
    text = """
archspec: 1
name: taken
inputs: {image: [4, 8, 8]}
graph: {body: {block: bottleneck, channels: 8, output: NODE}}
"""
    for name in ("conv1", "bn1", "conv2", "relu1", "conv3") * 10:  # what a compile frees, the next one takes
        assert archspec.compile_text(text.replace("NODE", name)).outputs["output"].path == f"body.{name}"


# Limits and errors


@pytest.mark.parametrize("depth", [3, 50])
def test_the_limit_on_nodes_counts_every_use(depth: int) -> None:
    def refused(nodes: int) -> bool:
        with suppress(SpecError):
            return not archspec.compile_text(REPEAT, depth=depth, limits=Limits(nodes=nodes))
        return True

    sharing.forget()
    least = next(nodes for nodes in range(10_000) if not refused(nodes))
    assert refused(least - 1)
    sharing.forget()
    assert not refused(least)
    sharing.forget()
    assert refused(least - 1)


def test_the_limit_on_files_does_not_depend_on_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "unit.yaml").write_text("archspec: 1\nblock: unit\ngraph: {a: relu}\n")
    (tmp_path / "net.yaml").write_text(
        "archspec: 1\nname: net\ninputs: {x: [3, 8, 8]}\n"
        "graph: {a: {block: nin_block, channels: 8, kernel_size: 3}, b: {block: ./unit.yaml}}\n"
    )
    for _ in range(2):
        assert archspec.compile(tmp_path / "net.yaml", limits=Limits(files=2))
        with pytest.raises(SpecError, match="more than 1 files"):
            archspec.compile(tmp_path / "net.yaml", limits=Limits(files=1))


def nested(levels: int) -> str:
    blocks = [f"  b{level}: {{graph: {{x: {{block: b{level + 1}}}}}}}" for level in range(levels)]
    blocks.append(f"  b{levels}: {{graph: {{x: relu}}}}")
    graph = ["  low: {block: b0}", "  deep: {graph: {g: {graph: {h: {block: b0}}}}}"]
    head = ["archspec: 1", "name: nested", "inputs: {image: [4]}", "blocks:"]
    return "\n".join([*head, *blocks, "graph:", *graph])


def test_the_limit_on_nesting_holds_for_shared_blocks() -> None:
    assert archspec.compile_text(nested(3), limits=Limits(nesting=7))
    with pytest.raises(SpecError, match="nest deeper than 5"):
        archspec.compile_text(nested(3), limits=Limits(nesting=5))


def test_a_block_that_contains_itself_is_found_wherever_it_was_used_before() -> None:
    text = """
archspec: 1
name: circle
inputs: {image: [4]}
blocks:
  outer: {params: {more: false}, graph: {act: relu, again: {block: inner, when: $more}}}
  inner: {graph: {body: {block: outer}}}
graph:
  first: {block: inner}
  second: {block: outer, more: true}
"""
    with pytest.raises(SpecError, match="a block contains itself: outer -> inner -> outer"):
        archspec.compile_text(text)


def test_an_error_in_one_use_does_not_hide_that_in_another() -> None:
    text = REPEAT.replace("channels: 16", "channels: 24, stride: $(0 - 1)").replace(
        "head: global", "other: {block: residual_basic, channels: 0}\n  head: global"
    )
    with pytest.raises(SpecError) as caught:
        archspec.compile_text(text)
    assert {each.span.line for each in caught.value.diagnostics} == {7, 8, 9}
    assert {each.path for each in caught.value.diagnostics} == {"stem", "body.0", "other"}


# Keys


def test_what_a_use_takes_decides_what_it_holds() -> None:
    text = """
archspec: 1
name: taken
inputs: {x: [16, 8, 8]}
graph: {a: {block: residual_basic, channels: 16, output: OUTPUT}}
"""
    for name in ("relu1", "conv1", "bn1", "conv2", "bn2") * 20:  # specs that are gone leave their ids to others
        net = archspec.compile_text(text.replace("OUTPUT", name))
        assert net.outputs["output"].path == f"a.{name}"


def test_uses_that_take_the_same_outputs_share_what_they_hold() -> None:
    text = """
archspec: 1
name: taken
inputs: {x: [16, 8, 8]}
graph:
  a: {block: residual_basic, from: x, channels: 16, outputs: {left: conv1, right: bn2}}
  b: {block: residual_basic, from: x, channels: 16, outputs: {left: conv1, right: bn2}}
  c: {block: residual_basic, from: x, channels: 16, outputs: {left: bn2, right: conv1}}
  all: {op: concat, from: [a.left, a.right, b.left, b.right, c.left, c.right]}
"""
    one, same, other = [part.content for part in archspec.compile_text(text).blocks.children[:3]]
    assert one is same
    assert isinstance(one, Body)
    assert isinstance(other, Body)
    assert (one.outputs, other.outputs) == ({"left": "conv1", "right": "bn2"}, {"left": "bn2", "right": "conv1"})


UNIT = "{params: {w: 8}, graph: {c: {op: conv, out_channels: $w, kernel_size: 1}, r: relu}}"


@pytest.mark.parametrize(("name", "unit"), [("inline_user", "unit"), ("file_user", "./sharing_unit.yaml")])
def test_blocks_that_a_plugins_block_uses_are_one_however_often_it_was_used_before(
    name: str, unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sharing_unit.yaml").write_text(f"{{archspec: 1, block: unit, {UNIT[1:]}\n")
    (tmp_path / f"{name}.yaml").write_text(
        f"archspec: 1\nblock: {name}\nparams: {{width: 8}}\nblocks: {{unit: {UNIT}}}\n"
        f"graph: {{a: {{block: {unit}, w: $width}}}}\n"
    )
    monkeypatch.setattr(library, "_plugin_blocks", lambda: {name: tmp_path / f"{name}.yaml"})
    head = "archspec: 1\nname: net\ninputs: {x: [3, 8, 8]}\ngraph:\n"
    once = f"{head}  p: {{block: {name}}}\n"
    thrice = f"{once}  q: {{block: {name}, width: 16}}\n  r: {{block: {name}, width: 24}}\n"
    sharing.forget()
    source = archspec.emit(archspec.compile_text(thrice, root=tmp_path))
    assert source.count("class Unit") == 1
    sharing.forget()
    archspec.compile_text(once, root=tmp_path)
    assert archspec.emit(archspec.compile_text(thrice, root=tmp_path)) == source


def test_a_list_that_the_caller_changes_later_changes_no_network() -> None:
    text = """
archspec: 1
name: sizes
params: {size: {type: list, default: [1, 3]}}
inputs: {x: [4, 8, 8]}
graph: {a: {block: conv_relu, out_channels: 4, kernel_size: $size}}
"""
    size = [3, 5]
    nets = [archspec.compile_text(text, size=size)]
    size[0] = 7
    nets.append(archspec.compile_text(text, size=[3, 5]))
    for net in nets:
        part = net["a"]
        assert isinstance(part, Block)
        assert net.arguments == {"size": [3, 5]}
        assert part.arguments["kernel_size"] == [3, 5]


def test_a_mapping_that_the_caller_changes_changes_no_network() -> None:
    net = archspec.compile_text(REPEAT)
    before = told(net)
    block, node = net["body.0"], net["body.0.conv1"]
    assert isinstance(block, Block)
    assert isinstance(node, Node)
    for mapping in (block.arguments, node.weights, net["body.0.bn1"].buffers):  # type: ignore[union-attr]
        assert isinstance(mapping, dict)
        mapping.clear()
    assert told(net) == told(archspec.compile_text(REPEAT)) == before


def test_a_hint_knows_the_index_in_a_group_that_does_not_ask_for_it() -> None:
    group = "{graph: {conv: {op: conv, out_channels: $indes, kernel_size: 1}}, repeat: 2}"
    with pytest.raises(SpecError) as caught:
        archspec.compile_text(REPEAT.replace("{block: residual_basic, channels: 16, repeat: $depth}", group))
    assert [each.help for each in caught.value.diagnostics] == ["did you mean `index`?"]


def test_a_node_whose_name_has_a_dot_has_its_problem() -> None:
    with pytest.raises(SpecError) as caught:
        archspec.compile_text("archspec: 1\nname: net\ninputs: {x: [3]}\ngraph: {a: relu, b.c: 1}\n")
    partial = caught.value.partial
    assert "cannot be a name" in partial.problems["b.c"]
    assert partial.unplaced == ()
    assert "" not in partial


@pytest.mark.parametrize("text", ["len(input)", "3 in input", "input < input", "max(input, input).rank"])
def test_a_tensor_has_no_length_and_no_order(text: str) -> None:
    with pytest.raises(SpecError, match="is not defined on"):
        archspec.compile_text(REPEAT.replace("channels: 16,", f'channels: "$({text})",'))


# Values


def test_views_and_contents_are_values() -> None:
    net = archspec.compile_text(REPEAT, depth=5)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert [node.applied for node in twin] == [node.applied for node in net]
        assert [node.path for node in twin] == [node.path for node in net]
    one, other = net["body.3"], net["body.4"]
    assert isinstance(one, Block)
    assert one.content is other.content
    assert one != other
    assert net["body.3"] == one
    assert all(isinstance(node.content, Applied) and isinstance(node, Node) for node in net)
    for left, right in pairwise(net["body"].children):  # type: ignore[union-attr]
        assert right.inputs == tuple(left.outputs.values())  # type: ignore[union-attr]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_everything_shows_itself_in_a_line(path: Path) -> None:
    net = archspec.compile(path)
    for value in (net, archspec.load(path), *net.nodes[:50], *list(net.blocks.walk())[:50]):
        assert len(repr(value)) < 200
        assert "\n" not in repr(value)
