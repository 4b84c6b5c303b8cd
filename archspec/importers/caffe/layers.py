"""One layer of Caffe at a time: what it takes, and the nodes that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from archspec.errors import Span, did_you_mean
from archspec.importers.caffe.fields import Fields
from archspec.importers.draft import MOST_NUMBER, Given, Layer, Names, Shape, UnsaidError


class Blob(NamedTuple):
    """What a blob's name stands for at a place: a node, and what it gives."""

    node: str
    shape: Shape


class LayerReader:
    """What was read so far, and the layer that is being read.

    Attributes:
        given: The file.
        takers: How many layers take each blob.
        names: Names of nodes that are taken.
        layers: The nodes so far.
        inputs: The shapes of the inputs.
        blobs: What each blob is now.
        unused: Blobs that nothing takes so far, and their nodes.
        remarks: What was left out, and why.
        fields: The fields of the layer.
        name: The layer's name.
    """

    def __init__(self, given: Given, fields: Fields, takers: Counter[str]) -> None:
        self.given = given
        self.takers = takers
        self.names = Names()
        self.layers: list[Layer] = []
        self.inputs: dict[str, Shape] = {}
        self.blobs: dict[str, Blob] = {}
        self.unused: dict[str, str] = {}
        self.remarks: list[str] = []
        self.fields = fields
        self.name = ""

    @property
    def span(self) -> Span:
        """Where the layer stands."""
        return self.fields.span

    def texts(self, key: str) -> list[str]:
        """A field of the layer, as it stands."""
        return self.fields.texts(key)

    def input(self, name: str, sizes: Sequence[int], span: Span) -> None:
        """Add an input; the first of its sizes is the batch."""
        if not sizes[1:] or prod(sizes[1:]) > MOST_NUMBER:
            raise UnsaidError(f"the input `{name}` has no sizes", span)
        own = self.names.take(name, "input")
        self.inputs[own] = tuple(sizes[1:])
        self.blobs[name] = Blob(own, tuple(sizes[1:]))

    def taken(self, count: int | None = None) -> list[Blob]:
        """What a layer takes.

        Args:
            count: How many blobs it has to take; None for one or more.
        """
        names = self.texts("bottom")
        if (count is not None and len(names) != count) or not names:
            raise UnsaidError(f"it takes {len(names)} blobs, not {count or 'one or more'}", self.span)
        for value in self.fields.message.fields["bottom"]:
            if value.text not in self.blobs:
                raise UnsaidError(
                    f"no layer above gives `{value.text}`", value.span, did_you_mean(value.text, self.blobs)
                )
        for name in names:
            self.unused.pop(name, None)
        return [self.blobs[name] for name in names]

    def map(self) -> Blob:
        """What a layer takes, which has to be a map."""
        (taken,) = self.taken(1)
        if len(taken.shape) != 3:
            raise UnsaidError("it takes a map, and what comes before is none", self.span)
        return taken

    def add(self, node: dict[str, Any], inputs: Sequence[Blob], shape: Shape, *, suffix: str = "", top: int = 0,
            own: str = "", **figures: int) -> Blob:  # fmt: skip
        """Add a node, which its top then stands for."""
        if prod(shape) > MOST_NUMBER or min(shape, default=1) < 1:
            raise UnsaidError(f"its output would have the sizes {'x'.join(map(str, shape))}", self.span)
        kind = str(node["op"])
        name = self.names.take(own or (self.name or kind) + suffix, "conv" if kind == "conv" else kind)
        taken = [blob.node for blob in inputs]
        self.layers.append(Layer(name, node, taken, shape, span=self.span, source=self.name + suffix, **figures))
        blob = Blob(name, shape)
        tops = self.texts("top")
        if not suffix or top:
            given = tops[top : top + 1] or [self.name]
            self.stand_for(given[0], blob)
        return blob

    def stand_for(self, name: str, blob: Blob) -> None:
        """Let a blob's name stand for what a node gives, which nothing has taken yet."""
        self.blobs[name] = blob
        self.unused[name] = blob.node

    def pointwise(self, node: dict[str, Any]) -> None:
        """Add a node that keeps the shape of the one blob that the layer takes."""
        (taken,) = self.taken(1)
        self.add(node, [taken], taken.shape)


Read = Callable[[LayerReader, Fields], None]
"""Adds the nodes that a layer is, whose arguments are those fields."""


class Kind(NamedTuple):
    """A type of layers.

    Attributes:
        message: The field that holds its arguments.
        keys: The arguments that are known.
        read: What reads it.
    """

    message: str
    keys: frozenset[str]
    read: Read


KINDS: dict[str, Kind] = {}
"""Each type of layers by its name."""

FILLERS = ("weight_filler", "bias_filler", "engine")
"""Arguments that say how weights begin, and what computes."""


def reads(name: str, message: str, *keys: str) -> Callable[[Read], Read]:
    """Register what reads a type of layers."""

    def register(read: Read) -> Read:
        KINDS[name] = Kind(message, frozenset(keys), read)
        return read

    return register


def short(pair: tuple[int, int]) -> int | list[int]:
    """One number where both are equal."""
    return pair[0] if pair[0] == pair[1] else list(pair)
