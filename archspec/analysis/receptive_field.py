"""Receptive fields: how much of the input each place of each tensor sees.

Each op says what it reads (`Op.reach`); from that the places are followed back to the input (`sights`). Where paths
join, the field is the smallest interval that holds all of theirs. The terms are those of A. Araujo, W. Norris, J. Sim,
"Computing Receptive Fields of Convolutional Neural Networks", Distill 2019, whose recurrence holds for convolutions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from operator import mul
from typing import NamedTuple

from archspec.analysis.sight import (
    NOTHING,
    Blur,
    Scene,
    Sight,
    Span,
    Walk,
    as_scene,
    everywhere,
    hull,
    inside,
    joined,
    whole,
)
from archspec.analysis.sights import Sights, bounded, unbounded
from archspec.errors import UsageError
from archspec.network import Context, Network, Node, ReceptiveField
from archspec.ops.tensor import Shape


class _Line(NamedTuple):
    """The field along one dimension, with the attributes of `ReceptiveField`."""

    size: int
    stride: Fraction
    start: int
    least: int
    before: Fraction | None
    after: Fraction | None


def receptive_fields(network: Network, input: str | None = None) -> dict[str, ReceptiveField | None]:
    """The receptive field of each node by path; None where it is not known, or nothing of the input is seen.

    It is unknown behind an op without a rule. Statistics that normalisations take over places are not counted. The
    channels of a place are taken together, and so are those that were concatenated and taken apart again; features
    alone are channels of one place.

    Args:
        network: The network.
        input: The name of the input that is seen; unless given all together, which are taken to lie on each other, and
            the field is not known where a node sees several of different sizes.

    Raises:
        UsageError: There is no such input.
    """
    if _named(network, input) is None:
        return dict(network.receptive_fields)
    return find(network.inputs, network, input)


def find(
    inputs: Mapping[str, Shape], nodes: Iterable[Node], input: str | None = None
) -> dict[str, ReceptiveField | None]:
    """The fields of nodes in topological order: `receptive_fields` says what they are."""
    seen = inputs if input is None else {input: inputs[input]}
    sights = unbounded(inputs, nodes := list(nodes))
    found: dict[tuple[int, Shape], ReceptiveField | None] = {}
    fields = {}
    for node in nodes:
        key = id(sights[node.path]), node.shape
        if key not in found:
            found[key] = _field(sights[node.path], node.shape, seen)
        fields[node.path] = found[key]
    return fields


Context.find_fields = staticmethod(find)


def _named(network: Network, input: str | None) -> str | None:
    if input is not None and input not in network.inputs:
        raise UsageError(f"the network has no input `{input}`; it has {', '.join(network.inputs)}")
    return input


def _field(sights: Sights, shape: Shape, inputs: Mapping[str, Shape]) -> ReceptiveField | None:
    if len(inputs) > 1:
        inputs = {name: inputs[name] for name in inputs if any(seen == name for seen, _ in sights)} or inputs
    sizes = {shape[1:] for shape in inputs.values()}
    if len(sizes) > 1:
        return None
    extent = sizes.pop()
    lines: list[_Line] = []
    last: Sight | None = None
    for dim, size in enumerate(extent, 1):
        seen = [sights[name, dim] for name in inputs if (name, dim) in sights]
        known = [sight for sight in seen if sight is not None]
        if not known or len(known) < len(seen):
            return None
        sight = joined(known, shape, size)
        if sight == NOTHING:
            return None
        alike = isinstance(sight, Walk) and isinstance(last, Walk) and sight[1:] == last[1:] and len(shape) > 1
        line, last = lines[-1] if alike else _line(sight, shape, size), sight
        if line is None:
            return None
        lines.append(line)
    return ReceptiveField(*zip(*lines, strict=True)) if lines else ReceptiveField.whole(())


def _line(sight: Sight, shape: Shape, extent: int) -> _Line | None:
    if len(shape) < 2:
        return _steady(inside(whole(sight, shape), extent))
    if isinstance(sight, Blur):
        return None
    sizes = [0 if span is None else span[1] - span[0] + 1 for span in sight.spans]
    if isinstance(sight, Scene):
        first = sight.spans[0]
        return _Line(max(sizes), Fraction(0), first[0] if first else 0, min(sizes), None, None)
    stride = Fraction(sight.advance, sight.period)
    seen = [(place, span) for place, span in enumerate(sight.spans) if span is not None]
    period, advance = sight.period, sight.advance
    before = max((place * advance - span[0] * period for place, span in seen), default=0)
    after = max(((span[1] + 1) * period - (place + 1) * advance for place, span in seen), default=0)
    start = sight.spans[0][0] if sight.spans[0] else 0
    return _Line(max(sizes), stride, start, min(sizes), Fraction(before, period), Fraction(after, period))


def _steady(span: Span) -> _Line:
    """The field where all places see the same."""
    size = 0 if span is None else span[1] - span[0] + 1
    return _Line(size, Fraction(0), span[0] if span else 0, size, None, None)


class Seen(NamedTuple):
    """What the places of one tensor truly see of an input: no zeros of a padding, and what it repeats where that is.

    Attributes:
        shape: The tensor's shape.
        sights: What is seen of each spatial dimension of the input.
    """

    shape: Shape
    sights: tuple[Sight, ...]

    def at(self, place: tuple[int, ...]) -> tuple[range, ...] | None:
        """From the first to the last place that is seen, for each spatial dimension of the input.

        Args:
            place: One index for each dimension of the tensor but the channels.

        Returns:
            A range each, empty where nothing is seen; None where it is not known, behind ops without a rule and for
            tensors of more than 65,536 places.
        """
        spans = [_at(sight, self.shape, place) for sight in self.sights]
        return None if any(span is None for span in spans) else tuple(span for span in spans if span is not None)


def seen(network: Network, input: str | None = None) -> dict[str, Seen | None]:
    """What the places of each node truly see of an input; None where it is not known.

    Args:
        network: The network.
        input: The name of the input; the first unless given.

    Raises:
        UsageError: There is no such input.
    """
    name = _named(network, input) or next(iter(network.inputs))
    dims = range(1, len(network.inputs[name]))
    sights = bounded(network.inputs, network)
    found: dict[str, Seen | None] = {}
    for node in network:
        known = [sights[node.path].get((name, dim), everywhere(None)) for dim in dims]
        listed = tuple(sight for sight in known if sight is not None)
        found[node.path] = Seen(node.shape, listed) if len(listed) == len(known) else None
    return found


def _at(sight: Sight, shape: Shape, place: tuple[int, ...]) -> range | None:
    """What a place sees, all channels together."""
    if isinstance(sight, Blur):
        return None
    scene = as_scene(sight, shape)
    assert isinstance(scene, Scene)
    index = [range(size) if dim == 0 else (place[dim - 1],) for dim, size in zip(scene.dims, scene.sizes, strict=True)]
    steps = [prod(scene.sizes[axis + 1 :]) for axis in range(len(scene.sizes))]
    numbers = (sum(map(mul, each, steps)) for each in product(*index))
    span = hull(scene.spans[number] for number in numbers)
    return range(span[0], span[1] + 1) if span else range(0)
