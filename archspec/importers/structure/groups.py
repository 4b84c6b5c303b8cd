"""Groups of nodes: those whose names say that they belong together, and branches that join again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archspec.importers.draft import Names
from archspec.importers.structure.sharing import skeleton
from archspec.importers.structure.units import ACTIVATIONS, JOINS, Graph, Unit, is_conv, only_taker, rename, takers_of

_MOST_IN_REGION = 40


def _entry(region: Sequence[Unit], takers: Mapping[str, list[Unit]]) -> str | None:
    """What a region takes, where it takes one thing and gives its last node alone; else None."""
    inside = {unit.name for unit in region}
    taken = {name for unit in region for name in unit.inputs if name not in inside}
    if len(taken) != 1 or any(not unit.inputs for unit in region):
        return None
    for unit in region[:-1]:
        found = takers.get(unit.name, [])
        if not found or any(taker.name not in inside for taker in found):
            return None
    return taken.pop()


def grouped(graph: Graph, start: int, end: int, name: str, entry: str, inner_names: Sequence[str]) -> Unit:
    """A group of some neighbours, which are called otherwise inside."""
    region = graph.units[start:end]
    names = dict(zip((unit.name for unit in region), inner_names, strict=True)) | {entry: "input"}
    inner = [replace(u, name=names[u.name], inputs=[names[each] for each in u.inputs]) for u in region]
    return Unit(name, {}, [entry], region[-1].shape, region[0].source, inner)


def group_by_name(graph: Graph) -> None:
    """Make groups of neighbours with branches that the source has named so: `fire2/squeeze1x1`, `fire2/concat`."""
    takers = takers_of(graph)
    used = Names(unit.name for unit in graph.units)
    made: list[Unit] = []
    names: dict[str, str] = {}
    start = 0
    while start < len(graph.units):
        prefix = graph.units[start].source.rpartition("/")[0]
        end = start + 1
        while prefix and end < len(graph.units) and graph.units[end].source.rpartition("/")[0] == prefix:
            end += 1
        region = graph.units[start:end]
        entry = _entry(region, takers) if any(len(unit.inputs) > 1 for unit in region) else None
        if entry is None or len(region) > _MOST_IN_REGION:
            made += region
        else:
            inside = Names()
            inner = [inside.take(unit.source.rpartition("/")[2], _short(unit)) for unit in region]
            group = grouped(graph, start, end, used.take(prefix), entry, inner)
            names[region[-1].name] = group.name
            made.append(group)
        start = end
    graph.units = made
    rename(graph, names)


def _short(unit: Unit) -> str:
    return "conv" if is_conv(unit.node) else "pool" if unit.kind.endswith("_pool") else unit.kind.removeprefix("$")


def group_joins(graph: Graph) -> None:
    """Make groups of what lies between a fork and a join, where it comes again, if with other numbers."""
    found = list(_joined_groups(graph))
    counts = Counter(skeleton(group) for _, _, group in found)
    used = Names(unit.name for unit in graph.units)
    names: dict[str, str] = {}
    made: list[Unit] = []
    at = 0
    for start, stop, group in found:
        if counts[skeleton(group)] < 2:
            continue
        made += graph.units[at:start]
        join = next(unit for unit in reversed(group.inner or []) if unit.kind in JOINS)
        group.word = _word(join)
        used.taken -= {unit.name for unit in graph.units[start:stop]}
        group.name = used.take(_joined_name(graph.units[start:stop], group.word))
        names[graph.units[stop - 1].name] = group.name
        made.append(group)
        at = stop
    graph.units = made + graph.units[at:]
    rename(graph, names)


def _joined_groups(graph: Graph) -> Iterator[tuple[int, int, Unit]]:
    """What lies between each fork and its join, with the activation behind it, as a group; none is in another."""
    takers = takers_of(graph)
    least = 0
    for end, unit in enumerate(graph.units):
        if unit.kind not in JOINS or len(unit.inputs) < 2:
            continue
        region = _region(graph, least, end, takers)
        if region is None:
            continue
        start, entry = region
        after = only_taker(unit.name, takers)
        stop = end + 1
        if after is not None and after.kind in ACTIVATIONS and graph.units[stop : stop + 1] == [after]:
            stop += 1
        yield start, stop, grouped(graph, start, stop, "", entry, numbered(graph.units[start:stop]))
        least = stop


def _word(join: Unit) -> str:
    """What kind of group ends with a join."""
    if join.kind in ("add", "sub"):
        return "residual" if "input" in join.inputs else "projection"
    if join.kind == "concat" and "input" in join.inputs:
        return "dense"
    return {"mul": "gated", "maximum": "maxout"}.get(join.kind, "branches")


def _joined_name(region: Sequence[Unit], word: str) -> str:
    """The name of a group: that of its join, where the source has one; else what it is, and where it begins."""
    join = next(unit for unit in reversed(region) if unit.kind in JOINS)
    if not re.fullmatch(rf"({join.kind}|concatenate|multiply)(_?\d+)*", join.name):
        return re.sub(r"_(add|out|output|sum|concat|eltwise)$", "", join.name)
    number = re.search(r"\d+$", region[0].name)
    return f"{word}{number[0]}" if number else word


def _region(graph: Graph, least: int, end: int, takers: Mapping[str, list[Unit]]) -> tuple[int, str] | None:
    """Where the smallest part begins that ends with a join and takes one thing; and what it takes."""
    for start in range(end - 1, max(least, end - _MOST_IN_REGION) - 1, -1):
        if graph.units[start].inner is not None:
            return None
        entry = _entry(graph.units[start : end + 1], takers)
        if entry is not None:
            return start, entry
    return None


def numbered(region: Sequence[Unit]) -> list[str]:
    """Names of what they are: `conv1`, `conv2`, `add`."""
    words = [_short(unit) for unit in region]
    counts, seen, names = Counter(words), Counter[str](), []
    for word in words:
        seen[word] += 1
        names.append(f"{word}{seen[word]}" if counts[word] > 1 else word)
    return names
