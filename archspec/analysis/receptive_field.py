"""Receptive fields: how much of the input each place of each tensor sees.

Source: A. Araujo, W. Norris, J. Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019;
the recurrence of its equations 1 and 2, run forward. Where paths join, the field is the smallest interval that holds
all of theirs.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from archspec.network import Network, Node
from archspec.ops.facts import Window


class ReceptiveField(NamedTuple):
    """What a place of a tensor sees of the network's input, for each spatial dimension.

    Attributes:
        size: Places of the input; more than the input has where padding is seen.
        stride: Steps of the input for one step of the tensor.
        start: The first place that the tensor's first place sees; negative inside padding.
    """

    size: tuple[int, ...]
    stride: tuple[Fraction, ...]
    start: tuple[Fraction, ...]

    @property
    def padding(self) -> tuple[Fraction, ...]:
        """Effective padding: how far the first place sees beyond the input's edge."""
        return tuple(max(Fraction(0), -start) for start in self.start)

    @classmethod
    def whole(cls, sizes: tuple[int, ...]) -> ReceptiveField:
        """The whole input, for every place of the tensor."""
        return cls(sizes, (Fraction(0),) * len(sizes), (Fraction(0),) * len(sizes))


def receptive_fields(network: Network) -> dict[str, ReceptiveField | None]:
    """The receptive field of each node by path; None where it is not known.

    It is unknown behind an op without a rule, where paths of different stride join, and for networks whose inputs
    differ in size. Statistics that normalisations take over the whole input are not counted.
    """
    sizes = {shape[1:] for shape in network.inputs.values()}
    if len(sizes) != 1:
        return dict.fromkeys((node.path for node in network), None)
    extent = sizes.pop()
    ones = tuple(Fraction(1) for _ in extent)
    start = ReceptiveField((1,) * len(extent), ones, tuple(Fraction(0) for _ in extent))
    fields: dict[str, ReceptiveField | None] = dict.fromkeys(network.inputs, start)
    for node in network:
        fields[node.path] = _through(node, _joined([fields[path] for path in node.inputs], extent), extent)
    return {node.path: fields[node.path] for node in network}


def _through(node: Node, field: ReceptiveField | None, extent: tuple[int, ...]) -> ReceptiveField | None:
    reach = node.op.reach(node.input_shapes, node.shape)
    if field is None or reach == "unknown":
        return None
    if not isinstance(reach, Window) or len(reach.kernel) != len(field.size):
        return ReceptiveField.whole(extent)
    axes = list(zip(field.size, field.stride, field.start, reach.kernel, reach.stride, reach.padding, strict=True))
    return ReceptiveField(
        size=tuple(ceil(size + (kernel - 1) * stride) for size, stride, _, kernel, _, _ in axes),
        stride=tuple(stride * step for _, stride, _, _, step, _ in axes),
        start=tuple(start - padding * stride for _, stride, start, _, _, padding in axes),
    )


def _joined(fields: list[ReceptiveField | None], extent: tuple[int, ...]) -> ReceptiveField | None:
    known = [field for field in fields if field is not None]
    if len(known) < len(fields):
        return None
    if len({field.stride for field in known}) > 1:
        # Stride 0 is the whole input, which holds every other field.
        return ReceptiveField.whole(extent) if any(0 in field.stride for field in known) else None
    starts = tuple(map(min, zip(*(field.start for field in known), strict=True)))
    ends = [max(field.start[axis] + field.size[axis] for field in known) for axis in range(len(known[0].size))]
    size = tuple(ceil(end - start) for end, start in zip(ends, starts, strict=True))
    return ReceptiveField(size, known[0].stride, starts)
