"""A network as boxes that open: what the page shows at first, and what is inside each of its boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archspec.drawing.content.boxing import boxes_alone
from archspec.drawing.content.folding import Part, Structure, nodes_of
from archspec.drawing.content.scene import Box, Scene
from archspec.drawing.layout.segments import frame_chain
from archspec.network import Block, Node, one_op


@dataclass(frozen=True, slots=True)
class Item:
    """A box of the page.

    Attributes:
        box: What it says while it is folded.
        children: What it opens into, in order; nothing for an op, an input or an output.
        is_open: Whether it is open at first.
    """

    box: Box
    children: tuple[Item, ...] = ()
    is_open: bool = False


def items(structure: Structure, overview: Scene) -> tuple[Item, ...]:
    """The boxes of a network's overview, with all that is inside them."""
    return tuple(_Tree(structure, overview).top())


class _Tree:
    """Items from the overview's scene, and from the boxes of all that is in it."""

    def __init__(self, structure: Structure, overview: Scene) -> None:
        self.network = structure.network
        self.overview = overview
        self.parents = {cluster.path: cluster.parent for cluster in self.overview.clusters}
        self.boxes = boxes_alone(structure)

    def top(self, frame: str = "") -> Iterator[Item]:
        """What the overview shows in a frame."""
        seen: set[str] = set()
        for box in self.overview.boxes:
            chain = ("", *frame_chain(box.cluster, self.parents))
            if chain[-1] == frame:
                yield self._item(box)
            elif frame in chain:
                inner = chain[chain.index(frame) + 1]
                if inner not in seen:
                    yield Item(self.boxes[inner], tuple(self.top(inner)), is_open=True)
                seen.add(inner)

    def _item(self, box: Box) -> Item:
        """A box of the overview: it opens into the block that it is, or into the parts that it stands for."""
        parts = self._parts(box)
        if len(parts) == 1:
            (part,) = parts
            return Item(box, tuple(self._inside(part)) if isinstance(part, Block) and one_op(part) is None else ())
        return Item(box, tuple(map(self._part, parts)))

    def _parts(self, box: Box) -> list[Part]:
        """The blocks and ops that a box stands for, the largest that there are."""
        parts: list[Part] = []
        left = dict.fromkeys(box.paths)
        while left:
            part = self.network[box.id] if not parts else self._largest(next(iter(left)), left)
            parts.append(part)
            for node in nodes_of(part):
                left.pop(node.path, None)
        return parts

    def _largest(self, path: str, paths: Mapping[str, None]) -> Part:
        """The largest block around an op of which all ops are among some."""
        part: Part = self.network[path]
        while "." in path:
            path = path.rpartition(".")[0]
            around = self.network[path]
            if any(node.path not in paths for node in nodes_of(around)):
                break
            part = around
        return part

    def _part(self, part: Part) -> Item:
        if isinstance(part, Node) or one_op(part) is not None:
            return Item(self.boxes[part.path])
        return Item(self.boxes[part.path], tuple(self._inside(part)))

    def _inside(self, block: Block) -> Iterator[Item]:
        """What a block holds; inline groups have no box of their own, as in a picture."""
        for child in block.children:
            if isinstance(child, Node) or child.kind != "group" or block.kind == "repeat":
                if any(nodes_of(child)):
                    yield self._part(child)
            else:
                yield from self._inside(child)
