"""A network as a scene: which blocks are open, what is shown as one box, and what each box says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from archspec.analysis.receptive_field import receptive_fields
from archspec.drawing import labels, texts
from archspec.drawing.folding import Part, Run, Structure, different_structure, nodes_of, outputs_of, runs
from archspec.drawing.scene import DETAILS, Box, Cluster, Detail, Edge, Scene
from archspec.drawing.shortcuts import with_roles
from archspec.drawing.summary import block_lines, has_shortcut, head, is_unit
from archspec.drawing.symbols import SymbolicNetwork
from archspec.errors import UsageError, did_you_mean
from archspec.network import Block, Network, Node, NotCompiled, PartialNetwork
from archspec.patterns import is_pattern, matches
from archspec.tensor import Shape

MOST_IN_OVERVIEW = 25
"""Boxes of an overview; it opens more blocks only as long as they fit."""
_FEW = 6
"""An overview of fewer boxes opens its largest block."""


@dataclass(frozen=True, slots=True)
class Group:
    """What becomes one box: runs of parts; several where ops finish the one before."""

    runs: tuple[Run, ...]
    cluster: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that it holds."""
        return tuple(part for run in self.runs for part in run.parts)


def stage(
    network: Network,
    detail: Detail = "overview",
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    *,
    joined: bool = True,
) -> Scene:
    """What a picture of a network shows.

    Args:
        network: The network.
        detail: ``overview``: runs of equal blocks are one box; ``blocks``: each block is a box; ``ops``: each op is.
        expand: Paths of blocks to open besides, or patterns such as ``layer*.0``.
        collapse: Paths of blocks to close besides, or patterns.
        joined: Whether an op and those that finish it are one box, but for ``ops``.

    Raises:
        UsageError: There is no such level or block, or a block is both to be opened and closed.
    """
    if detail not in DETAILS:
        raise UsageError(f"there is no level of detail `{detail}`; {did_you_mean(detail, DETAILS)}".rstrip("; "))
    return _Stage(network, detail, _paths(network, expand), _paths(network, collapse), joined).scene()


def _paths(network: Network, wanted: Sequence[str]) -> frozenset[str]:
    """The paths of the blocks that are named, or that a pattern matches."""
    known = [block.path for block in network.blocks.walk() if block.path]
    found: set[str] = set()
    for text in wanted:
        chosen = [path for path in known if (matches(text, path) if is_pattern(text) else text == path)]
        if not chosen:
            reason = "is an op, not a block" if text in network else f"is no block of {network.name}"
            raise UsageError(f"`{text}` {reason}; {did_you_mean(text, known)}".rstrip("; "))
        found.update(chosen)
    return frozenset(found)


