"""What all blocks have in common, such as the activation, as a parameter of the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archspec.importers.structure.units import Graph, Unit


def name_activation(graph: Graph) -> None:
    """Give the network a parameter for the activation that its blocks have, where they state one."""
    stated = [node["act"] for node in _stating(graph)]
    if len(stated) < 2 or any(each != stated[0] for each in stated) or stated[0] is None:
        return
    kind = {} if isinstance(stated[0], dict) else {"type": "op"}
    declared = kind | {"default": stated[0], "doc": "Activation."}
    graph.params["act"] = declared
    for node in _stating(graph):
        node["act"] = "$act"
    hand_down(graph, "act")


def hand_down(graph: Graph, key: str) -> None:
    """Give blocks of the file's own a parameter of the network that they ask for."""
    asking = {name for name, block in graph.blocks.items() if f"${key}" in _values(block["graph"])}
    for name in asking:
        params = graph.blocks[name].get("params", {})
        graph.blocks[name] = {"params": {**params, key: {"type": "op"}}, "graph": graph.blocks[name]["graph"]}
    for node in _graph_nodes(graph.units):
        if node.get("block") in asking:
            node[key] = f"${key}"


def _values(nodes: Mapping[str, Any]) -> list[Any]:
    """The values of all keys of nodes, and those that are a word alone."""
    return [value for node in nodes.values() for value in (node.values() if isinstance(node, dict) else (node,))]


def _dicts(nodes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [node for node in nodes.values() if isinstance(node, dict)]


def _graph_nodes(units: Iterable[Unit]) -> list[dict[str, Any]]:
    return [node for unit in units for node in (unit.node, *_graph_nodes(unit.inner or ()))]


def _stating(graph: Graph) -> list[dict[str, Any]]:
    """The nodes that state an activation."""
    inside = [node for block in graph.blocks.values() for node in _dicts(block["graph"])]
    return [node for node in (*_graph_nodes(graph.units), *inside) if node.get("act") is not None]
