"""A comparison of two networks as JSON; the format is described in docs/reports.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from archspec.comparison.comparison import Comparison
from archspec.comparison.edits import Edit, Follows
from archspec.network import Network, Totals
from archspec.reports.table import CONVENTIONS

VERSION = 1
"""The version of the format: within a version keys may be added, but none is changed or removed."""


def render(comparison: Comparison) -> str:
    """The comparison as text."""
    return _text(report(comparison))


def render_all(found: Mapping[str, Comparison | Network | None]) -> str:
    """Comparisons by path as text; a network is a new one, and None one that is gone."""
    specs = {
        path: report(what) if isinstance(what, Comparison) else {"before": None, "after": what and _network(what)}
        for path, what in found.items()
    }
    return _text({"format": "archspec-diffs", "version": VERSION, "specs": specs})


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def report(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON values."""
    return {
        "format": "archspec-diff",
        "version": VERSION,
        "conventions": CONVENTIONS,
        "before": _network(comparison.before),
        "after": _network(comparison.after),
        "figures": {
            figure.name: {"before": figure.before, "after": figure.after, "change": figure.change}
            for figure in comparison.figures.values()
        },
        "edits": [_edit(edit) for edit in comparison.edits],
        "tensors": [
            {"name": each.name, "before": _listed(each.before), "after": _listed(each.after)}
            for each in comparison.tensors
        ],
    }


def _network(network: Network) -> dict[str, Any]:
    return {"name": network.name, "digest": network.digest, "arguments": network.arguments}


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "kind": edit.kind,
        "what": edit.what,
        "differences": [difference._asdict() for difference in edit.differences],
        "count": edit.count,
        "places": [place._asdict() for place in edit.places],
        "shapes": [_listed(shape) for shape in edit.shapes] if edit.shapes else None,
        "change": _figures(edit.change),
        "inside": [_edit(each) for each in edit.inside],
        "beyond": [_edit(each) for each in edit.beyond],
        "follows": _follows(edit.follows) if edit.follows else None,
    }


def _follows(follows: Follows) -> dict[str, Any]:
    places = [place._asdict() for place in follows.places]
    return {"count": follows.count, "places": places, "change": _figures(follows.change)}


def _figures(change: Totals) -> dict[str, int]:
    return {
        "nodes": change.nodes,
        "params": change.params,
        "buffers": change.buffers,
        "macs": change.macs,
        "other_ops": change.other,
        "activations": change.activations,
    }


def _listed(shape: tuple[int, ...] | None) -> list[int] | None:
    return None if shape is None else list(shape)
