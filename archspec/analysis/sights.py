"""What the places of every tensor of a network see of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Literal, NamedTuple

from archspec.analysis.reading import reads
from archspec.analysis.rearrangement import reshaped
from archspec.analysis.sight import (
    MOST_PLACES,
    Blur,
    Scene,
    Sight,
    Walk,
    as_scene,
    blurred,
    dims_of,
    joined,
    read,
    settled,
    spread,
    tidy,
    whole,
    within,
    work,
)  # fmt: skip
from archspec.network import Applied, Node, kept
from archspec.ops.facts import Along, Reads
from archspec.ops.tensor import Shape

Axis = tuple[str, int]
"""A spatial dimension of an input: the input's name, and the dimension's index into its shape."""

Sights = Mapping[Axis, Sight | None]
"""What a tensor's places see of each dimension of the inputs that it depends on; None where that is not known."""


def unbounded(inputs: Mapping[str, Shape], nodes: Iterable[Node]) -> dict[str, Sights]:
    """What places see by the path of node or input, as if no border were near."""
    return _Looking(inputs, nodes, _no_border, True).sights


def _no_border(dim: int, _size: int) -> Sight:
    return Walk(dim, 1, 1, ((0, 0),))


def bounded(inputs: Mapping[str, Shape], nodes: Iterable[Node]) -> dict[str, Sights]:
    """What places truly see by the path of node or input: no zeros of a padding, and what repeats the input in it."""
    return _Looking(inputs, nodes, _each_place, False).sights


def _each_place(dim: int, size: int) -> Sight:
    if size > MOST_PLACES:
        return Blur((dim,), (0, size - 1))
    return tidy(Scene((dim,), (size,), tuple((place, place) for place in range(size))))


class _Way(NamedTuple):
    """How an op reads, worked out once for all nodes that have it.

    Attributes:
        reads: How it reads each dimension of its operands; None where it is unknown.
        plain: Whether each place reads the same place of operands of one shape.
        blind: For each operand, whether nothing of it is read: there are places of a padding alone along a dimension.
    """

    reads: Reads | Literal["reshaped"] | None
    plain: bool
    blind: tuple[bool, ...]

    @classmethod
    def of(cls, applied: Applied, unbounded: bool) -> _Way:
        found = reads(applied)
        same = tuple(map(Along.same, range(len(applied.shape))))
        plain = isinstance(found, tuple) and all(way == same for way in found)
        blind: tuple[bool, ...] = ()
        if isinstance(found, tuple):
            each = zip(found, applied.input_shapes, strict=True)
            blind = tuple(_is_blind(ways, shape, applied.shape, unbounded) for ways, shape in each)
        return cls(found, plain and set(applied.input_shapes) == {applied.shape}, blind)


@kept
def _without_border(applied: Applied) -> _Way:
    return _Way.of(applied, True)


@kept
def _within_border(applied: Applied) -> _Way:
    return _Way.of(applied, False)


def _is_blind(ways: tuple[Along, ...], shape: Shape, output: Shape, unbounded: bool) -> bool:
    """Whether there is a dimension along which no place reads anything."""
    if unbounded:
        return not all(any(way.taps.places) for way in ways)
    return any(
        not any(within(way.taps, place, size) for place in range(1 if way.dim is None else output[way.dim]))
        for way, size in zip(ways, shape, strict=True)
    )


MOST_LISTED, MOST_PLACES_LISTED = 2**19, 2**22
"""Spans that are held for a network, without and with borders; what comes after has only the hull of all places."""
MOST_WORK = 2**23
"""Places that are looked up for a network where what is seen is no even walk; what comes after has only the hull."""


