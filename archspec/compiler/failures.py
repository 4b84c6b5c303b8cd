"""What stands for nodes that did not compile, so that what did can be shown with what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archspec.compiler.tensors import NOWHERE, Result, Tensor, outputs_of
from archspec.compiler.trace import Trace
from archspec.language.definition import Step
from archspec.language.expr import is_expression
from archspec.network import Applied, NotCompiled, Use


class Progress(NamedTuple):
    """The numbers of errors, and of nodes that stand for failures."""

    errors: int
    failures: int


_NOTHING = Progress(0, 0)


class Failures:
    """The nodes that failed so far.

    Attributes:
        problems: What is wrong, by the path of the node at fault.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.problems: dict[str, str] = {}

    def progress(self) -> Progress:
        """Where things stand, to be compared with later."""
        return Progress(len(self.trace.reported), len(self.problems)) if self.trace.reported else _NOTHING

    def came_up(self, before: Progress) -> bool:
        """Whether an error came up that no node inside stands for."""
        return len(self.trace.reported) > before.errors and len(self.problems) == before.failures

    def stand_in(self, step: Step, name: str, operands: Iterable[Tensor], path: str, before: Progress) -> Use:
        """What stands for a node that failed."""
        self.problems[path] = next((each.summary for each in self.trace.reported[before.errors :]), "")
        named = step.target is not None and not is_expression(step.target.value)
        op = NotCompiled.model_construct(kind=str(step.target.value) if step.target and named else step.name)
        taken = {each.origin: each.shape or () for each in operands if each.origin != NOWHERE}
        return Use(name, Applied(op, tuple(taken.values()), (), {}, {}, None), tuple(taken), step, {})

    def blamed(self, result: Result, operands: Iterable[Tensor], path: str, before: Progress) -> Result:
        """What a node gives; what is unknown of it comes from the last failure, or from one above.

        Args:
            result: What it gives.
            operands: What it takes.
            path: The path of the graph that it stands in.
            before: Where things stood before it.
        """
        if all(each.shape is not None or each.origin != NOWHERE for each in outputs_of(result).values()):
            return result
        origin = next((each.origin for each in operands if each.shape is None and each.origin != NOWHERE), NOWHERE)
        if len(self.problems) > before.failures:
            origin = next(reversed(self.problems)).removeprefix(f"{path}." if path else "")
        at_fault = Tensor(origin, None)
        if isinstance(result, Tensor):
            return at_fault
        return {name: each if each != (NOWHERE, None) else at_fault for name, each in result.items()}
