"""The errors that archspec raises, what they hold, and the words of their messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import override

from archspec.errors.diagnostics import Diagnostic, Note, Report, cut, rendered
from archspec.errors.help import Change, Help, changes_of, removable
from archspec.errors.span import Span
from archspec.errors.words import did_you_mean, listed, nearest, printable, shown

__all__ = [
    "ArchspecError", "ArgumentError", "Change", "Diagnostic", "Findings", "Help", "Note", "OperandError", "Report",
    "RuleError", "ShapeError", "Span", "SpecError", "UsageError", "changes_of", "cut", "did_you_mean", "listed",
    "nearest", "printable", "removable", "rendered", "shown",
]  # fmt: skip


class ArchspecError(Exception):
    """The base of every error that archspec raises on purpose.

    ::

        ArchspecError
        +-- SpecError        the spec is wrong: carries the diagnostics
        +-- UsageError       the call is wrong: an unknown variant, an unknown limit
        |   +-- WeightsError the weights do not fit the network: carries the match
        +-- RuleError        raised inside a rule of an op; the compiler adds the place
            +-- ShapeError
            +-- OperandError
            +-- ArgumentError
    """


class SpecError(ArchspecError):
    """A spec that does not compile. As text it is every diagnostic with its place, the line of the file, and a caret.

    ::

        error[shape-mismatch]: add needs operands of one shape
          --> my_resnet.yaml:14:3 (layer2.0.add)
           |
        14 |   add: {op: add, from: [bn3, input]}
           |   ^^^ bn3 (line 11) is 512x28x28, input is 256x56x56
           = help: project the shortcut with a strided 1x1 convolution

    Attributes:
        diagnostics: Every error found, in order of place.
        sources: The texts of the files that they speak of, by name.
        left_out: The number of errors beyond the limit on how many are reported at once.
        partial: The `archspec.network.PartialNetwork` of what compiled; None where nothing did.
    """

    partial: Any = None

    def __init__(
        self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None, *, left_out: int = 0
    ) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})
        self.left_out = left_out
        super().__init__(self.diagnostics)

    @override
    def __repr__(self) -> str:
        count = len(self.diagnostics) + self.left_out
        first = "".join(f", the first {d.code} at {d.span}" for d in self.diagnostics[:1])
        return f"<SpecError with {count} error{'s' * (count != 1)}{first}>"

    @override
    def __str__(self) -> str:
        return rendered(self)


class Findings(list[Diagnostic]):
    """The errors found so far. Adding one too many ends the search: nobody reads on, and hints take time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    @override
    def append(self, diagnostic: Diagnostic) -> None:
        super().append(diagnostic)
        if len(self) >= self.most:
            raise SpecError(())


class UsageError(ArchspecError):
    """A call that cannot be carried out as it was made; the spec is not at fault. Its message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))


class RuleError(ArchspecError):
    """A rule of an op that does not hold. It knows no place; the compiler adds it.

    Args:
        message: One sentence that says what is wrong.
        help: How to mend it.
        label: What to print under the caret, where that says more than the message.
    """

    code = "invalid-argument"

    def __init__(self, message: str, *, help: str = "", label: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.label = label


class ShapeError(RuleError):
    """The shapes of the operands do not fit the op, or each other."""

    code = "shape-mismatch"


class OperandError(RuleError):
    """The operands are too few or too many for the arguments."""

    code = "operand-count"


class ArgumentError(RuleError):
    """An argument that does not fit the other arguments or the operands; the caret goes to ``argument``."""

    def __init__(self, argument: str, message: str, *, help: str = "", label: str = "") -> None:
        super().__init__(message, help=help, label=label)
        self.argument = argument
