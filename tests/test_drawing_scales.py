"""The layout by scales: rows of one resolution, ways down and up, and lines that lead straight across."""

from __future__ import annotations

import pytest
import yaml
from drawing_geometry import faults
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples

import archspec
from archspec.drawing.content.scene import DETAILS
from archspec.drawing.drawing import Drawing, draw

SCALED = ("unet", "unet_paper", "fpn", "retinanet", "yolov8", "segnet", "lraspp_mobilenet_v3_large")


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", SCALED)
def test_nothing_is_on_top_of_anything_else(name: str, detail: str) -> None:
    placing = draw(archspec.compile(name), detail=detail, layout="scales").placing
    assert not faults(placing)
    assert {placed.edge for placed in placing.edges} == set(placing.scene.edges)


def straight(picture: Drawing, source: str, target: str) -> bool:
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


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "dcgan_generator", "vit_b_16", "fcn_resnet50"])
def test_what_has_one_resolution_after_another_is_a_flow(name: str) -> None:
    network = archspec.compile(name)
    assert draw(network).svg == draw(network, layout="flow").svg
    with pytest.raises(archspec.UsageError, match="neither comes back nor stays"):
        draw(network, layout="scales")


def test_a_direction_asks_for_a_flow() -> None:
    network = archspec.compile("unet")
    assert draw(network, direction="down").svg == draw(network, layout="flow").svg


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


@settings(max_examples=examples(100))
@given(networks_with_scales())
def test_any_network_with_scales_can_be_drawn(text: str) -> None:
    network = archspec.compile_text(text)
    for detail in ("overview", "ops"):
        picture = draw(network, detail=detail, layout="scales")
        assert not faults(picture.placing)
        assert draw(archspec.compile_text(text), detail=detail, layout="scales").svg == picture.svg
