"""A network put together from what was elaborated, without the nodes that no output needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from archspec.language.limits import Limits
from archspec.network import Block, Body, Network, NetworkOutput, PartialNetwork
from archspec.network.pruning import without_unused
from archspec.ops.tensor import Shape


def assembled(
    body: Body, inputs: Mapping[str, Shape | None], problems: Mapping[str, str] | None, limits: Limits
) -> Network:
    """The network, without nodes that no output needs; with all of them where there were problems.

    Args:
        body: What it holds.
        inputs: The shapes of its inputs by name; None for one that an error left unknown.
        problems: What is wrong by path; None where nothing is.
        limits: Bounds on what is told of it.
    """
    definition = body.template
    training = {output.name for output in definition.graph.outputs if output.training_only}
    if problems is None:
        assert None not in inputs.values(), "an unknown shape without an error"
        body = without_unused(body)
    tree = Block("", body, tuple(inputs), None, {})
    outputs = {name: NetworkOutput(path, body.shapes[name], name in training) for name, path in tree.outputs.items()}
    known = {name: shape for name, shape in inputs.items() if shape is not None}
    network = Network(definition.name, definition.doc, tree.arguments, known, outputs, tree, limits=limits)
    return network if problems is None else partial(network, problems)


def partial(
    network: Network, problems: Mapping[str, str], unplaced: tuple[str, ...] = (), *, whole: bool = False
) -> PartialNetwork:
    """A network with what is wrong with it, over what was known of that."""
    known = network.problems if isinstance(network, PartialNetwork) else {}
    parts = {field.name: getattr(network, field.name) for field in fields(Network)}
    return PartialNetwork(**parts, problems={**known, **problems}, unplaced=unplaced, whole=whole)
