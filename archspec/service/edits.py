"""Edits of texts."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.service.lines import Lines
from archspec.service.protocol import TextEdit


def applied(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """A text after edits between offsets, none of which lie in each other."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def carried_out(text: str, edits: Iterable[TextEdit]) -> str:
    """A text after edits as an editor has them."""
    lines = Lines(text)
    ranges = ((lines.offset(edit["range"]["start"]), lines.offset(edit["range"]["end"]), edit) for edit in edits)
    return applied(text, [(start, end, edit["newText"]) for start, end, edit in ranges])
