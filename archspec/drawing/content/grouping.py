"""Which parts of a network become one box of a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from archspec.drawing.content import labels
from archspec.drawing.content.folding import Part, Run, Structure, different_structure, runs
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.sharing import Uses
from archspec.drawing.content.summary import head, is_unit
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.network import Block, Network, Node


class Group(NamedTuple):
    """What becomes one box: runs of parts; several where ops finish the one before.

    Attributes:
        runs: The runs.
        cluster: The path of the frame around it.
        again: The parts of each other use of it that the box shows too.
    """

    runs: tuple[Run, ...]
    cluster: str
    again: tuple[tuple[Part, ...], ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that it holds."""
        return tuple(part for run in self.runs for part in run.parts)


class Grouping(ABC):
    """Parts as boxes, where some blocks are open.

    Args:
        structure: The network's.
        detail: The level of detail.
        asked: Paths of blocks that someone asked to see inside of.
        collapse: Paths of blocks that are closed.
        joined: Whether an op and those that finish it are one box, but for ``ops``.
    """

    together: Mapping[str, Uses]
    """Parts of which all uses are one box, by the path of each."""

    def __init__(
        self, structure: Structure, detail: Detail, asked: frozenset[str], collapse: frozenset[str], joined: bool
    ) -> None:
        self.structure = structure
        self.network: Network = structure.network
        self.detail = detail
        self.asked = asked
        self.collapse = collapse
        self.joined = joined and detail != "ops"
        self._frames: dict[str, str] = {}

    @abstractmethod
    def is_open(self, block: Block) -> bool:
        """Whether what a block holds is shown, and not the block as one box."""

    def grouped(self) -> list[Group]:
        """The boxes, in order."""
        return list(self._with_other_uses(list(self._groups_of(self.network.blocks))))

    def frame(self, path: str) -> str:
        """The path of the innermost frame around what is inside a block."""
        if path not in self._frames:
            framed = not path or is_framed(self.network[path], self.network)
            self._frames[path] = path if framed else self.frame(path.rpartition(".")[0])
        return self._frames[path]

    def _with_other_uses(self, groups: Sequence[Group]) -> Iterator[Group]:
        """The boxes, all uses of a part as one where the last of them stands, if all have a box, finished alike."""
        by_first = {group.parts[0].path: group for group in groups}
        for group in groups:
            path = group.parts[0].path
            uses = self.together.get(path, ())
            others = [by_first[use.path].parts for use in uses if use.path in by_first]
            if not uses or len(others) < len(uses) or not _are_finished_alike(others):
                yield group
            elif path == uses[-1].path:
                yield Group(by_first[uses[0].path].runs, group.cluster, tuple(others[1:]))

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
        for child in filter(holds_nodes, block.children):
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
            for is_shared, same in groupby(parts, key=lambda part: part.path in self.together):
                held = list(same)
                yield from map(_alone, held) if is_shared else runs(self.structure, held, copies=False)
            return
        for part in parts:
            yield Run((part,), difference_of_first(block, part))

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


def _alone(part: Part) -> Run:
    return Run((part,))


def _are_finished_alike(uses: Sequence[Sequence[Part]]) -> bool:
    """Whether each use of a part is a box with it alone, or with finishing ops of the same kinds."""
    finishers = {tuple(labels.word(head(part)[0].op) for part in use[1:]) for use in uses}
    return len(finishers) == 1


def holds_nodes(part: Part) -> bool:
    """Whether there is anything in a part."""
    return part.content.totals.nodes > 0


def is_framed(part: Part, network: Network) -> bool:
    """Whether an open block has a frame: an inline group has one only at the top of a network."""
    if not isinstance(part, Block) or part.kind != "group":
        return isinstance(part, Block)
    return "." not in part.path and part.path != "" and not isinstance(network, SymbolicNetwork)


def difference_of_first(block: Block, part: Part) -> str:
    """What a part of a block holds and the second copy does not, where it is the first; empty for any other part."""
    if not counts_copies(block) or part is not block.children[0] or len(block.children) < 2:
        return ""
    return different_structure(part, block.children[1])


def counts_copies(block: Block) -> bool:
    """Whether it is a repeat whose first copy may differ from the others; in a table each row may."""
    return block.kind == "repeat" and (block.step is None or block.step.each is None)
