"""What a step of training computes: the forward pass and the gradients."""

from __future__ import annotations

from archspec.network import Network, Node
from archspec.ops.tensor import Places


def differentiated(network: Network) -> frozenset[str]:
    """Paths of the nodes whose output has a gradient: weights that train went into it. Inputs and places need none."""
    found: set[str] = set()
    for node in network:
        if isinstance(node.shape, Places):
            continue
        if trains(network, node) or not found.isdisjoint(node.operands):
            found.add(node.path)
    return frozenset(found)


def trains(network: Network, node: Node) -> bool:
    """Whether a node has weights that train."""
    return bool(node.applied.weights) and not network.is_frozen(node.path)


def step_macs(network: Network) -> int:
    """Multiply-accumulates of a step of training for one sample, of the nodes that have a cost rule.

    Those of the forward pass with all outputs, and those of the gradients: that of the weights of a product takes as
    many as the product, and so does that of each operand that needs one. The image and frozen weights need none.
    """
    gradients = differentiated(network)
    total = 0
    for node in network:
        if node.macs:
            needed = tuple([origin in gradients for origin in node.inputs])
            trained = trains(network, node)
            total += node.macs + node.op.gradient_macs(node.input_shapes, node.shape, needed, trained=trained)
    return total
