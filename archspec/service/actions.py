"""Code actions: what mends a diagnostic, where its help has one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import archspec.errors as errors
from archspec.language.fixes import Fix, fix
from archspec.service.analysis import Analysis, analyse, with_variants
from archspec.service.diagnostics import placed
from archspec.service.edits import applied
from archspec.service.lines import Lines
from archspec.service.protocol import CodeAction, Diagnostic, Range, TextEdit
from archspec.service.workspace import uri_of

_Edits = dict[Path, list[tuple[int, int, str]]]


def code_actions(analysis: Analysis, range: Range) -> list[CodeAction]:
    """What mends the diagnostics of a document that touch a range, but for what would make another error."""
    found: list[CodeAction] = []
    for diagnostic, shown in placed(analysis):
        if _touch(shown["range"], range):
            found += _actions(analysis, diagnostic, shown)
    return found


def _touch(one: Range, other: Range) -> bool:
    def place(position: object) -> tuple[int, int]:
        assert isinstance(position, dict)
        return position["line"], position["character"]

    return place(one["start"]) <= place(other["end"]) and place(other["start"]) <= place(one["end"])


def _actions(analysis: Analysis, diagnostic: errors.Diagnostic, shown: Diagnostic) -> Iterator[CodeAction]:
    texts = {name: source.text for name, source in analysis.files.items()}
    found = fix(diagnostic, texts)
    edits = _edits(analysis, diagnostic, found) if found is not None else None
    if found is None or edits is None or not _mends(analysis, diagnostic, edits):
        return
    changes = {_uri(analysis, path): _text_edits(analysis, path, own) for path, own in edits.items()}
    yield {
        "title": found.title,
        "kind": "quickfix",
        "diagnostics": [shown],
        "isPreferred": True,
        "edit": {"changes": changes},
    }


def _edits(analysis: Analysis, diagnostic: errors.Diagnostic, found: Fix) -> _Edits | None:
    """The edits of a fix by file. A name that cannot be one is replaced wherever it is named."""
    edits: _Edits = {}
    for edit in found.edits:
        source = analysis.files.get(edit.span.file)
        if source is None or source.bundled or (source.path is None and edit.span.file != analysis.name):
            return None
        path = source.path or analysis.document.path
        start, end = Lines(source.text).offsets(edit.span)
        edits.setdefault(path, []).append((start, end, edit.text))
        if diagnostic.code == "invalid-name" and path == analysis.document.path:
            edits[path] += _elsewhere(analysis, start, edit.text)
    return edits


def _elsewhere(analysis: Analysis, start: int, name: str) -> Iterator[tuple[int, int, str]]:
    """The other places at which what is declared at an offset is named."""
    symbol = next((each.symbol for each in analysis.occurrences if each.declares and each.start == start), None)
    for each in analysis.occurrences if symbol is not None else ():
        if each.symbol.identity == symbol.identity and each.start != start:  # type: ignore[union-attr]
            yield each.start, each.end, name


def _mends(analysis: Analysis, diagnostic: errors.Diagnostic, edits: _Edits) -> bool:
    """Whether the diagnostic is gone after some edits, and there is none that it did not hide.

    A text that is no YAML hides all else, and what nothing asks for is told where nothing else is wrong.
    """
    others = dict(analysis.others)
    document = analysis.document
    for path, own in edits.items():
        text = _text(analysis, path)
        if path == document.path:
            document = document._replace(text=applied(text, own))
        else:
            others[path] = applied(text, own)
    after = analyse(document, others=others, root=analysis.root)
    if any(each.code == "expect-mismatch" for each in analysis.found):  # it may be that of a variant
        after = [after, *with_variants(after)][-1]
    before = [_told(each) for each in analysis.found]
    left = [_told(each) for each in after.found]
    if left.count(_told(diagnostic)) >= before.count(_told(diagnostic)):
        return False
    new = set(left) - set(before)
    return diagnostic.code == "yaml-syntax" or all(code in _TOLD_LAST for code, _ in new)


_TOLD_LAST = ("unused-parameter", "unused-node")


def _told(diagnostic: errors.Diagnostic) -> tuple[str, str]:
    return diagnostic.code, diagnostic.message


def _text(analysis: Analysis, path: Path) -> str:
    if path == analysis.document.path:
        return analysis.document.text
    file = analysis.known.file(path)
    return file.text if file is not None else ""


def _text_edits(analysis: Analysis, path: Path, edits: Iterable[tuple[int, int, str]]) -> list[TextEdit]:
    lines = Lines(_text(analysis, path))
    return [{"range": lines.range(start, end), "newText": text} for start, end, text in sorted(edits)]


def _uri(analysis: Analysis, path: Path) -> str:
    return analysis.document.uri if path == analysis.document.path else uri_of(path)
