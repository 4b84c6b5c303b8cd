"""All that a network says of itself, to be compared; and a spec that repeats a block."""

from __future__ import annotations

from typing import Any

from archspec import Network

REPEAT = """
archspec: 1
name: deep
params: {depth: 3}
inputs: {image: [8, 16, 16]}
graph:
  stem: {op: conv, out_channels: 16, kernel_size: 3, padding: 1}
  body: {block: residual_basic, channels: 16, repeat: $depth}
  head: global_avg_pool
"""


def told(net: Network) -> list[Any]:
    """All that a network says of itself."""
    nodes = [(node.path, node.op, node.inputs, node.shape, dict(node.weights), str(node.span)) for node in net]
    blocks = [(b.path, b.kind, b.arguments, b.inputs, b.outputs, b.params, str(b.span)) for b in net.blocks.walk()]
    return [net.digest, net.outputs, nodes, blocks]
