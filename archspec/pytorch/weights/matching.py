"""What of a checkpoint fits a network, as a value and as a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from typing_extensions import override

from archspec.errors import shown
from archspec.ops.tensor import show
from archspec.pytorch.weights.mismatches import Misshapen, Missing, Unexpected, likely_pairs
from archspec.pytorch.weights.tensors import module_of, tensor_of

_MOST_LISTED = 1_000
"""Tensors of one kind in a report; `Matching` has them all."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What of a checkpoint fits a network.

    Attributes:
        source: The rules it was matched by, such as ``torchvision``; empty for the network's own names.
        names: For each tensor of the network that fits, its name in the checkpoint.
        reshaped: Those of them whose shapes differ, though not the order of their elements, such as those of a linear
            layer and of a convolution over the whole map: reshape the checkpoint's tensor to the network's shape.
        missing: Tensors that the checkpoint does not have.
        unexpected: Tensors that the network does not have.
        misshapen: Tensors of another shape.
        left_out: Names in the checkpoint that a rule leaves out.
        untouched: Counters of batches, and buffers that are always the same, which the checkpoint lacks. That is no
            fault: they keep their values.
    """

    source: str
    names: Mapping[str, str]
    reshaped: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    unexpected: tuple[Unexpected, ...] = ()
    misshapen: tuple[Misshapen, ...] = ()
    left_out: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()

    @property
    def problems(self) -> int:
        """The number of tensors that do not match."""
        return len(self.missing) + len(self.unexpected) + len(self.misshapen)

    @property
    def ok(self) -> bool:
        """Whether every tensor of the network, and of the checkpoint but what rules leave out, has its counterpart."""
        return not self.problems

    @override
    def __repr__(self) -> str:
        return f"<Matching: {_summary(self)}; {self.problems} problem{'s' * (self.problems != 1)}>"

    @override
    def __str__(self) -> str:
        return "\n".join(_report(self))


def _summary(matching: Matching) -> str:
    total = len(matching.names) + len(matching.missing) + len(matching.misshapen)
    by = f", by the rules for {matching.source}" if matching.source else ""
    return f"{len(matching.names)} of {total} tensors match{by}"


def _report(matching: Matching) -> Iterator[str]:
    yield _summary(matching)
    if matching.missing:
        yield f"missing from the checkpoint: {len(matching.missing)}"
        yield from _lines((f"{m.name} ({show(m.shape)})", m.suggestion) for m in matching.missing)
    if matching.unexpected:
        yield f"unknown to the network: {len(matching.unexpected)}"
        yield from _lines((f"{u.key} ({show(u.shape)})", u.suggestion) for u in matching.unexpected)
    if matching.misshapen:
        yield f"of another shape: {len(matching.misshapen)}"
        yield from _lines((_shapes(m), m.suggestion) for m in matching.misshapen)
    if matching.left_out:
        yield f"left out by the rules: {len(matching.left_out)}"
    rule = _rule(matching)
    if rule:
        yield shown(f"help: the spec can rename them, for example with `weights: {{checkpoint: {{{rule}}}}}`")


def _lines(problems: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A line for each of the first problems; names are a checkpoint's, and hold anything."""
    listed = iter(problems)
    for text, suggestion in islice(listed, _MOST_LISTED):
        yield shown(f"  {text}" + (f": {suggestion}" if suggestion else ""))
    left = sum(1 for _ in listed)
    if left:
        yield f"  and {left:,} more"


def _shapes(tensor: Misshapen) -> str:
    named = "" if tensor.key == tensor.name else f", here `{tensor.name}`,"
    return f"{tensor.key}{named} is {show(tensor.found)}, and not {show(tensor.expected)}"


def _rule(matching: Matching) -> str:
    """A rule that renames a tensor as suggested; empty where none is."""
    pairs = likely_pairs(matching.missing, matching.unexpected)
    if not pairs:
        return ""
    name, key = next(iter(pairs.items()))
    while "." in name and "." in key and tensor_of(name) == tensor_of(key):
        name, key = module_of(name), module_of(key)
    return f'"{key}": "{name}"'
