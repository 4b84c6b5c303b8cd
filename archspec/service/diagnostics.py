"""Errors and warnings at their places in a document."""

from __future__ import annotations

from collections.abc import Iterator

import archspec.errors as errors
from archspec.errors import Span
from archspec.service.analysis import Analysis
from archspec.service.lines import Lines
from archspec.service.protocol import Diagnostic, DiagnosticSeverity, Location, Range, RelatedInformation
from archspec.service.workspace import uri_of

SOURCE = "archspec"
_SEVERITIES = {"error": DiagnosticSeverity.ERROR, "warning": DiagnosticSeverity.WARNING}


def diagnostics(analysis: Analysis) -> list[Diagnostic]:
    """What is wrong with a document, in order of place. What is wrong in another file stands where that is named."""
    return [shown for _, shown in placed(analysis)]


def placed(analysis: Analysis) -> Iterator[tuple[errors.Diagnostic, Diagnostic]]:
    """Each of the compiler's diagnostics, and how an editor has it."""
    for diagnostic in analysis.found:
        yield diagnostic, _shown(diagnostic, analysis)


def _shown(diagnostic: errors.Diagnostic, analysis: Analysis) -> Diagnostic:
    own = own_range(diagnostic.span, analysis)
    related = _related(diagnostic, analysis, with_place=own is None)
    shown: Diagnostic = {
        "range": own or _named_at(diagnostic, analysis),
        "severity": _SEVERITIES[diagnostic.severity],
        "code": diagnostic.code,
        "source": SOURCE,
        "message": "\n".join(filter(None, [diagnostic.summary, diagnostic.help])),
    }
    if related:
        shown["relatedInformation"] = related
    return shown


def own_range(span: Span, analysis: Analysis) -> Range | None:
    """A place of the compiler's in the document; None for one in another file."""
    if span.file != analysis.name:
        return None
    return analysis.lines.range(*analysis.lines.offsets(span))


def _named_at(diagnostic: errors.Diagnostic, analysis: Analysis) -> Range:
    """Where a document leads to another file, in which something is wrong."""
    places = (own_range(note.span, analysis) for note in diagnostic.notes)
    return next(filter(None, places), analysis.lines.range(0, 0))


def _related(diagnostic: errors.Diagnostic, analysis: Analysis, *, with_place: bool) -> list[RelatedInformation]:
    spans = [(diagnostic.message, diagnostic.span)] if with_place else []
    spans += [(note.message, note.span) for note in diagnostic.notes]
    places = ((message, location(span, analysis)) for message, span in spans)
    return [{"location": place, "message": message} for message, place in places if place]


def location(span: Span, analysis: Analysis) -> Location | None:
    """A place of the compiler's as an editor has it; None where it is in no file."""
    own = own_range(span, analysis)
    if own:
        return {"uri": analysis.document.uri, "range": own}
    source = analysis.files.get(span.file)
    if source is None or source.path is None:
        return None
    lines = Lines(source.text)
    return {"uri": uri_of(source.path), "range": lines.range(*lines.offsets(span))}
