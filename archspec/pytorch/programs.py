"""Programs of torch.export with what PyTorch's ONNX has no words for in other words. This file imports torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch.export import ExportedProgram  # which takes seconds
    from torch.fx import Graph, Node

_aten = torch.ops.aten


def sayable(program: ExportedProgram) -> ExportedProgram:
    """The program, in which attention is products and a softmax, and a mean over a whole map is a mean.

    PyTorch writes attention of more than four dimensions not at all, other attention with many nodes that compute
    sizes, and the mean of a map whose channels are last in memory as an index of each of its numbers.
    """
    graph = program.graph
    for node in list(graph.nodes):
        if node.target is _aten.adaptive_avg_pool2d.default and list(node.args[1]) == [1, 1]:
            node.target, node.args = _aten.mean.dim, (node.args[0], [-1, -2], True)
        elif node.target is _aten.scaled_dot_product_attention.default and not _is_causal(node):
            _multiplied(graph, node)
    program.graph_module.recompile()
    return program


def _is_causal(node: Node) -> bool:
    return bool(node.args[5] if len(node.args) > 5 else node.kwargs.get("is_causal", False))


def _multiplied(graph: Graph, node: Node) -> None:
    """Put products and a softmax in the place of attention that is not causal (Vaswani et al. 2017, equation 1)."""
    query, key, value, *rest = node.args
    mask: Any = rest[0] if rest else node.kwargs.get("attn_mask")
    scale = node.kwargs.get("scale") or 1 / math.sqrt(query.meta["val"].shape[-1])  # type: ignore[union-attr]

    def add(target: Any, *arguments: Any) -> Node:
        made = graph.call_function(target, arguments)
        made.meta.update({name: node.meta[name] for name in ("nn_module_stack", "stack_trace") if name in node.meta})
        return made

    with graph.inserting_before(node):
        scores = add(_aten.matmul.default, add(_aten.mul.Tensor, query, scale), add(_aten.transpose.int, key, -2, -1))
        scores = scores if mask is None else add(_aten.add.Tensor, scores, mask)
        product = add(_aten.matmul.default, add(_aten.softmax.int, scores, -1), value)
    node.replace_all_uses_with(product)
    graph.erase_node(node)
