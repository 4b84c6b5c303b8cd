"""A scene as DOT text, for Graphviz."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archspec.drawing.content.cards import Card, Line
from archspec.drawing.content.labels import edge_text, printable
from archspec.drawing.content.scene import Box, Cluster
from archspec.drawing.formats.themes import Theme
from archspec.drawing.layout.placement import Placing


def render(placing: Placing, theme: Theme) -> str:
    """The DOT text of a scene: every box, frame and edge, coloured; nodes are named by their paths."""
    import graphviz

    scene = placing.scene
    graph = graphviz.Digraph(printable(scene.name))
    graph.attr(
        rankdir="LR" if placing.rightwards else "TB",
        bgcolor=theme.page,
        fontname=_FONT,
        fontsize="9",
        ranksep="0.3",
        nodesep="0.3",
        tooltip=graphviz.escape(printable(scene.name)),
    )
    graph.attr("node", shape="box", style="rounded,filled", fontname=_FONT, fontsize="10", fontcolor=theme.ink)
    graph.attr("edge", fontname=_FONT, fontsize="9", color=theme.line, fontcolor=theme.muted, arrowsize="0.7")
    _inside("", graph, placing, theme)
    for placed in placing.edges:
        edge = placed.edge
        attributes = {"label": f" {edge_text(edge)}"} if placed.label else {}
        if edge.role == "skip":
            attributes |= {"color": theme.skip, "penwidth": "1.6", "weight": "0"}
        graph.edge(_name(edge.source), _name(edge.target), **attributes)
    return str(graph.source)


_FONT = "Helvetica,Arial,sans-serif"


def _inside(frame: str, graph: Any, placing: Placing, theme: Theme) -> None:
    """Add what stands in a frame."""
    for box in placing.scene.boxes:
        if box.cluster == frame:
            _add_box(box, placing.cards[box.id], graph, theme)
    for cluster in placing.scene.clusters:
        if cluster.parent == frame:
            with graph.subgraph(name=f"cluster {cluster.path}") as sub:
                _style_frame(cluster, sub, theme)
                _inside(cluster.path, sub, placing, theme)


def _style_frame(cluster: Cluster, graph: Any, theme: Theme) -> None:
    import graphviz

    fill, outline = theme.frame
    text = graphviz.escape(printable(f"{cluster.name}: {cluster.title}".removesuffix(": ")))
    graph.attr(label=text, labeljust="l", style="rounded,filled", fillcolor=fill, color=outline, fontcolor=theme.muted)


def _add_box(box: Box, card: Card, graph: Any, theme: Theme) -> None:
    import graphviz

    paint = theme.paint(box.family)
    dashes = {"style": "rounded,filled,dashed"} if paint.dash or box.training_only else {}
    shape = {"shape": "circle", "margin": "0.01"} if card.shape == "circle" else {}
    if box.highlighted:
        dashes |= {"penwidth": "3", "color": theme.highlight}
    graph.node(
        _name(box.id),
        label=graphviz.escape("\n".join(_texts(card.lines))),
        fillcolor=paint.fill,
        tooltip=graphviz.escape(box.id),
        **{"color": paint.stroke, **dashes},
        **shape,
    )


def _texts(lines: Iterable[Line]) -> Iterable[str]:
    for line in lines:
        sides = ("".join(span.text for span in side) for side in (line.left, line.right) if side)
        yield "   ".join(map(printable, sides))


def _name(id: str) -> str:
    """The name of a node; a colon would be read as a port."""
    return id.replace(" ", "/")
