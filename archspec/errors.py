"""Diagnostics: what went wrong in a spec, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
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


_ALSO, _MOST_PLACES = "and here", 3


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

    def also_at(self, place: Span) -> Diagnostic:
        """The error with a note on a further place of the same mistake, where that is not one too many."""
        notes = [note for note in self.notes if note.message == _ALSO]
        if place in (self.span, *(note.span for note in notes)) or len(notes) == _MOST_PLACES:
            return self
        return self._replace(notes=(*self.notes, Note(_ALSO, place)))

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


def rendered(report: Report) -> str:
    """Every diagnostic with its place, the line of the file, a caret, and how to mend it.

    ::

        error[shape-mismatch]: add needs operands of one shape
          --> my_resnet.yaml:14:3 (layer2.0.add)
           |
        14 |   add: {op: add, from: [bn3, input]}
           |   ^^^ bn3 (line 11) is 512x28x28, input is 256x56x56
           = help: project the shortcut with a strided 1x1 convolution
    """
    lines = {name: text.split("\n") for name, text in report.sources.items()}
    parts = ["\n".join(map(_visible, _text(diagnostic, lines))) for diagnostic in report.diagnostics]
    if report.left_out:
        parts.append(f"and {report.left_out} more {report.diagnostics[0].severity}s")
    return "\n\n".join(parts)


_EXCERPT_WIDTH = 160
_LONGEST_LINE = 1_000


def _visible(line: str) -> str:
    """A line of a report, without characters that would steer a terminal, and of bounded length."""
    shown = line if line.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return shown if len(shown) <= _LONGEST_LINE else shown[:_LONGEST_LINE] + "..."


def _text(diagnostic: Diagnostic, lines: Mapping[str, list[str]]) -> Iterator[str]:
    spans = [diagnostic.span, *(note.span for note in diagnostic.notes)]
    gutter = max(len(str(span.line)) for span in spans)
    yield f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"
    path = f" ({diagnostic.path})" if diagnostic.path else ""
    yield f"{' ' * gutter}--> {diagnostic.span}{path}"
    yield from _excerpt(diagnostic.span, diagnostic.caption, lines, gutter)
    for note in diagnostic.notes:
        yield from _note(note, lines, gutter)
    if diagnostic.help:
        yield f"{' ' * gutter} = help: {diagnostic.help}"


def _note(note: Note, lines: Mapping[str, list[str]], gutter: int) -> Iterator[str]:
    yield f"{' ' * gutter}::: {note.span}: {note.message}"
    yield from _excerpt(note.span, "", lines, gutter)


def _excerpt(span: Span, caption: str, lines: Mapping[str, list[str]], gutter: int) -> Iterator[str]:
    text = lines.get(span.file, [])
    if not 1 <= span.line <= len(text):
        if caption:
            yield f"{' ' * gutter} = {caption}"
        return
    line = text[span.line - 1].replace("\t", " ")
    first = max(0, span.column - 1 - _EXCERPT_WIDTH // 2) if len(line) > _EXCERPT_WIDTH else 0
    shown = line[first : first + _EXCERPT_WIDTH].rstrip()
    end = span.end_column if span.end_line == span.line else len(line.rstrip()) + 1
    column = span.column - 1 - first
    width = max(1, min(end - span.column, len(shown) - column))
    yield f"{' ' * gutter} |"
    yield f"{span.line:>{gutter}} | {shown}"
    yield f"{' ' * gutter} | {' ' * column}{'^' * width} {caption}".rstrip()


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


_LONGEST_WORD = 50
_MOST_WORDS = 1_000
_MOST_COMPARED = 200


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The known word that was meant, or an empty text where none is near."""
    if len(wrong) > _LONGEST_WORD:
        return ""
    spare = 2 + len(wrong) // 2
    alike = [name for name in islice(known, _MOST_WORDS) if abs(len(name) - len(wrong)) <= spare]
    names = sorted(alike[:_MOST_COMPARED])
    for word in dict.fromkeys((wrong, wrong.lower(), wrong.lower().rpartition(".")[2])):
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
