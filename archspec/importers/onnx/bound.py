"""A node of a file with what it takes, to be said as functions of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions import Bound as Called
from archspec.importers.module.functions import rule as torch_rule
from archspec.importers.onnx.arithmetic import axes_of
from archspec.importers.onnx.model import Array, Model, Step

Operand = Tensor | Array


class UnsaidError(Exception):
    """What a node does cannot be said."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


@torch.overrides.wrap_torch_function(lambda value, _doc: (value,))
def unsaid(value: Tensor, _doc: str) -> Tensor:
    """What stands for a node that cannot be said: what it takes."""
    return value.clone()


@torch_rule("unsaid", "input doc")
def _unsaid(b: Called) -> Wire:
    wire = b.node("identity")
    assert wire.node is not None
    wire.node.arguments["doc"] = b["doc"]
    return wire


@dataclass
class Bound:
    """A node and what it takes.

    Attributes:
        step: The node.
        given: What it takes: tensors that are seen, weights among them, and numbers that are known.
        model: The file.
        batch: The size of the batch.
    """

    step: Step
    given: Sequence[Operand | None]
    model: Model
    batch: int

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default; a float as short as its 32 bits are."""
        value = self.step.attributes.get(name, default)
        return short(value) if isinstance(value, float) else value

    def any(self, number: int) -> Operand | None:
        """An operand; None for one that is left out."""
        return self.given[number] if number < len(self.given) else None

    def optional(self, number: int) -> Tensor | None:
        """An operand as a tensor; None for one that is left out."""
        value = self.any(number)
        return value if value is None or isinstance(value, Tensor) else _seen(value)

    def tensor(self, number: int = 0) -> Tensor:
        """An operand as a tensor."""
        value = self.optional(number)
        if value is None:
            raise UnsaidError(f"it lacks its operand {number + 1}")
        return value

    def numbers(self, number: int) -> Array | None:
        """An operand whose numbers are known.

        Raises:
            UnsaidError: They depend on an input.
        """
        value = self.any(number)
        if isinstance(value, Tensor):
            raise UnsaidError(f"its operand {number + 1} depends on what the network is given, or is trained")
        return value

    def integers(self, number: int, attribute: str = "") -> list[int] | None:
        """Known integers, which older operators have as an attribute."""
        value = self.numbers(number)
        if value is None:
            return list(self.attribute(attribute)) if attribute and self.attribute(attribute) is not None else None
        return [int(each) for each in np.atleast_1d(value).tolist()]

    def axes(self, number: int = 1) -> list[int] | None:
        """The dimensions that it works along."""
        return axes_of(self.step.attributes, self.numbers(number))

    @property
    def static(self) -> int | None:
        """The size of the batch that the file says; None for one that is open."""
        return next(iter(self.model.inputs.values()))[0]

    @property
    def rank(self) -> int:
        """The number of dimensions with a width, of a map."""
        return self.tensor().dim() - 2


def short(value: float) -> float:
    """A number without the digits that its 32 bits do not have."""
    return float(str(np.float32(value)))


def _seen(value: Array) -> Tensor:
    """Known numbers as a tensor whose numbers are known to whoever records."""
    if value.dtype.kind != "f":
        raise UnsaidError(f"numbers of the type {value.dtype} are an operand")
    return torch.tensor(value.astype(np.float32).tolist(), dtype=torch.float32)


Rule = Callable[[Bound], Any]


class Rules(dict[str, Rule]):
    """For operators what they become."""

    def of(self, names: str) -> Callable[[Rule], Rule]:
        """Registers what operators become."""

        def register(function: Rule) -> Rule:
            self.update(dict.fromkeys(names.split(), function))
            return function

        return register
