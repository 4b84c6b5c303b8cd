"""Graphs without what nothing takes."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.importers.module.draft import Graph, Node, Wire


def tidy(graph: Graph) -> bool:
    """Leave out nodes, outputs and inputs of graphs that nothing takes, but for the network's own inputs.

    Returns:
        Whether something of that multiplies.
    """
    before = _products(graph)
    for each in graph.walk():
        _share_outputs(each)
    while _pruned(graph):
        pass
    if not graph.nodes:  # a graph has one
        for port, wire in graph.outputs.items():
            node = Node(f"identity{len(graph.nodes) + 1}" if graph.nodes else "identity", "identity", {}, [wire])
            graph.nodes.append(node)
            graph.outputs[port] = Wire(node, shape=wire.shape)
    return _products(graph) != before


_MULTIPLYING = frozenset("conv conv_transpose linear matmul scaled_dot_product_attention multi_head_attention".split())


def _products(graph: Graph) -> int:
    """How many nodes have multiply-accumulates."""
    return sum(node.op in _MULTIPLYING for each in graph.walk() for node in each.nodes)


def _share_outputs(graph: Graph) -> None:
    """Give all calls of one module in a graph the outputs that any of them has."""
    calls = [(node.reused.graph, node.graph) for node in graph.nodes
             if node.graph is not None and node.reused is not None and node.reused.graph is not None]  # fmt: skip
    for first, again in calls:
        _add_outputs(first, again.outputs)
    for first, again in calls:
        _add_outputs(again, first.outputs)


def _add_outputs(graph: Graph, outputs: Mapping[str, Wire]) -> None:
    """Give a graph the outputs that another call of its module has, which holds nodes of the same names."""
    for port, wire in outputs.items():
        own = next((node for node in graph.nodes if wire.node is not None and node.name == wire.node.name), None)
        if port in graph.outputs or wire.node is None or own is None:
            continue
        graph.outputs[port] = Wire(own, wire.port, wire.shape)
        if own.graph is not None and wire.node.graph is not None:
            _add_outputs(own.graph, {wire.port: wire.node.graph.outputs[wire.port]})


def _pruned(graph: Graph) -> bool:
    """Whether something was left out, here or inside."""
    wanted = [wire for node in graph.nodes for wire in _operands(node)] + list(graph.outputs.values())
    changed = False
    for node in list(graph.nodes):
        ports = {wire.port for wire in wanted if wire.node is node}
        reused = any(other.reused is node for other in graph.nodes)
        if not ports and not reused and not (node.graph is None and node.op == "identity"):
            graph.nodes.remove(node)
            changed = True
        elif node.graph is not None and not reused and node.reused is None:
            for port in set(node.graph.outputs) - ports:
                del node.graph.outputs[port]
                changed = True
            changed |= _pruned(node.graph)
            changed |= _without_idle_inputs(node.graph)
    return changed


def _without_idle_inputs(graph: Graph) -> bool:
    taken = [wire for node in graph.nodes for wire in _operands(node)] + list(graph.outputs.values())
    idle = [pair for pair in graph.inputs if not any(wire is pair[0] for wire in taken)]
    for pair in idle:
        graph.inputs.remove(pair)
    return bool(idle)


def _operands(node: Node) -> list[Wire]:
    return node.operands if node.graph is None else [outer for _, outer in node.graph.inputs]
