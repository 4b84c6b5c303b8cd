"""How a network shows itself in a terminal and in a notebook: attached to it from above, for it knows no backend."""

from __future__ import annotations

from archspec.network import Network


def text(network: Network) -> str:
    """The layer table."""
    from archspec.reports.table import render

    return render(network)


def html(network: Network) -> str:
    """The picture, and the layer table below it."""
    from archspec.drawing.drawing import draw
    from archspec.reports.table import render_html

    return f"<figure>{draw(network, theme='auto').inline}</figure>{render_html(network)}"


Network.__str__ = text  # type: ignore[method-assign, assignment]
Network._repr_html_ = html  # type: ignore[attr-defined]
