"""The same graphs, written in fewer nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archspec.importers.module.draft import Graph, Node, Wire


def simplify(root: Graph) -> None:
    """Write queries, keys and values as parts of one tensor, and dense connections as a chain."""
    for graph in root.walk():
        while _one_split(graph):
            pass
        _chain_dense(graph)
        number(graph)


def number(graph: Graph) -> None:
    """Call nodes by their numbers that are called ``block1``, ``block2`` … and each take the one before.

    They are of one class, so that they can be a repeat. Numbers from 0 are left as they are, those from 1 become less
    by one; `renaming` has rules for them.
    """
    stems = [re.fullmatch(r"(.*?)(\d+)", node.name) for node in graph.nodes]
    first = stems[0] if stems else None
    if len(stems) < 2 or first is None or first[2] not in ("0", "1"):
        return
    names = [f"{first[1]}{int(first[2]) + i}" for i in range(len(stems))]
    if [node.name for node in graph.nodes] != names:
        return
    if first[2] == "1" and len({type(node.graph.module) if node.graph else None for node in graph.nodes} - {None}) != 1:
        return
    before: Node | None = None
    for node in graph.nodes:
        if len(taken(node)) != 1 or taken(node)[0].node is not before:
            return
        before = node
    for i, node in enumerate(graph.nodes):
        node.name = str(i)


def taken(node: Node) -> list[Wire]:
    """What a node takes."""
    return node.operands if node.graph is None else [outer for _, outer in node.graph.inputs]


def _users(graph: Graph, node: Node) -> list[Node]:
    return [user for user in graph.nodes if any(wire.node is node for wire in taken(user))]


def _is_given(graph: Graph, node: Node) -> bool:
    return any(wire.node is node for wire in graph.outputs.values())


# Queries, keys and values. Of a tensor `[places, 3, heads, d]`, of which each third is taken, `[places, 3 * heads, d]`
# can be split as well.


def _one_split(graph: Graph) -> bool:
    for permute in graph.nodes:
        if permute.op != "permute" or _is_given(graph, permute) or permute.operands[0].node is None:
            continue
        reshape = permute.operands[0].node
        if reshape.op != "reshape" or _users(graph, reshape) != [permute] or _is_given(graph, reshape):
            continue
        parts = list(_parts(graph, permute))
        if parts and _joined(graph, reshape, permute, parts):
            return True
    return False


def _parts(graph: Graph, permute: Node) -> Iterator[tuple[int, int, Node, Node]]:
    """Where a permuted tensor is taken apart: the dimension, which of its places, and the nodes that do it."""
    users = _users(graph, permute)
    if any(user.op not in ("slice", "split") for user in users):
        return
    for part in users:
        following = _users(graph, part)
        if len(following) != 1 or following[0].op != "squeeze" or _is_given(graph, part):
            return
        given = part.arguments
        dim, start = given.get("dim", 1), given.get("start", 0)
        if part.op == "slice" and (given.get("stop") != start + 1 or "step" in given):
            return
        if following[0].arguments["dim"] != dim:
            return
        yield dim, start if part.op == "slice" else given["index"], part, following[0]


def _joined(graph: Graph, reshape: Node, permute: Node, parts: list[tuple[int, int, Node, Node]]) -> bool:
    """Join the dimension whose places are taken with the one behind it, and split that."""
    dims, shape = permute.arguments["dims"], reshape.arguments["shape"]
    dim = parts[0][0]
    apart = dims[dim - 1]  # the dimension before it is moved
    count = shape[apart - 1]
    if {each for each, *_ in parts} != {dim} or sorted(index for _, index, *_ in parts) != list(range(count)):
        return False
    if len(parts) != len(_users(graph, permute)) or count < 2 or apart == len(shape):
        return False
    reshape.arguments["shape"] = [*shape[: apart - 1], count * shape[apart], *shape[apart + 1 :]]
    order = [each - (each > apart) for each in dims if each != apart]
    heads = order.index(apart) + 1
    before = list(reshape.arguments["shape"])
    source = Wire(permute, shape=tuple(before[each - 1] for each in order))
    permute.arguments["dims"] = order
    if order == sorted(order):
        graph.nodes.remove(permute)
        source = Wire(reshape, shape=source.shape)
    for _, index, part, squeeze in parts:
        name = ("query", "key", "value")[index] if count == 3 else "part"
        split = Node(_free(graph, name), "split", {"chunks": count, "index": index, "dim": heads}, [source])
        split.place = part.place
        graph.nodes.insert(graph.nodes.index(part), split)
        graph.nodes.remove(part)
        _replaced(graph, squeeze, split)
        graph.nodes.remove(squeeze)
    return True


def _free(graph: Graph, stem: str) -> str:
    names = {node.name for node in graph.nodes}
    return next(name for n in range(1, 10**6) if (name := stem if n == 1 else f"{stem}{n}") not in names)


def _replaced(graph: Graph, old: Node, new: Node) -> None:
    """Let what takes a node take another."""

    def change(wire: Wire) -> None:
        if wire.node is old:
            wire.node = new

    for each in graph.nodes:
        for wire in taken(each):
            change(wire)
    for wire in graph.outputs.values():
        change(wire)


# Dense connections. Nodes of which each joins what all before it gave are a chain, if each hands on what it has joined.


def _chain_dense(graph: Graph) -> None:
    layers = [node for node in graph.nodes if node.graph is not None]
    if len(layers) < 2 or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return
    (end,) = graph.outputs.values()
    rest = [node for node in graph.nodes if node.graph is None]
    so_far: list[Wire] = [graph.inputs[0][0]]
    for layer in layers:
        if layer.reused or not _joins_all(layer, so_far):
            return
        so_far.append(Wire(layer, next(iter(layer.graph.outputs)) if layer.graph else ""))
    if [node.op for node in rest] != ["concat"] or end.node is not rest[0] or graph.nodes[-1] is not rest[0]:
        return
    if not _are_same(rest[0].operands, so_far) or "dim" in rest[0].arguments:
        return
    before = so_far[0]
    for layer in layers:
        before = _handing_on(layer, before)
    graph.nodes.remove(rest[0])
    end.node, end.port = before.node, before.port


def _are_same(wires: list[Wire], others: list[Wire]) -> bool:
    pairs = zip(wires, others, strict=False)
    return len(wires) == len(others) and all(
        one is other or (one.node is not None and one.node is other.node) for one, other in pairs
    )


def _joins_all(layer: Node, so_far: list[Wire]) -> bool:
    """Whether a node begins with joining all that was given so far, and gives one tensor."""
    inner = layer.graph
    if inner is None or len(inner.outputs) != 1 or not _are_same([outer for _, outer in inner.inputs], so_far):
        return False
    first = inner.nodes[0]
    own = [wire for wire, _ in inner.inputs]
    others = [wire for node in inner.nodes[1:] for wire in taken(node)]
    joined = first.op == "concat" and not first.arguments and _are_same(first.operands, own)
    return joined and not any(wire.node is None for wire in others)


def _handing_on(layer: Node, before: Wire) -> Wire:
    """A layer that takes what was joined, and gives that and its own."""
    inner = layer.graph
    assert inner is not None
    first, (port, end) = inner.nodes[0], next(iter(inner.outputs.items()))
    entry = Wire(None, "input1", _shape_of(first))
    inner.inputs = [(entry, before)]
    for node in inner.nodes[1:]:
        for wire in taken(node):
            if wire.node is first:
                wire.node, wire.port, wire.shape = None, entry.port, entry.shape
        _share(node, entry)
    inner.nodes.remove(first)
    inner.nodes.append(Node("concat", "concat", {}, [entry, Wire(end.node, end.port, end.shape)]))
    inner.outputs = {port: Wire(inner.nodes[-1])}
    return Wire(layer, port)


def _shape_of(concat: Node) -> tuple[int, ...]:
    shapes = [wire.shape for wire in concat.operands]
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])


def _share(node: Node, entry: Wire) -> None:
    """Let a node take the one wire that an input is."""
    if node.graph is None:
        node.operands = [entry if wire.node is None else wire for wire in node.operands]
    else:
        node.graph.inputs = [(own, entry if outer.node is None else outer) for own, outer in node.graph.inputs]
