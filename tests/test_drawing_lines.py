"""Lines of pictures lead from the boxes that they start from, whatever ends beside them; inputs stand side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from math import hypot
from pathlib import Path

import pytest
from browser.wirings import WIRINGS, net
from corpus import SOME_SPECS
from drawing_geometry import broken_lines, faults, lines_on_lines, points
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from sampling import examples

import archspec
from archspec.drawing.content.scene import DETAILS
from archspec.drawing.drawing import draw
from archspec.drawing.layout.geometry import Part, Point, Rect
from archspec.drawing.layout.placement import Placing
from archspec.drawing.layout.routes import RADIUS

SPECS = Path(__file__).parent.parent / "specs"
NEAR = 1.0
DIRECTIONS = ("down", "right")


def torn(placing: Placing) -> Iterator[str]:
    """Lines that start neither at the box that gives their tensor nor on another line of it, or end elsewhere."""
    lines: dict[str, list[tuple[Part, ...]]] = defaultdict(list)
    for placed in placing.edges:
        lines[placed.edge.tensor].append(placed.parts)
    for placed in placing.edges:
        edge, start, end = placed.edge, placed.parts[0][0], placed.parts[-1][-1]
        others = (part for parts in lines[edge.tensor] if parts is not placed.parts for part in parts)
        if not touches(start, placing.boxes[edge.source]) and not any(is_on(start, part) for part in others):
            yield f"{edge.source} -> {edge.target} starts elsewhere"
        if not touches(end, placing.boxes[edge.target]):
            yield f"{edge.source} -> {edge.target} ends elsewhere"


def touches(point: Point, rect: Rect) -> bool:
    left, top, right, bottom = rect
    pile = 8.0  # of several boxes in one, of which the last one's line comes
    return left - NEAR <= point[0] <= right + pile and top - NEAR <= point[1] <= bottom + pile


def is_on(point: Point, part: Part) -> bool:
    if len(part) > 2:
        return any(hypot(point[0] - x, point[1] - y) <= NEAR for x, y in points(part))
    (x, y), (to_x, to_y) = part
    length = hypot(to_x - x, to_y - y) or 1.0
    along = ((point[0] - x) * (to_x - x) + (point[1] - y) * (to_y - y)) / length
    beside = ((point[0] - x) * (to_y - y) - (point[1] - y) * (to_x - x)) / length
    return -NEAR <= along <= length + NEAR and abs(beside) <= NEAR


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", WIRINGS)
def test_every_wiring_is_drawn_without_faults(name: str, direction: str) -> None:
    network = archspec.compile_text(WIRINGS[name])
    for detail in DETAILS:
        placing = draw(network, detail=detail, direction=direction).placing
        assert [*faults(placing), *torn(placing)] == []


@pytest.mark.parametrize(
    ("path", "detail"), list(product(SOME_SPECS, DETAILS)), ids=lambda value: getattr(value, "stem", value)
)
def test_lines_start_at_what_gives_their_tensor(path: Path, detail: str) -> None:
    assert list(torn(draw(archspec.compile(path), detail=detail).placing)) == []


@settings(max_examples=examples(40))
@given(networks())
def test_lines_of_any_network_lead_from_box_to_box(text: str) -> None:
    for detail in DETAILS:
        placing = draw(compiled(text), detail=detail).placing
        assert [*torn(placing), *(gap for placed in placing.edges for gap in broken_lines(placed, placing))] == []


@pytest.mark.parametrize("name", ["two inputs, and one tensor twice", "two inputs that meet"])
def test_inputs_that_meet_stand_side_by_side(name: str) -> None:
    placing = draw(archspec.compile_text(WIRINGS[name]), detail="ops", direction="down").placing
    tops = {placing.boxes[box.id][1] for box in placing.scene.boxes if box.kind == "input"}
    assert len(tops) == 1


def test_a_late_input_stands_beside_the_trunk_which_is_straight() -> None:
    network = archspec.compile_text(WIRINGS["an input late in a long chain"])
    boxes = draw(network, detail="ops", direction="down").placing.boxes
    middles = {(boxes[name][0] + boxes[name][2]) / 2 for name in ("input l", *"abcdefhi", "output output")}
    assert max(middles) - min(middles) < NEAR
    assert boxes["c"][1] < boxes["input r"][3] < boxes["f"][3]
    assert boxes["input r"][0] > max(boxes[name][2] for name in "abcdef")


def starts(placing: Placing, source: str) -> dict[str, set[Point]]:
    """Where the lines of each tensor of a box begin."""
    found: dict[str, set[Point]] = defaultdict(set)
    for placed in placing.edges:
        if placed.edge.source == source:
            found[placed.edge.tensor].add(placed.parts[0][0])
    return found


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("name", "source", "tensors"), [("fpn", "body", 4), ("retinanet", "backbone", 4)])
def test_tensors_of_one_box_leave_it_apart(name: str, source: str, tensors: int, direction: str) -> None:
    network = archspec.compile(SPECS / f"{name}.yaml")
    begun = starts(draw(network, collapse=[source], direction=direction).placing, source)
    assert len(begun) == tensors
    assert all(len(points) == 1 for points in begun.values())
    assert len(set().union(*begun.values())) == tensors


def test_an_output_stands_beside_what_leads_to_a_deeper_one_whichever_is_named_first() -> None:
    for outputs in ("out: d, side: s", "side: s, out: d"):
        text = WIRINGS["an output beside the trunk"].replace("outputs: {out: b, side: a}", f"outputs: {{{outputs}}}")
        nodes = "  s: {op: relu, from: [b]}\n  c: {op: tanh, from: [b]}\n  d: {op: sigmoid, from: [c]}\n"
        network = archspec.compile_text(text.replace("outputs:", f"{nodes}outputs:"))
        boxes = draw(network, detail="ops", direction="down").placing.boxes
        middles = {(boxes[name][0] + boxes[name][2]) / 2 for name in ("a", "b", "c", "d", "output out")}
        assert max(middles) - min(middles) < NEAR
        assert boxes["s"][0] > max(middles)


def test_outputs_of_one_depth_stand_side_by_side() -> None:
    boxes = draw(archspec.compile(SPECS / "retinanet.yaml"), detail="overview", direction="down").placing.boxes
    for level in range(3, 8):
        assert boxes[f"output classes{level}"][1] == boxes[f"output boxes{level}"][1]


def slanted(placing: Placing) -> list[str]:
    """Lines that do not lead along and across in small round corners."""
    return [
        f"{placed.edge.source} -> {placed.edge.target}"
        for placed in placing.edges
        for part in placed.parts
        for wide, high in [[max(values) - min(values) for values in zip(*part, strict=True)]]
        if (min(wide, high) > NEAR if len(part) == 2 else max(wide, high) > RADIUS + NEAR)
    ]


@st.composite
def forks(draw: st.DrawFn) -> str:
    """Networks of ways that fork again and again, and all meet in one join; some of them lead there at once."""
    nodes: list[str] = []

    def way(source: str, depth: int) -> list[str]:
        for _ in range(draw(st.integers(1, 2))):
            nodes.append(f"n{len(nodes)} conv {source}")
            source = f"n{len(nodes) - 1}"
        count = draw(st.integers(2, 3)) if depth and draw(st.booleans()) else 0
        direct = [source] if count == 0 or draw(st.booleans()) else []
        return [*direct, *(end for _ in range(count - len(direct)) for end in way(source, depth - 1))]

    ends = [end for _ in range(draw(st.integers(2, 3))) for end in way("x", 3)]
    return net(
        ", ".join([*nodes, f"join {draw(st.sampled_from(['concat', 'add']))} {' '.join(ends)}", "last conv join"])
    )


@settings(max_examples=examples(40))
@given(forks(), st.sampled_from(DIRECTIONS))
def test_ways_that_fork_again_and_meet_in_one_join_lead_along_and_across(text: str, direction: str) -> None:
    placing = draw(compiled(text), detail="ops", direction=direction).placing
    assert [*faults(placing), *torn(placing), *slanted(placing)] == []


@pytest.mark.parametrize("detail", ["blocks", "ops"])
@pytest.mark.parametrize("name", ["yolov8", "inception_v3"])
def test_branches_of_bundled_networks_lead_along_and_across(name: str, detail: str) -> None:
    assert slanted(draw(archspec.compile(SPECS / f"{name}.yaml"), detail=detail).placing) == []


@pytest.mark.parametrize("detail", ["blocks", "ops"])
def test_heads_beside_each_other_are_straight_and_in_the_order_of_their_outputs(detail: str) -> None:
    network = archspec.compile(SPECS / "retinanet.yaml")
    placing = draw(network, detail=detail, layout="scales").placing
    for level in range(3, 8):
        columns = []
        for name in ("classes", "boxes"):
            held = [*(rect for id, rect in placing.boxes.items() if id.startswith(f"heads{level}.{name}."))]
            middles = [(left + right) / 2 for left, _, right, _ in [*held, placing.boxes[f"output {name}{level}"]]]
            assert max(middles) - min(middles) < NEAR
            columns.append(middles[0])
        assert columns == sorted(columns)


NASNET = net(
    "p conv l, c conv r, a1 conv c, s1 add a1 c, b1 conv p, b2 conv c, s2 add b1 b2, c1 tanh c, s3 add c1 p, "
    "d1 tanh p, d2 relu p, s4 add d1 d2, e1 conv p, e2 conv p, s5 add e1 e2, out concat p s1 s2 s3 s4 s5",
    inputs="l r",
)
"""The normal cell of NASNet-A (Zoph et al. 2018, figure 4), with other ops."""


@st.composite
def cells(draw: st.DrawFn) -> str:
    """Cells of pairs, as architecture search finds them: each adds what two ops make of what there is before."""
    known, nodes = ["p", "c"], ["p conv l", "c conv r"]
    for index in range(draw(st.integers(2, 5))):
        pair = [draw(st.sampled_from(known)) for _ in range(2)] if index else ["p", "c"]
        ops = [draw(st.sampled_from(["conv", "tanh", ""])) for _ in range(2)]
        for side, (op, source) in enumerate(zip(ops, pair, strict=True)):
            if op:
                nodes.append(f"o{index}{side} {op} {source}")
                pair[side] = f"o{index}{side}"
        nodes.append(f"s{index} add {pair[0]} {pair[1]}")
        known.append(f"s{index}")
    taken = {source for node in nodes for source in node.split()[2:]}
    ends = [name for name in known if name not in taken]
    last = f"out concat {' '.join(ends)}" if len(ends) > 1 else f"out relu {ends[0]}"
    return net(", ".join([*nodes, last]), inputs="l r")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_cell_of_pairs_leads_along_and_across(direction: str) -> None:
    placing = draw(compiled(NASNET), detail="ops", direction=direction).placing
    assert [*faults(placing), *torn(placing), *slanted(placing), *lines_on_lines(placing)] == []
    begins = [placing.boxes[f"input {name}"][direction == "down"] for name in "lr"]
    assert begins[0] == pytest.approx(begins[1], abs=NEAR)


@settings(max_examples=examples(30))
@given(cells(), st.sampled_from(DIRECTIONS))
def test_lines_of_cells_can_be_told_apart(text: str, direction: str) -> None:
    placing = draw(compiled(text), detail="ops", direction=direction).placing
    assert [*faults(placing), *torn(placing), *lines_on_lines(placing)] == []
