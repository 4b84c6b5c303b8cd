"""What the compiler says of a node that is being drawn, alone on operands of the shapes that it takes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from random_arguments import wanted
from random_scope import Node, Scope, declaration, without_unused

import archspec
from archspec.language.choice import plain
from archspec.language.expr import read
from archspec.language.functions import LetFunction
from archspec.ops.tensor import Shape

SPECS = Path(__file__).parent.parent / "specs"
"""Where the blocks lie that are files."""
NODES = 40
"""Where a network has as many nodes, only single ops are added."""
_KEPT = {"as", "op", "block", "graph", "reuse", "let", "outputs", "output", "inputs", "doc"}


def compiled(text: str) -> archspec.Network:
    """The network of a text."""
    return archspec.compile_text(text, root=SPECS)


class Outcome(NamedTuple):
    """What a probe finds: how many nodes there are, and the shapes of the outputs by name."""

    nodes: int
    outputs: dict[str, Shape]


class Probes(Scope):
    """A scope that asks what nodes are.

    Attributes:
        count: Nodes so far, those inside of blocks and repeats counted each.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.count = 0

    def probe(self, node: Node, shapes: list[Shape], copies: list[str] | None = None) -> Outcome | None:
        """A node compiled alone on operands of these shapes; None where the compiler refuses it, or it is large.

        ``copies`` are those of a repeat of which the outputs are wanted too.
        """
        ports = [*self.ports(node), *(copies or [])]
        graph = {"probed": self.alone(node) | {"from": [f"operand{n}" for n in range(len(shapes))]}}
        outputs = {f"out{n}": f"probed.{port}" if port else "probed" for n, port in enumerate(ports)}
        found = self.probed(shapes, graph, outputs)
        if found is None or self.count + found[0] > NODES:
            return None
        return Outcome(found[0], dict(zip(ports, found[1], strict=True)))

    def alone(self, node: Node) -> Node:
        """A node without names that only this graph knows, and without what it takes."""
        named = node.get("as", ())
        own = {"index", "operand"} if "repeat" in node or "each" in node else {"operand"}
        own |= {named} if isinstance(named, str) else set(named)
        return {
            key: value if key in _KEPT else self.literal(value, own) for key, value in node.items() if key != "from"
        }

    def probed(self, shapes: list[Shape], graph: Node, outputs: dict[str, str]) -> tuple[int, list[Shape]] | None:
        """How many nodes a graph has on operands of these shapes, and the shapes of its outputs."""
        spec = {
            "archspec": 1,
            "name": "probe",
            "params": {name: declaration(value) for name, value in self.owner.values.items()},
            "let": dict(self.defined()),
            "inputs": {f"operand{n}": list(shape) for n, shape in enumerate(shapes)},
            "blocks": {name: block.spec for name, block in self.owner.blocks.items()},
            "graph": graph,
            "outputs": outputs,
        }
        return _probed(json.dumps(without_unused(spec), ensure_ascii=False))

    def ports(self, node: Node) -> list[str]:
        """The names of the outputs of a node, those whose condition is false left out; ``""`` for an only one."""
        block = self.owner.blocks.get(node.get("block", ""))
        ports = list(node.get("outputs", ()))
        if block is not None and not {"output", "outputs"} & node.keys():
            declared = block.spec.get("params", {})
            defaults = {name: value for name, value in declared.items() if not isinstance(value, dict)}
            given = {name: value for name, value in node.items() if name in declared}
            values = block.values | defaults | given
            ports = [port for port, flag in block.ports.items() if not flag or values[flag] is True]
        return ports if len(ports) > 1 else [""]

    def literal(self, value: Any, own: Collection[str]) -> Any:
        """A value without names that only this graph knows; ``own`` are those of the copies of the node itself."""
        if isinstance(value, list):
            return [self.literal(item, own) for item in value]
        if isinstance(value, dict):
            return {key: self.literal(item, own) for key, item in value.items()}
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        expression = read(value)
        return plain(expression.evaluate(self.views())) if expression.names.isdisjoint(own) else value

    def defined(self) -> Iterator[tuple[str, Any]]:
        """The values and functions that are known here, as a `let`."""
        for name, value in self.known.items():
            if isinstance(value, LetFunction):
                yield f"{name}({', '.join(value.parameters)})", value.text
            else:
                yield name, value


@lru_cache(maxsize=1000)
def _probed(text: str) -> tuple[int, list[Shape]] | None:
    try:
        network = compiled(text)
    except archspec.SpecError:
        return None
    shapes = [output.shape for output in network.outputs.values()]
    return (len(network), shapes) if all(wanted(node.op.name, node.shape) for node in network) else None