class _Looking:
    """One pass over the nodes of a network.

    Attributes:
        sights: What was found, by the path of node or input.
    """

    def __init__(
        self,
        inputs: Mapping[str, Shape],
        nodes: Iterable[Node],
        start: Callable[[int, int], Sight],
        unbounded: bool,
    ) -> None:
        self._inputs = inputs
        self._unbounded = unbounded
        self._way = _without_border if unbounded else _within_border
        self._spare = MOST_LISTED if unbounded else MOST_PLACES_LISTED
        self._work = MOST_WORK
        self.sights: dict[str, Sights] = {
            name: {(name, dim): start(dim, shape[dim]) for dim in range(1, len(shape))}
            for name, shape in inputs.items()
        }
        for node in nodes:
            self.sights[node.path] = self._through(node)

    def _through(self, node: Node) -> Sights:
        applied = node.applied
        way = self._way(applied)
        operands = [self.sights[path] for path in node.inputs]
        if way.plain and len(operands) == 1:
            return operands[0]
        if way.reads is None:
            return {axis: None for operand in operands for axis in operand}
        if way.reads == "reshaped":
            operands = [self._operand(operands[0], applied.input_shapes[0], None, applied.shape)]
        elif not way.plain:
            each = zip(operands, applied.input_shapes, way.reads, way.blind, strict=True)
            operands = [
                {} if blind else self._operand(operand, shape, ways, applied.shape)
                for operand, shape, ways, blind in each
            ]
            operands = _parted(operands, applied, way.reads)
        if len(operands) == 1:
            return {axis: sight and self._kept(sight, applied.shape) for axis, sight in operands[0].items()}
        axes = dict.fromkeys(axis for operand in operands for axis in operand)
        seen = {axis: [operand[axis] for operand in operands if axis in operand] for axis in axes}
        return {axis: self._joined(sights, axis, applied.shape) for axis, sights in seen.items()}

    def _operand(self, sights: Sights, shape: Shape, ways: tuple[Along, ...] | None, output: Shape) -> Sights:
        """What the output's places see through one operand, read in some ways, or reshaped."""
        found: dict[Axis, Sight | None] = {}
        like: tuple[Walk, Walk] | None = None  # what is seen along the axis before, and what of it was found
        for axis, sight in sights.items():
            if like and ways and isinstance(sight, Walk) and sight[1:] == like[0][1:]:
                way, before = ways[sight.dim], ways[like[0].dim]
                if way.taps == before.taps and way.dim is not None and before.dim is not None:
                    found[axis] = like[1]._replace(dim=way.dim)
                    continue
            if sight is None:
                found[axis] = None
            elif ways is None:
                after = reshaped(sight, shape, output, unbounded=self._unbounded)
                found[axis] = settled(after, self._extent(axis))
            elif isinstance(sight, Scene) and self._is_too_much(work(sight, ways, output)):
                found[axis] = blurred(sight, ways)
            else:
                after = found[axis] = read(sight, ways, shape, output, self._extent(axis), unbounded=self._unbounded)
                like = (sight, after) if isinstance(sight, Walk) and isinstance(after, Walk) else None
        return found

    def _is_too_much(self, work: int) -> bool:
        self._work -= work
        return self._work < 0

    def _joined(self, sights: list[Sight | None], axis: Axis, shape: Shape) -> Sight | None:
        known = [sight for sight in sights if sight is not None]
        if len(known) < len(sights):
            return None
        return self._kept(joined(known, shape, self._extent(axis)), shape)

    def _kept(self, sight: Sight, shape: Shape) -> Sight:
        """What is seen, blurred where too much is held already."""
        if isinstance(sight, Blur) or len(sight.spans) == 1:
            return sight
        self._spare -= len(sight.spans)
        return sight if self._spare >= 0 else Blur(dims_of(sight), whole(sight, shape))

    def _extent(self, axis: Axis) -> int:
        name, dim = axis
        return self._inputs[name][dim]


def _parted(operands: list[Sights], applied: Applied, ways: Reads) -> list[Sights]:
    """Where operands stand one behind another along places, each is seen only where it stands.

    Along channels all are seen: the channels of a place are taken together.
    """
    shape = applied.shape
    if any(len(way) != len(shape) for way in ways):  # as of a stack, whose operands lie along a dimension of their own
        return operands
    places = {dim for operand in operands for sight in operand.values() if sight for dim in dims_of(sight)}
    for dim, size in enumerate(shape):
        if dim in places and len(operands) > 1 and any(way[dim].taps.beyond == "end" for way in ways):
            stands = (way[dim].taps.places[0].start for way in ways)
            spots = [range(-start, -start + own[dim]) for start, own in zip(stands, applied.input_shapes, strict=True)]
            return [
                {axis: sight and _only(sight, dim, spot, size, shape) for axis, sight in operand.items()}
                for operand, spot in zip(operands, spots, strict=True)
            ]
    return operands


def _only(sight: Sight, dim: int, spot: range, size: int, shape: Shape) -> Sight:
    """A sight of the places that lie in a part of a dimension alone."""
    if dim in dims_of(sight):
        return sight
    dims = tuple(sorted({*dims_of(sight), dim}))
    sizes = tuple(shape[each] for each in dims)
    scene = sight if isinstance(sight, Blur) else as_scene(sight, shape)
    if isinstance(scene, Blur) or prod(sizes) > MOST_PLACES:
        return Blur(dims, whole(sight, shape))
    inner = prod(sizes[dims.index(dim) + 1 :])
    spans = enumerate(spread(scene, dims, sizes))
    return Scene(dims, sizes, tuple(span if number // inner % size in spot else None for number, span in spans))
