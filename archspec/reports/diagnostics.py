"""Diagnostics as text for people, as JSON for programs, and as annotations for GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from archspec.errors import Diagnostic, Note, Report, Span, SpecError, printable

_EXCERPT_WIDTH = 160
_LONGEST_LINE = 1_000


def render_text(report: Report) -> str:
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


def to_json(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic as JSON values; the format is described in docs/reports.md."""
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "path": diagnostic.path,
        "label": diagnostic.caption,
        "expected": diagnostic.expected,
        "found": diagnostic.found,
        "help": diagnostic.help,
        "notes": [{"message": note.message, **_place(note.span)} for note in diagnostic.notes],
    }


def _place(span: Span) -> dict[str, object]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def render_json(checked: Mapping[str, tuple[SpecError | None, Report]]) -> str:
    """The outcome of checking several files: what is wrong with each, None where it compiles, and its warnings."""
    files = [
        {
            "file": name,
            "ok": error is None,
            "errors": [to_json(diagnostic) for diagnostic in error.diagnostics] if error else [],
            "errors_left_out": error.left_out if error else 0,
            "warnings": list(map(to_json, warned.diagnostics)),
            "warnings_left_out": warned.left_out,
        }
        for name, (error, warned) in checked.items()
    ]
    return json.dumps({"format": "archspec-check", "version": 1, "files": files}, indent=2)


def render_github(report: Report) -> str:
    """Workflow commands that GitHub Actions shows at the lines of a pull request."""
    return "\n".join(map(_annotation, report.diagnostics))


def _annotation(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    details = [diagnostic.message, diagnostic.caption, diagnostic.help and f"help: {diagnostic.help}"]
    details += [f"{note.message}: {note.span}" for note in diagnostic.notes]
    place = {
        "file": span.file,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": span.end_column,
        "title": f"archspec {diagnostic.code}",
    }
    options = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in place.items())
    return f"::{diagnostic.severity} {options}::{_escaped(chr(10).join(filter(None, details)))}"


def _escaped(text: str, separators: str = "") -> str:
    for character in "%\r\n" + separators:
        text = text.replace(character, f"%{ord(character):02X}")
    return text if text.isprintable() else "".join(map(printable, text))
