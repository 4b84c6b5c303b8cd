"""A network as a scene: which blocks are open, what is shown as one box, and what each box says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from archspec.analysis.receptive_field import receptive_fields
from archspec.drawing.content import labels, texts
from archspec.drawing.content.folding import Part, Run, nodes_of, outputs_of, runs
from archspec.drawing.content.opening import Group, Opening, counts_copies
from archspec.drawing.content.scene import DETAILS, Box, Cluster, Detail, Edge, Scene
from archspec.drawing.content.shortcuts import with_roles
from archspec.drawing.content.summary import block_lines, has_shortcut, head, is_unit
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.errors import UsageError, did_you_mean
from archspec.language.patterns import is_pattern, matches
from archspec.network import Block, Network, Node, NotCompiled, PartialNetwork, one_op
from archspec.ops.tensor import Shape


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
    if not wanted:
        return frozenset()
    known = dict.fromkeys(block.path for block in network.blocks.walk() if block.path and one_op(block) is None)
    found: set[str] = set()
    for text in wanted:
        chosen = [path for path in known if matches(text, path)] if is_pattern(text) else [text] * (text in known)
        if not chosen:
            reason = "is an op, not a block" if text in network else f"is no block of {network.name}"
            raise UsageError(f"`{text}` {reason}; {did_you_mean(text, known)}".rstrip("; "))
        found.update(chosen)
    return frozenset(found)


class _Stage:
    """The boxes of what is open."""

    def __init__(
        self, network: Network, detail: Detail, expand: frozenset[str], collapse: frozenset[str], joined: bool
    ) -> None:
        self.network = network
        self.detail = detail
        self.opening = Opening(network, detail, expand, collapse, joined)
        known = network.problems if isinstance(network, PartialNetwork) else {}
        self.problems = {path: text.replace("`", "") for path, text in known.items()}
        self.sharing = {block.path for block in self.opening.framed() if texts.shared((block,))}
        self.symbolic = isinstance(network, SymbolicNetwork)
        self.fields = receptive_fields(network) if type(network) is Network else {}

    def scene(self) -> Scene:
        """The scene."""
        boxes = [*self._inputs(), *map(self._box, self.opening.groups()), *self._outputs()]
        edges = self._edges(boxes)
        clusters = [self._cluster(block) for block in self.opening.framed()]
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
            node = one_op(run.typical)
            box = self._op(run, node) if node is not None else self._block(run, run.typical)
        nodes = tuple(node for part in group.parts for node in nodes_of(part))
        last = outputs_of(group.parts[-1])
        shares = "" if self._is_in_sharing(group.cluster) else texts.shared(group.parts)
        return replace(
            box,
            paths=tuple(node.path for node in nodes),
            cluster=group.cluster,
            name=texts.full_name(box.id, box.name, group.cluster),
            shape=self.network.shape(last[0]) if len(last) == 1 or one_op(group.parts[-1]) else None,
            figures=texts.figures(self.network, nodes, self.fields.get(last[-1]) if last else None),
            counted=self._counted(box.id),
            remark=" · ".join(filter(None, (box.remark, shares, texts.frozen(self.network, nodes)))),
            problem=self._problem(group, nodes),
        )

    def _is_in_sharing(self, frame: str) -> bool:
        """Whether a frame, or one around it, says whose weights all in it use."""
        return any(frame == path or frame.startswith(f"{path}.") for path in self.sharing)

    def _problem(self, group: Group, nodes: Iterable[Node]) -> str:
        """What is wrong with the parts of a box, or with the repeat that they are the copies of."""
        if not self.problems:
            return ""
        paths = [part.path for part in group.parts] + [node.path for node in nodes]
        around = {path.rpartition(".")[0] for path in paths[: len(group.parts)]} & self.problems.keys()
        blocks = [block for block in self.network.blocks.walk() if block.path in around]
        paths += [block.path for block in blocks if not self.opening.is_open(block)]
        return next((self.problems[path] for path in paths if self.problems.get(path)), "")

    def _gaps(self, edges: Iterable[Edge]) -> Iterator[Edge]:
        """The edges, marked those that leave out what comes after a node that failed."""
        for edge in edges:
            giver = self.network[edge.tensor] if edge.tensor in self.problems else None
            failed = isinstance(giver, Node) and isinstance(giver.op, NotCompiled)
            yield edge._replace(role="gap") if failed else edge

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

    def _block(self, run: Run, block: Part) -> Box:
        assert isinstance(block, Block)
        if self.detail != "ops" and is_unit(block):
            unit = self._unit(Group((Run((block,)),), ""))
            return replace(unit, id=self._id(run), name=self._name(run), count=len(run.parts), remark=texts.remark(run))
        inner = _copied(block)
        lines = self._lines(inner) if isinstance(inner, Block) else ()
        given = _given(inner, run.parts[1:] if inner is block else block.children[1:])
        if self.detail == "overview" and len(given) > 3:
            given = []
        title = labels.definition_word(block)
        group = block.step.name if block.step else block.name
        return Box(
            id=self._id(run),
            kind="block",
            family="block",
            title=title or labels.group_word(group),
            arguments="" if lines else ", ".join(given),
            name=self._name(run) if title or group != block.name else "",  # a copy of a group has its number
            lines=lines,
            remark=texts.remark(run) or self._copies(block),
            count=len(run.parts) * block.content.copies,
            doc=block.template.doc if block.kind == "block" else "",
        )

    def _copies(self, block: Block) -> str:
        """How the copies of a repeat that is shown as one box differ."""
        if block.kind != "repeat":
            return ""
        first, *more = runs(self.opening.structure, block.children, copies=counts_copies(block))
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
        parent = self.opening.frame(block.path.rpartition(".")[0])
        shares = "" if self._is_in_sharing(parent) else texts.shared((block,))
        return Cluster(
            path=block.path,
            parent=parent,
            name=texts.full_name(block.path, block.name, parent),
            title=" · ".join(filter(None, (f"{labels.definition_word(block)}{count}".strip(), shares))),
            arguments=", ".join(labels.written(labels.sized(block))) if block.kind == "block" else "",
            is_block=block.kind == "block",
            figures=texts.figures(self.network, tuple(block.nodes()), None),
            problem=self.problems.get(block.path, ""),
        )

    def _ports(self, boxes: Iterable[Box]) -> Iterator[tuple[str, str]]:
        """Tensors of closed blocks that give several, and what those call them."""
        for box in boxes:
            part = self.network[box.id] if box.kind == "block" and box.count == 1 else None
            if isinstance(part, Block) and part.kind == "block" and len(part.outputs) > 1:
                yield from ((path, name) for name, path in part.outputs.items())

    def _edges(self, boxes: Sequence[Box]) -> list[Edge]:
        """An edge for each tensor that a box takes from another; for a single op, one for each operand."""
        home = {path: box for box in boxes for path in box.paths}
        giver = {path: box.id for path, box in home.items()} | {name: f"input {name}" for name in self.network.inputs}
        ports = dict(self._ports(boxes))
        edges: dict[tuple[str, str, int], Edge] = {}
        for node in self.network:
            box = home[node.path]
            for operand, tensor in enumerate(node.operands):
                if giver[tensor] != box.id:
                    number = operand if len(box.paths) == 1 else 0
                    shape, port = self.network.shape(tensor), ports.get(tensor, "")
                    edge = Edge(giver[tensor], box.id, tensor, shape, operand=number, port=port)
                    edges.setdefault((tensor, box.id, number), edge)
        for name, output in self.network.outputs.items():
            port = ports.get(output.path, "")
            edge = Edge(giver[output.path], f"output {name}", output.path, output.shape, port=port)
            edges[output.path, edge.target, 0] = edge
        return list(edges.values())


def _given(part: Part, copies: Iterable[Part]) -> list[str]:
    """The arguments of a part that copies of it have too."""
    if not isinstance(part, Block):
        return [texts.essentials(part)]
    others = [labels.written(labels.sized(copy)) for copy in copies if isinstance(copy, Block) and copy.kind == "block"]
    return [text for text in labels.written(labels.sized(part)) if all(text in other for other in others)]


def _copied(block: Block) -> Part:
    """What a repeat is made of; another block itself."""
    part: Part = block
    while isinstance(part, Block) and part.kind == "repeat":
        part = part.children[-1]
    return part
