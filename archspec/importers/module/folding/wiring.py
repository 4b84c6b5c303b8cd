"""What nodes of graphs take and give, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from archspec.importers.module.draft import Graph, Node, Wire
from archspec.importers.module.folding.scope import Spec, UnlikeError

CONTAINERS = {nn.Sequential, nn.ModuleList, nn.ModuleDict}

_SOURCES = frozenset(["parameter", "constant", "coordinates", "linspace"])
"""Ops that take nothing."""


def operands_of(
    column: Sequence[Node | None],
    graphs: Sequence[Graph | None],
    columns: Mapping[str, Sequence[Node | None]],
    references: Mapping[str, list[str]],
    inputs: list[str],
) -> list[str]:
    """What nodes of a name take, by name: the same for all uses, where a node that a use lacks hands its first on."""
    stated: list[list[str]] = []
    for node, graph in zip(column, graphs, strict=True):
        if node is None or graph is None:
            continue
        stated.append([reference(wire, graph, inputs) for wire in taken_by(node)])
    if len({len(taken) for taken in stated}) != 1:
        raise UnlikeError
    known = sorted(stated, key=lambda taken: -sum(ref.partition(".")[0] in columns for ref in taken))
    for whole in dict.fromkeys(map(tuple, known)):
        taken = list(whole)
        if len(taken) == 2 and _is_commutative(column):
            swapped = _hands_on_second(column, graphs, columns, references, taken, inputs)
            taken = taken[::-1] if swapped else taken
        if _serves(taken, column, graphs, columns, references, inputs):
            return taken
    raise UnlikeError


def _serves(
    taken: Sequence[str],
    column: Sequence[Node | None],
    graphs: Sequence[Graph | None],
    columns: Mapping[str, Sequence[Node | None]],
    references: Mapping[str, list[str]],
    inputs: list[str],
) -> bool:
    """Whether what a node takes is right for all uses, where nodes that one lacks hand on what they take first."""
    for i, (node, graph) in enumerate(zip(column, graphs, strict=True)):
        if node is None or graph is None:
            continue
        own = [reference(wire, graph, inputs) for wire in taken_by(node)]
        passed = [_passed(ref, i, columns, references) for ref in taken]
        if own != passed and not (_is_commutative(column) and sorted(own) == sorted(passed)):
            return False
    return True


def _is_commutative(column: Sequence[Node | None]) -> bool:
    return {node.op for node in column if node is not None} <= {"add", "mul", "maximum", "minimum"}


def _hands_on_second(
    column: Sequence[Node | None],
    graphs: Sequence[Graph | None],
    columns: Mapping[str, Sequence[Node | None]],
    references: Mapping[str, list[str]],
    taken: list[str],
    inputs: list[str],
) -> bool:
    """Whether the uses that lack a node of two operands go on with the second one."""
    for i, (node, graph) in enumerate(zip(column, graphs, strict=True)):
        if node is None and graph is not None:
            one, other = (_passed(ref, i, columns, references) for ref in taken)
            given = {reference(wire, graph, inputs) for wire in graph.outputs.values()}
            consumed = {reference(wire, graph, inputs) for each in graph.nodes for wire in taken_by(each)}
            if other in given or (one not in given and one in consumed and other not in consumed):
                return True
    return False


def _passed(
    ref: str, use: int, columns: Mapping[str, Sequence[Node | None]], references: Mapping[str, list[str]]
) -> str:
    """What a reference stands for in a use that may lack the node."""
    while (name := ref.partition(".")[0]) in columns and columns[name][use] is None and references.get(name):
        ref = references[name][0]
    return ref


def taken_by(node: Node) -> list[Wire]:
    """What a node takes."""
    return node.operands if node.graph is None else [outer for _, outer in node.graph.inputs]


def reference(wire: Wire, graph: Graph, inputs: Sequence[str] = ()) -> str:
    """How a node of a graph names a wire."""
    if wire.node is None:
        own = [each for each, _ in graph.inputs]
        if wire in own and len(inputs) == len(own):
            return inputs[own.index(wire)]
        return wire.port
    if wire.node.graph is None:
        return f"{wire.node.name}.{wire.port}" if wire.port else wire.node.name
    inner = wire.node.graph
    if inner.is_copies:
        copy = inner.outputs[wire.port].node
        assert copy is not None
        return wire.node.name if copy is inner.nodes[-1] else f"{wire.node.name}.{copy.name}"
    return wire.node.name if len(inner.outputs) == 1 else f"{wire.node.name}.{wire.port}"


def state_operands(made: Spec, name: str, taken: list[str], inputs: list[str]) -> None:
    """State what a node takes, where that is not the node above."""
    node = made[name]
    above = [key for key in made if key != name]
    usual = [above[-1]] if above else ([inputs[0]] if len(inputs) == 1 else [])
    if not taken or (taken == usual and node.get("op") != "parameter"):
        return
    kind = next(iter(node))
    rest = {key: value for key, value in node.items() if key != kind}
    made[name] = {kind: node[kind], "from": taken[0] if len(taken) == 1 else taken, **rest}


def outputs_of(graphs: Sequence[Graph], nodes: Spec) -> Spec:
    """What graphs give in common.

    Raises:
        UnlikeError: They give different things.
    """
    if all(len(graph.outputs) == 1 for graph in graphs):
        ends = {reference(wire, graph) for graph in graphs for wire in graph.outputs.values()}
        last = next(reversed(nodes))
        full = [graph for graph in graphs if any(node.name == last for node in graph.nodes)]
        ends = (
            {reference(wire, graph) for graph in full for wire in graph.outputs.values()}
            if full != list(graphs)
            else ends
        )
        if len(ends) != 1:
            raise UnlikeError
        (end,) = ends
        return {} if end == last else {"output": end}
    ports = [{port: reference(wire, graph) for port, wire in graph.outputs.items()} for graph in graphs]
    if any(each != ports[0] for each in ports):
        raise UnlikeError
    return {"outputs": ports[0]}


def check_taken(nodes: Any, outputs: Spec) -> None:
    """Look whether something takes each node of a graph that several uses have in common.

    Raises:
        UnlikeError: Nothing takes one.
    """
    if not isinstance(nodes, dict):
        return
    given = {outputs["output"]} if "output" in outputs else set(outputs.get("outputs", {}).values())
    names = list(nodes)
    taken = {ref.partition(".")[0] for ref in given or {names[-1]}}
    for before, (_, node) in zip(["", *names], nodes.items(), strict=False):
        stated = node.get("from", before) if isinstance(node, dict) else before
        if not (isinstance(node, dict) and node.get("op") in _SOURCES):
            taken |= {ref.partition(".")[0] for ref in ([stated] if isinstance(stated, str) else stated)}
    if not set(names) <= taken:
        raise UnlikeError


def input_names(graphs: Sequence[Graph]) -> list[str]:
    """The names of the inputs that graphs have in common.

    Raises:
        UnlikeError: They have different numbers of them.
    """
    (count, *others) = {len(graph.inputs) for graph in graphs}
    if others:
        raise UnlikeError
    return ["input"] if count == 1 else [f"input{i + 1}" for i in range(count)]


def is_chain(graph: Graph) -> bool:
    """Whether it is a list of nodes numbered from 0, each of which takes the one before, and gives the last."""
    if len(graph.inputs) != 1 or not graph.nodes:
        return False
    before: Node | None = None
    for i, node in enumerate(graph.nodes):
        taken = taken_by(node)
        if node.name != str(i) or len(taken) != 1 or taken[0].node is not before:
            return False
        if node.graph is not None and len(node.graph.outputs) != 1:
            return False
        before = node
    return all(wire.node is not None and wire.node.name.isdecimal() for wire in graph.outputs.values())


def is_row(graph: Graph) -> bool:
    """Whether it is a list of calls of one class, each of which takes the one before, and what all of them take."""
    classes = {type(node.graph.module) if node.graph else None for node in graph.nodes}
    if len(graph.inputs) < 2 or len(classes) != 1 or classes & {None, *CONTAINERS}:
        return False
    (entry, *rest) = [own for own, _ in graph.inputs]
    before, before_port = entry.node, entry.port
    for i, node in enumerate(graph.nodes):
        first, *others = taken_by(node)
        if node.name != str(i) or (first.node, first.port) != (before, before_port) or others != rest:
            return False
        if node.reused or node.graph is None or len(node.graph.outputs) != 1:
            return False
        before, before_port = node, next(iter(node.graph.outputs))
    return all(wire.node in graph.nodes for wire in graph.outputs.values())


def name_numbered(graph: Graph) -> None:
    """Give names to nodes that are numbers, as those of a list are that is no chain."""
    for node in graph.nodes:
        node.name = f"m{node.name}" if node.name.isdecimal() else node.name


def find_node(graph: Graph, name: str) -> Node | None:
    """The node of a name; None where there is none."""
    return next((node for node in graph.nodes if node.name == name), None)


def merged_names(lists: Sequence[list[str]]) -> list[str]:
    """The names of all lists, each in the order of its list.

    Raises:
        UnlikeError: There is no such order.
    """
    merged = max(lists, key=lambda names: len(names)).copy()
    for names in lists:
        at = 0
        for name in names:
            if name in merged:
                if merged.index(name) < at:
                    raise UnlikeError
                at = merged.index(name) + 1
            else:
                merged.insert(at, name)
                at += 1
    return merged


def likeness(graph: Graph) -> str:
    """The structure of a graph, without numbers."""
    parts = []
    for node in graph.nodes:
        taken = [reference(wire, graph) for wire in taken_by(node)]
        inner = likeness(node.graph) if node.graph else f"{node.op}{sorted(node.arguments)}"
        parts.append(f"{node.name}({','.join(taken)})={inner}")
    return ";".join(parts)


def gives_last(graph: Graph) -> bool:
    """Whether all that a graph gives is its last node."""
    return [wire.node for wire in graph.outputs.values()] == [graph.nodes[-1]]


def last_name(nodes: Any) -> str:
    """The name of the last node of a graph, which may be a list."""
    return str(len(nodes) - 1) if isinstance(nodes, list) else str(next(reversed(nodes)))
