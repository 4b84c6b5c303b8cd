"""What one run of a module was: calls of modules and of functions of torch, and the tensors that went through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(eq=False)
class Value:
    """A tensor as it was at one time: one that is changed in place is another value from then on.

    Attributes:
        number: How many values were before it.
        sizes: Its shape, of sizes that grow with the batch `Batched`, once two runs are compared.
        dtype: Its data type.
        fixed: Its numbers, where they depend on no input and no parameter.
        stale: Why it cannot be used any longer; empty while it can.
        origin: The call that gives it, where its numbers are known.
        pooled: Of places of maxima, the shape of a sample of what was pooled.
    """

    number: int
    sizes: tuple[Any, ...]
    dtype: torch.dtype
    fixed: Tensor | None = None
    stale: str = ""
    origin: Call | None = None
    pooled: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Held:
    """A parameter or buffer that a module holds.

    Attributes:
        name: Its name in the state_dict.
        shape: Its shape.
        is_parameter: Whether it is a parameter.
        fixed: The numbers of a buffer.
        computed: How it is computed of its parts at each call, as arguments of ops, whose `parametrize` says it; empty
            where it is not.
        parts: The tensors of which it is computed, by the names that ops have for them.
    """

    name: str
    shape: tuple[int, ...]
    is_parameter: bool
    fixed: Tensor | None = field(default=None, compare=False)
    computed: Mapping[str, Any] = field(default_factory=dict, compare=False)
    parts: Mapping[str, Held] = field(default_factory=dict, compare=False)

    @property
    def owner(self) -> str:
        """The name of the module whose tensor it is, that of which its weight is computed too."""
        owner, found, _ = f".{self.name}".partition(".parametrizations.")
        return owner[1:] if found else self.name.rpartition(".")[0]


@dataclass(eq=False)
class Call:
    """A call of a function of torch.

    Attributes:
        function: The function's name, such as ``conv2d``; of a method of tensors its name too.
        args: What it was given, with `Value` and `Held` in place of tensors.
        kwargs: The same by name.
        outputs: The tensors that it gave, in order.
        place: The line of the source that calls it.
    """

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Value]
    place: str

    @property
    def operands(self) -> Iterator[Value]:
        """The tensors that it takes, besides those that a module holds."""
        return (leaf for leaf in leaves((self.args, self.kwargs)) if isinstance(leaf, Value))


@dataclass(eq=False)
class Visit:
    """A call of a module.

    Attributes:
        path: Its name in the network; empty for the network itself.
        module: The module.
        inputs: What it was given by position, with `Value` in place of tensors.
        keywords: What it was given by name.
        steps: What it called, in order.
        outputs: What it gave, with `Value` in place of tensors.
        place: The line of the source that calls it.
    """

    path: str
    module: nn.Module
    inputs: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    steps: list[Call | Visit] = field(default_factory=list)
    outputs: Any = None
    place: str = ""

    def calls(self) -> Iterator[Call]:
        """The calls of functions in it, and in the modules that it calls, in order."""
        for step in self.steps:
            if isinstance(step, Call):
                yield step
            else:
                yield from step.calls()


class UnrecordableError(Exception):
    """What a module does cannot be followed."""


def leaves(given: Any) -> Iterator[Any]:
    """What stands in lists, tuples and mappings, however deep."""
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, list | tuple):
        for item in given:
            yield from leaves(item)
    else:
        yield given


@dataclass
class Run:
    """One run of a module.

    Attributes:
        root: Its call.
        inputs: The values that it was given.
        flops: Its FLOPs, as PyTorch counts them.
        dropping: Modules that the network does not hold, which drop numbers in evaluation too.
    """

    root: Visit
    inputs: list[Value]
    flops: int
    dropping: list[str]
