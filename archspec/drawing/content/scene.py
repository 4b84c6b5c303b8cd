"""What a picture shows of a network: boxes, the frames around them, and the edges between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from archspec.ops.tensor import Shape

Detail = Literal["overview", "blocks", "ops"]
DETAILS: tuple[Detail, ...] = get_args(Detail)

Kind = Literal["input", "output", "op", "unit", "block", "merge"]
Role = Literal["body", "skip", "gap"]


class Figures(NamedTuple):
    """What a box or the network costs, for one sample.

    Attributes:
        params: Trainable numbers.
        macs: Multiply-accumulates; None where no op inside has a cost rule.
        other_ops: Other operations; None likewise.
        share: Its part of the network's multiply-accumulates, 0 to 1.
        activations: Bytes of the tensors that its ops give, in float32.
        receptive_field: Of its last op, for each spatial dimension; empty where it is not known.
    """

    params: int = 0
    macs: int | None = 0
    other_ops: int | None = 0
    share: float = 0.0
    activations: int = 0
    receptive_field: tuple[int, ...] = ()


_NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True)
class Box:
    """An op, several ops that belong together, a block, copies of a block, or an input or output of the network.

    Attributes:
        id: The path of what it shows, or of the first of it; unlike every other box's.
        kind: What it shows; ``unit``: an op and those that finish it; ``merge``: a sum or a concatenation.
        family: One of `archspec.drawing.content.labels.FAMILIES`.
        title: The kind of op, or the block's name.
        arguments: The arguments that matter.
        name: What its spec calls it; for several parts, all or the first and last.
        lines: What else it says: what finishes the op, or the layers inside a block.
        remark: How the first copy differs from the others, and whose weights it uses.
        problem: What is wrong with it, in a network that did not compile as a whole.
        count: The number of copies.
        counted: What that number is called, where it is a parameter of a block that is drawn by itself.
        uses: The number of uses of one part, on maps of several sizes, that it shows.
        paths: The nodes that it shows.
        cluster: The path of the innermost frame around it; empty for none.
        shape: The shape of its output; None where it has several.
        figures: What it costs.
        doc: What its spec says of it.
        training_only: Whether it is there in training only.
        note: What a reader is told of it.
        highlighted: Whether it is to be seen first.
    """

    id: str
    kind: Kind
    family: str
    title: str
    arguments: str = ""
    name: str = ""
    lines: tuple[str, ...] = ()
    remark: str = ""
    problem: str = ""
    count: int = 1
    counted: str = ""
    uses: int = 1
    paths: tuple[str, ...] = ()
    cluster: str = ""
    shape: Shape | None = None
    figures: Figures = _NO_FIGURES
    doc: str = ""
    training_only: bool = False
    note: str = ""
    highlighted: bool = False

    @property
    def times(self) -> str:
        """``×3``; empty for one."""
        return f"×{self.counted or self.count}" if self.counted or self.count > 1 else ""


class Cluster(NamedTuple):
    """A frame around the boxes of a block, group or repeat that is open.

    Attributes:
        path: Its path.
        parent: The path of the frame around it; empty for none.
        name: What its spec calls it.
        title: What it is called; empty for a group.
        arguments: The arguments that matter.
        is_block: Whether it is one block: a thing that a reader thinks of as a whole.
        figures: What it costs.
        problem: What is wrong with it as a whole, in a network that did not compile.
        highlighted: Whether it is to be seen first.
    """

    path: str
    parent: str
    name: str
    title: str
    arguments: str = ""
    is_block: bool = True
    figures: Figures = _NO_FIGURES
    problem: str = ""
    highlighted: bool = False


class Edge(NamedTuple):
    """A tensor that one box gives and another takes.

    Attributes:
        source: The id of the box that gives it.
        target: The id of the box that takes it.
        tensor: The path of the node, or the name of the input, that it is the output of.
        shape: Its shape.
        role: ``skip`` for a shortcut past other boxes; ``gap`` where what is between did not compile.
        operand: Which operand of a single op it is, or the first that it is.
        port: What the block that gives it calls it, where that gives several.
    """

    source: str
    target: str
    tensor: str
    shape: Shape
    role: Role = "body"
    operand: int = 0
    port: str = ""


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    Attributes:
        name: The network's name.
        doc: What its spec says it is.
        detail: The level of detail.
        boxes: The boxes, in the order of the spec.
        clusters: The frames, each before those inside.
        edges: The edges.
        figures: What the network costs.
        notes: What is written below it: what is wrong with a network and no box's fault, or what symbols stand for.
        symbolic: Whether texts stand for numbers, as in a block that is drawn by itself; it has no shapes and figures.
    """

    name: str
    doc: str
    detail: Detail
    boxes: tuple[Box, ...]
    clusters: tuple[Cluster, ...]
    edges: tuple[Edge, ...]
    figures: Figures
    notes: tuple[str, ...] = ()
    symbolic: bool = False

    @property
    def by_id(self) -> Mapping[str, Box]:
        """The boxes by id."""
        return {box.id: box for box in self.boxes}
