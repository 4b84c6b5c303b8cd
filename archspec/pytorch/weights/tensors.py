"""Names and shapes of tensors, as checkpoints have them."""

from __future__ import annotations

from math import prod

from archspec.network import Network
from archspec.ops.tensor import Shape

_COUNTER = "num_batches_tracked"
"""The buffer of batch normalisation that checkpoints of PyTorch before 0.4.1 lack."""


def module_of(name: str) -> str:
    """The module that a tensor, or a module, is in; empty for the outermost."""
    return name.rpartition(".")[0]


def tensor_of(name: str) -> str:
    """What a tensor is called in its module."""
    return name.rpartition(".")[2]


def is_counter(name: str) -> bool:
    """Whether it counts the batches that a normalisation has seen."""
    return name.rpartition(".")[2] == _COUNTER


def constants(network: Network) -> frozenset[str]:
    """The buffers of a network whose numbers follow from its arguments."""
    return frozenset(node.op.key(node.path, name) for node in network for name in node.op.constants)


def fits(expected: Shape, found: Shape) -> bool:
    """Whether a tensor can take another's place: its elements, one after another, are those of the other.

    So it is with sizes of 1 at the end, with the batch that others give a class token, with a convolution over a whole
    map, which is a linear layer behind ``flatten``, and with one of each of several maps, whose kernel across is 1.
    """
    if core(expected) == core(found) or found == (1, *expected):
        return True
    if len(expected) > 3 and expected[2] == 1 and (*expected[:2], *expected[3:]) == found:
        return True
    is_linear = len(expected) == 2 and len(found) > 2
    return is_linear and expected[0] == found[0] and expected[1] == prod(found[1:])


def core(shape: Shape) -> Shape:
    """A shape without sizes of 1 at its end."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape
