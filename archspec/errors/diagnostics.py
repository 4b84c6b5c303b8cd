"""Diagnostics: what is wrong in a spec, where, and how to mend it; and their text, with the lines at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, Protocol

from typing_extensions import override

from archspec.errors.span import Span


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
        help: How to mend it; a `Help` where there is one answer (`archspec.language.fixes`).
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
    return cut(
        line if line.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    )


def cut(line: str) -> str:
    """A line of a report, of bounded length: a text of megabytes may stand in the place of a name."""
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "..."


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
