"""Where a name comes from, where else it stands, and another name for it everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from archspec.errors import UsageError
from archspec.language.names import block_name_problem, let_name_problem, node_name_problem, parameter_name_problem
from archspec.service.analysis import Analysis, Document, analyse
from archspec.service.edits import applied
from archspec.service.lines import Lines
from archspec.service.names import Occurrence, Symbol, occurrences
from archspec.service.outline import File, Node, Section
from archspec.service.paths import followed
from archspec.service.protocol import Location, Position, Range, TextEdit, WorkspaceEdit
from archspec.service.spots import spots
from archspec.service.workspace import uri_of

_PROBLEMS = {
    "node": node_name_problem, "input": node_name_problem, "param": parameter_name_problem,
    "block": block_name_problem, "let": let_name_problem, "loop": let_name_problem,
}  # fmt: skip
"""Why something cannot have a name, by its kind."""


def definition(analysis: Analysis, position: Position) -> list[Location]:
    """Where what stands at a position is declared; of a block of a file the file."""
    found = _at(analysis, position)
    return [_location(analysis, found.symbol.file, found.symbol.start, found.symbol.end)] if found else []


def references(analysis: Analysis, position: Position, declaration: bool = True) -> list[Location]:
    """Where what stands at a position is named, in the documents that are open.

    Args:
        analysis: The document.
        position: The place of a name.
        declaration: Whether its declaration is one of them.
    """
    found = _at(analysis, position)
    if found is None:
        return []
    return [
        _location(analysis, file, each.start, each.end)
        for file, each in _everywhere(analysis, found.symbol)
        if declaration or not each.declares
    ]


def prepare_rename(analysis: Analysis, position: Position) -> Range | None:
    """The name at a position, where it can be another; None where it cannot."""
    found = _at(analysis, position)
    if found is None or _unchangeable(analysis, found):
        return None
    return analysis.lines.range(found.start, found.end)


def rename(analysis: Analysis, position: Position, new_name: str) -> WorkspaceEdit:
    """Edits that give what stands at a position another name, in the documents that are open.

    Raises:
        UsageError: It cannot have that name, or the network would be another one.
    """
    found = _at(analysis, position)
    problem = "there is no name of this file's own" if found is None else _unchangeable(analysis, found)
    if found is None or problem:
        raise UsageError(f"this cannot be renamed: {problem}")
    symbol = found.symbol
    problem = _PROBLEMS[symbol.kind](new_name)
    if problem:
        raise UsageError(f"`{new_name}` cannot be a name here: {problem}")
    edits: dict[Path, list[tuple[int, int, str]]] = {}
    for file, each in _everywhere(analysis, symbol):
        if file.text[each.start : each.end] == symbol.name:
            edits.setdefault(file.path, []).append((each.start, each.end, new_name))
    _check(analysis, edits, f"with the name `{new_name}`")
    return {"changes": {_uri(analysis, path): _text_edits(analysis, path, own) for path, own in edits.items()}}


def _at(analysis: Analysis, position: Position) -> Occurrence | None:
    offset = analysis.lines.offset(position)
    touching = [each for each in analysis.occurrences if each.start <= offset <= each.end]
    return max(touching, key=lambda each: (each.end > offset, each.start), default=None)


def _unchangeable(analysis: Analysis, found: Occurrence) -> str:
    """Why what a word names cannot have another name; empty where it can."""
    symbol = found.symbol
    text = analysis.document.text[found.start : found.end]
    if symbol.kind in ("file", "output"):
        return "it is no name of a node, an input, a parameter, a value or a block"
    if symbol.file.bundled:
        return f"`{symbol.name}` is declared in {symbol.file.path.name}, which belongs to archspec"
    if symbol.node is not None and symbol.node.key is None:
        return "the nodes of a list have numbers"
    return "" if text == symbol.name else f"`{text}` stands for `{symbol.name}`"


def _files(analysis: Analysis) -> Iterator[File]:
    """The document, the others that are open, and the files that it draws in."""
    yield analysis.file
    for path in dict.fromkeys([*analysis.others, *(each.path for each in analysis.files.values() if not each.bundled)]):
        file = analysis.known.file(path) if path is not None and path != analysis.document.path else None
        if file is not None:
            yield file


def _everywhere(analysis: Analysis, symbol: Symbol) -> Iterator[tuple[File, Occurrence]]:
    for file in _files(analysis):
        own = analysis.occurrences if file is analysis.file else tuple(occurrences(file, tuple(spots(file.section))))
        for each in own:
            if each.symbol.identity == symbol.identity and each.symbol.kind == symbol.kind:
                yield file, each


def _location(analysis: Analysis, file: File, start: int, end: int) -> Location:
    lines = analysis.lines if file.path == analysis.document.path else Lines(file.text)
    return {"uri": _uri(analysis, file.path), "range": lines.range(start, end)}


def _uri(analysis: Analysis, path: Path) -> str:
    return analysis.document.uri if path == analysis.document.path else uri_of(path)


def _text_edits(analysis: Analysis, path: Path, edits: Iterable[tuple[int, int, str]]) -> list[TextEdit]:
    file = analysis.known.file(path) if path != analysis.document.path else None
    lines = analysis.lines if file is None else Lines(file.text)
    return [{"range": lines.range(start, end), "newText": text} for start, end, text in sorted(edits)]


def _check(analysis: Analysis, edits: dict[Path, list[tuple[int, int, str]]], what: str) -> None:
    """Refuse edits of names after which a network that is right, here or in another of the files, is another one."""
    document = analysis.document
    files = {path: file.text for path in edits if (file := analysis.known.file(path)) is not None}
    before = {**analysis.others, **files, document.path: document.text}
    after = before | {path: applied(before[path], own) for path, own in edits.items()}
    for path in dict.fromkeys([document.path, *edits]):
        known = analysis if path == document.path else _alone(analysis, path, before)
        _compare(known, _alone(analysis, path, after), what)


def _alone(analysis: Analysis, path: Path, texts: Mapping[Path, str]) -> Analysis:
    """What is known of one of the files of a document, where they have some texts."""
    others = {other: text for other, text in texts.items() if other != path}
    return analyse(Document(_uri(analysis, path), path, texts[path]), others=others, root=analysis.root)


def _compare(analysis: Analysis, after: Analysis, what: str) -> None:
    if analysis.network is None:
        return
    if after.network is None:
        first = next(iter(after.found))
        raise UsageError(f"{what} the spec would be wrong: {first.summary}")
    if _figures(after) != _figures(analysis):
        raise UsageError(f"{what} the network would be another one: something else has that name")
    if wrong := next((path for path, old, new in _patterns(analysis, after) if old != new), None):
        raise UsageError(f"{what} `{wrong}` would speak of other nodes; name them there first")


def _figures(analysis: Analysis) -> object:
    network = analysis.network
    assert network is not None
    nodes = [(node.op, node.input_shapes, node.shape) for node in network] if len(network) < _MOST_COMPARED else []
    outputs = [output.shape for output in network.outputs.values()]
    return network.params, network.frozen_params, network.macs, network.other_ops, outputs, nodes


_MOST_COMPARED = 5_000
"""Nodes that are compared one by one."""


def _patterns(old: Analysis, new: Analysis) -> Iterator[tuple[str, list[object], list[object]]]:
    """Paths and patterns, each with the lines of the nodes that it speaks of, before and after."""
    for one, other in zip(old.spots, new.spots, strict=True):
        if one.role == "path" and not one.value.text.startswith("$"):
            yield one.value.text, _lines(one.section, one.value.text), _lines(other.section, other.value.text)


def _lines(section: Section, pattern: str) -> list[object]:
    """The places of the nodes that a path speaks of, which other names leave as they are."""
    nodes = followed(section, pattern)[-1].nodes
    return [(node.graph.section.file.path, _line(node)) for node in nodes]


def _line(node: Node) -> int:
    place = node.key or node.value
    return node.graph.section.file.text.count("\n", 0, place.start) if place is not None else -1
