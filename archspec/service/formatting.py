"""Formatting: a document as ``archspec fmt`` writes it."""

from __future__ import annotations

from archspec.errors import SpecError
from archspec.formatting.formatter import formatted
from archspec.service.analysis import Analysis
from archspec.service.outline import MOST_CHARACTERS
from archspec.service.protocol import TextEdit


def formatting(analysis: Analysis) -> list[TextEdit]:
    """The edit that lays a document out, of the lines that change; none where none do, or the text is no YAML."""
    text = analysis.document.text
    if len(text) > MOST_CHARACTERS:
        return []
    try:
        new = formatted(text)
    except SpecError:
        return []
    if new == text:
        return []
    old_lines, new_lines = text.splitlines(keepends=True), new.splitlines(keepends=True)
    before = _alike(old_lines, new_lines)
    after = _alike(old_lines[before:][::-1], new_lines[before:][::-1])
    start = sum(map(len, old_lines[:before]))
    end = len(text) - sum(map(len, old_lines[len(old_lines) - after :]))
    written = "".join(new_lines[before : len(new_lines) - after])
    return [{"range": analysis.lines.range(start, end), "newText": written}]


def _alike(one: list[str], other: list[str]) -> int:
    """The lines that are equal at the start of both."""
    return next(
        (n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
