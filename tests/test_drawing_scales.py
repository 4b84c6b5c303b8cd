"""The layout by scales: rows of one resolution, ways down and up, and lines that lead straight across."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from drawing_geometry import faults, titles
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import PROFILE, examples

import archspec
from archspec.drawing.content.cards import LEGIBLE
from archspec.drawing.content.scene import DETAILS
from archspec.drawing.drawing import CardDrawing, draw
from archspec.drawing.layout.geometry import hull, overlap, point_rect
from archspec.drawing.layout.titles import INSET, Titling
from archspec.drawing.layout.wiring import RIGHT, Port, Wiring

HRNET = Path(__file__).parent / "data" / "hrnet_w18.yaml"
SCALED = ("unet", "unet_paper", "fpn", "retinanet", "yolov8", "segnet", "lraspp_mobilenet_v3_large")


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", SCALED)
def test_nothing_is_on_top_of_anything_else(name: str, detail: str) -> None:
    placing = draw(archspec.compile(name), detail=detail, layout="scales").placing
    assert not faults(placing)
    assert {placed.edge for placed in placing.edges} == set(placing.scene.edges)


def straight(picture: CardDrawing, source: str, target: str) -> bool:
    """Whether a line is one part that leads across."""
    (parts,) = (
        placed.parts for placed in picture.placing.edges if (placed.edge.source, placed.edge.target) == (source, target)
    )
    return len(parts) == 1 and parts[0][0][1] == parts[0][-1][1]


def test_a_u_net_is_a_u() -> None:
    picture = draw(archspec.compile("unet"))
    boxes = picture.placing.boxes
    down, up = [f"down{level}" for level in range(1, 5)], [f"up{level}" for level in range(1, 5)]
    assert all(straight(picture, *pair) for pair in zip(down, up, strict=True))
    assert [boxes[id][1] for id in down] == sorted(boxes[id][1] for id in down)
    assert len({boxes[id][0] for id in down}) == len({boxes[id][0] for id in up}) == 1
    assert boxes["logits"][3] < boxes["up1"][1]
    assert boxes["output output"][3] < boxes["logits"][1]


def test_a_feature_pyramid_is_a_ladder() -> None:
    picture = draw(archspec.compile("fpn"))
    for level in (2, 3, 4):
        assert straight(picture, "body", f"lateral{level}")
        assert straight(picture, f"lateral{level}", f"merge{level}")
        assert straight(picture, f"merge{level}", f"p{level}")


def test_heads_stand_beside_their_level() -> None:
    boxes = draw(archspec.compile("yolov8")).placing.boxes
    assert len({boxes[f"detect{level}"][0] for level in (3, 4, 5)}) == 1
    assert all(boxes[f"detect{level}"][0] > boxes[f"p{level}"][2] for level in (3, 4, 5))


def test_streams_are_rows_and_what_joins_them_is_as_high_as_they_are() -> None:
    picture = draw(archspec.compile(HRNET))
    boxes, ends = picture.placing.boxes, {placed.edge: placed.parts for placed in picture.placing.edges}
    stages = ["stage2", "stage3", "stage4"]
    assert [boxes[id][0] for id in stages] == sorted(boxes[id][0] for id in stages)
    for level, start in ((4, "start4"), (8, "start8"), (16, "start16"), (32, "start32")):
        row = (boxes[start][1] + boxes[start][3]) / 2
        lines = [parts for edge, parts in ends.items() if edge.target in stages and edge.shape[1] == 224 // level]
        assert lines
        assert all(len(parts) == 1 and parts[0][0][1] == parts[0][-1][1] == row for parts in lines)
    assert not faults(picture.placing)


@pytest.mark.parametrize("opened", ["stage2", "stage3.0", "stage4.2"])
def test_an_open_exchange_keeps_its_rows(opened: str) -> None:
    picture = draw(archspec.compile(HRNET), expand=[opened])
    boxes = picture.placing.boxes
    streams = [boxes[id] for id in boxes if id.startswith(f"{opened}.stream")]
    assert [rect[1] for rect in streams] == sorted({rect[1] for rect in streams})
    assert not faults(picture.placing)


def test_shared_heads_are_as_high_as_the_levels_they_look_at() -> None:
    picture = draw(archspec.compile("retinanet"))
    (box,) = (box for box in picture.placing.scene.boxes if box.remark == "shared by 5")
    for source in ("backbone.p3", "backbone.p4", "backbone.p5", "p6", "p7"):
        assert straight(picture, source, box.id)
    for level in range(3, 8):
        assert straight(picture, box.id, f"output classes{level}")
        assert straight(picture, box.id, f"output boxes{level}")


def test_a_frame_around_whole_rows_is_one() -> None:
    placing = draw(archspec.compile("retinanet")).placing
    assert [frame.cluster.path for frame in placing.frames] == ["backbone"]


@pytest.mark.parametrize("name", ["retinanet", "unet", "fcn_resnet50"])
def test_the_name_of_a_frame_leaves_its_corner_only_where_a_line_leads_there(name: str) -> None:
    placing = draw(archspec.compile(name), width="85mm", font_size="8pt").placing
    lines = [hull([*map(point_rect, part)]) for placed in placing.edges for part in placed.parts]
    for frame in placing.frames:
        left, top, right, bottom = next(titles(frame._replace(titled=Titling())))
        around = left - 2.0, top, right + 2.0, bottom
        assert frame.titled.name == INSET or any(overlap(around, line) for line in lines)


def test_a_frame_around_whole_rows_takes_no_room_between_columns() -> None:
    pyramid, inside = draw(archspec.compile("fpn")), draw(archspec.compile("retinanet"))
    gutters = []
    for picture, outer in ((pyramid, ""), (inside, "backbone.")):
        boxes = picture.placing.boxes
        gutters.append(boxes[f"{outer}merge3"][0] - boxes[f"{outer}lateral3"][2])
    assert gutters[0] == pytest.approx(gutters[1])


def test_a_pyramid_in_a_frame_can_be_read_on_a_page() -> None:
    picture = draw(archspec.compile("retinanet"), paper="a4-landscape")
    assert picture.smallest_text >= LEGIBLE
    assert not picture.notes


@pytest.mark.parametrize("detail", ["overview", "blocks"])
def test_each_line_between_columns_says_what_it_carries(detail: str) -> None:
    """Once, and where an output says it not at all."""
    for name in ("fpn", "retinanet", "yolov8"):
        picture = draw(archspec.compile(name), detail=detail)
        kinds = {box.id: box.kind for box in picture.placing.scene.boxes}
        told = {placed.edge.tensor for placed in picture.placing.edges if kinds[placed.edge.target] == "output"}
        told |= {placed.edge.tensor for placed in picture.placing.edges if placed.label}
        across = {
            placed.edge.tensor
            for placed in picture.placing.edges
            if len(placed.parts) == 1 and placed.parts[0][0][1] == placed.parts[0][-1][1]
        }
        assert across <= told


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "dcgan_generator", "vit_b_16", "fcn_resnet50"])
def test_what_has_one_resolution_after_another_is_a_flow(name: str) -> None:
    network = archspec.compile(name)
    assert draw(network).svg == draw(network, layout="flow").svg
    with pytest.raises(archspec.UsageError, match="neither comes back nor stays"):
        draw(network, layout="scales")


def test_a_direction_asks_for_a_flow() -> None:
    network = archspec.compile("unet")
    assert draw(network, direction="down").svg == draw(network, layout="flow").svg


def test_no_line_leads_along_the_side_of_a_box() -> None:
    wiring = Wiring([(40.0, 0.0, 60.0, 20.0)], xs=[10.0, 50.0, 80.0], ys=[40.0])
    corners = wiring.line("x", [Port((0.0, 20.0), RIGHT)], [Port((100.0, 20.0), RIGHT)])
    assert corners == [(0.0, 20.0), (10.0, 20.0), (10.0, 40.0), (80.0, 40.0), (80.0, 20.0), (100.0, 20.0)]


@st.composite
def networks_with_scales(draw: st.DrawFn) -> str:
    """Networks that go down some levels and up again, of any width, with joins and outputs at some levels."""
    rank, depth = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    joins = draw(st.sampled_from(["concat", "add"]))
    graph: dict[str, object] = {}
    conv = {"op": "conv", "out_channels": 8, "kernel_size": 3, "padding": 1}
    kept: list[str] = []
    for level in range(depth + 1):
        if level:
            graph[f"pool{level}"] = {"op": "max_pool", "kernel_size": 2}
        for number in range(draw(st.integers(1, 3))):
            graph[f"down{level}_{number}"] = dict(conv)
            kept = [*kept[:level], f"down{level}_{number}"]
    ends = []
    for level in range(depth - 1, -1, -1):
        graph[f"up{level}"] = {"op": "upsample", "scale_factor": 2}
        if draw(st.booleans()):
            before, beside = f"up{level}", kept[level]
            if draw(st.booleans()):
                graph[f"lateral{level}"] = {"op": "conv", "out_channels": 8, "kernel_size": 1, "from": beside}
                beside = f"lateral{level}"
            graph[f"join{level}"] = {"op": joins, "from": [before, beside]}
        for number in range(draw(st.integers(0, 2))):
            graph[f"after{level}_{number}"] = dict(conv)
        last = next(reversed(graph))
        if level and draw(st.booleans()):
            graph[f"head{level}"] = {"op": "conv", "out_channels": 4, "kernel_size": 1, "from": last}
            ends.append(f"head{level}")
            graph[f"on{level}"] = {"op": "relu", "from": last}
    outputs = {"out": next(reversed(graph)), **{end: end for end in ends}}
    spec = {"archspec": 1, "name": "n", "inputs": {"x": [3, *[64] * rank]}, "graph": graph, "outputs": outputs}
    return yaml.safe_dump(spec, sort_keys=False)


@settings(max_examples=2_000 if PROFILE == "nightly" else examples(50))
@given(networks_with_scales())
def test_any_network_with_scales_can_be_drawn(text: str) -> None:
    network = archspec.compile_text(text)
    for detail in ("overview", "ops"):
        picture = draw(network, detail=detail, layout="scales")
        assert not faults(picture.placing)
        assert draw(archspec.compile_text(text), detail=detail, layout="scales").svg == picture.svg
