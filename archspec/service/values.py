"""The values of expressions of a document, in its network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from archspec.compiler.binding import defined, evaluate
from archspec.compiler.tensors import Names, Result, Tensor, view, views
from archspec.compiler.trace import Failed, Trace
from archspec.errors import SpecError
from archspec.language.choice import plain
from archspec.language.limits import Limits
from archspec.language.source import Scalar, Source
from archspec.language.values import Function, TensorView, Unknown
from archspec.language.work import Left, bounded_lists
from archspec.network import Block, Network, Node
from archspec.ops.tensor import Shape, show
from archspec.service.analysis import Analysis
from archspec.service.figures import Part
from archspec.service.spots import Spot

_MOST_USES = 8
"""Uses of a block of which values are told."""


def values(analysis: Analysis, spot: Spot, text: str) -> list[str]:
    """The different values that an expression has, as text; none where nothing is known of it.

    Args:
        analysis: The document.
        spot: Where the expression stands.
        text: The expression, with its dollar.
    """
    found = dict.fromkeys(told for names in _scopes(analysis, spot) for told in _value(text, names) if told is not None)
    return list(found)


def _value(text: str, names: Names) -> Iterator[str]:
    trace, source = Trace(), Source("", text)
    try:
        with bounded_lists(Left(Limits())):
            yield told(evaluate(Scalar(source, 0, len(text), text), names, trace, ""))
    except (Failed, Unknown, SpecError):
        name = text.removeprefix("$").removeprefix("(").removesuffix(")")
        if name in names and isinstance(names[name], TensorView | Function):
            yield told(names[name])


def told(value: Any) -> str:
    """A value as a spec writes it; a tensor by its shape."""
    if isinstance(value, TensorView):
        return show(value.shape) if value.shape else ", ".join(value.outputs or ())
    if isinstance(value, Function):
        return f"a function of {', '.join(value.parameters)}"
    value = plain(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(told, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {told(item)}' for key, item in value.items())}}}"
    return str(value)


def _scopes(analysis: Analysis, spot: Spot) -> Iterator[Names]:
    """What the expression knows in each use."""
    network = analysis.network or analysis.partial or analysis.last
    if network is None:
        return
    if spot.node is None:
        yield from _outer(network, spot)
        return
    uses = analysis.uses(spot.node)
    for part in uses.parts[:_MOST_USES] if uses is not None else ():
        names = _of_part(part, uses.network if uses else network)
        if names is not None:
            yield names


def _outer(network: Network, spot: Spot) -> Iterator[Names]:
    """Outside of the nodes: the parameters, and what the network's own graph defines."""
    if spot.section.around is not None or spot.section.is_block:
        return
    inputs = {name: TensorView(shape) for name, shape in network.inputs.items()}
    names = Names(network.blocks.content.arguments, inputs if spot.graph is not None or spot.role == "let" else {})
    graph = network.blocks.graph
    yield defined(graph, names, Trace(), "") if graph is not None else names


def _of_part(part: Part, network: Network) -> Names | None:
    """What expressions of a node know: of a repeat, in its first copy."""
    chain = _around(network, part.path)
    owner = next((block for block in reversed(chain) if block.kind in ("block", "network")), None)
    graph_block = next((block for block in reversed(chain) if block.kind != "repeat"), None)
    if owner is None or graph_block is None or graph_block.graph is None:
        return None
    names: Names | None = None
    for block in chain[chain.index(owner) :]:
        if block.graph is None:
            continue
        shapes = [shape_at(network, path) for path in block.inputs] if block.path else list(network.inputs.values())
        inputs = tuple(Tensor(number, shape) for number, shape in enumerate(shapes))
        if len(inputs) != max(1, len(block.graph.inputs)):
            return None
        inner = Names(owner.content.arguments, views(block.graph, inputs), _tensors(block))
        if names is not None:
            inner.lets, inner.index = names.lets, names.index
        inner.index = block.copy if block.copy is not None else inner.index
        names = defined(block.graph, inner, Trace(), block.path)
        names.tensors = inner.tensors
    if names is not None:
        names.operand = view(Tensor(0, shape_at(network, part.inputs[0]))) if part.inputs else None
        names.index = 0 if isinstance(part, Block) and part.kind == "repeat" else names.index
    return names


def _around(network: Network, path: str) -> list[Block]:
    """The blocks around a part, from the network to the innermost."""
    chain, block = [network.blocks], network.blocks
    for name in path.split(".")[:-1]:
        inner = block.child(name)
        if not isinstance(inner, Block):
            break
        chain.append(inner)
        block = inner
    return chain


def shape_at(network: Network, path: str) -> Shape | None:
    """The shape of the tensor of a node's path or an input's name; None where there is none."""
    if path in network.inputs:
        return network.inputs[path]
    with suppress(KeyError):
        part = network[path]
        return part.shape if isinstance(part, Node) else None
    return None


def _tensors(block: Block) -> dict[str, Result]:
    """What the nodes of a graph give."""
    found: dict[str, Result] = {}
    for child in block.children:
        if isinstance(child, Node):
            found[child.name] = Tensor(child.name, child.shape)
        else:
            found[child.name] = {name: Tensor(child.name, shape) for name, shape in child.content.shapes.items()}
    return found
