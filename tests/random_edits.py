"""Random networks as authors write them, and one to five edits of each: what a comparison should tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from random_draws import write

Node = dict[str, Any]
Graph = dict[str, Node]
"""Nodes by name, in order; each says what it takes."""


class Told(NamedTuple):
    """An edit: its kind, and the paths before and after it."""

    kind: str
    before: str
    after: str


@dataclass
class Case:
    """A network, what became of it, and the edits between."""

    before: Node
    after: Node
    edits: set[Told] = field(default_factory=set)


def case(seed: int) -> Case:
    """A network with edits; some of these do not compile."""
    random = Random(seed)
    before = network(random)
    after = deepcopy(before)
    editing = _Editing(random, after)
    for _ in range(random.randint(1, 5)):
        random.choice(_KINDS)(editing)
    return Case(before, after, editing.edits)


def text(spec: Node) -> str:
    """The text of a spec."""
    return write(spec)


# Networks


def network(random: Random) -> Node:
    """A network of a stem, stages, and a head."""
    names = _Names()
    graph: Graph = {}
    last = _unit(random, graph, names, "image", channels := random.choice((8, 16)))
    for _ in range(random.randint(1, 4)):
        stage = random.choice((_plain, _residual, _branches, _group, _repeat))
        last = stage(random, graph, names, last, channels)
    if random.random() < 0.5:
        last = _add(graph, names, "pool", {"op": "global_avg_pool"}, last)
        last = _add(graph, names, "flatten", {"op": "flatten"}, last)
        _add(graph, names, "fc", {"op": "linear", "out_features": 10}, last)
    return {"archspec": 1, "name": "net", "inputs": {"image": [3, 16, 16]}, "graph": graph}


class _Names:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def new(self, stem: str) -> str:
        self.counts[stem] = self.counts.get(stem, 0) + 1
        return f"{stem}{self.counts[stem]}"


def _add(graph: Graph, names: _Names, stem: str, node: Node, *taken: str) -> str:
    name = names.new(stem)
    graph[name] = {**node, "from": list(taken) if len(taken) > 1 else taken[0]}
    return name


def _conv(channels: int, kernel: int = 3) -> Node:
    return {"op": "conv", "out_channels": channels, "kernel_size": kernel, "padding": kernel // 2, "bias": False}


def _unit(random: Random, graph: Graph, names: _Names, last: str, channels: int) -> str:
    last = _add(graph, names, "conv", _conv(channels, random.choice((1, 3, 5))), last)
    last = _add(graph, names, "bn", {"op": "batch_norm"}, last)
    return _add(graph, names, "relu", {"op": random.choice(("relu", "silu"))}, last)


def _plain(random: Random, graph: Graph, names: _Names, last: str, channels: int) -> str:
    for _ in range(random.randint(1, 3)):
        last = _unit(random, graph, names, last, channels)
    return last


def _residual(random: Random, graph: Graph, names: _Names, last: str, channels: int) -> str:
    branch = _plain(random, graph, names, last, channels)
    last = _add(graph, names, "add", {"op": "add"}, branch, last)
    return _add(graph, names, "relu", {"op": "relu"}, last)


def _branches(random: Random, graph: Graph, names: _Names, last: str, channels: int) -> str:
    ends = [_plain(random, graph, names, last, channels // 2) for _ in range(random.randint(2, 3))]
    last = _add(graph, names, "concat", {"op": "concat"}, *ends)
    return _add(graph, names, "conv", _conv(channels, 1), last)


def _group(random: Random, graph: Graph, names: _Names, last: str, channels: int) -> str:
    inside: Graph = {}
    inner = _Names()
    end = "input"
    for _ in range(random.randint(1, 2)):
        end = random.choice((_plain, _residual))(random, inside, inner, end, channels)
    return _add(graph, names, "stage", {"graph": inside}, last)


def _repeat(random: Random, graph: Graph, names: _Names, last: str, channels: int) -> str:
    block = random.choice(
        ({"block": "residual_basic", "channels": channels}, {"block": "inverted_residual", "channels": channels})
    )
    return _add(graph, names, "layer", {**block, "repeat": random.randint(1, 4)}, last)


# Edits

_SAME_SHAPE = (
    {"op": "dropout", "p": 0.25}, {"op": "gelu"}, {"op": "hardswish"}, {"op": "group_norm", "num_groups": 2},
    {"op": "leaky_relu"}, {"block": "squeeze_excite"},
)  # fmt: skip
"""What may be inserted anywhere between two maps."""


class _Editing:
    """Edits one after another, none of what another one has edited or stands beside."""

    def __init__(self, random: Random, spec: Node) -> None:
        self.random = random
        self.graphs = dict(_graphs("", spec["graph"]))
        self.touched: set[tuple[str, str]] = set()
        self.new: set[str] = set()
        self.edits: set[Told] = set()

    def free(self, fits: Callable[[Graph, str], bool]) -> tuple[str, Graph, str] | None:
        """A node that no edit has touched: the path around it, its graph and its name."""
        found = [
            (path, graph, name)
            for path, graph in self.graphs.items()
            for name in graph
            if not self._is_touched(path, name) and not self._around(path) and fits(graph, name)
        ]
        return self.random.choice(found) if found else None

    def _is_touched(self, path: str, name: str) -> bool:
        """Whether a node, or something in it, was edited."""
        inside = _joined(path, name)
        return (path, name) in self.touched or any(
            around == inside or around.startswith(f"{inside}.") for around, _ in self.touched
        )

    def _around(self, path: str) -> bool:
        """Whether what a graph stands in was edited."""
        parts = path.split(".") if path else []
        return any((".".join(parts[:count]), parts[count]) in self.touched for count in range(len(parts)))

    def touch(self, path: str, *names: str) -> None:
        self.touched.update((path, name) for name in names)

    def tell(self, kind: str, path: str, before: str, after: str) -> None:
        self.edits.add(Told(kind, _joined(path, before), _joined(path, after)))

    def name(self) -> str:
        self.new.add(name := f"new{len(self.new)}")
        return name


def _graphs(path: str, graph: Graph) -> Iterator[tuple[str, Graph]]:
    yield path, graph
    for name, node in graph.items():
        if "graph" in node:
            yield from _graphs(_joined(path, name), node["graph"])


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else name


def _renamed_references(graph: Graph, old: str, new: str) -> None:
    for node in graph.values():
        taken = node["from"]
        node["from"] = [new if each == old else each for each in taken] if isinstance(taken, list) else (
            new if taken == old else taken
        )  # fmt: skip


def _takers(graph: Graph, name: str) -> list[str]:
    return [
        other
        for other, node in graph.items()
        if name in ([node["from"]] if isinstance(node["from"], str) else node["from"])
    ]


def _rename(editing: _Editing) -> None:
    found = editing.free(lambda graph, name: not any("graph" in node for node in [graph[name]]))
    if not found:
        return
    path, graph, old = found
    new = editing.name()
    items = [(new if name == old else name, node) for name, node in graph.items()]
    graph.clear()
    graph.update(items)
    _renamed_references(graph, old, new)
    editing.touch(path, new)
    editing.tell("renamed", path, old, new)


def _one_input(graph: Graph, name: str) -> bool:
    return isinstance(graph[name]["from"], str)


def _insert(editing: _Editing) -> None:
    found = editing.free(lambda graph, name: bool(_takers(graph, name)))
    if not found:
        return
    path, graph, before = found
    new = editing.name()
    _place(graph, before, new, dict(editing.random.choice(_SAME_SHAPE)))
    editing.touch(path, new, before)
    editing.tell("added", path, "", new)


def _place(graph: Graph, before: str, name: str, node: Node) -> None:
    """Put a node behind another, which then takes what all took of that."""
    _renamed_references(graph, before, name)
    items = []
    for other, its in graph.items():
        items.append((other, its))
        if other == before:
            items.append((name, {**node, "from": before}))
    graph.clear()
    graph.update(items)


def _take_out(graph: Graph, name: str) -> Node:
    node = graph.pop(name)
    _renamed_references(graph, name, node["from"])
    return node


def _remove(editing: _Editing) -> None:
    found = editing.free(lambda graph, name: _one_input(graph, name) and len(graph) > 2 and bool(_takers(graph, name)))
    if not found:
        return
    path, graph, name = found
    editing.touch(path, name, *_takers(graph, name))
    _take_out(graph, name)
    editing.tell("removed", path, name, "")


def _change(editing: _Editing) -> None:
    found = editing.free(lambda graph, name: _changed(editing.random, graph[name]) is not None)
    if not found:
        return
    path, graph, name = found
    graph[name] = {**(_changed(editing.random, graph[name]) or {}), "from": graph[name]["from"]}
    editing.touch(path, name)
    editing.tell("changed", path, name, name)


def _changed(random: Random, node: Node) -> Node | None:
    """A node with another argument, or another op; None for one that stays."""
    kind = node.get("op") or node.get("block")
    if kind == "conv":
        return random.choice(({**node, "bias": True}, {**node, "out_channels": node["out_channels"] * 2}))
    if kind == "batch_norm":
        return random.choice(({**node, "eps": 0.001}, {"op": "group_norm", "num_groups": 2}))
    if kind in ("relu", "silu"):
        return {"op": "elu"}
    if kind == "linear":
        return {**node, "out_features": 100}
    if "repeat" in node:
        return random.choice(({**node, "repeat": node["repeat"] + 3}, {**node, "act": "gelu"}))
    return None


def _move(editing: _Editing) -> None:
    """Put an op elsewhere in its chain, at least two nodes further."""
    found = editing.free(lambda graph, name: _one_input(graph, name) and bool(_takers(graph, name)))
    if not found:
        return
    path, graph, name = found
    order = list(graph)
    place = order.index(name)
    targets = [
        other
        for number, other in enumerate(order)
        if (number >= place + 2 or number < place - 2)
        and (path, other) not in editing.touched
        and _takers(graph, other)
    ]
    if not targets:
        return
    editing.touch(path, name, *_takers(graph, name))
    target = editing.random.choice(targets)
    node = _take_out(graph, name)
    _place(graph, target, name, {key: value for key, value in node.items() if key != "from"})
    editing.touch(path, target)
    editing.tell("moved", path, name, name)


_KINDS = (_rename, _insert, _remove, _change, _move)
