"""The outline of a document, and what of it can be shown as one line."""

from __future__ import annotations

from archspec.language.tree import Entry, Value
from archspec.service.analysis import Analysis
from archspec.service.outline import Graph, Section
from archspec.service.protocol import DocumentSymbol, FoldingRange, SymbolKind

_KINDS = {
    "params": SymbolKind.VARIABLE, "inputs": SymbolKind.FIELD, "let": SymbolKind.CONSTANT,
    "blocks": SymbolKind.CLASS, "variants": SymbolKind.EVENT,
}  # fmt: skip
_OF_NODES = {"op": SymbolKind.FUNCTION, "block": SymbolKind.OBJECT, "graph": SymbolKind.STRUCT}


def document_symbols(analysis: Analysis) -> list[DocumentSymbol]:
    """The parameters, inputs, blocks, nodes and variants of a document, as a tree."""
    return _section(analysis, analysis.file.section)


def folding_ranges(analysis: Analysis) -> list[FoldingRange]:
    """The keys and items of more than one line."""
    found: dict[int, FoldingRange] = {}
    for value in analysis.file.tree.walk():
        for entry in value.entries:
            first = analysis.lines.position(entry.start)["line"]
            last = analysis.lines.position(_end(analysis, entry))["line"]
            if last > first:
                found.setdefault(first, {"startLine": first, "endLine": last})
    return list(found.values())


def _section(analysis: Analysis, section: Section) -> list[DocumentSymbol]:
    symbols: list[DocumentSymbol] = []
    for entry in section.value.entries:
        if entry.name == "graph":
            symbols += _graph(analysis, section.graph)
        elif entry.name in _KINDS and entry.value is not None:
            for inner in entry.value.entries:
                children: list[DocumentSymbol] = []
                if entry.name == "blocks" and inner.value is not None and inner.value.kind == "mapping":
                    children = _section(analysis, Section(section.file, inner.value, inner.name, inner.key, section))
                symbols.append(_symbol(analysis, inner, _KINDS[entry.name], entry.name.rstrip("s"), children))
    return symbols


def _graph(analysis: Analysis, graph: Graph) -> list[DocumentSymbol]:
    symbols = []
    for node in graph.nodes.values():
        inside = _graph(analysis, node.inner) if node.inner is not None and node.inner.section is graph.section else []
        kind = _OF_NODES.get(node.kind, SymbolKind.PROPERTY)
        symbols.append(_symbol(analysis, node.entry, kind, node.target or node.kind, inside))
    return symbols


def _symbol(
    analysis: Analysis, entry: Entry, kind: SymbolKind, detail: str, children: list[DocumentSymbol]
) -> DocumentSymbol:
    place: Value | None = entry.key or entry.value
    start, end = (place.start, place.end) if place is not None else (entry.start, entry.end)
    name = entry.name or "?"
    return {
        "name": name,
        "detail": detail,
        "kind": kind,
        "range": analysis.lines.range(entry.start, max(_end(analysis, entry), end)),
        "selectionRange": analysis.lines.range(start, min(end, max(_end(analysis, entry), end))),
        "children": children,
    }


def _end(analysis: Analysis, entry: Entry) -> int:
    """Where an entry ends, without what only ends lines."""
    return len(analysis.document.text[: entry.end].rstrip())
