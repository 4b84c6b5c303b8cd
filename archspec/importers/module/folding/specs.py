"""The spec of a network, of what its graph is folded to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from archspec.importers.module.draft import Graph
from archspec.importers.module.folding.blocks import Folding
from archspec.importers.module.folding.scope import Scope, Spec
from archspec.importers.module.folding.wiring import is_chain, is_row, last_name, name_numbered, reference


def folded(root: Graph, name: str, inputs: Mapping[str, Sequence[int]], training_only: Collection[str] = ()) -> Spec:
    """The spec of a network.

    Args:
        root: Its graph.
        name: Its name.
        inputs: The shapes of its inputs, without the batch.
        training_only: The outputs that only training has.
    """
    for graph in root.walk():
        if not is_chain(graph) and not is_row(graph):
            name_numbered(graph)
    folding = Folding(root)
    scope = Scope([root])
    nodes = folding.chain([root], scope) if is_chain(root) else folding.nodes([root], scope, list(inputs))
    outputs: dict[str, Any] = {port: reference(wire, root) for port, wire in root.outputs.items()}
    spec: Spec = {"archspec": 1, "name": name}
    if len(outputs) - len(training_only) == 1 and (count := _classes(nodes)) is not None:
        spec["params"] = {"num_classes": {"default": count, "min": 1, "doc": "Number of classes."}}
    spec["inputs"] = {key: list(shape) for key, shape in inputs.items()}
    used = folding.definitions()
    if used:
        spec["blocks"] = used
    spec["graph"] = nodes
    if list(outputs) != ["output"]:
        spec["outputs"] = {
            port: {"from": ref, "training_only": True} if port in training_only else ref
            for port, ref in outputs.items()
        }
    elif outputs["output"] != last_name(nodes):
        spec["output"] = outputs["output"]
    return spec


def _classes(nodes: Any) -> int | None:
    """The features of a linear layer at the end of a graph, which `$num_classes` takes the place of."""
    last = next(reversed(nodes.values() if isinstance(nodes, dict) else nodes))
    if not isinstance(last, dict):
        return None
    if "graph" in last:
        return _classes(last["graph"])
    count = last.get("out_features")
    if last.get("op") != "linear" or not isinstance(count, int):
        return None
    last["out_features"] = "$num_classes"
    return count
