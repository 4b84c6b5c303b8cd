"""The report of a network as JSON; the format is described in docs/reports.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archspec.analysis.cost import share
from archspec.analysis.memory import activation_memory
from archspec.analysis.receptive_field import receptive_fields
from archspec.analysis.tiling import tiling
from archspec.errors import UsageError
from archspec.network import Block, Network, Node, ReceptiveField
from archspec.ops.arguments import compact
from archspec.reports.json_text import pieces
from archspec.reports.table import CONVENTIONS

VERSION = 1
"""The version of the format: within a version keys may be added, but none is changed or removed."""


def render(network: Network) -> str:
    """The report as text, the same for the same spec."""
    return "".join(pieces(_parts(network))) + "\n"


def report(network: Network) -> dict[str, Any]:
    """The report as JSON values."""
    return {name: list(part) if isinstance(part, Iterator) else part for name, part in _parts(network).items()}


def _parts(network: Network) -> dict[str, Any]:
    """The report, whose nodes and blocks are made one by one."""
    fields = _fields(network)
    return {
        "format": "archspec-report",
        "version": VERSION,
        "conventions": CONVENTIONS,
        "name": network.name,
        "doc": network.doc,
        "paper": network.paper.model_dump() if network.paper else None,
        "digest": network.digest,
        "arguments": network.arguments,
        "inputs": {name: list(shape) for name, shape in network.inputs.items()},
        "outputs": {
            name: {"path": output.path, "shape": list(output.shape), "training_only": output.training_only}
            for name, output in network.outputs.items()
        },
        "totals": _totals(network),
        "nodes": (_node(network, node, fields) for node in network),
        "blocks": (_block(block) for block in network.blocks.walk() if block.path),
    }


_MOST_INPUTS = 16
"""With more, a node says what it sees of all of them together alone."""

Fields = dict[str, Mapping[str, ReceptiveField | None]]
"""Receptive fields by input and path; by the empty name those in all inputs together."""


def _fields(network: Network) -> Fields:
    fields: Fields = {"": receptive_fields(network)}
    for name in network.inputs if 1 < len(network.inputs) <= _MOST_INPUTS else ():
        fields[name] = receptive_fields(network, name)
    return fields


def _seen(node: Node, fields: Fields) -> dict[str, Any]:
    """The receptive field; with several inputs that in each, too."""
    found = {name: _field(seen[node.path]) for name, seen in fields.items()}
    together = {"receptive_field": found.pop("")}
    return together | ({"receptive_fields": found} if found else {})


def _totals(network: Network) -> dict[str, Any]:
    memory = activation_memory(network)
    return {
        "nodes": len(network),
        "params": network.params,
        "frozen_params": network.frozen_params,
        "trainable_params": network.trainable_params,
        "buffers": network.buffer_elements,
        "macs": network.macs,
        "training_only_macs": network.training_only_macs,
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
        "activations": network.activations,
        "tiling": _tiling(network),
    }


def _tiling(network: Network) -> dict[str, Any] | None:
    """The overlap of tiles; None where none serves."""
    try:
        tiles = tiling(network)
    except UsageError:
        return None
    return {"before": list(tiles.before), "after": list(tiles.after), "step": list(tiles.step)}


def _node(network: Network, node: Node, fields: Fields) -> dict[str, Any]:
    return {
        "path": node.path,
        "op": node.op.name,
        "arguments": {name: compact(value) for name, value in node.op.model_dump().items()},
        "inputs": list(node.operands),
        "shape": list(node.shape),
        "params": node.params,
        "frozen": network.is_frozen(node.path),
        "weights": {name: list(shape) for name, shape in node.weights.items()},
        "buffers": {name: list(shape) for name, shape in node.buffers.items()},
        "shares": node.shares or None,
        "macs": node.macs,
        "flops": node.flops,
        "other_ops": node.other_ops,
        "share": round(share(network, node), 9),
        "training_only": network.is_training_only(node.path),
        "activations": node.activations,
        **_seen(node, fields),
        "place": {"file": node.span.file, "line": node.span.line, "column": node.span.column},
    }


def _field(field: ReceptiveField | None) -> dict[str, Any] | None:
    if field is None:
        return None
    return {
        "size": list(field.size),
        "stride": [float(stride) for stride in field.stride],
        "padding": [float(padding) for padding in field.padding],
        "least": list(field.least),
        "before": [None if before is None else float(before) for before in field.before],
        "after": [None if after is None else float(after) for after in field.after],
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
        "shares": block.shares or None,
        "macs": block.macs,
        "activations": block.activations,
        "other_ops": block.other_ops,
    }
