"""A network put together from what was elaborated: its tensors and its tree of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from archspec.language.definition import Definition
from archspec.network import Block, Network, NetworkOutput, Node, PartialNetwork
from archspec.ops.tensor import Shape


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the network being built; ``shape`` is None where an error left it unknown."""

    path: str
    shape: Shape | None


Result = Tensor | dict[str, Tensor]
"""What a node gives: an op one tensor, a block or group its outputs by name."""
Tree = Block | Node | None
"""A node's place in the tree of blocks; None for one that passes through or failed."""


def outputs_of(result: Result) -> dict[str, Tensor]:
    """Its outputs by name; an op's is called ``output``."""
    return {"output": result} if isinstance(result, Tensor) else result


def tensor_of(result: Result, port: str) -> Tensor:
    """The output of a name, or the first; without an error where there is none."""
    outputs = outputs_of(result)
    return outputs.get(port) or next(iter(outputs.values()), Tensor("", None))


def known_paths(outputs: Mapping[str, Tensor]) -> dict[str, str]:
    """The paths of outputs by name, those left out that an error left unknown."""
    return {name: tensor.path for name, tensor in outputs.items() if tensor.shape is not None}


def assembled(
    definition: Definition,
    arguments: Mapping[str, Any],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Tensor],
    children: tuple[Block | Node, ...],
    problems: Mapping[str, str] | None,
) -> Network:
    """The network, without nodes that no output needs; with all of them where there were problems."""
    training = {output.name for output in definition.graph.outputs if output.training_only}
    paths, names, graph = known_paths(outputs), tuple(inputs), definition.graph
    tree = Block("", "network", definition.name, arguments, names, paths, children, definition, graph, None, {})
    if problems is None:
        assert len(paths) == len(outputs), "an unknown shape without an error"
        tree = _without_unused(tree)
    given = {
        name: NetworkOutput(tensor.path, tensor.shape, name in training)
        for name, tensor in outputs.items()
        if tensor.shape is not None
    }
    network = Network(definition.name, definition.doc, arguments, inputs, given, tuple(tree.nodes()), tree)
    return network if problems is None else partial(network, problems)


def partial(network: Network, problems: Mapping[str, str], unplaced: tuple[str, ...] = ()) -> PartialNetwork:
    """A network with what is wrong with it, over what was known of that."""
    known = network.problems if isinstance(network, PartialNetwork) else {}
    parts = {field.name: getattr(network, field.name) for field in fields(Network)}
    return PartialNetwork(**parts, problems={**known, **problems}, unplaced=unplaced)


def _without_unused(tree: Block) -> Block:
    needed = set(tree.outputs.values())
    for node in reversed(list(tree.nodes())):
        if node.path in needed:
            needed.update(node.inputs)
    return _pruned(tree, needed) or replace(tree, children=())


def _pruned(block: Block, needed: set[str]) -> Block | None:
    kept = []
    for child in block.children:
        part = _pruned(child, needed) if isinstance(child, Block) else child if child.path in needed else None
        if part is not None:
            kept.append(part)
    if len(kept) == len(block.children) and all(new is old for new, old in zip(kept, block.children, strict=True)):
        return block
    return replace(block, children=tuple(kept)) if kept else None
