"""The nodes of a graph that is being made, and who takes what of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.importers.draft import Shape

FUSED = {"": "conv_bn", "relu": "conv_bn_relu", "relu6": "conv_bn_relu6", "silu": "conv_bn_silu"}
JOINS = frozenset("add concat mul sub maximum".split())
ACTIVATIONS = frozenset(
    "relu relu6 leaky_relu silu sigmoid tanh elu gelu mish hardswish hardsigmoid hardtanh softplus".split()
)


@dataclass
class Unit:
    """A node of the graph that is being made.

    Attributes:
        name: What it is called.
        node: What it is, without `from`; of a group, the keys besides `graph`.
        inputs: What it takes; inside of a group, `input` is what the group takes.
        shape: What it gives.
        source: What the file calls it.
        inner: The nodes of a group.
        word: What kind of group it is, where its name does not say.
    """

    name: str
    node: dict[str, Any]
    inputs: list[str]
    shape: Shape
    source: str = ""
    inner: list[Unit] | None = None
    word: str = ""

    @property
    def kind(self) -> str:
        """The op or block that it is."""
        return str(self.node.get("op") or self.node.get("block") or "graph")


def is_conv(node: Mapping[str, Any]) -> bool:
    """Whether a node is a convolution, or a block of one and what finishes it."""
    return node.get("op") == "conv" or ("block" in node and node.keys() >= {"out_channels", "kernel_size"})


@dataclass
class Graph:
    """A graph and what belongs to it."""

    inputs: Mapping[str, Shape]
    outputs: dict[str, str]
    """What gives each output, by the output's name."""
    units: list[Unit]
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)

    def spec(self, head: Mapping[str, Any], expect: Mapping[str, Any]) -> dict[str, Any]:
        """The spec of the network.

        Args:
            head: Its name, doc, and so on.
            expect: Its contract.
        """
        spec = {"archspec": 1, **head, "params": self.params, "inputs": {n: list(s) for n, s in self.inputs.items()}}
        spec |= {"blocks": self.blocks, "graph": nodes_of(self.units, list(self.inputs))}
        last = self.units[-1].name if self.units else ""
        if list(self.outputs.values()) != [last]:
            spec |= {"outputs": dict(self.outputs)} if len(self.outputs) > 1 else {
                "output": next(iter(self.outputs.values()))
            }  # fmt: skip
        return {key: value for key, value in (spec | {"expect": dict(expect)}).items() if value not in ({}, "", None)}


def nodes_of(units: Sequence[Unit], inputs: Sequence[str]) -> dict[str, Any]:
    """The nodes of a graph as a spec has them: with `from` where they take another than the node above."""
    nodes: dict[str, Any] = {}
    above = list(inputs) if len(inputs) == 1 else []
    for unit in units:
        node = dict(unit.node)
        if unit.inputs and unit.inputs != above:
            node["from"] = unit.inputs[0] if len(unit.inputs) == 1 else list(unit.inputs)
        if unit.inner is not None:
            node["graph"] = nodes_of(unit.inner, ["input"])
        nodes[unit.name] = str(node["op"]) if list(node) == ["op"] else node
        above = [unit.name]
    return nodes


def takers_of(graph: Graph) -> dict[str, list[Unit]]:
    """Who takes each node; an output takes it too, and is None's place held by the node itself."""
    takers: dict[str, list[Unit]] = defaultdict(list)
    for unit in graph.units:
        for name in unit.inputs:
            takers[name].append(unit)
    for name in graph.outputs.values():
        takers[name] += [_OUTPUT, _OUTPUT]
    return takers


_OUTPUT = Unit("", {}, [], ())


def only_taker(name: str, takers: Mapping[str, list[Unit]]) -> Unit | None:
    """The one node that takes another, and takes nothing else."""
    found = takers.get(name, [])
    return found[0] if len(found) == 1 and found[0].inputs == [name] else None


def rename(graph: Graph, names: Mapping[str, str]) -> None:
    """Call nodes otherwise wherever they are taken."""
    for unit in graph.units:
        unit.inputs = [names.get(name, name) for name in unit.inputs]
    graph.outputs = {output: names.get(name, name) for output, name in graph.outputs.items()}


def again_of(graph: Graph) -> dict[str, list[Unit]]:
    """The further calls of each node."""
    again: dict[str, list[Unit]] = defaultdict(list)
    for unit in graph.units:
        if "reuse" in unit.node:
            again[unit.node["reuse"]].append(unit)
    return again
