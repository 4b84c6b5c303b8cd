"""Completion: what can stand at the cursor, also in a text that is no YAML yet.

A mark is put into the text at the cursor, and the tree made of that: so what is being typed is a word of the tree,
whatever is missing around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archspec.language.expr import is_expression
from archspec.language.tree import Value
from archspec.service import candidates
from archspec.service.analysis import Analysis
from archspec.service.candidates import MARK, Candidate
from archspec.service.outline import File
from archspec.service.protocol import CompletionItem, CompletionItemKind, Position
from archspec.service.spots import Spot, spots

_WORD = re.compile(r"[^\s,\[\]{}\"']")
_QUOTED = re.compile(r"[^\n\"']")
_NAME = re.compile(r"\w")
_PLAIN = re.compile(r"[\w./$-][\w./$()*=-]*")


def completion(analysis: Analysis, position: Position) -> list[CompletionItem]:
    """What can stand at a position. What has been typed of it is replaced, and a key gets its colon."""
    offset = analysis.lines.offset(position)
    text = analysis.document.text
    file = File(analysis.document.path, text[:offset] + MARK + text[offset:], analysis.known)
    found = _marked(file)
    if found is None:
        return []
    items: dict[str, CompletionItem] = {}
    for start, end, suffix, candidate in _offered(file, found):
        if candidate.text not in items:
            place = (start, end - 1) if end > offset else (start, end)
            items[candidate.text] = _item(analysis, candidate, place, suffix)
    return list(items.values())


def _marked(file: File) -> list[Spot] | None:
    """The spots with the mark: what is typed, which may still become a key or a value; None in a comment or a text."""
    found = [spot for spot in spots(file.section) if MARK in file.text[spot.value.start : spot.value.end]]
    return found or None


def _offered(file: File, found: list[Spot]) -> Iterator[tuple[int, int, str, Candidate]]:
    """The candidates, each with the place that it takes, and what is put behind it."""
    for spot in found:
        value = spot.value
        at = file.text.index(MARK, value.start)
        expression = _expression(file.text, value, at)
        if expression and not spot.is_key:
            start, end = _around(file.text, at, _NAME, value)
            owner = re.search(r"(\w+)\s*\.\s*\Z", file.text[value.start : start])
            offered = candidates.attributes(spot, owner[1]) if owner else candidates.names(spot)
            yield from ((start, end, "", each) for each in offered)
            continue
        start, end = _around(file.text, at, _QUOTED if value.style in ("'", '"') else _WORD, value)
        suffix = ": " if spot.is_key and not _has_colon(value) else ""
        yield from ((start, end, suffix, each) for each in candidates.at(spot))
        if suffix and _is_alone(spot):
            bare = spot._replace(role="node", mapping=None)
            yield from ((start, end, "", each) for each in candidates.at(bare))


def _is_alone(spot: Spot) -> bool:
    """Whether a word stands alone below the name of a node: it may become a key, or is an op."""
    mapping = spot.mapping if spot.role == "node-key" else None
    return mapping is not None and len(mapping.entries) == 1 and not mapping.is_flow


def _expression(text: str, value: Value, at: int) -> bool:
    """Whether the cursor stands in an expression, behind its dollar."""
    start = value.start + (value.style in ("'", '"'))
    return is_expression(text[start:at] if text[start:at] != "$" else "$x") and start < at


def _around(text: str, at: int, characters: re.Pattern[str], value: Value) -> tuple[int, int]:
    """The word around the mark, within a value."""
    start, end = at, at + 1
    low = value.start + (value.style in ("'", '"', "*"))
    while start > low and characters.match(text[start - 1]):
        start -= 1
    while end < value.end and characters.match(text[end]):
        end += 1
    return start, end


def _has_colon(value: Value) -> bool:
    return value.owner is not None and value.owner.has_colon


def _item(analysis: Analysis, candidate: Candidate, place: tuple[int, int], suffix: str) -> CompletionItem:
    written = candidate.text
    text = analysis.document.text
    in_quotes = text[place[0] - 1 : place[0]] in ("'", '"') and place[0] > 0
    if not in_quotes and not _PLAIN.fullmatch(written):
        written = f'"{written}"'
    item: CompletionItem = {
        "label": candidate.text,
        "kind": candidate.kind,
        "textEdit": {"range": analysis.lines.range(*place), "newText": written + suffix},
        "sortText": f"{candidate.rank}",
    }
    if candidate.detail:
        item["labelDetails"] = {"description": candidate.detail}
    if candidate.doc:
        item["documentation"] = {"kind": "markdown", "value": candidate.doc}
    if candidate.kind is CompletionItemKind.VARIABLE and candidate.text.startswith("$"):
        item["filterText"] = candidate.text
    return item
