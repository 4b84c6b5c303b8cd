"""Repeats that are loops in ``forward``: each copy takes what the one before gives, and others what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from archspec.network import Block, Node
from archspec.ops.facts import Module
from archspec.pytorch.emitter.instances import Instances, copies, given, is_sequence


class Pattern(NamedTuple):
    """How the copies of a repeat are called.

    Attributes:
        ports: Names of what each gives.
        handed: For each operand that is handed on, by its number, the number of what the copy before gives.
    """

    ports: tuple[str, ...]
    handed: Mapping[int, int]


def pattern(instances: Instances, repeats: Sequence[Block]) -> Pattern | None:
    """How the copies of repeats are called in a loop; None where they cannot be, or nowhere are two."""
    parts = [[copy for _, copy in copies(repeat)] for repeat in repeats]
    if max(map(len, parts)) < 2 or not all(_fits(instances, copy) for part in parts for copy in part):
        return None
    if any([copy.name for copy in part] != list(map(str, range(len(part)))) for part in parts):
        return None
    ports = {tuple(given(instances, copy)) for part in parts for copy in part}
    counts = {len(instances.taken(copy)) for part in parts for copy in part}
    found = {_handed(instances, part) for part in parts if len(part) > 1}
    if len(ports) != 1 or len(counts) != 1 or len(found) != 1:
        return None
    handed = found.pop()
    if handed is None or len({port for _, port in handed}) != len(handed):
        return None
    return Pattern(ports.pop(), dict(handed))


def _fits(instances: Instances, copy: Block | Node) -> bool:
    """Whether a copy is a layer."""
    if isinstance(copy, Node):
        return isinstance(copy.op.torch(copy.input_shapes), Module)
    return copy.kind != "repeat" or is_sequence(instances, copy)


def _handed(instances: Instances, part: Sequence[Block | Node]) -> tuple[tuple[int, int], ...] | None:
    """The operands that copies hand on, each with the number of what it is; None where they do not do so alike."""
    start, found = instances.taken(part[0]), set()
    for before, copy in pairwise(part):
        gives = list(given(instances, before).values())
        taken = instances.taken(copy)
        handed = [(number, path) for number, path in enumerate(taken) if path not in start[number : number + 1]]
        if not all(path in gives for _, path in handed):
            return None
        found.add(tuple((number, gives.index(path)) for number, path in handed))
    return found.pop() if len(found) == 1 else None
