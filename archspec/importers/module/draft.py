"""A network as it is being put together: graphs of nodes that take each other's outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from archspec.importers.module.runs import Held, Value


@dataclass(eq=False)
class Wire:
    """An output of a node, or an input of a graph.

    Attributes:
        node: The node; None for an input.
        port: The name of the output, empty for an only one; of an input its name.
        shape: The shape of an input, without the batch.
    """

    node: Node | None
    port: str = ""
    shape: tuple[int, ...] = ()


class Place(Protocol):
    """Where nodes are put."""

    def constant(self, numbers: Tensor) -> Wire:
        """What gives numbers to each sample."""

    def wire(self, operand: Value | Held) -> Wire:
        """What a node takes that takes this."""

    def node(self, op: str, operands: Sequence[Wire], held: dict[str, Held] | None = None, /, **arguments: Any) -> Wire:
        """The output of a new node."""

    def pass_by(self, node: Node) -> Wire:
        """What a node takes, for another that does its work too; it is left out where nothing else takes it."""


@dataclass(eq=False)
class Node:
    """A node of a graph.

    Attributes:
        name: Its name, unique in its graph.
        op: The op that it is; empty for a group.
        arguments: The op's arguments.
        operands: What it takes.
        graph: What a group holds.
        held: The tensors of the module that the op has, by the names that they have in the op.
        place: Where the module's source calls it.
        reused: The node whose tensors it has too, for the second call of a module.
    """

    name: str
    op: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    operands: list[Wire] = field(default_factory=list)
    graph: Graph | None = None
    held: dict[str, Held] = field(default_factory=dict)
    place: str = ""
    reused: Node | None = None


@dataclass(eq=False)
class Graph:
    """Nodes in the order in which they run.

    Attributes:
        path: The name of the module whose call it is.
        module: The module; None for what only holds others.
        nodes: The nodes.
        inputs: Its inputs, each with the wire around it that it stands for.
        outputs: What is taken of it, by name.
        is_copies: Whether it is written as copies of a block, which are seen from outside, each by its number.
    """

    path: str
    module: Any
    nodes: list[Node] = field(default_factory=list)
    inputs: list[tuple[Wire, Wire]] = field(default_factory=list)
    outputs: dict[str, Wire] = field(default_factory=dict)
    is_copies: bool = False

    @property
    def size(self) -> int:
        """How many nodes it holds, in the graphs inside too."""
        return sum(node.graph.size if node.graph else 1 for node in self.nodes)

    def walk(self) -> Iterator[Graph]:
        """It, and the graphs inside."""
        yield self
        for node in self.nodes:
            if node.graph is not None:
                yield from node.graph.walk()
