"""Kinds of values, by which what stands under a key is written, and the order of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TOP = (
    "archspec name block extends doc paper params inputs example blocks let graph output outputs init weights override "
    "freeze variants expect"
).split()
_NODE = "each as op block reuse from inputs".split()
_NODE_END = "output outputs repeat first last when doc after before".split()
_GROUP = "each as repeat reuse from inputs when doc let graph output outputs".split()
_PARAM = "type default min max choices nullable doc".split()

# Kinds of values: how what stands under a key is written. `nodes` is a graph, `node` one of its nodes, `definition` a
# block of the file's own; `entries` is a mapping whose entries have a line each, and `figures` one with long numbers.

TOP_KINDS = {
    "doc": "text",
    "params": "params",
    "inputs": "entries",
    "blocks": "definitions",
    "let": "entries",
    "graph": "nodes",
    "outputs": "entries",
    "init": "entries",
    "weights": "sources",
    "override": "entries",
    "variants": "variants",
    "expect": "figures",
}
INSIDE: dict[str, dict[str, str]] = {
    "node": {"graph": "nodes", "let": "entries"},
    "definition": TOP_KINDS | {"inputs": "value"},
    "variant": {"expect": "figures"},
}
EACH = {
    "params": "param",
    "definitions": "definition",
    "nodes": "node",
    "sources": "entries",
    "variants": "variant",
    "figures": "figure",
}
"""What the entries of a kind are."""
BROKEN = frozenset("params entries definitions definition nodes sources variants figures".split())
"""Kinds that are never written in one line."""


def in_order(value: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The entries of a value of a kind, as the bundled specs have them."""
    if kind == "node":
        return _node(value)
    if kind == "param":
        return ordered(value, _PARAM)
    return ordered(value, TOP) if kind == "definition" else value


def _node(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of a node in the order of the bundled specs: what it is and takes, its arguments, its copies."""
    return ordered(value, _GROUP) if "graph" in value else ordered(value, _NODE, _NODE_END)


def ordered(value: Mapping[str, Any], start: Sequence[str], end: Sequence[str] = ()) -> Mapping[str, Any]:
    """The entries of a mapping, some keys first and some last."""
    middle = [key for key in value if key not in start and key not in end]
    return {key: value[key] for key in (*start, *middle, *end) if key in value}
