"""A network as one HTML file: boxes that open and fold, and a table beside them; it works offline."""

from __future__ import annotations

import hashlib
import html
import importlib.resources
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from archspec.drawing.content.folding import Structure
from archspec.drawing.content.labels import shape_text, times
from archspec.drawing.content.scene import Box
from archspec.drawing.content.staging import overview
from archspec.drawing.formats.page.items import items
from archspec.drawing.formats.page.layers import Layers
from archspec.drawing.formats.page.levels import Level, Tree
from archspec.drawing.formats.page.placements import placements
from archspec.drawing.formats.page.plan import Column, Row, plan
from archspec.drawing.formats.themes import Theme, theme
from archspec.drawing.layout.forms import LAYOUTS, NO_SCALES, Layout, require_known
from archspec.errors import UsageError
from archspec.network import Network
from archspec.network.bounds import keep_within
from archspec.ops.tensor import Places, Shape, size_in_bytes
from archspec.reports.table import CONVENTIONS, totals

_SCRIPTS = ("items", "boxes", "layers", "scales", "edges", "table", "search", "view", "selection", "picture", "page")
"""The files that make the page's script, one after another."""


def render(network: Network, layout: Layout = "auto") -> str:
    """The HTML text of a page that shows a network.

    It opens at the overview. Scripts and styles are inside; a policy in the file allows nothing else.

    Raises:
        SpecError: It would be larger than the network's limits allow.
        UsageError: There is no such layout, or the network has no scales to be laid out by.

    >>> import archspec
    >>> len(render(archspec.compile("specs/resnet152.yaml"))) < 500_000
    True
    """
    require_known("layout", layout, LAYOUTS)
    boxes = len(network) + sum(1 + block.path.count(".") for block in network.blocks.walk())  # one on each level
    keep_within(network, "boxes", boxes, "the page has {} nodes and levels of blocks", "draw an overview: an svg file")
    edges = sum(len(node.operands) for node in network)
    keep_within(network, "edges", edges, "the page has {} edges", "draw an overview: an svg file")
    values = {
        **_ground(),
        "name": html.escape(network.name),
        "doc": html.escape(network.doc),
        "totals": "".join(_totals(network)),
        "data": _json(_data(network, layout)),
    }
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], _file("page.html"))
    return text.encode("utf-8", "replace").decode()


@cache
def _ground() -> Mapping[str, str]:
    """What all pages have: style and script, and the policy that allows these alone."""
    style, script = f"{_palette()}\n{_file('page.css')}", _script()
    policy = html.escape(_policy(style, script))
    return {"policy": policy, "conventions": html.escape(CONVENTIONS), "style": style, "script": script}


@cache
def _file(name: str) -> str:
    return importlib.resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    return "\n".join(['"use strict";', *(_file(f"{name}.js") for name in _SCRIPTS)])


def script_digest() -> str:
    """The digest of the script that all pages have, for the policy of a page that holds one."""
    return _digest(_script())


def _digest(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _policy(style: str, script: str) -> str:
    """What the page may load: nothing but the style and the script that it holds."""
    allowed = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    return f"default-src 'none'; {allowed}; img-src data:; base-uri 'none'; form-action 'none'"


def _json(value: Any) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _totals(network: Network) -> Iterator[str]:
    name = ""
    for heading, figure in totals(network):
        name = heading or name
        yield f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(figure)}</dd></div>"


def _palette() -> str:
    """The colours of the light and the dark theme as properties."""
    light, dark = (dict(_colours(theme(name))) for name in ("light", "dark"))
    return ":root{" + "".join(f"--{name}:light-dark({light[name]},{dark[name]});" for name in light) + "}"


def _colours(look: Theme) -> Iterator[tuple[str, str]]:
    for name in ("page", "ink", "muted", "line", "skip"):
        yield name, getattr(look, name)
    yield from zip(("frame", "border"), look.frame, strict=True)
    yield from zip(("least", "most"), look.scale, strict=True)
    for family, paint in look.paints.items():
        yield from ((f"{family}-fill", paint.fill), (f"{family}-stroke", paint.stroke))


