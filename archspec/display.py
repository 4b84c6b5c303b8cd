"""What a network says of itself, in a terminal and in a notebook too: attached from above, for it knows no backend."""

from __future__ import annotations

from archspec.errors import Diagnostic
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


def warnings(network: Network) -> tuple[Diagnostic, ...]:
    """What compiles, and is nearly always a mistake; ``archspec explain CODE`` describes each kind."""
    from archspec.compiler.lint import warned

    return warned(network).diagnostics


Network.__str__ = text  # type: ignore[method-assign, assignment]
Network._repr_html_ = html  # type: ignore[attr-defined]
Network.warnings = property(warnings)  # type: ignore[assignment]
