"""Two runs with batches of different sizes: what differs by the ratio of the batches is the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from archspec.importers.module.runs import Call, Held, UnrecordableError, Value, Visit

BATCHES = (2, 3)
"""The sizes of the two batches."""


@dataclass(frozen=True)
class Batched:
    """A size that grows with the batch.

    Attributes:
        factor: How much it is for each sample.
        single: Whether it is joined with a dimension of 1.
    """

    factor: int
    single: bool = False

    @property
    def is_joined(self) -> bool:
        """Whether it is one dimension with another."""
        return self.factor > 1 or self.single


def compare(first: Visit, second: Visit) -> None:
    """Put `Batched` in place of the sizes of the first run that the second one has otherwise.

    Raises:
        UnrecordableError: They differ in more.
    """
    if len(first.steps) != len(second.steps):
        raise UnrecordableError(f"what `{first.path or 'the network'}` calls depends on the size of the batch")
    for one, other in zip(first.steps, second.steps, strict=True):
        if isinstance(one, Visit) and isinstance(other, Visit) and one.path == other.path:
            compare(one, other)
        elif isinstance(one, Call) and isinstance(other, Call) and one.function == other.function:
            _compare_calls(one, other)
        else:
            raise UnrecordableError(f"what `{first.path or 'the network'}` calls depends on the size of the batch")


def _compare_calls(one: Call, other: Call) -> None:
    one.args = _merged(one.args, other.args, one)
    one.kwargs = _merged(one.kwargs, other.kwargs, one)
    for mine, its in zip(one.outputs, other.outputs, strict=True):
        merge_values(mine, its)


def merge_values(one: Value, other: Value) -> None:
    """State the shape of a value, from its shapes in both runs; of one that is known, one sample.

    Raises:
        UnrecordableError: It depends on the size of the batch otherwise than in proportion.
    """
    if one.fixed is not None and other.fixed is not None and any(isinstance(size, Batched) for size in one.sizes):
        return
    if one.fixed is not None and other.fixed is not None:
        numbers = one.fixed
        for dim, pair in enumerate(zip(one.sizes, other.sizes, strict=True)):
            if pair[0] != pair[1]:
                numbers = numbers.narrow(dim, 0, pair[0] // BATCHES[0])
        same = all(torch.equal(numbers.expand_as(each), each) if _is_one_of(numbers, each) else False
                   for each in (one.fixed, other.fixed))  # fmt: skip
        if not same:
            raise UnrecordableError("numbers that no input gives depend on the size of the batch")
        one.fixed = numbers
    one.sizes = tuple(_size(a, b, "a shape") for a, b in zip(one.sizes, other.sizes, strict=True))
    if one.origin is not None and other.origin is not None:
        theirs, other.origin = other.origin, None  # so that each is compared once
        one.origin = _like(one.origin, theirs)


def _like(one: Call, other: Call) -> Call | None:
    """The call of the first run that gives known numbers; None where that of the second is another."""
    try:
        one.args = _merged(one.args, other.args, one)
        one.kwargs = _merged(one.kwargs, other.kwargs, one)
    except (UnrecordableError, ValueError, KeyError):
        return None
    return one if one.function == other.function else None


def of_one(first: int, second: int) -> int:
    """A figure of one sample, given those of both batches: a part of it may be the same for any batch."""
    return first - (second - first) * (BATCHES[0] - 1) // (BATCHES[1] - BATCHES[0])


def _is_one_of(sample: Tensor, batch: Tensor) -> bool:
    """Whether a batch can be copies of a sample."""
    return all(one in (1, size) for one, size in zip(sample.shape, batch.shape, strict=True))


def _merged(one: Any, other: Any, call: Call) -> Any:
    if isinstance(one, Mapping):
        return {key: _merged(item, other[key], call) for key, item in one.items()}
    if isinstance(one, list | tuple):
        items = [_merged(*pair, call) for pair in zip(one, other, strict=True)]
        return list(items) if isinstance(one, list) else tuple(items)
    if isinstance(one, slice):
        parts = ((getattr(one, part), getattr(other, part)) for part in ("start", "stop", "step"))
        return slice(*(_merged(*pair, call) for pair in parts))
    if isinstance(one, Value) and isinstance(other, Value) and one.fixed is not None:
        merge_values(one, other)
    if isinstance(one, Value | Held) or one is other:
        return one
    return _size(one, other, f"what {call.function} is given at {call.place}")


def _size(one: Any, other: Any, what: str) -> Any:
    if isinstance(one, Batched) or type(one) is not int or one == other:
        return one
    if one * BATCHES[1] != other * BATCHES[0] or one % BATCHES[0]:
        raise UnrecordableError(f"{what} depends on the size of the batch otherwise than in proportion")
    return Batched(one // BATCHES[0])
