"""What networks get from above, for they know no backend and no analysis: how they show themselves, and figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from archspec.errors import Diagnostic
from archspec.network import ActivationMemory, Context, Network, Node, ReceptiveField
from archspec.ops.tensor import Shape


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


def fields(inputs: Mapping[str, Shape], nodes: Iterable[Node]) -> Mapping[str, ReceptiveField | None]:
    """The receptive fields of nodes by path."""
    from archspec.analysis.receptive_field import find

    return find(inputs, nodes)


def memory(network: Network) -> ActivationMemory:
    """Its activation memory in float32, for one sample."""
    from archspec.analysis.memory import activation_memory

    return activation_memory(network)


Context.find_fields = staticmethod(fields)
Network.activation_memory = once = cached_property(memory)  # type: ignore[assignment]
once.__set_name__(Network, "activation_memory")
Network.__str__ = text  # type: ignore[method-assign, assignment]
Network._repr_html_ = html  # type: ignore[attr-defined]
Network.warnings = property(warnings)  # type: ignore[assignment]
