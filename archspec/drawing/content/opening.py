"""Which blocks of a network a picture opens, and which parts become one box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from archspec.drawing.content import labels
from archspec.drawing.content.folding import Part, Run, Structure, different_structure, runs
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.summary import is_unit
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.errors import UsageError
from archspec.network import Block, Network, Node, PartialNetwork, one_op

MOST_IN_OVERVIEW = 25
"""Boxes of an overview; it opens more blocks only as long as they fit."""
_MOST_TRIED = 4 * MOST_IN_OVERVIEW
"""Blocks and groups that an overview tries to open; each takes a walk over the network."""
_FEW = 6
"""An overview of fewer boxes opens its largest block."""


class Group(NamedTuple):
    """What becomes one box: runs of parts; several where ops finish the one before."""

    runs: tuple[Run, ...]
    cluster: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that it holds."""
        return tuple(part for run in self.runs for part in run.parts)


class Opening:
    """The choice of what is open.

    Args:
        network: The network.
        detail: The level of detail.
        expand: Paths of blocks to open besides.
        collapse: Paths of blocks to close besides.
        joined: Whether an op and those that finish it are one box, but for ``ops``.

    Raises:
        UsageError: A block is both to be opened and closed.
    """

    def __init__(
        self, network: Network, detail: Detail, expand: frozenset[str], collapse: frozenset[str], joined: bool
    ) -> None:
        self.network = network
        self.detail = detail
        self.joined = joined and detail != "ops"
        self.collapse = collapse
        self.asked = expand
        self.expand = {ancestor for path in expand for ancestor in _with_ancestors(path)}
        both = sorted(self.expand & collapse)
        if both:
            raise UsageError(f"`{both[0]}` is both to be expanded and collapsed")
        if isinstance(network, PartialNetwork):
            self.expand |= _around(network.problems) - collapse
        self.opened: set[str] = set()
        self.structure = Structure(network)
        if detail == "overview":
            self._open_more()

    def groups(self) -> list[Group]:
        """The boxes, in order."""
        return list(self._groups_of(self.network.blocks))

    def framed(self) -> list[Block]:
        """The open blocks that have a frame, each before those inside."""
        return [block for block in self._open_inside(self.network.blocks) if self.is_framed(block)]

    # Which blocks are open

    def is_open(self, block: Block) -> bool:
        """Whether what a block holds is shown, and not the block as one box."""
        if not block.path:
            return True
        if block.path in self.collapse or one_op(block) is not None:
            return False
        if block.path in self.expand or block.path in self.opened or self.detail == "ops":
            return True
        if block.kind == "group" and block.path.rpartition(".")[0] in self.expand:
            return True
        return self.detail == "blocks" and (block.kind != "block" or _holds_blocks(block))

    def is_framed(self, part: Part) -> bool:
        """Whether an open block has a frame: an inline group has one only at the top of a network."""
        if not isinstance(part, Block) or part.kind != "group":
            return isinstance(part, Block)
        return "." not in part.path and part.path != "" and not isinstance(self.network, SymbolicNetwork)

    def frame(self, path: str) -> str:
        """The path of the innermost frame around what is inside a block."""
        while path and not self.is_framed(self.network[path]):
            path = path.rpartition(".")[0]
        return path

    def _open_inside(self, block: Block) -> Iterator[Block]:
        for child in filter(_holds_nodes, block.children):
            if isinstance(child, Block) and self.is_open(child):
                yield child
                yield from self._open_inside(child)

    def _open_more(self) -> None:
        """Open groups, and where there are few boxes the largest block, while the boxes stay few.

        Uses of one block beside each other are open all or none.
        """
        refused: set[str] = set()
        for path in sorted(self.asked):
            self._open({block.path for block in self._beside(self.network[path])} - self.collapse)
        for _ in range(_MOST_TRIED):
            groups = self.groups()
            candidate = self._next_to_open(groups, refused)
            if candidate is None:
                return
            paths = {candidate.path, *(block.path for block in self._beside(candidate))}
            if paths & (self.collapse | refused) or not self._open(paths):
                refused.add(candidate.path)

    def _open(self, paths: set[str]) -> bool:
        """Open blocks if the boxes stay few; whether they do."""
        before = set(self.opened)
        self.opened |= paths
        if len(self.groups()) > self._room():
            self.opened = before
        return self.opened != before

    def _beside(self, part: Part) -> Iterator[Block]:
        """The other uses of a block among its siblings that neither take from it nor give to it."""
        if not isinstance(part, Block) or part.kind != "block" or not part.path:
            return
        around = self.network[part.path.rpartition(".")[0]] if "." in part.path else self.network.blocks
        assert isinstance(around, Block)
        joined = self._joined_to(part)
        for other in around.children:
            if not isinstance(other, Block) or other.kind != "block" or other.definition != part.definition:
                continue
            if other is not part and joined.isdisjoint(node.path for node in other.nodes()):
                yield other

    def _joined_to(self, block: Block) -> set[str]:
        """The paths of the nodes that something in a block depends on, or that depend on something in it."""
        below = {node.path for node in block.nodes()}
        above = set(below)
        nodes = list(self.network)
        for node in nodes:
            if not below.isdisjoint(node.inputs):
                below.add(node.path)
        for node in reversed(nodes):
            if node.path in above:
                above.update(node.inputs)
        return above | below

    def _room(self) -> int:
        return MOST_IN_OVERVIEW - len(self.network.inputs) - len(self.network.outputs)

    def _next_to_open(self, groups: Sequence[Group], refused: set[str]) -> Block | None:
        closed = [
            part
            for group in groups
            for part in group.parts[:1]
            if isinstance(part, Block)
            and one_op(part) is None
            and len(group.parts) == 1
            and part.path not in refused | self.opened | self.collapse
        ]
        inline = next((block for block in closed if block.kind == "group" and block.copy is None), None)
        if inline is not None or len(groups) >= _FEW:
            return inline
        composite = [block for block in closed if len(block.children) > 1 and not is_unit(block)]
        return max(composite, key=lambda block: block.content.totals.nodes, default=None)

    # What becomes one box

    def _groups_of(self, block: Block) -> Iterator[Group]:
        """The boxes inside an open block, in order."""
        closed: list[Run] = []
        for item in self._items(block):
            if isinstance(item, Run):
                closed.append(item)
                continue
            yield from self._joined(block, closed)
            closed = []
            yield from self._groups_of(item)
        yield from self._joined(block, closed)

    def _items(self, block: Block) -> Iterator[Run | Block]:
        """What an open block holds: runs, and blocks that are open themselves."""
        pending: list[Part] = []
        for child in filter(_holds_nodes, block.children):
            if isinstance(child, Block) and (self.is_open(child) or self._unfolds(child)):
                yield from self._folded(block, pending)
                pending = []
                if self.is_open(child):
                    yield child
                else:
                    yield from runs(self.structure, child.children, copies=counts_copies(child))
            else:
                pending.append(child)
        yield from self._folded(block, pending)

    def _unfolds(self, block: Block) -> bool:
        """Whether it is a repeat of which an overview shows the runs of equal copies."""
        return self.detail == "overview" and block.kind == "repeat" and block.path not in self.collapse

    def _folds(self, block: Block) -> bool:
        """Whether equal parts of a block become one box; not where someone asked to see what it holds."""
        return self.detail == "overview" and block.path not in self.asked

    def _folded(self, block: Block, parts: Sequence[Part]) -> Iterator[Run]:
        if self._folds(block):
            yield from runs(self.structure, parts, copies=False)
            return
        for part in parts:
            first = counts_copies(block) and part is block.children[0] and len(block.children) > 1
            yield Run((part,), different_structure(part, block.children[1]) if first else "")

    def _joined(self, block: Block, closed: Sequence[Run]) -> Iterator[Group]:
        """Runs as boxes; an op and those that finish it are one."""
        current: list[Run] = []
        for run in closed:
            if current and self.joined and self._finishes(run, current):
                current.append(run)
                continue
            if current:
                yield Group(tuple(current), self.frame(block.path))
            current = [run]
        if current:
            yield Group(tuple(current), self.frame(block.path))

    def _finishes(self, run: Run, current: Sequence[Run]) -> bool:
        """Whether a run is a light op that takes what an op before it gives."""
        first, (part, *others) = current[0].parts, run.parts
        if others or len(first) > 1 or not isinstance(part, Node) or labels.family(part.op) not in labels.LIGHT:
            return False
        if isinstance(first[0], Block) and not is_unit(first[0]):
            return False
        if isinstance(first[0], Node) and labels.glyph(first[0].op):
            return False
        return self.structure.follows(part, current[-1].parts[-1])


def _with_ancestors(path: str) -> Iterator[str]:
    parts = path.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _around(paths: Iterable[str]) -> set[str]:
    """The paths of the blocks around nodes."""
    return {each for path in paths for each in _with_ancestors(path.rpartition(".")[0]) if each}


def _holds_nodes(part: Part) -> bool:
    return part.content.totals.nodes > 0


def _holds_blocks(block: Block) -> bool:
    return any(inner.kind == "block" for inner in block.walk() if inner is not block)


def counts_copies(block: Block) -> bool:
    """Whether it is a repeat whose first copy may differ from the others; in a table each row may."""
    return block.kind == "repeat" and (block.step is None or block.step.each is None)
