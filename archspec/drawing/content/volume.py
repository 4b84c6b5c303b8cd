"""What a picture of volumes shows: tensors with their sizes, and what is made from what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from archspec.drawing.content.scene import Box, Role, Scene
from archspec.ops.tensor import Shape

Form = Literal["solid", "sheet", "bar", "join", "card", "start"]

MOST_COPIES = 4
"""Equal volumes behind each other that are drawn each."""


class Op(NamedTuple):
    """What makes a tensor.

    Attributes:
        title: What it is called; empty for inputs.
        arguments: Those that matter, but for the channels.
    """

    title: str = ""
    arguments: str = ""

    @property
    def text(self) -> str:
        """Both."""
        return f"{self.title} {self.arguments}".rstrip()


class Slab(NamedTuple):
    """A part of a concatenation: one of its operands.

    Attributes:
        id: The box that gives it, where that is drawn nowhere else; empty otherwise.
        family: Of that box, or of the concatenation.
        channels: Its channels.
    """

    id: str
    family: str
    channels: int


class Volume(NamedTuple):
    """A tensor.

    Attributes:
        id: The box whose tensor it is.
        form: ``solid``: channels of maps; ``sheet``: channels of sequences; ``bar``: a vector; ``join``: a sum or
            product; ``card``: several tensors, or none that has a size; ``start``: where a row goes on, nothing itself.
        family: One of `archspec.drawing.content.labels.FAMILIES`.
        lines: What is written below it, the shape or in short the channels first; in a join or card what it is.
        channels: Channels, or numbers of a vector.
        height: Height of the maps; length of sequences.
        width: Width of the maps.
        copies: How many equal ones it stands for, behind each other.
        title: What it is, in full.
        shape: All its sizes, channels first; empty for what is no map with channels first.
        slabs: Its parts, where it is a concatenation of what is drawn nowhere else.
        op: What makes it; of such a concatenation, what makes those parts.
        extra: Words on it besides: how many it stands for that are not drawn each, and whose weights it uses.
        places: The sizes of its maps.
    """

    id: str
    form: Form
    family: str
    lines: tuple[str, ...]
    channels: int = 1
    height: int = 1
    width: int = 1
    copies: int = 1
    title: str = ""
    shape: Shape = ()
    slabs: tuple[Slab, ...] = ()
    op: Op = Op()
    extra: tuple[str, ...] = ()
    places: Shape = ()


class Flow(NamedTuple):
    """A tensor that one volume is made from, or several that a card gives.

    Attributes:
        source: The volume that it is.
        target: The volume that is made from it.
        role: ``skip`` for a shortcut.
        shapes: The shapes of what a card gives.
    """

    source: str
    target: str
    role: Role = "body"
    shapes: tuple[Shape, ...] = ()


class End(NamedTuple):
    """An output of the network: its box, and the volume that gives it."""

    box: Box
    source: str


@dataclass(frozen=True)
class Volumes:
    """What a picture of volumes shows.

    Attributes:
        scene: The boxes that it was made of.
        volumes: The volumes, each behind those that it is made from.
        flows: What is made from what.
        ends: The outputs.
        told: What a legend has to say of families, where labels do not.
    """

    scene: Scene
    volumes: tuple[Volume, ...]
    flows: tuple[Flow, ...]
    ends: tuple[End, ...] = ()
    told: tuple[tuple[str, str], ...] = ()

    @property
    def drawn(self) -> Scene:
        """The scene with the boxes alone that are drawn as such, in the families that they are drawn in."""
        kept = {slab.id: slab.family for volume in self.volumes for slab in volume.slabs}
        kept |= {volume.id: volume.family for volume in self.volumes}
        boxes = (replace(box, family=kept[box.id]) for box in self.scene.boxes if box.id in kept)
        return replace(self.scene, boxes=tuple(boxes))
