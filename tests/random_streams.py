"""Random networks that keep several resolutions side by side and exchange what they found, as HRNet does."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

Graph = dict[str, Any]


@st.composite
def networks_with_streams(draw: st.DrawFn) -> str:
    """Two to four streams through one to three modules, each a block or written out, ending together or each alone."""
    count = draw(st.integers(2, 4))
    graph: Graph = {"stem": {"op": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1}}
    graph |= {f"start{level}": _coarser("stem", level) for level in range(count)}
    blocks: Graph = {}
    given = [f"start{level}" for level in range(count)]
    for number in range(draw(st.integers(1, 3))):
        module = _module(draw, count)
        if draw(st.booleans()):
            named = {f"x{level}": f"m{number}_{level}" for level in range(count)}
            blocks[f"module{number}"] = {"inputs": list(named), "graph": module, "outputs": _ends(count, "")}
            graph[f"m{number}"] = {"block": f"module{number}", "from": given}
            given = [f"m{number}.y{level}" for level in range(count)]
        else:
            graph |= _inlined(module, given, f"m{number}_")
            given = [f"m{number}_y{level}" for level in range(count)]
    outputs = dict(zip((f"y{level}" for level in range(count)), given, strict=True))
    if draw(st.booleans()):
        graph |= {f"back{level}": _finer(given[level], level) for level in range(count)}
        graph["last"] = {"op": "concat", "dim": 1, "from": [f"back{level}" for level in range(count)]}
        outputs = {"y": "last"}
    spec = {"archspec": 1, "name": "n", "inputs": {"x": [3, 64, 64]}, "blocks": blocks, "graph": graph}
    return yaml.safe_dump(spec | {"outputs": outputs}, sort_keys=False)


def _module(draw: st.DrawFn, count: int) -> Graph:
    """Streams, and sums of what some others give, each brought to the stream's resolution by one op or two."""
    graph: Graph = {}
    for level in range(count):
        graph[f"stream{level}"] = {"op": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1, "from": f"x{level}"}
        for step in range(draw(st.integers(0, 2))):
            graph[f"stream{level}_{step}"] = "relu"
        graph[f"s{level}"] = "relu"
    for level in range(count):
        taken = [f"s{level}"]
        for other in range(count):
            if other != level and draw(st.integers(0, 3)):
                name = f"from{other}to{level}"
                by = abs(level - other)
                graph[name] = _coarser(f"s{other}", by) if other < level else _finer(f"s{other}", by)
                if draw(st.booleans()):
                    graph[f"{name}_act"] = "relu"
                    name = f"{name}_act"
                taken.append(name)
        graph[f"sum{level}"] = {"op": "add", "from": taken} if len(taken) > 1 else {"op": "relu", "from": taken[0]}
        graph[f"y{level}"] = "relu"
    return graph


def _coarser(source: str, halvings: int) -> Graph:
    kernel = 2**halvings
    return {"op": "conv", "out_channels": 4, "kernel_size": kernel, "stride": kernel, "from": source}


def _finer(source: str, halvings: int) -> Graph:
    return {"op": "upsample", "scale_factor": 2**halvings, "from": source}


def _ends(count: int, before: str) -> dict[str, str]:
    return {f"y{level}": f"{before}y{level}" for level in range(count)}


def _inlined(module: Graph, given: list[str], before: str) -> Graph:
    """The nodes of a module with names of their own, in a graph where others give what it takes."""
    taken = {f"x{level}": name for level, name in enumerate(given)}

    def renamed(name: str) -> str:
        return taken.get(name, f"{before}{name}")

    def moved(node: Any) -> Any:
        if isinstance(node, str):
            return node
        return {
            **node,
            "from": [renamed(n) for n in node["from"]] if isinstance(node["from"], list) else renamed(node["from"]),
        }

    return {f"{before}{name}": moved(node) for name, node in module.items()}
