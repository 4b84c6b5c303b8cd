"""Pictures of the bundled specs, each drawn once, for the tests of pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from corpus import SOME_SPECS

import archspec
from archspec.drawing.content.scene import DETAILS, Scene
from archspec.drawing.content.staging import stage
from archspec.drawing.drawing import CardDrawing, draw

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "drawings"
CASES = [(path.stem, detail) for path, detail in product(SOME_SPECS, DETAILS)]
IDS = ["-".join(case) for case in CASES]
SVG = "{http://www.w3.org/2000/svg}"

every_picture = pytest.mark.parametrize(("name", "detail"), CASES, ids=IDS)
every_spec = pytest.mark.parametrize("name", [path.stem for path in SOME_SPECS])


@cache
def network(name: str, variant: str | None = None) -> archspec.Network:
    return archspec.compile(ROOT / "specs" / f"{name}.yaml", variant=variant)


@cache
def drawing(name: str, detail: str) -> CardDrawing:
    return draw(network(name), detail=detail)


@cache
def tree(name: str, detail: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(name, detail).svg)


def scene(text: str, detail: str = "overview", **options: tuple[str, ...]) -> Scene:
    return stage(archspec.compile_text(text), detail, **options)


def small(graph: str, blocks: str = "") -> str:
    return f"archspec: 1\nname: small\ninputs: {{image: [8, 16, 16]}}\n{blocks}graph:\n{graph}"


def check_parts(net: archspec.Network, shown: Scene) -> None:
    """Every node is in one box, every tensor that leads from one box to another is one edge, and nothing else is."""
    assert sorted(path for box in shown.boxes for path in box.paths) == sorted(node.path for node in net)
    assert len({box.id for box in shown.boxes}) == len(shown.boxes)
    home = {path: box.id for box in shown.boxes for path in box.paths} | {key: f"input {key}" for key in net.inputs}
    taken = {(path, node.path) for node in net for path in node.operands}
    wanted = {(path, home[path], home[node]) for path, node in taken if home[path] != home[node]}
    wanted |= {(output.path, home[output.path], f"output {key}") for key, output in net.outputs.items()}
    assert sorted((edge.tensor, edge.source, edge.target) for edge in shown.edges) == sorted(wanted)
    frames = {cluster.path for cluster in shown.clusters} | {""}
    assert {box.cluster for box in shown.boxes} | {cluster.parent for cluster in shown.clusters} <= frames


def check_svg(root: ElementTree.Element, shown: Scene) -> None:
    ids = [each.attrib["id"] for each in root.iter() if "id" in each.attrib]
    assert len(ids) == len(set(ids))
    assert root.get("role") == "img"
    assert set(root.get("aria-labelledby", "").split()) <= set(ids)
    groups = root.findall(f"{SVG}g")
    nodes = [group for group in groups if group.get("class") == "node"]
    assert len(nodes) == len(shown.boxes)
    for group in nodes:
        assert group.findtext(f"{SVG}title")
        assert group.findtext(f"{SVG}desc")
    edges = [group for group in groups if group.get("class") == "edge"]
    assert len(edges) == len(shown.edges)
    assert all(group.findtext(f"{SVG}title") for group in groups)
    styles = {name for each in root.iter() for name in each.get("class", "").split()}
    sheet = root.findtext(f"{SVG}style") or ""
    drawn = {name for each in root.iter() if each.tag != f"{SVG}g" for name in each.get("class", "").split()}
    assert not {name for name in drawn - {"archspec"} if f".{name}" not in sheet}, styles
