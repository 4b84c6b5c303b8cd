"""One layer of Keras at a time: its arguments, and the nodes that say it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from archspec.errors import Span, listed, shown
from archspec.importers.draft import MOST_NUMBER, Given, Layer, Names, Shape

_ACTIVATIONS: dict[str, dict[str, Any] | None] = {
    "linear": None,
    "relu": {"op": "relu"},
    "relu6": {"op": "relu6"},
    "sigmoid": {"op": "sigmoid"},
    "tanh": {"op": "tanh"},
    "softmax": {"op": "softmax", "dim": 1},
    "log_softmax": {"op": "log_softmax", "dim": 1},
    "swish": {"op": "silu"},
    "silu": {"op": "silu"},
    "elu": {"op": "elu"},
    "gelu": {"op": "gelu"},
    "mish": {"op": "mish"},
    "softplus": {"op": "softplus"},
    "exponential": {"op": "exp"},
    "leaky_relu": {"op": "leaky_relu", "negative_slope": 0.2},
    "hard_sigmoid": {"op": "hardsigmoid"},
    "hard_swish": {"op": "hardswish"},
    "hard_silu": {"op": "hardswish"},
}
_HELP = f"known here: {listed(_ACTIVATIONS)}"


class UnsaidError(Exception):
    """A layer that cannot be said."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


class LayerReader:
    """What was read so far, and the layer that is being read.

    Attributes:
        given: The file.
        text: Its text.
        names: Names of nodes that are taken.
        layers: The nodes so far.
        inputs: The shapes of the inputs.
        shapes: The shape that each node and input gives.
        remarks: What was left out or changed, and why.
        blocks: Blocks that some nodes are.
        old: Whether Keras 2 wrote the file.
        turned: Whether a tensor without places was made of one with places, whose numbers have another order here.
        name: The layer's name.
        family: Its class without the number of dimensions.
        config: Its arguments.
    """

    def __init__(self, given: Given, text: str, *, old: bool) -> None:
        self.given = given
        self.text = text
        self.names = Names()
        self.layers: list[Layer] = []
        self.inputs: dict[str, Shape] = {}
        self.shapes: dict[str, Shape] = {}
        self.remarks: list[str] = []
        self.blocks: dict[str, dict[str, Any]] = {}
        self.old = old
        self.turned = False
        self.name = ""
        self.family = ""
        self.config: Mapping[str, Any] = {}

    def span(self) -> Span:
        """Where a layer stands: its name, as far as the file has it."""
        needle = f'"name": {json.dumps(self.name)}'
        at = self.text.find(needle)
        at = self.text.find(needle.replace(": ", ":")) if at < 0 else at
        if at < 0:
            return self.given.start
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        return Span(self.given.path, line, column, line, column + len(needle))

    def add(self, node: dict[str, Any], taken: Sequence[str], shape: Shape, *, own: str = "", **figures: int) -> str:
        """Add a node; its name."""
        if prod(shape) > MOST_NUMBER or min(shape, default=1) < 1:
            raise UnsaidError(f"its output would have the sizes {'x'.join(map(str, shape))}")
        kind = str(node.get("op") or node.get("block", "layer"))
        name = self.names.take(f"{self.name}_{own}" if own else self.name, kind)
        self.layers.append(Layer(name, node, list(taken), shape, span=self.span(), source=self.name, **figures))
        self.shapes[name] = shape
        return name

    def integer(self, key: str, default: int | None = None, least: int = 1) -> int:
        """An argument that is an integer."""
        value = self.config.get(key, default)
        if type(value) is not int or not least <= value <= MOST_NUMBER:
            raise UnsaidError(f"`{key}` is an integer of at least {least}, not {shown(json.dumps(value))}")
        return value

    def real(self, key: str, default: float) -> float:
        """An argument that is a number."""
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MOST_NUMBER:
            raise UnsaidError(f"`{key}` is a number, not {shown(json.dumps(value))}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """An argument that is true or false."""
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise UnsaidError(f"`{key}` is true or false, not {shown(json.dumps(value))}")
        return value

    def sizes(self, key: str, rank: int, default: Any = 1, least: int = 1) -> list[int]:
        """A number for each spatial dimension."""
        value = self.config.get(key)
        value = default if value is None else value
        found = [value] * rank if type(value) is int else value
        if not isinstance(found, list) or len(found) != rank:
            raise UnsaidError(f"`{key}` has a number for each of {rank} dimensions")
        if any(type(each) is not int or not least <= each <= MOST_NUMBER for each in found):
            raise UnsaidError(f"`{key}` holds integers of at least {least}")
        return found

    def same(self) -> bool:
        """Whether padding keeps sizes, up to the stride."""
        padding = self.config.get("padding", "valid")
        if padding not in ("same", "valid"):
            raise UnsaidError(f"`padding` is same or valid, not {shown(json.dumps(padding))}")
        return bool(padding == "same")

    def map(self, name: str) -> Shape:
        """The shape of a tensor with places."""
        if len(self.shapes[name]) < 2:
            raise UnsaidError("it takes a tensor with places, and what comes before has none")
        return self.shapes[name]

    def activated(self, node: str) -> str:
        """A node with the activation that the layer has."""
        value = self.config.get("activation", "linear")
        inner = value.get("config") if isinstance(value, dict) else value
        text = str(inner) if isinstance(inner, str) else "linear" if inner is None and value is None else ""
        if text not in _ACTIVATIONS or (self.old and text == "hard_sigmoid"):
            raise UnsaidError(f"the activation {shown(json.dumps(value))} is no op of ours", _HELP)
        act = _ACTIVATIONS[text]
        if act is None:
            return node
        own = "" if node in self.inputs or self.layers[-1].source != self.name else text
        return self.add(dict(act), [node], self.shapes[node], own=own)

    def dim(self, axis: Any, rank: int) -> int:
        """A dimension as it is counted here, of a tensor with so many dimensions besides the batch."""
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        if type(axis) is not int or not (1 <= axis <= rank or -rank <= axis <= -1):
            raise UnsaidError(f"the axis {shown(json.dumps(axis))} is the batch, or is not there")
        place = axis if axis > 0 else rank + 1 + axis
        return 1 if place == rank else place + 1


Read = Callable[[LayerReader, list[str]], str]
"""Adds the nodes that a layer is; the name of the one that gives its output."""


class Family(NamedTuple):
    """A class of layers.

    Attributes:
        keys: The arguments that are known, besides those that change no figure.
        several: Whether it takes several tensors.
        read: What reads it.
    """

    keys: frozenset[str]
    several: bool
    read: Read


FAMILIES: dict[str, Family] = {}
"""Each class of layers by its name, without the number of dimensions."""


def family(name: str, *keys: str, several: bool = False) -> Callable[[Read], Read]:
    """Register what reads a class of layers."""

    def register(read: Read) -> Read:
        FAMILIES[name] = Family(frozenset(keys), several, read)
        return read

    return register


def short(numbers: Sequence[int]) -> int | list[int]:
    """One number where all are equal."""
    return numbers[0] if len(set(numbers)) == 1 else list(numbers)
