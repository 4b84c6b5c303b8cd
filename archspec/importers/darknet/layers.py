"""One layer of Darknet at a time: its options, and the nodes that say it."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from archspec.errors import listed
from archspec.importers.darknet.sections import Option, Section
from archspec.importers.draft import MOST_NUMBER, Layer, Names, Shape, UnsaidError

_ACTIVATIONS: dict[str, dict[str, Any] | None] = {
    "linear": None,
    "leaky": {"op": "leaky_relu", "negative_slope": 0.1},
    "relu": {"op": "relu"},
    "relu6": {"op": "relu6"},
    "logistic": {"op": "sigmoid"},
    "tanh": {"op": "tanh"},
    "elu": {"op": "elu"},
    "hardtan": {"op": "hardtanh"},
    "swish": {"op": "silu"},
    "mish": {"op": "mish"},
}


class LayerReader:
    """What was read so far, and the layer that is being read.

    Attributes:
        names: Names of nodes that are taken.
        layers: The nodes so far.
        given_by: What node gives the output of each section.
        shapes: The shape that each node gives.
        last: What the next layer takes, where it does not say.
        outputs: The nodes whose maps heads read.
        remarks: What was left out, and why.
        section: The layer's section.
        number: Its number, from 0.
    """

    def __init__(self, section: Section, image: Shape) -> None:
        self.names = Names(["image"])
        self.layers: list[Layer] = []
        self.given_by: list[str] = []
        self.shapes: dict[str, Shape] = {"image": image}
        self.last = "image"
        self.outputs: dict[str, str] = {}
        self.remarks: list[str] = []
        self.section = section
        self.number = 0

    @property
    def called(self) -> str:
        """What errors call the layer."""
        return f"{self.number} [{self.section.kind}]"

    def activation(self, default: str) -> dict[str, Any] | None:
        """The op of the activation that the layer has; None for a linear one."""
        option = self.section.options.get("activation", Option(default, self.section.span))
        if option.text not in _ACTIVATIONS:
            message = f"the activation `{option.text}` is no op of ours"
            raise UnsaidError(message, option.span, f"known here: {listed(_ACTIVATIONS)}")
        return _ACTIVATIONS[option.text]

    def places(self, key: str) -> list[int]:
        """The layers that a section names, from 0; negative ones count back from the section."""
        option = self.section.options.get(key)
        here = len(self.given_by)
        if option is None or not re.fullmatch(r"[-+]?\d{1,6}(\s*,\s*[-+]?\d{1,6})*", option.text):
            raise UnsaidError(f"`{key}` lists layers by their numbers", option.span if option else self.section.span)
        numbers = [int(part) for part in option.text.split(",")]
        found = [here + number if number < 0 else number for number in numbers]
        if any(not 0 <= number < here for number in found):
            raise UnsaidError(f"`{key}` names a layer that is not above", option.span)
        return found

    def add(
        self, kind: str, node: dict[str, Any], inputs: list[str], shape: Shape, *, own: str = "", **figures: int
    ) -> None:
        """Add a node, which is then what the next takes."""
        if prod(shape) > MOST_NUMBER:
            raise UnsaidError(f"its output has more than {MOST_NUMBER:,} numbers", self.section.span)
        name = self.names.take(f"{kind}{self.number}{own}")
        self.layers.append(Layer(name, node, inputs, shape, span=self.section.span, source=self.called, **figures))
        self.shapes[name] = shape
        self.last = name

    def image(self) -> Shape:
        """The sizes of what a layer takes, which has to be a map."""
        shape = self.shapes[self.last]
        if len(shape) != 3:
            raise UnsaidError("it takes a map, and what comes before is none", self.section.span)
        return shape

    def window(self, size: int, stride: tuple[int, int], total: int) -> tuple[int, int]:
        """Height and width of what a window gives."""
        _, height, width = self.image()
        if min(height, width) + total < size:
            raise UnsaidError(f"a window of {size} does not fit into {height}x{width}", self.section.span)
        return (height + total - size) // stride[0] + 1, (width + total - size) // stride[1] + 1

    def strides(self, default: int) -> tuple[int, int]:
        """The strides over height and width."""
        stride = self.section.integer("stride", default, 1)
        return self.section.integer("stride_y", stride, 1), self.section.integer("stride_x", stride, 1)

    def activate(self, default: str) -> None:
        """Add the activation that the layer has."""
        node = self.activation(default)
        if node is not None:
            self.add("act", dict(node), [self.last], self.shapes[self.last])

    def flat(self) -> int:
        """The numbers of what a layer takes, in one row."""
        shape = self.shapes[self.last]
        if len(shape) > 1:
            self.add("flatten", {"op": "flatten"}, [self.last], (prod(shape),))
        return prod(shape)


Read = Callable[[LayerReader, Section], None]
"""Adds the nodes that a section is."""


class Kind(NamedTuple):
    """A kind of sections.

    Attributes:
        keys: The keys that are known.
        read: What reads it.
    """

    keys: frozenset[str]
    read: Read


KINDS: dict[str, Kind] = {}
"""Each kind of sections by its name."""


def reads(name: str, *keys: str) -> Callable[[Read], Read]:
    """Register what reads a kind of sections."""

    def register(read: Read) -> Read:
        KINDS[name] = Kind(frozenset(keys), read)
        return read

    return register
