"""Inputs whose shapes other libraries write so: with the channels last, or with the batch."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.compiler.trace import Trace
from archspec.errors import Help
from archspec.network import Applied, Body, Network
from archspec.ops.tensor import Shape

_COLOURS = (1, 3, 4)
"""Channels of a picture."""
_LEAST_SIDE = 8
"""A side of a picture has as many places, and more than a picture has channels."""
REARRANGING = frozenset(["flatten", "layer_norm", "linear", "permute", "reshape", "slice", "split"])
"""What a network begins with that knows its input to be laid out in another way."""


def odd_inputs(network: Network, trace: Trace) -> None:
    """What is odd of the shapes of a network's inputs, unless the network rearranges them first."""
    template = network.blocks.template
    for number, name in enumerate(network.blocks.inputs):
        shape = network.inputs.get(name)
        if shape is None or not (_is_channels_last(shape) or _has_batch(shape)):
            continue
        takers = _takers(network.blocks.content, number, set())
        if any(taker.op.name in REARRANGING for taker in takers):
            continue
        place = template.shapes[name]
        if _is_channels_last(shape):
            sides = shape[1:-1] if len(shape) == 4 and shape[0] == 1 else shape[:-1]
            right = f"[{shape[-1]}, {', '.join(map(str, sides))}]"
            message = f"the input `{name}` has its channels first: {shape[0]}, and {shape[-1]} in its last dimension"
            help = Help.instead(f"shapes are channels first: write `{right}`", right)
            trace.report("channels-last", message, place, label="looks like channels last", help=help)
        elif _has_batch(shape):
            channels = f"{shape[0]} channel{'s' * (shape[0] > 1)}"
            message = f"the input `{name}` has {channels} and {len(shape) - 1} spatial dimensions"
            right = f"[{', '.join(map(str, shape[1:]))}]"
            help = Help.instead(f"shapes are without the batch: write `{right}`", right)
            trace.report("batch-in-shape", message, place, label="looks like a shape with its batch", help=help)


def _is_channels_last(shape: Shape) -> bool:
    *sides, last = shape
    if len(sides) < 2 or last not in _COLOURS or min(sides[-2:]) < _LEAST_SIDE:
        return False
    return last == 3 or sides[-2] == sides[-1]


def _has_batch(shape: Shape) -> bool:
    """Whether a shape of three spatial dimensions is that of pictures: a volume with so few layers is rare."""
    if len(shape) != 4 or min(shape[2:]) < _LEAST_SIDE:
        return False
    batch, channels = shape[:2]
    return (channels == 3 and batch not in (3, 4)) or batch == channels == 1


def _takers(body: Body, number: int, seen: set[tuple[int, int]]) -> Iterator[Applied]:
    """The ops that take an input of a body, in the blocks inside too; those of equal blocks once."""
    if (id(body), number) in seen:
        return
    seen.add((id(body), number))
    for use in body.firsts():
        for place, origin in enumerate(use.inputs):
            if origin == number and isinstance(use.content, Applied):
                yield use.content
            elif origin == number and isinstance(use.content, Body):
                yield from _takers(use.content, place, seen)
