"""Bounds on what is told of a network: a picture, its source."""

from __future__ import annotations

from archspec.errors import Diagnostic, SpecError
from archspec.language.limits import raise_limit
from archspec.language.source import Mapping
from archspec.network.content import Body
from archspec.network.network import Network


def keep_within(network: Network, limit: str, count: int, what: str, help: str = "") -> None:
    """Refuse what goes beyond one of the network's limits.

    Args:
        network: The network.
        limit: The name of the limit.
        count: How much there is.
        what: What there is too much of, such as ``the picture has {} boxes``; ``{}`` is the number.
        help: What to do, besides raising the limit.

    Raises:
        SpecError: It is more than the limit; placed at the graph of the network.
    """
    most = getattr(network.limits, limit)
    if count <= most:
        return
    value = network.blocks.template.value
    graph = value.keys.get("graph") if isinstance(value, Mapping) else None
    place = graph or value
    message = f"{what.format(f'{count:,}')}, and the limit is {most:,}"
    help = f"{help}; or {raise_limit(limit)}" if help else raise_limit(limit)
    raise SpecError(
        [Diagnostic("limit-exceeded", message, place.span, help=help)], {place.source.name: place.source.text}
    )


def keep_source_within(network: Network) -> None:
    """Refuse a network whose source would write out too many nodes, those of equal blocks once, and their operands.

    Raises:
        SpecError: They are more than its limit.
    """
    root = network.blocks.content
    todo, seen, count = [root], {id(root)}, 0
    while todo:
        for use in todo.pop().firsts():
            count += max(1, len(use.inputs))
            if isinstance(use.content, Body) and id(use.content) not in seen:
                seen.add(id(use.content))
                todo.append(use.content)
    help = "write equal parts as a block, or `repeat` them"
    keep_within(network, "source_nodes", count, "the source writes out {} nodes and operands", help)
