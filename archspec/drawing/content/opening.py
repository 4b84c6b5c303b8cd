"""Which blocks of a network a picture opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from archspec.drawing.content.folding import Part, Structure
from archspec.drawing.content.grouping import Group, Grouping, holds_nodes, is_framed
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.sharing import Uses, used_together
from archspec.drawing.content.summary import is_unit
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.errors import UsageError
from archspec.network import Block, PartialNetwork, one_op

MOST_IN_OVERVIEW = 25
"""Boxes of an overview; it opens more blocks only as long as they fit."""
_MOST_TRIED = 4 * MOST_IN_OVERVIEW
"""Blocks and groups that an overview tries to open; each takes a walk over the network."""
_SMALL = 12
"""Blocks of more ops than this are drawn alike beside each other: all open, or none."""
_FEW = 6
"""An overview of fewer boxes opens its largest block."""


class Opening(Grouping):
    """The choice of what is open.

    Args:
        structure: The network's.
        detail: The level of detail.
        expand: Paths of blocks to open besides.
        collapse: Paths of blocks to close besides.
        joined: Whether an op and those that finish it are one box, but for ``ops``.

    Raises:
        UsageError: A block is both to be opened and closed.
    """

    def __init__(
        self, structure: Structure, detail: Detail, expand: frozenset[str], collapse: frozenset[str], joined: bool
    ) -> None:
        super().__init__(structure, detail, expand, collapse, joined)
        self.expand = {ancestor for path in expand for ancestor in _with_ancestors(path)}
        both = sorted(self.expand & collapse)
        if both:
            raise UsageError(f"`{both[0]}` is both to be expanded and collapsed")
        if isinstance(self.network, PartialNetwork):
            self.expand |= _around(self.network.problems) - collapse
        self.opened: frozenset[str] = frozenset()
        self._made: tuple[frozenset[str], list[Group]] | None = None
        self.together = dict(self._used_together()) if detail == "overview" and joined else {}
        if detail == "overview":
            self._open_more()

    def groups(self) -> list[Group]:
        """The boxes, in order; made anew where others are open."""
        if self._made is None or self._made[0] != self.opened:
            self._made = self.opened, self.grouped()
        return self._made[1]

    def framed(self) -> list[Block]:
        """The open blocks that have a frame, each before those inside."""
        return [block for block in self._open_inside(self.network.blocks) if is_framed(block, self.network)]

    def is_open(self, block: Block) -> bool:
        """Whether what a block holds is shown, and not the block as one box."""
        if not block.path:
            return True
        if block.path in self.collapse or block.path in self.together or one_op(block) is not None:
            return False
        if block.path in self.expand or block.path in self.opened or self.detail == "ops":
            return True
        if block.kind == "group" and block.path.rpartition(".")[0] in self.expand:
            return True
        return self.detail == "blocks" and (block.kind != "block" or _holds_blocks(block))

    def _open_inside(self, block: Block) -> Iterator[Block]:
        for child in filter(holds_nodes, block.children):
            if isinstance(child, Block) and self.is_open(child):
                yield child
                yield from self._open_inside(child)

    def _open_more(self) -> None:
        """Open groups, and where there are few boxes the largest block, while the boxes stay few.

        Uses of one block beside each other are open all or none.
        """
        refused: set[str] = set()
        for path in sorted(self.asked):
            known = self.expand | self.collapse | self.opened
            part = self.network[path]
            beside = {block.path for block in self._beside(part, known) if _is_use(block, part)}
            if beside:
                self._open(beside)
        for _ in range(_MOST_TRIED):
            groups = self.groups()
            if len(groups) > self.network.limits.boxes:
                return  # there is no picture
            candidate = self._next_to_open(groups, refused)
            if candidate is None:
                return
            paths = {candidate.path, *(block.path for block in self._beside(candidate, set()))}
            if paths & (self.collapse | refused) or not self._open(paths):
                refused.add(candidate.path)

    def _open(self, paths: set[str]) -> bool:
        """Open blocks if the boxes stay few; whether they do."""
        before = self.opened
        self.opened = before | paths
        if len(self.groups()) > self._room():
            self.opened = before
        return self.opened != before

    def _beside(self, part: Part, known: Set[str]) -> Iterator[Block]:
        """The siblings of a block that are uses of the same one, or large as it is, but for known ones.

        They neither take from it nor give to it.
        """
        if not isinstance(part, Block) or part.kind != "block" or not part.path:
            return
        around = self.network[part.path.rpartition(".")[0]] if "." in part.path else self.network.blocks
        assert isinstance(around, Block)
        uses = (each for each in around.children if isinstance(each, Block) and each.kind == "block")
        others = [each for each in uses if each.path not in known | {part.path} and _are_alike(each, part)]
        joined = self._joined_to(part) if others else set()
        yield from (other for other in others if joined.isdisjoint(other.inner_paths))

    def _joined_to(self, block: Block) -> set[str]:
        """The paths of the nodes that something in a block depends on, or that depend on something in it."""
        below = set(block.inner_paths)
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
            and part.path not in refused | self.opened | self.collapse | self.together.keys()
        ]
        inline = next((block for block in closed if block.kind == "group" and block.copy is None), None)
        if inline is not None or len(groups) >= _FEW:
            return inline
        composite = [block for block in closed if len(block.children) > 1 and not is_unit(block)]
        return max(composite, key=lambda block: block.content.totals.nodes, default=None)

    def _used_together(self) -> Iterator[tuple[str, Uses]]:
        """Parts of which all uses are one box, by the path of each; not where someone asked to see one of them."""
        if isinstance(self.network, (PartialNetwork, SymbolicNetwork)):
            return
        for uses in used_together(self.network).values():
            if self.expand.isdisjoint(use.path for use in uses):
                yield from ((use.path, uses) for use in uses)


def _with_ancestors(path: str) -> Iterator[str]:
    parts = path.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _around(paths: Iterable[str]) -> set[str]:
    """The paths of the blocks around nodes."""
    return {each for path in paths for each in _with_ancestors(path.rpartition(".")[0]) if each}


def _are_alike(one: Block, other: Block) -> bool:
    """Whether two blocks are uses of one, or both are large, as backbones beside each other are."""
    return _is_use(one, other) or min(block.content.totals.nodes for block in (one, other)) > _SMALL


def _is_use(one: Block, other: Part) -> bool:
    """Whether two blocks are uses of one."""
    return isinstance(other, Block) and one.definition == other.definition


def _holds_blocks(block: Block) -> bool:
    return any(inner.kind == "block" for inner in block.walk() if inner is not block)
