"""The report of a network as JSON; the format is described in docs/reports.md."""

from __future__ import annotations

import json
from typing import Any

from archspec.analysis.memory import activation_memory
from archspec.analysis.receptive_field import receptive_fields
from archspec.network import Block, Network, Node, ReceptiveField
from archspec.ops.arguments import compact
from archspec.reports.table import CONVENTIONS

VERSION = 1
"""The version of the format: within a version keys may be added, but none is changed or removed."""


def render(network: Network) -> str:
    """The report as text, the same for the same spec."""
    return json.dumps(report(network), indent=1, ensure_ascii=False) + "\n"


def report(network: Network) -> dict[str, Any]:
    """The report as JSON values."""
    fields = receptive_fields(network)
    return {
        "format": "archspec-report",
        "version": VERSION,
        "conventions": CONVENTIONS,
        "name": network.name,
        "doc": network.doc,
        "digest": network.digest,
        "arguments": network.arguments,
        "inputs": {name: list(shape) for name, shape in network.inputs.items()},
        "outputs": {
            name: {"path": output.path, "shape": list(output.shape), "training_only": output.training_only}
            for name, output in network.outputs.items()
        },
        "totals": _totals(network),
        "nodes": [_node(network, node, fields[node.path]) for node in network],
        "blocks": [_block(block) for block in network.blocks.walk() if block.path],
    }


def _totals(network: Network) -> dict[str, Any]:
    memory = activation_memory(network)
    return {
        "nodes": len(network),
        "params": network.params,
        "buffers": network.buffer_elements,
        "macs": network.macs,
        "flops": network.flops,
        "other_ops": network.other_ops,
        "nodes_without_cost_rule": list(network.unknown_costs),
        "activation_memory": {
            "dtype": memory.dtype,
            "batch": memory.batch,
            "inference_peak_bytes": memory.inference_peak,
            "inference_peak_node": memory.inference_peak_node,
            "training_bytes": memory.training,
        },
    }


def _node(network: Network, node: Node, field: ReceptiveField | None) -> dict[str, Any]:
    return {
        "path": node.path,
        "op": node.op.name,
        "arguments": {name: compact(value) for name, value in node.op.model_dump().items()},
        "inputs": list(node.inputs),
        "shape": list(node.shape),
        "params": node.params,
        "weights": {name: list(shape) for name, shape in node.weights.items()},
        "buffers": {name: list(shape) for name, shape in node.buffers.items()},
        "macs": node.macs,
        "flops": node.flops,
        "other_ops": node.other_ops,
        "share": round((node.macs or 0) / network.macs, 9) if network.macs else 0.0,
        "receptive_field": _field(field),
        "place": {"file": node.span.file, "line": node.span.line, "column": node.span.column},
    }


def _field(field: ReceptiveField | None) -> dict[str, Any] | None:
    if field is None:
        return None
    return {
        "size": list(field.size),
        "stride": [float(stride) for stride in field.stride],
        "padding": [float(padding) for padding in field.padding],
    }


def _block(block: Block) -> dict[str, Any]:
    return {
        "path": block.path,
        "kind": block.kind,
        "definition": block.definition,
        "arguments": block.arguments,
        "inputs": list(block.inputs),
        "outputs": block.outputs,
        "nodes": block.content.totals.nodes,
        "params": block.params,
        "macs": block.macs,
        "other_ops": block.other_ops,
    }