def _data(network: Network, layout: Layout) -> dict[str, Any]:
    """What the script reads: items by number, the network being number 0."""
    structure = Structure(network)
    scene = overview(structure)
    tree = Tree.of(network, items(structure, scene))
    levels = {number: tree.level(number) for number in range(len(tree.items)) if tree.children(number)}
    labelled = {number: _labelled(level) for number, level in levels.items()}
    docs: dict[str, int] = {}
    entries: list[dict[str, Any]] = [{"open": True}]
    for number, item in enumerate(tree.items):
        if item is None:
            continue
        parent = tree.parents[number]
        entry = _box(item.box, docs)
        entry |= {"parent": parent, "open": item.is_open, "labelled": str(number) in labelled[parent]}
        entries.append({name: value for name, value in entry.items() if value or type(value) is int})
    for number, level in levels.items():
        entries[number] |= _inside(level, tree.tensors)
    tensors = [_tensor(tree.shapes[path], path) for path in tree.tensors]
    placed = [] if layout == "flow" else list(placements(tree, scene))
    if layout == "scales" and not placed:
        raise UsageError(NO_SCALES)
    return {"name": network.name, "items": entries, "docs": list(docs), "tensors": tensors, "placements": placed}


def _tensor(shape: Shape, path: str) -> list[Any]:
    """What is told of a tensor: what gives it, its shape, its type and the bytes of one sample."""
    return [path, shape_text(shape), "int64" if isinstance(shape, Places) else "float32", size_in_bytes(shape)]


def _box(box: Box, docs: dict[str, int]) -> dict[str, Any]:
    figures = box.figures
    known: dict[str, Any] = {
        "path": box.id,
        "kind": box.kind,
        "family": box.family,
        "title": box.title,
        "arguments": box.arguments,
        "name": box.name,
        "lines": box.lines,
        "remark": box.remark,
        "count": box.count if box.count > 1 else None,
        "shape": shape_text(box.shape) if box.shape is not None else "",
        "training": box.training_only,
    }
    if box.doc:
        known["doc"] = docs.setdefault(box.doc, len(docs))
    if box.kind not in ("input", "output"):
        share = round(figures.share, 6)
        known["figures"] = [figures.params, figures.macs, figures.other_ops, figures.activations, share]
        known["field"] = times(figures.receptive_field)
    return known


def _labelled(level: Level) -> set[str]:
    """The items of a level whose output's shape is written below them: where it is not what they take.

    What only leaves the item around is written below that.
    """
    given: dict[str, set[Shape]] = {}
    taken: dict[str, set[Shape]] = {}
    inside: set[str] = set()
    for edge in level.edges:
        given.setdefault(edge.source, set()).add(edge.shape)
        taken.setdefault(edge.target, set()).add(edge.shape)
        if not edge.target.startswith("o"):
            inside.add(edge.source)
    return {id for id in inside if len(given[id]) == 1 and id in taken and given[id] != taken[id]}


def _inside(level: Level, tensors: Mapping[str, int]) -> dict[str, Any]:
    """The arrangement of a level: a column; and edges: source, target, tensor, whether a shortcut, gaps on the way."""
    found = plan(level.pieces, level.edges)
    edges = [
        [_id(edge.source), _id(edge.target), tensors[edge.tensor], int(skips), *way]
        for edge, skips, way in zip(level.edges, found.shortcuts, found.ways, strict=True)
    ]
    return {"column": _column(found.column), "edges": edges}


def _id(id: str) -> int | str:
    return int(id) if id.isdecimal() else id


def _column(column: Column) -> list[Any]:
    return [_part(part) for part in column]


def _part(part: str | Row | Layers) -> Any:
    if isinstance(part, Row):
        return {"body": [_column(each) for each in part.body], "beside": [_column(each) for each in part.beside]}
    if isinstance(part, Layers):
        return {"layers": [[_id(id) for id in row] for row in part.rows]}
    return _id(part)