class _Stage:
    """The choice of what is open, and the boxes that follow from it."""

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
        self.opened: set[str] = set()
        self.structure = Structure(network)
        known = network.problems if isinstance(network, PartialNetwork) else {}
        self.problems = {path: text.replace("`", "") for path, text in known.items()}
        self.expand |= _around(self.problems) - collapse
        self.symbolic = isinstance(network, SymbolicNetwork)
        self.fields = receptive_fields(network) if type(network) is Network else {}
        if detail == "overview":
            self._open_more()

    def scene(self) -> Scene:
        """The scene."""
        groups = list(self._groups(self.network.blocks))
        boxes = [*self._inputs(), *(self._box(group) for group in groups), *self._outputs()]
        edges = self._edges(boxes)
        clusters = [self._cluster(block) for block in self._open_blocks(self.network.blocks) if self._is_framed(block)]
        return Scene(
            name=self.network.name,
            doc=self.network.doc,
            detail=self.detail,
            boxes=tuple(boxes),
            clusters=tuple(clusters),
            edges=tuple(self._gaps(with_roles(boxes, edges))),
            figures=texts.figures(self.network, tuple(self.network), None),
            notes=texts.notes(self.network),
            symbolic=self.symbolic,
        )

    # Which blocks are open

    def _is_open(self, block: Block) -> bool:
        if not block.path:
            return True
        if block.path in self.collapse:
            return False
        if block.path in self.expand or block.path in self.opened or self.detail == "ops":
            return True
        if block.kind == "group" and block.path.rpartition(".")[0] in self.expand:
            return True
        return self.detail == "blocks" and (block.kind != "block" or _holds_blocks(block))

    def _is_framed(self, part: Part) -> bool:
        """Whether an open block has a frame: an inline group has one only at the top of a network."""
        if not isinstance(part, Block) or part.kind != "group":
            return isinstance(part, Block)
        return "." not in part.path and part.path != "" and not self.symbolic

    def _frame(self, path: str) -> str:
        """The path of the innermost frame around what is inside a block."""
        while path and not self._is_framed(self.network[path]):
            path = path.rpartition(".")[0]
        return path

    def _open_blocks(self, block: Block) -> Iterator[Block]:
        for child in filter(_holds_nodes, block.children):
            if isinstance(child, Block) and self._is_open(child):
                yield child
                yield from self._open_blocks(child)

    def _open_more(self) -> None:
        """Open groups, and where there are few boxes the largest block, while the boxes stay few."""
        refused: set[str] = set()
        while True:
            groups = list(self._groups(self.network.blocks))
            candidate = self._next_to_open(groups, refused)
            if candidate is None:
                return
            self.opened.add(candidate.path)
            if len(list(self._groups(self.network.blocks))) > self._room():
                self.opened.remove(candidate.path)
                refused.add(candidate.path)

    def _room(self) -> int:
        return MOST_IN_OVERVIEW - len(self.network.inputs) - len(self.network.outputs)

    def _next_to_open(self, groups: Sequence[Group], refused: set[str]) -> Block | None:
        closed = [
            part
            for group in groups
            for part in group.parts[:1]
            if isinstance(part, Block)
            and len(group.parts) == 1
            and part.path not in refused | self.opened | self.collapse
        ]
        inline = next((block for block in closed if block.kind == "group" and not _is_copy(block)), None)
        if inline is not None or len(groups) >= _FEW:
            return inline
        composite = [block for block in closed if len(block.children) > 1 and not is_unit(block)]
        return max(composite, key=lambda block: sum(1 for _ in block.nodes()), default=None)

    # What becomes one box

    def _groups(self, block: Block) -> Iterator[Group]:
        """The boxes inside an open block, in order."""
        closed: list[Run] = []
        for item in self._items(block):
            if isinstance(item, Run):
                closed.append(item)
                continue
            yield from self._joined(block, closed)
            closed = []
            yield from self._groups(item)
        yield from self._joined(block, closed)

    def _items(self, block: Block) -> Iterator[Run | Block]:
        """What an open block holds: runs, and blocks that are open themselves."""
        pending: list[Part] = []
        for child in filter(_holds_nodes, block.children):
            if isinstance(child, Block) and (self._is_open(child) or self._unfolds(child)):
                yield from self._folded(block, pending)
                pending = []
                if self._is_open(child):
                    yield child
                else:
                    yield from runs(self.structure, child.children, copies=True)
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
            first = block.kind == "repeat" and part is block.children[0] and len(block.children) > 1
            yield Run((part,), different_structure(part, block.children[1]) if first else "")

    def _joined(self, block: Block, closed: Sequence[Run]) -> Iterator[Group]:
        """Runs as boxes; an op and those that finish it are one."""
        current: list[Run] = []
        for run in closed:
            if current and self.joined and self._finishes(run, current):
                current.append(run)
                continue
            if current:
                yield Group(tuple(current), self._frame(block.path))
            current = [run]
        if current:
            yield Group(tuple(current), self._frame(block.path))

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

    # What each box says

    def _inputs(self) -> Iterator[Box]:
        for name, shape in self.network.inputs.items():
            yield Box(f"input {name}", "input", "input", name, self._shape_text(shape), shape=shape)

    def _outputs(self) -> Iterator[Box]:
        for name, output in self.network.outputs.items():
            text = self._shape_text(output.shape)
            lines = ("training only",) if output.training_only else ()
            yield Box(
                f"output {name}", "output", "input", name, text, shape=output.shape, lines=lines,
                training_only=output.training_only,
            )  # fmt: skip

    def _shape_text(self, shape: Shape) -> str:
        return "" if self.symbolic and not shape else labels.shape_text(shape)

    def _box(self, group: Group) -> Box:
        if len(group.runs) > 1:
            box = self._unit(group)
        else:
            (run,) = group.runs
            box = self._op(run, run.typical) if isinstance(run.typical, Node) else self._block(run, run.typical)
        nodes = tuple(node for part in group.parts for node in nodes_of(part))
        last = outputs_of(group.parts[-1])
        return replace(
            box,
            paths=tuple(node.path for node in nodes),
            cluster=group.cluster,
            name=texts.full_name(box.id, box.name, group.cluster),
            shape=self.network.shape(last[0]) if len(last) == 1 else None,
            figures=texts.figures(self.network, nodes, self.fields.get(last[-1]) if last else None),
            counted=self._counted(box.id),
            problem=self._problem(group, nodes),
        )

    def _problem(self, group: Group, nodes: Iterable[Node]) -> str:
        """What is wrong with the parts of a box, or with the repeat that they are the copies of."""
        paths = [part.path for part in group.parts] + [node.path for node in nodes]
        around = {path.rpartition(".")[0] for path in paths[: len(group.parts)]} & self.problems.keys()
        paths += [
            path for path in around if isinstance(block := self.network[path], Block) and not self._is_open(block)
        ]
        return next((self.problems[path] for path in paths if self.problems.get(path)), "")

    def _gaps(self, edges: Iterable[Edge]) -> Iterator[Edge]:
        """The edges, marked those that leave out what comes after a node that failed."""
        for edge in edges:
            giver = self.network[edge.tensor] if edge.tensor in self.problems else None
            failed = isinstance(giver, Node) and isinstance(giver.op, NotCompiled)
            yield replace(edge, role="gap") if failed else edge

    def _counted(self, path: str) -> str:
        """What the number of a repeat's copies is called, in a block that is drawn by itself."""
        return self.network.counts.get(path, "") if isinstance(self.network, SymbolicNetwork) else ""

    def _id(self, run: Run) -> str:
        """The path of a part; of all copies of a repeat, that of the repeat."""
        first = run.parts[0].path
        parent = self.network[first.rpartition(".")[0]] if len(run.parts) > 1 and "." in first else None
        copies = isinstance(parent, Block) and parent.kind == "repeat" and len(parent.children) == len(run.parts)
        return parent.path if copies and parent is not None else first

    def _name(self, run: Run) -> str:
        """What a run is called; copies of a repeat by its name and their numbers."""
        id, (first, *others) = self._id(run), run.parts
        if id != first.path or not others:
            return id.rpartition(".")[2]
        number = first.name
        if number.isdecimal():
            return f"{number}–{others[-1].name}"
        return texts.listed([part.name for part in run.parts])

    def _op(self, run: Run, node: Node) -> Box:
        joined = labels.glyph(node.op)
        return Box(
            id=self._id(run),
            kind="merge" if joined and len(run.parts) == 1 else "op",
            family=labels.family(node.op),
            title=joined if joined and len(run.parts) == 1 else labels.word(node.op, node.input_shapes),
            arguments=texts.essentials(node),
            name=self._name(run),
            remark=texts.remark(run),
            count=len(run.parts),
            doc=type(node.op).summary(),
        )

    def _unit(self, group: Group) -> Box:
        first = group.runs[0].parts[0]
        node, finishing = head(first)
        words = [labels.word(each.op) for each in finishing]
        words += [texts.finisher(part) for part in group.parts[1:]]
        return Box(
            id=first.path,
            kind="unit",
            family=labels.family(node.op),
            title=labels.word(node.op, node.input_shapes),
            arguments=texts.essentials(node),
            name=texts.listed([part.name for part in group.parts]),
            lines=(", ".join(words),) if words else (),
            doc=type(node.op).summary(),
        )

    def _block(self, run: Run, block: Block) -> Box:
        if self.detail != "ops" and is_unit(block):
            unit = self._unit(Group((Run((block,)),), ""))
            return replace(unit, id=self._id(run), name=self._name(run), count=len(run.parts), remark=texts.remark(run))
        inner = _copied(block)
        lines = self._lines(inner) if isinstance(inner, Block) else ()
        given = labels.written(labels.sized(inner)) if isinstance(inner, Block) else [texts.essentials(inner)]
        if self.detail == "overview" and len(given) > 3:
            given = []
        title = labels.definition_word(block)
        return Box(
            id=self._id(run),
            kind="block",
            family="block",
            title=title or labels.spoken(block.path.split(".")[-2 if _is_copy(block) else -1]),
            arguments="" if lines else ", ".join(given),
            name=self._name(run) if title else "",
            lines=lines,
            remark=texts.remark(run) or self._copies(block),
            count=len(run.parts) * (len(block.children) if block.kind == "repeat" else 1),
            doc=block.template.doc if block.kind == "block" else "",
        )

    def _copies(self, block: Block) -> str:
        """How the copies of a repeat that is shown as one box differ."""
        if block.kind != "repeat":
            return ""
        first, *more = runs(self.structure, block.children, copies=True)
        return "copies differ" if more else texts.remark(first)

    def _lines(self, block: Block) -> tuple[str, ...]:
        if self.detail == "blocks":
            return ()
        channels = labels.branch_channels(block)
        lines = block_lines(block) or ((f"{channels} channels",) if channels else ())
        flags = [labels.argument(name, value) for name, value in labels.sized(block).items() if value is True]
        flags += ["+ shortcut"] if has_shortcut(block) else []
        return (*lines, ", ".join(flags)) if lines and flags else lines

    def _cluster(self, block: Block) -> Cluster:
        counted = self._counted(block.path)
        count = f" ×{counted}" if counted else ""
        parent = self._frame(block.path.rpartition(".")[0])
        return Cluster(
            path=block.path,
            parent=parent,
            name=texts.full_name(block.path, block.name, parent),
            title=f"{labels.definition_word(block)}{count}".strip(),
            arguments=", ".join(labels.written(labels.sized(block))) if block.kind == "block" else "",
            is_block=block.kind == "block",
            figures=texts.figures(self.network, tuple(block.nodes()), None),
            problem=self.problems.get(block.path, ""),
        )

    def _edges(self, boxes: Iterable[Box]) -> list[Edge]:
        """An edge for each tensor that a box takes from another; for a single op, one for each operand."""
        home = {path: box for box in boxes for path in box.paths}
        giver = {path: box.id for path, box in home.items()} | {name: f"input {name}" for name in self.network.inputs}
        edges: dict[tuple[str, str, int], Edge] = {}
        for node in self.network:
            box = home[node.path]
            for operand, tensor in enumerate(node.inputs):
                if giver[tensor] != box.id:
                    number = operand if len(box.paths) == 1 else 0
                    edge = Edge(giver[tensor], box.id, tensor, self.network.shape(tensor), operand=number)
                    edges.setdefault((tensor, box.id, number), edge)
        for name, output in self.network.outputs.items():
            edge = Edge(giver[output.path], f"output {name}", output.path, output.shape)
            edges[output.path, edge.target, 0] = edge
        return list(edges.values())


def _with_ancestors(path: str) -> Iterator[str]:
    parts = path.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _around(paths: Iterable[str]) -> set[str]:
    """The paths of the blocks around nodes."""
    return {each for path in paths for each in _with_ancestors(path.rpartition(".")[0]) if each}


def _holds_nodes(part: Part) -> bool:
    return any(True for _ in nodes_of(part))


def _holds_blocks(block: Block) -> bool:
    return any(inner.kind == "block" for inner in block.walk() if inner is not block)


def _is_copy(block: Block) -> bool:
    return block.name.isdecimal()


def _copied(block: Block) -> Part:
    """What a repeat is made of; another block itself."""
    part: Part = block
    while isinstance(part, Block) and part.kind == "repeat":
        part = part.children[-1]
    return part
