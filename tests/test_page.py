"""The HTML page as text: what it holds, for every spec. What it does in a browser: `tests/browser`."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import pytest
from browser.wirings import WIRINGS
from corpus import SOME_SPECS
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.drawing.content.labels import shape_text
from archspec.drawing.content.staging import stage
from archspec.drawing.formats import page
from archspec.drawing.formats.page import render
from archspec.drawing.formats.page.placements import line
from archspec.drawing.layout.geometry import rounded
from archspec.drawing.layout.scales import scales
from archspec.network import Network
from archspec.ops.tensor import Places

HOSTILE = """
archspec: 1
name: net
doc: "</title><script>alert(1)</script> {{script}} & <!-- \\u2028"
inputs: {image: [3, 8, 8]}
blocks:
  odd:
    doc: "</script><script>alert(2)</script>"
    graph:
      conv: {op: conv, out_channels: 4, kernel_size: 1}
      relu: relu
      more: {op: conv, out_channels: 2, kernel_size: 1}
graph: {odd: {block: odd}}
"""


@pytest.fixture(scope="module", params=[*SOME_SPECS, *WIRINGS], ids=lambda source: getattr(source, "stem", source))
def network(request: pytest.FixtureRequest) -> Network:
    source = request.param
    return archspec.compile(source) if isinstance(source, Path) else archspec.compile_text(WIRINGS[source])


def data_of(text: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


@pytest.fixture(scope="module")
def text(network: Network) -> str:
    return render(network)


@pytest.fixture(scope="module")
def items(text: str) -> list[dict[str, Any]]:
    items = data_of(text)["items"]
    for number, item in enumerate(items):
        item["number"] = number
        item["children"] = [child for child, other in enumerate(items) if child and other["parent"] == number]
    return items


def named(column: Any) -> Iterator[int | str]:
    """All that a column arranges."""
    if isinstance(column, int | str):
        yield column
        return
    parts = column if isinstance(column, list) else [part for group in column.values() for part in group]
    for part in parts:
        yield from named(part)


def test_every_op_input_and_output_is_one_box(network: Network, items: list[dict[str, Any]]) -> None:
    ends = [f"input {name}" for name in network.inputs] + [f"output {name}" for name in network.outputs]
    leaves = Counter(item["path"] for item in items[1:] if not item["children"])
    assert leaves == Counter([*dict.fromkeys(box_of(network, node.path) for node in network), *ends])


def box_of(network: Network, path: str) -> str:
    """The box of a tensor: one for all that an op gives."""
    owner = path.rpartition(".")[0]
    return owner if owner and network[owner].kind == "op" else path


def test_it_opens_at_the_overview(network: Network, items: list[dict[str, Any]]) -> None:
    scene = stage(network)
    closed = [item["path"] for item in items[1:] if is_shown(item, items) and not item.get("open")]
    assert Counter(closed) == Counter(box.id for box in scene.boxes)
    opened = [item["path"] for item in items[1:] if is_shown(item, items) and item.get("open")]
    assert Counter(opened) == Counter(cluster.path for cluster in scene.clusters)


def is_shown(item: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    while item["number"]:
        item = items[item["parent"]]
        if not item.get("open"):
            return False
    return True


SCALED = [*(f"specs/{name}.yaml" for name in ("fpn", "lraspp", "retinanet", "segnet", "unet", "yolov8")),
          "tests/data/hrnet_w18.yaml"]  # fmt: skip
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("path", SCALED)
def test_boxes_frames_and_lines_by_scales_are_those_of_the_picture(path: str) -> None:
    network = archspec.compile(ROOT / path)
    data = data_of(render(network))
    items = data["items"]
    initially = {number for number, item in enumerate(items) if number and item.get("open")}
    closings = []
    for placement in data["placements"]:
        closed = [items[number]["path"] for number, *_ in placement["boxes"] if number in initially]
        closings.append(closed)
        drawn = archspec.draw(network, collapse=closed).placing
        assert placement["size"] == pytest.approx(drawn.size, abs=0.1)
        boxes = {items[number]["path"]: rect for number, *rect in placement["boxes"]}
        assert boxes == {id: pytest.approx(rect, abs=0.1) for id, rect in drawn.boxes.items()}
        frames = [(items[number]["path"], part[:4]) for number, parts in placement["frames"] for part in parts]
        assert frames == [(frame.cluster.path, pytest.approx(frame.rect, abs=0.1)) for frame in drawn.frames]
        edges = [(items[source]["path"], items[target]["path"], line[0], line[-1][-2:])
                 for source, target, _, _, line in placement["edges"]]  # fmt: skip
        lines = [(edge.source, edge.target, pytest.approx(parts[0][0], abs=0.1), pytest.approx(parts[-1][-1], abs=0.1))
                 for edge, parts, _ in drawn.edges]  # fmt: skip
        assert edges == lines
    assert closings[0] == []
    assert len(closings) == (2 if "retinanet" in path else 1)


def test_there_are_placements_where_the_picture_has_scales(network: Network, text: str) -> None:
    assert bool(data_of(text)["placements"]) == (scales(stage(network)) is not None)


def test_the_layout_of_the_page_is_chosen() -> None:
    unet, lenet = (archspec.compile(ROOT / "specs" / f"{name}.yaml") for name in ("unet", "lenet"))
    assert data_of(render(unet, "flow"))["placements"] == []
    assert render(unet, "scales") == render(unet)
    with pytest.raises(archspec.UsageError, match="it cannot be laid out by scales"):
        render(lenet, "scales")


@given(st.lists(st.integers(1, 90).flatmap(lambda length: st.sampled_from([length, -length])), min_size=1, max_size=8))
def test_the_corners_of_a_rounded_line_are_found_again(lengths: list[int]) -> None:
    """Its straight parts lead across and down in turn."""
    points = [(0.0, 0.0)]
    for index, length in enumerate(lengths):
        x, y = points[-1]
        points.append((x + length, y) if index % 2 else (x, y + length))
    assert [tuple(point) for point in line(rounded(points, 7.0))] == points


def test_every_tensor_of_an_edge_is_told(network: Network, text: str, items: list[dict[str, Any]]) -> None:
    told = data_of(text)["tensors"]
    assert {edge[2] for item in items for edge in item.get("edges", ())} <= set(range(len(told)))
    for path, shape, kind, size in told:
        places = isinstance(network.shape(path), Places)
        assert shape == shape_text(network.shape(path))
        assert kind == ("int64" if places else "float32")
        assert size == prod(network.shape(path)) * (8 if places else 4)


def test_a_level_arranges_all_that_is_in_it_once(items: list[dict[str, Any]]) -> None:
    for item in items:
        if not item["children"]:
            assert "column" not in item
            continue
        arranged = Counter(named(item["column"]))
        assert max(arranged.values()) == 1
        assert {name for name in arranged if isinstance(name, int)} == set(item["children"])
        ends = {name for source, target, *_ in item["edges"] for name in (source, target)}
        gaps = [name for edge in item["edges"] for name in edge[4:]]
        assert ends | set(gaps) <= set(arranged)
        assert {name for name in arranged if str(name).startswith("~")} == set(gaps)


def test_what_a_node_takes_is_one_edge_through_the_borders_between(
    network: Network, items: list[dict[str, Any]]
) -> None:
    leaves = {item["path"]: item["number"] for item in items[1:] if not item["children"]}
    uses = {(tensor, node.path) for node in network for tensor in node.operands}
    uses |= {(output.path, f"output {name}") for name, output in network.outputs.items()}
    for giver, target in sorted(uses):
        if giver not in network.inputs and box_of(network, giver) != giver:
            continue  # one of several tensors of a box
        source = f"input {giver}" if giver in network.inputs else giver
        giving, taking = (around(leaves[box_of(network, path)] if path in network else leaves[path], items)
                          for path in (source, target))  # fmt: skip
        shared = sum(one == other for one, other in zip(giving, taking, strict=False))
        tensors = {edge[2] for edge in items[giving[-2]]["edges"] if edge[0] == giving[-1]}
        (tensor,) = tensors
        steps = [(outer, inner, f"o{tensor}") for outer, inner in pairwise(giving[shared:])]
        steps += [(giving[shared - 1], giving[shared], taking[shared])]
        steps += [(outer, f"i{tensor}", inner) for outer, inner in pairwise(taking[shared:])]
        counts = [edges_of(items[level]).count([start, end, tensor]) for level, start, end in steps]
        last = edges_of(items[taking[-2]])
        assert set(counts) == {1}
        assert sum(edge[1:] == [taking[-1], tensor] for edge in last) == 1


def edges_of(item: dict[str, Any]) -> list[list[int | str]]:
    """Source, target and tensor of each edge."""
    return [edge[:3] for edge in item["edges"]]


def around(number: int, items: list[dict[str, Any]]) -> list[int]:
    chain = [number]
    while chain[-1]:
        chain.append(items[chain[-1]]["parent"])
    return chain[::-1]


def test_figures_of_what_is_inside_add_up(items: list[dict[str, Any]]) -> None:
    for item in items[1:]:
        if item["children"]:
            inside = [items[child]["figures"] for child in item["children"]]
            assert [sum(figures[index] or 0 for figures in inside) for index in range(4)] == [
                f or 0 for f in item["figures"][:4]
            ]


def test_it_is_the_same_bytes_and_needs_no_other_file(network: Network, text: str) -> None:
    assert text == render(network)
    assert set(re.findall(r"https?://[^\s\"']+", text.partition('id="data"')[0] + text.rpartition("<script>")[2])) <= {
        "http://www.w3.org/2000/svg"
    }
    assert not re.search(r"<(img|iframe|object|embed|base)\b|@import|\burl\(|\bfetch\(|\beval\(|innerHTML", text)


def test_the_policy_allows_the_style_and_script_alone(text: str) -> None:
    for kind in ("style", "script"):
        (held,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = b64encode(sha256(held.encode()).digest()).decode()
        assert f"{kind}-src &#x27;sha256-{digest}&#x27;" in text
    assert "default-src &#x27;none&#x27;" in text


def test_the_page_holds_every_script_of_its_folder() -> None:
    folder = Path(page.__file__).parent
    text = render(archspec.compile(SOME_SPECS[0]))
    assert len(list(folder.glob("*.js"))) > 1
    for file in folder.glob("*.js"):
        assert file.read_text(encoding="utf-8") in text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found[tag] += 1


def tags(text: str) -> Counter[str]:
    parser = Tags()
    parser.feed(text)
    return parser.found


def test_outputs_of_one_tensor_stand_beside_each_other_however_many() -> None:
    """Not each of them inside of the next, which ended in Python's limit on recursion."""
    count = 600
    nodes = "".join(f"  a{number}: {{op: relu, from: x}}\n" for number in range(count))
    outputs = ", ".join(f"o{number}: a{number}" for number in range(count))
    spec = f"archspec: 1\nname: net\ninputs: {{x: [4]}}\ngraph:\n{nodes}outputs: {{{outputs}}}\n"
    _, row, *last = data_of(render(archspec.compile_text(spec)))["items"][0]["column"]
    assert len(row["beside"]) == count - 1
    assert len(last) == 2


def test_what_a_spec_says_stays_text() -> None:
    hostile = archspec.compile_text(HOSTILE)
    plain = archspec.compile_text(re.sub(r'doc: ".*"', "doc: plain", HOSTILE))
    text = render(hostile)
    assert tags(text) == tags(render(plain))
    assert "</script><script>alert(2)</script>" in data_of(text)["docs"]
