"""Random whole networks, as the text of a spec.

A network is drawn node by node while its shapes are followed, so that what is drawn is valid by construction. Ops are
asked for their shapes (`random_arguments.fit`); repeats and uses of blocks are compiled alone (`random_probes`). A
literal is now and then written as an expression that has its value there, or becomes a parameter (`random_scope`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import hypothesis.strategies as st
from random_draws import BLOCK_NAMES, NAMES, Pick, write
from random_graphs import Graph
from random_probes import compiled
from random_scope import Definition, Node, without_unused

import archspec
from archspec.ops.registry import ops
from archspec.ops.tensor import Shape


def networks() -> st.SearchStrategy[str]:
    """Texts of specs."""
    return st.composite(lambda draw: write(_network(Pick(draw))))()


def _network(pick: Pick) -> Node:
    owner = Definition({}, set(), is_network=True)
    outside = Graph(pick, owner, {}, defines=False)
    name = pick.of("net", *BLOCK_NAMES)
    inputs = {pick.name(NAMES, "image", ()): _shape(pick)}
    while pick.chance(3) and len(inputs) < 3:
        inputs[pick.name(NAMES, "image", inputs)] = _shape(pick)
    written = {name: [outside.write(size) for size in shape] for name, shape in inputs.items()}
    graph = Graph(pick, owner, inputs)
    graph.listed = len(inputs) == 1 and pick.chance(8)
    graph.grow(pick.int(1, 12))
    ends = graph.close()
    spec: Node = {"archspec": 1, "name": name} | ({"doc": pick.remark()} if pick.chance(3) else {})
    spec |= {"params": owner.params, "inputs": written}
    spec |= {
        "blocks": {name: block.spec for name, block in owner.blocks.items()},
        "graph": graph.written_nodes(),
    } | ends
    if pick.chance(2):
        spec["override"] = _override(pick, spec, outside)
    spec |= {"let": graph.lets}
    if pick.chance(4):
        spec["init"] = _init(pick, spec, outside)
    if pick.chance(4):
        spec["freeze"] = _freeze(pick, spec)
    spec = without_unused(spec)
    return {key: value for key, value in spec.items() if value or key not in _MAY_BE_EMPTY}


_MAY_BE_EMPTY = ("params", "blocks", "override", "init", "freeze", "let")
"""Keys that are left out where they say nothing."""


def _shape(pick: Pick) -> Shape:
    """The shape of an input; an image more often than others."""
    sizes = {1: (8, 12, 5, 1), 2: (8, 12, 5, 4, 1), 3: (4, 2, 5)}
    rank = pick.of(2, 2, 2, 1, 0, 3)
    return (pick.of(3, 4, 8, 1, 6, 16), *(pick.of(*sizes[rank]) for _ in range(rank)))


def _made(spec: Node) -> list[archspec.Node]:
    """The nodes of a spec that may be wrong; none then."""
    spec = {key: value for key, value in spec.items() if value or key not in _MAY_BE_EMPTY}
    try:
        return list(compiled(write(without_unused(spec))))
    except archspec.SpecError:
        return []


def _override(pick: Pick, spec: Node, outside: Graph) -> Node:
    """Changes of nodes inside, as many of some as the network takes."""
    changes: Node = {}
    for _ in range(pick.int(1, 3)):
        nodes = _made(spec | {"override": changes})
        if not nodes:
            break
        node = pick.of(*nodes)
        names = node.path.split(".")
        cut = pick.int(0, len(names) - 1)
        wide = [".".join([*names[:cut], "*", *names[cut + 1 :]]), ".".join(["**", *names[cut:]])]
        wide += [".".join([*names[:-1], f"{names[-1][0]}*"])]
        pattern = pick.of(node.path, node.path, *wide, ".".join(names[: cut + 1]))
        change = pick.of(None, *_WORDS, *({name: outside.write(value)} for name, value in _CHANGED[node.op.name]))
        if _made(spec | {"override": {**changes, pattern: change}}):
            changes[pattern] = change
    return changes


_WORDS = ("silu", "relu", "identity", {"op": "leaky_relu", "negative_slope": 0.25}, {"when": False})
_CHANGED: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
"""Arguments of ops that leave the shape as it is."""

_CHANGED |= {
    "conv": [("bias", True), ("bias", False), ("out_channels", 4), ("padding_mode", "replicate")],
    "linear": [("bias", False), ("out_features", 3)],
    "batch_norm": [("eps", 0.5), ("affine", False)],
    "leaky_relu": [("negative_slope", 0.5)],
    "elu": [("alpha", 2.0)],
    "max_pool": [("stride", 1), ("ceil_mode", True)],
}


def _freeze(pick: Pick, spec: Node) -> list[str]:
    """Patterns of what does not train."""
    nodes = [node for node in _made(spec) if node.weights]
    found = []
    for _ in range(pick.int(1, 3) if nodes else 0):
        names = pick.of(*nodes).path.split(".")
        cut = pick.int(1, len(names))
        found.append(pick.of(".".join(names[:cut]), ".".join(["**", *names[cut - 1 :]]), f"{names[0][0]}*"))
    return found


def _init(pick: Pick, spec: Node, outside: Graph) -> Node:
    """Rules for how some weights begin, by op, by path and by pattern."""
    nodes = [node for node in _made(spec) if node.weights]
    rules: Node = {}
    for _ in range(pick.int(1, 3) if nodes else 0):
        node = pick.of(*nodes)
        first, _, rest = node.path.partition(".")
        exact = node.path if rest or first not in ops() else f"{first}*"
        patterns = [f"*.{rest}", f"**.{node.name}"] if rest else [f"**.{first}"]
        selector = pick.of(exact, *patterns, node.op.name, *["norm"] * node.op.name.endswith("_norm"))
        name = pick.of(*node.weights)
        fans = len(node.weights[name]) > 1 and node.op.name in ("conv", "linear") and "*" not in selector
        start = pick.of(*_STARTS, {"constant": outside.write(0.25)}, *(_FANS if fans else ()))
        rules[selector] = start if name == "weight" and pick.chance(2) else {name: start}
    return rules


_STARTS = ("zeros", "ones", {"uniform": {"a": 2, "b": 3}}, {"normal": 0.1}, {"trunc_normal": {"std": 2}})
_FANS = ("kaiming_normal", {"xavier_uniform": 0.5}, {"kaiming_uniform": {"a": 1, "mode": "fan_out"}})
