"""A scene as Mermaid text, which GitHub draws in a README."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archspec.drawing.content.labels import edge_text, printable
from archspec.drawing.content.scene import Box
from archspec.drawing.formats.themes import Theme
from archspec.drawing.layout.placement import Placing

_SHAPES = {"input": ("([", "])"), "output": ("([", "])"), "merge": ("((", "))")}

_FRAME = "fill:#80808014,stroke:#80808080"
"""See-through grey, since titles and lines in frames have the colours of the page around: light or dark."""

_WHOLE_LINES = '%%{init: {"flowchart": {"wrappingWidth": 500}}}%%'
"""Mermaid would break lines that are broader than 200 pixels."""


def render(placing: Placing, theme: Theme) -> str:
    """The Mermaid text of a scene.

    Mermaid, as GitHub has it, draws up to 500 edges and 50,000 characters: overviews, and most pictures of blocks.
    """
    return "\n".join(_lines(placing, theme)) + "\n"


def _lines(placing: Placing, theme: Theme) -> Iterator[str]:
    scene = placing.scene
    names = {box.id: f"n{index}" for index, box in enumerate(scene.boxes)}
    yield _WHOLE_LINES
    yield f"flowchart {'LR' if placing.rightwards else 'TD'}"
    yield f"  accTitle: {_text(scene.name)}"
    yield from _inside("", placing, names, 1)
    skips = []
    for index, placed in enumerate(placing.edges):
        edge = placed.edge
        arrow = "-.->" if edge.role == "skip" else "-->"
        label = f'|"{_text(edge_text(edge))}"|' if placed.label else ""
        yield f"  {names[edge.source]} {arrow}{label} {names[edge.target]}"
        skips += [str(index)] if edge.role == "skip" else []
    for family in sorted({box.family for box in scene.boxes}):
        paint = theme.paint(family)
        dash = f",stroke-dasharray:{paint.dash}" if paint.dash else ""
        yield f"  classDef {family}_ fill:{paint.fill},stroke:{paint.stroke},color:{theme.ink}{dash}"
        yield f"  class {','.join(names[box.id] for box in scene.boxes if box.family == family)} {family}_"
    if scene.clusters:
        yield f"  classDef frame_ {_FRAME}"
        yield f"  class {','.join(f's{index}' for index in range(len(scene.clusters)))} frame_"
    bright = [names[box.id] for box in scene.boxes if box.highlighted]
    bright += [f"s{index}" for index, cluster in enumerate(scene.clusters) if cluster.highlighted]
    if bright:
        yield f"  classDef highlight_ stroke:{theme.highlight},stroke-width:4px"
        yield f"  class {','.join(bright)} highlight_"
    if skips:
        yield f"  linkStyle {','.join(skips)} stroke:{theme.skip},stroke-width:2px"


def _inside(frame: str, placing: Placing, names: dict[str, str], depth: int) -> Iterator[str]:
    """What stands in a frame."""
    indent = "  " * depth
    for box in placing.scene.boxes:
        if box.cluster == frame:
            yield f"{indent}{names[box.id]}{_shape(box)}"
    for index, cluster in enumerate(placing.scene.clusters):
        if cluster.parent == frame:
            title = _text(f"{cluster.name}: {cluster.title}" if cluster.title else cluster.name)
            yield f'{indent}subgraph s{index}["{title}"]'
            yield from _inside(cluster.path, placing, names, depth + 1)
            yield f"{indent}end"


def _shape(box: Box) -> str:
    before, after = _SHAPES.get(box.kind, ("[", "]"))
    times = f" {box.times}" if box.times else ""
    first = f"{box.title} {box.arguments}".strip() + times
    texts = [first, *box.lines, box.remark, box.problem, box.note, "" if box.kind == "merge" else box.name]
    return f'{before}"{"<br/>".join(_text(text) for text in texts if text)}"{after}'


def _text(text: str) -> str:
    """A text inside quotes: what means something to Mermaid, or begins a list in Markdown, is an entity with `#`."""
    return re.sub(r"[^\w .,:/+×·…–−=()-]|:(?! )|^[+-](?= |$)", lambda found: f"#{ord(found[0])};", printable(text))
