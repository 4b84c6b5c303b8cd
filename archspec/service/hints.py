"""Inlay hints: what each node gives, and what it costs, behind its line."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.network import Node
from archspec.ops.tensor import show
from archspec.reports.table import short
from archspec.service.analysis import Analysis
from archspec.service.figures import Part, Uses
from archspec.service.protocol import InlayHint, Range


def inlay_hints(analysis: Analysis, range: Range | None = None) -> list[InlayHint]:
    """The hints of a document, or of some lines of it. While it is wrong, what has no figures keeps its last ones."""
    hints = []
    seen: set[int] = set()
    for spot in analysis.spots:
        if spot.role != "declares-node" or spot.node is None:
            continue
        line = analysis.lines.position(spot.value.start)["line"]
        if line in seen or (range is not None and not range["start"]["line"] <= line <= range["end"]["line"]):
            continue
        uses = analysis.uses(spot.node)
        if uses is not None:
            seen.add(line)
            place = analysis.lines.position(analysis.lines.line_end(line))
            hints.append(InlayHint(position=place, label=_label(uses), paddingLeft=True))
    return hints


def _label(uses: Uses) -> str:
    """``64x112x112 · 9.41k params · 118M MACs``; of several uses the first, and that there are others."""
    label = " · ".join(_figures(uses.parts[0]))
    return f"{label} · …" if len({_output(part) for part in uses.parts}) > 1 else label


def _figures(part: Part) -> Iterator[str]:
    yield _output(part)
    if part.params:
        yield f"{short(part.params)} params"
    if part.macs:
        yield f"{short(part.macs)} MACs"


def _output(part: Part) -> str:
    if isinstance(part, Node):
        return show(part.shape)
    return ", ".join(show(shape) for shape in part.content.shapes.values())
