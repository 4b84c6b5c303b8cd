"""Diagnostics as JSON for programs, and as annotations for GitHub Actions; as text an error prints itself."""

from __future__ import annotations

import json
from collections.abc import Mapping

from archspec.errors import Diagnostic, Report, Span, SpecError, printable
from archspec.language.fixes import fix


def to_json(diagnostic: Diagnostic, texts: Mapping[str, str]) -> dict[str, object]:
    """A diagnostic as JSON values; the format is described in docs/reports.md.

    Args:
        diagnostic: The diagnostic.
        texts: The texts of the files that it speaks of, by name, of which a fix is made.
    """
    mended = fix(diagnostic, texts)
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
        "fix": mended
        and {
            "title": mended.title,
            "edits": [{**_place(edit.span), "text": edit.text} for edit in mended.edits],
        },
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
            "errors": [to_json(each, error.sources) for each in error.diagnostics] if error else [],
            "errors_left_out": error.left_out if error else 0,
            "warnings": [to_json(each, warned.sources) for each in warned.diagnostics],
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
