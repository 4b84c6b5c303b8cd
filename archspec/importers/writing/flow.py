"""Values in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.writing.kinds import EACH, INSIDE, in_order
from archspec.importers.writing.scalars import key_of, number, scalar


def flow(value: Any) -> str:
    """A value in one line, as it stands inside of ``{}`` and ``[]``.

    >>> flow({"op": "conv", "kernel_size": [1, 7], "out_channels": "$(max(a, b))"})
    '{op: conv, kernel_size: [1, 7], out_channels: "$(max(a, b))"}'
    """
    return flow_of(value, "value")


def flow_of(value: Any, kind: str) -> str:
    """A value of a kind in one line."""
    if isinstance(value, Mapping):
        inside = EACH.get(kind, kind if kind in ("figure", "figures") else "value")
        pairs = in_order(value, kind).items()
        return "{" + ", ".join(f"{key_of(key)}: {flow_of(each, INSIDE.get(kind, {}).get(key, inside))}"
                               for key, each in pairs) + "}"  # fmt: skip
    if isinstance(value, str):
        return scalar(value, in_flow=True)
    if isinstance(value, Sequence):
        inside = {"figure": "figure", "nodes": "node"}.get(kind, "value")
        return "[" + ", ".join(flow_of(each, inside) for each in value) + "]"
    return number(value, grouped=kind in ("figure", "figures"))
