"""A table is copies of a node that nobody can tell from copies written one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec import Block
from archspec.network import Copies

HEAD = """
archspec: 1
name: net
params: {rows: [[8, 3], [16, 1], [16, 1], [4, 5]], width: 2}
inputs: {image: [3, 9, 9]}
blocks:
  unit:
    params: {channels: {type: int}, size: 1}
    graph:
      conv: {op: conv, out_channels: $channels, kernel_size: $size, padding: $(size // 2)}
      relu: relu
graph:
"""


def network(graph: str, **params: Any) -> archspec.Network:
    """The network of a graph; its parameters are asked for in any case."""
    last = "  end: {op: conv, out_channels: $(width + len(rows)), kernel_size: 1}\n"
    return archspec.compile_text(HEAD + graph + last, **params)


def told(net: archspec.Network, node: str) -> list[tuple[str, Any, Any]]:
    """The ops inside of a node, by their paths in it."""
    return [(each.path.removeprefix(f"{node}."), each.op, each.shape) for each in net if each.path.startswith(node)]


ONE_BY_ONE = {
    "an op": (
        "  table: {each: $rows, as: [c, k], op: conv, out_channels: $(2 * c), kernel_size: $k, padding: $(k // 2)}\n",
        [
            f"  table_{n}: {{op: conv, out_channels: {2 * c}, kernel_size: {k}, padding: {k // 2}}}\n"
            for n, (c, k) in enumerate([(8, 3), (16, 1), (16, 1), (4, 5)])
        ],
    ),
    "a block with the first row apart": (
        "  table: {each: $rows, as: [c, _], block: unit, channels: $c, first: {size: 5}, last: {size: 3}}\n",
        [
            f"  table_{n}: {{block: unit, channels: {c}, size: {k}}}\n"
            for n, (c, k) in enumerate([(8, 5), (16, 1), (16, 1), (4, 3)])
        ],
    ),
    "rows that repeat": (
        "  table: {each: $rows, as: [c, n], repeat: $(n - 1), block: unit, channels: $(c + index), first: {size: 3}}\n",
        [
            f"  table_{n}_{i}: {{block: unit, channels: {c + i}, size: {1 if i else 3}}}\n"
            for n, (c, count) in enumerate([(8, 3), (16, 1), (16, 1), (4, 5)])
            for i in range(count - 1)
        ],
    ),
    "a group": (
        """
  table:
    each: [{c: 4, on: true}, {c: $width, on: false}]
    as: row
    graph:
      conv: {op: conv, out_channels: $(row.c), kernel_size: 1}
      relu: {op: relu, when: $(row.on)}
      more: {repeat: 2, as: i, graph: {conv: {op: conv, out_channels: $(row.c + i), kernel_size: 1}}}
""",
        [
            f"  table_{n}: {{graph: {{conv: {{op: conv, out_channels: {c}, kernel_size: 1}}, "
            f"relu: {{op: relu, when: {on}}}, more: {{repeat: 2, graph: "
            f'{{conv: {{op: conv, out_channels: "$({c} + index)", kernel_size: 1}}}}}}}}}}\n'
            for n, (c, on) in enumerate([(4, "true"), (2, "false")])
        ],
    ),
}


@pytest.mark.parametrize("case", ONE_BY_ONE)
def test_a_table_is_its_rows_one_by_one(case: str) -> None:
    table, single = ONE_BY_ONE[case]
    found, wanted = network(table), network("".join(single))
    names = [(path.replace(".", "_"), op, shape) for path, op, shape in told(found, "table")]
    others = [(path.removeprefix("table_").replace(".", "_"), op, shape) for path, op, shape in told(wanted, "table")]
    assert names == others
    assert found.blocks.content.totals == wanted.blocks.content.totals


@pytest.mark.parametrize(
    "node",
    [
        "{op: conv, out_channels: $(c + d), kernel_size: 1}",
        "{block: unit, channels: $(c + d)}",
        "{graph: {conv: {op: conv, out_channels: $(c + d), kernel_size: 1}, relu: relu}}",
        "{block: unit, channels: $(c + d), repeat: 3}",
        "{graph: {conv: {op: conv, out_channels: $(c + d), kernel_size: 1}}, repeat: $d}",
    ],
)
def test_rows_that_mean_the_same_share_one_outcome(node: str) -> None:
    graph = (
        f"  stem: {{op: conv, out_channels: 8, kernel_size: 1}}\n  table: {node[:-1]}, each: [[6, 2], [6, 2], [6, 2]], "
    )
    body = network(graph + "as: [c, d]}\n")["table"]
    assert isinstance(body, Block)
    assert isinstance(body.content.uses, Copies)
    assert [run.length for run in body.content.uses.runs] == [3]


def test_rows_that_differ_where_a_group_asks_do_not_share() -> None:
    graph = """
  table:
    each: [[1, 2], [1, 3], [2, 3]]
    as: [a, b]
    graph:
      drop: {op: dropout, p: $(a / 10)}
      relu: {op: relu, when: $(b > 2)}
"""
    body = network(graph)["table"]
    assert isinstance(body, Block)
    assert [getattr(node.op, "p", "relu") for node in body.nodes()] == [0.1, 0.1, "relu", 0.2, "relu"]


@pytest.mark.parametrize("rows", ["[]", "$(rows)"])
def test_a_table_without_rows_passes_on(rows: str) -> None:
    net = network(f"  table: {{each: {rows}, as: [c, k], op: conv, out_channels: $c, kernel_size: $k}}\n", rows=[])
    assert [node.path for node in net] == ["end"]


def test_values_from_outside_are_rows_too() -> None:
    graph = "  table: {each: $rows, as: [c, k], block: unit, channels: $c, size: $k}\n"
    wanted = told(network(graph.replace("$rows", "[[5, 1]]")), "table")
    assert told(network(graph, rows=[[5, 1]]), "table") == told(network(graph, rows=((5, 1),)), "table") == wanted


def test_columns_of_a_loop_hide_no_class_that_it_makes() -> None:
    pytest.importorskip("torch")
    graph = "  table: {each: $rows, as: [Unit, torch], block: unit, channels: $Unit, size: $torch}\n"
    net = network(graph)
    assert "Unit(in_channels, Unit_, size=torch_)" in archspec.emit(net)
    assert sum(tensor.numel() for tensor in archspec.build(net).parameters()) == net.params


def test_a_file_that_extends_replaces_the_rows(tmp_path: Path) -> None:
    node = "{each: $rows, as: [c, k], op: conv, out_channels: $(c + width), kernel_size: $k}"
    (tmp_path / "base.yaml").write_text(f"{HEAD}  table: {node}\n")
    head = "archspec: 1\nextends: base.yaml\nname: other\n"
    for change in ("graph: {table: {each: [[5, 1], [7, 3]]}}\n", "params: {rows: [[5, 1], [7, 3]]}\n"):
        (tmp_path / "other.yaml").write_text(head + change)
        net = archspec.compile(tmp_path / "other.yaml")
        assert [(node.path, node.shape) for node in net] == [("table.0", (7, 9, 9)), ("table.1", (9, 7, 7))]


OPERATORS = """
archspec: 1
name: operators
inputs: {x: [8, 8, 8]}
params: {depths: [3, 4]}
graph:
  stages:
    each: [[0, conv_bn_relu], [1, conv_relu]]
    as: [stage, operator]
    block: $operator
    repeat: $(depths[stage])
    out_channels: $(8 + 2 * (sum(depths[:stage]) + index))
"""


def test_rows_of_other_blocks_are_loops_with_the_numbers_of_their_row() -> None:
    source = archspec.emit(archspec.compile_text(OPERATORS))
    assert "*(ConvRelu(12 + 2 * i, 8 + 2 * (3 + i)) for i in range(4))" in source
