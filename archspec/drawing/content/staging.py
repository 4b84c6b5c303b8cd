"""A network as a scene: which blocks are open, what is shown as one box, and what each box says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archspec.drawing.content import labels, texts
from archspec.drawing.content.boxing import Boxing
from archspec.drawing.content.folding import Structure
from archspec.drawing.content.grouping import Group
from archspec.drawing.content.heads import with_heads
from archspec.drawing.content.opening import Opening
from archspec.drawing.content.scene import DETAILS, Box, Cluster, Detail, Edge, Scene
from archspec.drawing.content.shortcuts import with_roles
from archspec.errors import UsageError, did_you_mean
from archspec.language.patterns import is_pattern, matches
from archspec.network import Block, Network, Node, NotCompiled, one_op
from archspec.network.bounds import keep_within
from archspec.ops.tensor import Shape

FEWER = "the detail `overview` has the fewest, and blocks and groups of a spec are drawn as one box"
"""What to do where a picture has too many boxes."""


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
        SpecError: There are more boxes than the network's limits allow.
        UsageError: There is no such level or block, or a block is both to be opened and closed.
    """
    if detail not in DETAILS:
        raise UsageError(f"there is no level of detail `{detail}`; {did_you_mean(detail, DETAILS)}".rstrip("; "))
    return _Stage(Structure(network), detail, _paths(network, expand), _paths(network, collapse), joined).scene()


def overview(structure: Structure) -> Scene:
    """The overview of a network of which more is shown besides."""
    return _Stage(structure, "overview", frozenset(), frozenset(), joined=True).scene()


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
        self, structure: Structure, detail: Detail, expand: frozenset[str], collapse: frozenset[str], joined: bool
    ) -> None:
        self.network = structure.network
        self.detail = detail
        self.opening = Opening(structure, detail, expand, collapse, joined)
        self.boxing = Boxing(structure, self.opening.is_open)
        self.sharing = {block.path for block in self.opening.framed() if texts.shared((block,))}

    def scene(self) -> Scene:
        """The scene; one of too many boxes is refused before there are any."""
        groups = self.opening.groups()
        count = len(groups) + len(self.network.inputs) + len(self.network.outputs)
        keep_within(self.network, "boxes", count, "the picture has {} boxes", FEWER)
        boxes = [*self._inputs(), *with_heads(self.network, map(self._box, groups)), *self._outputs()]
        edges = self._edges(boxes)
        clusters = [self._cluster(block) for block in self.opening.framed()]
        return Scene(
            name=self.network.name,
            doc=self.network.doc,
            detail=self.detail,
            boxes=tuple(boxes),
            clusters=tuple(clusters),
            edges=tuple(self._gaps(with_roles(boxes, edges))),
            figures=texts.figures(self.network, self.network.blocks.children, None),
            notes=texts.notes(self.network),
            symbolic=self.boxing.symbolic,
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
        return "" if self.boxing.symbolic and not shape else labels.shape_text(shape)

    def _box(self, group: Group) -> Box:
        return self.boxing.box(group, self.detail, in_sharing=self._is_in_sharing(group.cluster))

    def _is_in_sharing(self, frame: str) -> bool:
        """Whether a frame, or one around it, says whose weights all in it use."""
        return any(frame == path or frame.startswith(f"{path}.") for path in self.sharing)

    def _gaps(self, edges: Iterable[Edge]) -> Iterator[Edge]:
        """The edges, marked those that leave out what comes after a node that failed."""
        for edge in edges:
            giver = self.network[edge.tensor] if edge.tensor in self.boxing.problems else None
            failed = isinstance(giver, Node) and isinstance(giver.op, NotCompiled)
            yield edge._replace(role="gap") if failed else edge

    def _cluster(self, block: Block) -> Cluster:
        counted = self.boxing.counted(block.path)
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
            figures=texts.figures(self.network, (block,), None),
            problem=self.boxing.problems.get(block.path, ""),
        )

    def _ports(self, boxes: Iterable[Box]) -> Iterator[tuple[str, str]]:
        """Tensors of closed blocks that give several, and what those call them."""
        for box in boxes:
            part = self.network[box.id] if box.kind == "block" and box.count == 1 else None
            if isinstance(part, Block) and part.kind == "block" and len(part.outputs) > 1:
                yield from ((path, name) for name, path in part.outputs.items() if path in part.inner_paths)

    def _edges(self, boxes: Sequence[Box]) -> list[Edge]:
        """An edge for each tensor that a box takes from another; of a single op it knows which operand it is first."""
        home = {path: box for box in boxes for path in box.paths}
        giver = {path: box.id for path, box in home.items()} | {name: f"input {name}" for name in self.network.inputs}
        ports = dict(self._ports(boxes))
        edges: dict[tuple[str, str], Edge] = {}
        for node in self.network:
            box = home[node.path]
            for operand, tensor in enumerate(node.operands):
                if giver[tensor] != box.id:
                    number = operand if len(box.paths) == 1 else 0
                    shape, port = self.network.shape(tensor), ports.get(tensor, "")
                    edge = Edge(giver[tensor], box.id, tensor, shape, operand=number, port=port)
                    edges.setdefault((tensor, box.id), edge)
        for name, output in self.network.outputs.items():
            port = ports.get(output.path, "")
            edge = Edge(giver[output.path], f"output {name}", output.path, output.shape, port=port)
            edges[output.path, edge.target] = edge
        return list(edges.values())
