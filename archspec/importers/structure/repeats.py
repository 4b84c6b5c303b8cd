"""Runs of equal nodes, and of equal chains of them, as repeats."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from archspec.importers.draft import Names
from archspec.importers.structure.groups import grouped, numbered
from archspec.importers.structure.units import Graph, Unit, nodes_of, only_taker, rename, takers_of

_MOST_PERIOD = 8
_LEAST_COPIES = 3
"""Copies of several nodes in a row that are worth a group; of one node two are."""


def repeat(graph: Graph) -> None:
    """Write nodes in a row that are equal as one that is repeated."""
    takers = takers_of(graph)
    used = Names(unit.name for unit in graph.units)
    made: list[Unit] = []
    names: dict[str, str] = {}
    start = 0
    while start < len(graph.units):
        unit, end = graph.units[start], start + 1
        while end < len(graph.units) and _follows(graph.units[end - 1], graph.units[end], takers):
            same = _equal(unit, graph.units[end])
            if not same and end == start + 1 and _first_differs(unit, graph.units[end]):
                same = end + 1 < len(graph.units) and _equal(graph.units[end], graph.units[end + 1])
                same = same and _follows(graph.units[end], graph.units[end + 1], takers)
                unit = graph.units[end] if same else unit
            if not same:
                break
            end += 1
        run = graph.units[start:end]
        if len(run) > 1 and (unit.inner is not None or "block" in unit.node or unit.kind in ("conv", "linear")):
            first = {key: value for key, value in run[0].node.items() if unit.node.get(key) != value}
            node = {**unit.node, "repeat": len(run)} | ({"first": first} if first else {})
            name = _stem(run, used)
            names[run[-1].name] = name
            made.append(replace(run[-1], name=name, node=node, inputs=run[0].inputs))
        else:
            made += run
        start = end
    graph.units = made
    rename(graph, names)


def _follows(before: Unit, unit: Unit, takers: Mapping[str, list[Unit]]) -> bool:
    return only_taker(before.name, takers) is unit


def _equal(unit: Unit, other: Unit) -> bool:
    same = unit.node == other.node and (unit.inner is None) == (other.inner is None)
    return same and nodes_of(unit.inner or (), ["input"]) == nodes_of(other.inner or (), ["input"])


def _first_differs(first: Unit, unit: Unit) -> bool:
    """Whether the first of a run is as the others but for its stride."""
    if first.inner is not None or "block" not in first.node:
        return False
    rest = {key: value for key, value in first.node.items() if key not in ("stride", "stride_in_1x1")}
    return first.node.get("stride", 1) != 1 and rest == unit.node


def _stem(run: Sequence[Unit], used: Names) -> str:
    """What the copies' names have in common, `conv5` for `conv5_1` and `conv5_2`; else the name of the first."""
    pairs = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*(unit.name for unit in run), strict=False))
    common = "".join(letters[0] for letters in pairs)
    stem = common.rstrip("_")
    lettered = all(re.fullmatch(r"[a-z]", unit.name[len(common) :]) for unit in run)
    if stem and (stem != common or lettered) and stem not in used.taken:
        used.taken.add(stem)
        return stem
    return run[0].name


def repeat_chains(graph: Graph) -> None:
    """Write pieces in a row that are equal as one group that is repeated."""
    takers = takers_of(graph)
    made: list[Unit] = []
    names: dict[str, str] = {}
    used = Names(unit.name for unit in graph.units)
    start = 0
    while start < len(graph.units):
        period, copies = _chain(graph.units, start, takers)
        if not copies:
            made.append(graph.units[start])
            start += 1
            continue
        region = graph.units[start : start + period]
        group = grouped(graph, start, start + period, "", region[0].inputs[0], numbered(region))
        number = re.search(r"\d+$", region[0].name)
        group.name = used.take(f"stack{number[0]}" if number else "stack")
        group.node["repeat"] = copies
        end = start + period * copies
        names[graph.units[end - 1].name] = group.name
        made.append(group)
        start = end
    graph.units = made
    rename(graph, names)


def _chain(units: Sequence[Unit], start: int, takers: Mapping[str, list[Unit]]) -> tuple[int, int]:
    """How many nodes from a place on come again in a row, and how often; zeros where none do."""
    for period in range(2, _MOST_PERIOD + 1):
        end = start + period
        while end < len(units) and _equal(units[end - period], units[end]):
            if not _follows(units[end - 1], units[end], takers):
                break
            end += 1
        linked = all(_follows(a, b, takers) for a, b in zip(units[start:end], units[start + 1 : end], strict=False))
        copies = (end - start) // period
        plain = all(unit.inner is None and len(unit.inputs) == 1 for unit in units[start:end])
        if linked and plain and copies >= _LEAST_COPIES:
            return period, copies
    return 0, 0
