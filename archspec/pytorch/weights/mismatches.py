"""Tensors of a network and of a checkpoint that have no counterpart, and which of them may be the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from archspec.errors import nearest
from archspec.ops.tensor import Shape
from archspec.pytorch.weights.tensors import core, tensor_of

_LONGEST = 200
_MOST_COMPARED = 20
"""Names for which a similar one is searched; comparing takes time."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A tensor of the network that the checkpoint does not have."""

    name: str
    shape: Shape
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A tensor of the checkpoint, under its own name, that the network does not have."""

    key: str
    shape: Shape
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Misshapen:
    """A tensor whose shape in the checkpoint is another one: ``name`` in the network, ``key`` in the checkpoint."""

    name: str
    key: str
    expected: Shape
    found: Shape
    suggestion: str = ""


def likely_pairs(missing: Iterable[Missing], unexpected: Iterable[Unexpected]) -> dict[str, str]:
    """Missing tensors and unexpected ones that may be the same: of one shape and in one order, or of similar names."""
    wanted, offered = defaultdict(list), defaultdict(list)
    for tensor in missing:
        wanted[tensor_of(tensor.name), core(tensor.shape)].append(tensor.name)
    for other in unexpected:
        offered[tensor_of(other.key), core(other.shape)].append(other.key)
    pairs: dict[str, str] = {}
    for kind, names in wanted.items():
        if len(names) == len(offered[kind]):
            pairs.update(zip(names, offered[kind], strict=True))
    paired = set(pairs.values())
    rest = dict.fromkeys(key for other in unexpected if (key := other.key) not in paired and len(key) <= _LONGEST)
    for tensor in [tensor for tensor in missing if tensor.name not in pairs][:_MOST_COMPARED]:
        near = nearest(tensor.name, rest)
        if near:
            pairs[tensor.name] = near
            del rest[near]
    return pairs
