"""Diagnostics: what went wrong in a spec, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Literal, NamedTuple, Protocol

from typing_extensions import override


class Span(NamedTuple):
    """A place in a file. Lines and columns count from 1; ``end_column`` is one past the last character."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Note(NamedTuple):
    """A second place that a diagnostic speaks of, such as the line that uses a block."""

    message: str
    span: Span


class Diagnostic(NamedTuple):
    """One error in a spec, or a warning.

    Attributes:
        code: The kind of error; ``archspec explain CODE`` describes it.
        message: One sentence that says what is wrong.
        span: The place at fault.
        path: The path of the node at fault, such as ``layer2.0.add``; empty outside of a graph.
        label: What to print under the caret. Left empty, it says what was expected and found.
        expected: What the language allows here, if that can be said in a few words.
        found: What stands here instead.
        help: How to mend it.
        notes: Other places that matter.
        severity: Whether the spec does not compile, or does and is nearly always not what was meant.
    """

    code: str
    message: str
    span: Span
    path: str = ""
    label: str = ""
    expected: str = ""
    found: str = ""
    help: str = ""
    notes: tuple[Note, ...] = ()
    severity: Literal["error", "warning"] = "error"

    @override
    def __str__(self) -> str:
        return f"{self.span}: {self.severity}[{self.code}]: {self.message}"

    @property
    def caption(self) -> str:
        """The text under the caret."""
        if self.label or not self.expected:
            return self.label
        return f"expected {self.expected}" + (f", found {self.found}" if self.found else "")

    @property
    def summary(self) -> str:
        """What is wrong, with the text under the caret, in one line."""
        return f"{self.message}: {self.caption}" if self.caption else self.message


class Report(Protocol):
    """Diagnostics to be shown, such as those of a `SpecError`."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found, in order of place."""

    @property
    def sources(self) -> Mapping[str, str]:
        """The texts of the files that they speak of, by name."""

    @property
    def left_out(self) -> int:
        """How many more there are."""


class ArchspecError(Exception):
    """The base of every error that archspec raises on purpose.

    ::

        ArchspecError
        +-- SpecError        the spec is wrong: carries the diagnostics
        +-- UsageError       the call is wrong: an unknown variant, an unknown limit
        |   +-- WeightsError the weights do not fit the network: carries the match
        +-- RuleError        raised inside a rule of an op; the compiler adds the place
            +-- ShapeError
            +-- ArgumentError
    """


class SpecError(ArchspecError):
    """A spec that does not compile.

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
        return "\n".join(map(str, self.diagnostics))


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


class ArgumentError(RuleError):
    """An argument that does not fit the other arguments or the operands; the caret goes to ``argument``."""

    def __init__(self, argument: str, message: str, *, help: str = "", label: str = "") -> None:
        super().__init__(message, help=help, label=label)
        self.argument = argument


_LONGEST_WORD = 100
_MOST_WORDS = 1_000


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The known word that was meant, or an empty text where none is near."""
    if len(wrong) > _LONGEST_WORD:
        return ""
    names = sorted(islice(known, _MOST_WORDS))
    for word in (wrong, wrong.lower(), wrong.lower().rpartition(".")[2]):
        for name in difflib.get_close_matches(word, names, n=3, cutoff=0.6):
            if difflib.SequenceMatcher(None, word, name).ratio() >= (0.7 if name[:1] == word[:1] else 0.8):
                return name
    return ""


def did_you_mean(wrong: str, known: Iterable[str], also: Iterable[str] = ()) -> str:
    """A hint that names the nearest known word, or lists the words when there are few; else empty.

    Args:
        wrong: The word that stands there.
        known: The words that could stand there.
        also: Further words to compare with, which are not listed.
    """
    names = list(islice(known, _MOST_WORDS))
    name, colon, rest = wrong.partition(":")
    if colon and rest and name in names:
        return f"write a space after the colon: `{name}: {rest}`"
    near = nearest(wrong, [*names, *also])
    if near:
        return f"did you mean `{near}`?"
    return f"known here: {listed(sorted(names))}" if 0 < len(names) <= 12 else ""


_LONGEST_SHOWN = 1_000


def shown(text: object) -> str:
    r"""A name from outside, such as that of a file, as a message has it: in one line, and not endless.

    What would steer a terminal, or begin a line that a reader of logs takes for a command, is written as an escape.

    >>> shown("a\nb\x1b[31m.yaml")
    'a\\nb\\x1b[31m.yaml'
    """
    name = str(text)
    name = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return name if name.isprintable() else "".join(map(printable, name))


def printable(character: str) -> str:
    """A character as it is, or an escape in place of one that is not seen."""
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def listed(names: Iterable[str]) -> str:
    """Words as a message lists them."""
    return ", ".join(f"`{name}`" for name in names)
