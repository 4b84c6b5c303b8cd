"""What mends a diagnostic, as edits of the text: the changes that its help names, at their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archspec.errors import Change, Diagnostic, Span, changes_of
from archspec.language.block_scanner import scan
from archspec.language.source import Source
from archspec.language.tree import Entry, Value


class Edit(NamedTuple):
    """A text that takes the place of another.

    Attributes:
        span: The place.
        text: What is written there.
    """

    span: Span
    text: str


class Fix(NamedTuple):
    """What mends a diagnostic.

    Attributes:
        title: What it does, in a few words.
        edits: The edits, none of which lie in each other; they speak of the texts before any of them.
    """

    title: str
    edits: tuple[Edit, ...]


def fix(diagnostic: Diagnostic, texts: Mapping[str, str]) -> Fix | None:
    """What mends a diagnostic; None where its help does not say one thing to write.

    Args:
        diagnostic: The diagnostic.
        texts: The texts of the files that it speaks of, by name.
    """
    edits = []
    changes = changes_of(diagnostic.help)
    for change in changes:
        span = change.span or diagnostic.span
        text = texts.get(span.file)
        edit = None if text is None else _edit(change, span, Source(span.file, text))
        if edit is None:
            return None
        edits.append(edit)
    return Fix(_title(changes, diagnostic, texts), tuple(edits)) if edits else None


def _title(changes: tuple[Change, ...], diagnostic: Diagnostic, texts: Mapping[str, str]) -> str:
    """What changes do, in words; of many, the first two."""
    elsewhere = changes[0].span not in (None, diagnostic.span)
    if len(changes) == 1 and changes[0].action == "replace" and elsewhere and diagnostic.help:
        words = [diagnostic.help]
    else:
        words = list(dict.fromkeys(_words(each, diagnostic, texts) for each in changes))
    title = " and ".join(words[:2]) + " …" * (len(words) > 2)
    return title[:1].upper() + title[1:]


def _words(change: Change, diagnostic: Diagnostic, texts: Mapping[str, str]) -> str:
    span, written = change.span or diagnostic.span, change.text.strip()
    source = Source(span.file, texts.get(span.file, ""))
    start, end = _offset(source, span.line, span.column), _offset(source, span.end_line, span.end_column)
    there = source.text[start:end] if span != diagnostic.span else ""
    if change.action == "remove" or (change.action == "replace" and not written):
        return f"remove {f'`{there}`' if there else 'this'}"
    if change.action == "insert":
        return f"insert `{written}`"
    return f"write `{written}`{f' at `{there}`' if change.action == 'set' and there else ''}"


def _edit(change: Change, span: Span, source: Source) -> Edit | None:
    start, end = _offset(source, span.line, span.column), _offset(source, span.end_line, span.end_column)
    if change.action == "replace":
        return Edit(span, change.text)
    entry = _entry(scan(source.text), start)
    if entry is None:
        return None
    if change.action == "remove":
        start, end, text = _removed(entry, source.text)
    elif change.action == "insert":
        start, end, text = _inserted(entry, change.text, source.text)
    elif change.action == "state":
        start, end, text = _stated(entry, start, change.text, source.text)
    else:
        found = _set(entry, change.text, source.text)
        if found is None:
            return None
        start, end, text = found
    return Edit(source.span(start, end), text)


def _offset(source: Source, line: int, column: int) -> int:
    starts = [0]
    for _ in range(line - 1):
        starts.append(source.text.find("\n", starts[-1]) + 1)
    return starts[-1] + column - 1


def _entry(tree: Value, start: int) -> Entry | None:
    """The innermost entry whose key or value begins at an offset: of a value that is a mapping, its own entry."""
    found = None
    for value in tree.walk():
        for entry in value.entries:
            if entry.key is not None and entry.key.start == start:
                return entry
            if entry.value is not None and entry.value.start == start:
                found = entry if found is None else found
    return found


def _removed(entry: Entry, text: str) -> tuple[int, int, str]:
    """An entry with the comma, or the lines, that belong to it; with an only one the mapping or list goes too."""
    while len(entry.owner.entries) == 1 and entry.owner.owner is not None:
        entry = entry.owner.owner
    owner, start, end = entry.owner, entry.start, entry.end
    if owner.is_flow:
        if entry.number + 1 < len(owner.entries):
            return start, owner.entries[entry.number + 1].start, ""
        if entry.number:
            return owner.entries[entry.number - 1].end, end, ""
        return start, end, ""
    start = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(start, end - 1 if text[end - 1 : end] == "\n" else end))
    return start, len(text) if last < 0 else last + 1, ""


def _inserted(entry: Entry, written: str, text: str) -> tuple[int, int, str]:
    if entry.owner.is_flow:
        return entry.start, entry.start, f"{written}, "
    line = text.rfind("\n", 0, entry.start) + 1
    return entry.start, entry.start, f"{written}\n{text[line : entry.start]}"


def _stated(entry: Entry, start: int, written: str, text: str) -> tuple[int, int, str]:
    key, value = entry.key, entry.value
    of_node = key is None or (start != key.start and key.text not in ("op", "block"))
    if of_node and value is not None:
        return value.start, value.end, f"{{{written}}}"
    if value is None and key is not None and entry.has_colon:
        return entry.start, text.index(":", entry.end) + 1, written
    return entry.start, entry.end, written


def _set(entry: Entry, written: str, text: str) -> tuple[int, int, str] | None:
    """Arguments of a node, a line each, behind the others; one in place of that which it has."""
    node = _node(entry)
    value = node.value if node is not None else None
    if value is None:
        return None
    listed = written.replace("\n", ", ")
    if value.kind == "scalar":
        return value.start, value.end, f"{{op: {text[value.start : value.end]}, {listed}}}"
    known = next((each for each in value.entries if each.name == written.partition(":")[0]), None)
    if known is not None:
        return known.start, known.end, listed
    first, last = value.entries[0], value.entries[-1]
    if value.is_flow:
        return last.end, last.end, f", {listed}"
    indentation = " " * (first.start - text.rfind("\n", 0, first.start) - 1)
    lines = "".join(f"{line}\n{indentation}" for line in written.split("\n"))
    return first.start, first.start, lines


def _node(entry: Entry) -> Entry | None:
    """The node that an entry is, or of which it is the kind."""
    if entry.value is not None and entry.value.kind == "scalar" and entry.name in ("op", "block", "reuse"):
        return entry.owner.owner
    return entry
