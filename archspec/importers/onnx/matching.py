"""Who gives and takes what among the nodes of a file, to find several that are one op here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from archspec.importers.onnx.model import Array, Model, Step

Found = tuple[Step, list[Step]] | None
"""A step in the place of others, and these."""


class Nodes:
    """Who gives and takes what."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.makers = {name: step for step in model.steps for name in step.outputs if name}
        self.takers = model.takers()

    def maker(self, name: str, *ops: str) -> Step | None:
        """The step that gives a tensor, where it is of some operators."""
        step = self.makers.get(name)
        return step if step is not None and step.op in ops else None

    def are_inside(self, parts: Sequence[Step], last: Step) -> bool:
        """Whether nothing but the parts takes what all parts but the last give."""
        inside = {id(part) for part in parts}
        return all(
            id(taker) in inside
            for part in parts
            if part is not last
            for name in part.outputs
            for taker in self.takers.get(name, ())
        )

    def number(self, name: str) -> float | None:
        """The one number that a tensor is."""
        known = self.model.numbers.get(name)
        return float(known.reshape(())) if known is not None and known.size == 1 else None

    def known(self, name: str) -> Array | None:
        """The numbers of a tensor."""
        return self.model.numbers.get(name)

    def operands(self, step: Step | None, *ops: str) -> tuple[str, Step] | None:
        """Of a step with two operands the one that is made by some operators, and before it the name of the other."""
        if step is None or len(step.inputs) != 2:
            return None
        for one, other in (step.inputs, step.inputs[::-1]):
            if (maker := self.maker(other, *ops)) is not None:
                return one, maker
        return None

    def with_number(self, step: Step | None, value: float) -> str:
        """What a step takes besides a number; empty where it takes no such."""
        if step is None or len(step.inputs) != 2:
            return ""
        for one, other in (step.inputs, step.inputs[::-1]):
            number = self.number(other)
            if number is not None and abs(number - value) <= 1e-6 * max(1.0, abs(value)):
                return one
        return ""

    def sizes(self, name: str) -> list[int | None] | None:
        """Sizes that are asked for; None in place of one that is computed, or of all."""
        if (known := self.known(name)) is not None:
            return [int(each) for each in np.atleast_1d(known).tolist()]
        parts = self.maker(name, "Concat")
        if parts is None:
            return None
        found = [self.known(each) for each in parts.inputs]
        return [size for each in found for size in ([None] if each is None else each.reshape(-1).tolist())]

    def unscaled(self, name: str, parts: list[Step]) -> tuple[str, float]:
        """What is multiplied by a number, or divided by it, and the factor; the step is noted among the parts."""
        step = self.maker(name, "Mul", "Div")
        number = self.number(step.input(1)) if step else None
        if step is None or number is None:
            return name, 1.0
        parts.append(step)
        return step.input(0), number if step.op == "Mul" else 1 / number

    def turned(self, name: str) -> str:
        """The name of a matrix that is a known one turned."""
        own = f"{name}.T"
        self.model.numbers[own] = self.model.numbers[name].T
        if name in self.model.origins:
            self.model.origins[own] = self.model.origins[name]
        return own


def one(
    last: Step, op: str, inputs: list[str], parts: list[Step], first: Step | None = None, **attributes: object
) -> Found:
    """A step with the outputs of the last, in the scope of the first."""
    scopes = (first or last).scopes
    return replace(last, op=op, inputs=inputs, attributes=attributes, scopes=scopes), parts


def bounds(model: Model, clip: Step) -> tuple[float | None, float | None]:
    """The bounds of a Clip, which older ones have as attributes."""
    found: list[float | None] = []
    for number, key in enumerate(("min", "max"), 1):
        known = model.numbers.get(clip.input(number)) if clip.input(number) else clip.attributes.get(key)
        found.append(None if known is None else float(np.asarray(known).reshape(-1)[0]))
    return found[0], found[1]
