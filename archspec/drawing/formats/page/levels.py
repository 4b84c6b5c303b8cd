"""The edges inside each box that opens: between what it holds, and from and to its border."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archspec.drawing.content.scene import Edge
from archspec.drawing.formats.page.items import Item
from archspec.drawing.formats.page.plan import Piece
from archspec.network import Network
from archspec.ops.tensor import Shape


@dataclass
class Level:
    """What is inside an item, or the network: a picture of its own.

    Attributes:
        pieces: The ports at which tensors enter, the items inside, and the ports at which tensors leave; an item's id
            is its number, a port's that of its tensor after ``i`` or ``o``.
        edges: The edges between them.
    """

    pieces: Sequence[Piece]
    edges: Sequence[Edge]


@dataclass
class Tree:
    """Items by number, the network being number 0, and each one's level.

    Attributes:
        network: The network.
        items: The items; None for the network.
        parents: The number of the item around each.
        tensors: The number of each tensor.
        shapes: The shape of each.
    """

    network: Network
    items: list[Item | None] = field(default_factory=lambda: [None])
    parents: list[int] = field(default_factory=lambda: [0])
    tensors: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    _inside: dict[int, dict[tuple[str, str, str], Edge]] = field(default_factory=dict)
    _children: dict[int, list[int]] = field(default_factory=lambda: {0: []})
    _around: list[tuple[int, ...]] = field(default_factory=lambda: [(0,)])
    """Each item and what is around it, the network first."""

    @classmethod
    def of(cls, network: Network, top: Sequence[Item]) -> Tree:
        """The tree of a network's items."""
        tree = cls(network)
        for item in top:
            tree._add(item, 0)
        tree._connect()
        return tree

    def children(self, number: int) -> Sequence[int]:
        """The numbers of the items inside one."""
        return self._children.get(number, ())

    def path(self, number: int) -> str:
        """The id of an item's box; empty for the network."""
        item = self.items[number]
        return item.box.id if item else ""

    def level(self, number: int) -> Level:
        """What is inside an item."""
        edges = tuple(self._inside.get(number, {}).values())
        names = dict.fromkeys(name for edge in edges for name in (edge.source, edge.target))
        entering = [Piece(name, "input") for name in names if name.startswith("i")]
        leaving = [Piece(name, "output") for name in names if name.startswith("o")]
        inside = [self._piece(child) for child in self.children(number)]
        return Level((*entering, *inside, *leaving), edges)

    def _piece(self, number: int) -> Piece:
        item = self.items[number]
        assert item is not None
        kind = item.box.kind
        return Piece(str(number), kind, item.box.title if kind == "merge" else "", item.box.training_only)

    def _add(self, item: Item, parent: int) -> None:
        number = len(self.items)
        self.items.append(item)
        self.parents.append(parent)
        self._children.setdefault(parent, []).append(number)
        self._around.append((*self._around[parent], number))
        for child in item.children:
            self._add(child, number)

    def _connect(self) -> None:
        lowest = [(number, item.box) for number, item in enumerate(self.items) if item and not item.children]
        leaves = {path: number for number, box in lowest for path in (box.id, *box.paths)}
        around = self._around
        for tensor, target, operand, shape in _uses(self.network):
            source = f"input {tensor}" if tensor in self.network.inputs else tensor
            if leaves[source] != leaves[target]:  # of one op with several outputs
                self._use(tensor, around[leaves[source]], around[leaves[target]], operand, shape)

    def _use(self, tensor: str, giving: Sequence[int], taking: Sequence[int], operand: int, shape: Shape) -> None:
        """Draw a tensor from one leaf to another, through the borders of all that is around either alone.

        Args:
            tensor: The tensor.
            giving: The leaf that gives it, and what is around that, the network first.
            taking: The leaf that takes it, likewise.
            operand: Which of its operands it is.
            shape: Its shape.
        """
        number = self.tensors.setdefault(tensor, len(self.tensors))
        self.shapes[tensor] = shape
        shared = sum(1 for one, other in zip(giving, taking, strict=False) if one == other)
        for outer, inner in zip(giving[shared:], giving[shared + 1 :], strict=False):
            self._edge(outer, str(inner), f"o{number}", tensor, 0, shape)
        inner_operand = operand if shared + 1 == len(taking) else 0
        self._edge(giving[shared - 1], str(giving[shared]), str(taking[shared]), tensor, inner_operand, shape)
        for outer, inner in zip(taking[shared:], taking[shared + 1 :], strict=False):
            self._edge(outer, f"i{number}", str(inner), tensor, operand if inner == taking[-1] else 0, shape)

    def _edge(self, level: int, source: str, target: str, tensor: str, operand: int, shape: Shape) -> None:
        edges, key = self._inside.setdefault(level, {}), (source, target, tensor)
        if key not in edges:
            edges[key] = Edge(source, target, tensor, shape, operand=operand)


def _uses(network: Network) -> Iterator[tuple[str, str, int, Shape]]:
    """Each tensor that a leaf takes: the tensor, the leaf's id, the operand that it is, and its shape."""
    shapes = {**network.inputs, **{node.path: node.shape for node in network}}
    for node in network:
        for operand, tensor in enumerate(node.operands):
            yield tensor, node.path, operand, shapes[tensor]
    for name, output in network.outputs.items():
        yield output.path, f"output {name}", 0, output.shape
