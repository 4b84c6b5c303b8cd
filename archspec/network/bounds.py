"""Bounds on what is told of a network: a picture, its source."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.errors import Diagnostic, SpecError
from archspec.language.limits import raise_limit
from archspec.language.source import Mapping
from archspec.network.content import Body, Use
from archspec.network.network import Network


def keep_within(network: Network, limit: str, count: int, what: str, help: str) -> None:
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
    help = f"{help}; or {raise_limit(limit)}"
    raise SpecError(
        [Diagnostic("limit-exceeded", message, place.span, help=help)], {place.source.name: place.source.text}
    )


def distinct(network: Network, seen: set[int]) -> Iterator[Use]:
    """The nodes, blocks and groups of a network, those inside of equal ones once.

    Args:
        network: The network.
        seen: The contents that were looked into, by identity; those of the network are added.
    """
    todo = [network.blocks.content]
    while todo:
        body = todo.pop()
        if id(body) in seen:
            continue
        seen.add(id(body))
        for use in body.firsts():
            yield use
            if isinstance(use.content, Body):
                todo.append(use.content)


def keep_source_within(network: Network) -> None:
    """Refuse a network whose source would write out too many nodes, those of equal blocks once, and their operands.

    Raises:
        SpecError: They are more than its limit.
    """
    count = sum(max(1, len(use.inputs)) for use in distinct(network, set()))
    help = "write equal parts as a block, or `repeat` them"
    keep_within(network, "source_nodes", count, "the source writes out {} nodes and operands", help)
