"""Sums in pictures of volumes: shortcuts above what they pass, projections below, all seen to end at the sum."""

from __future__ import annotations

import pytest
from drawn import network

import archspec
from archspec.drawing.content.volumes import volumes
from archspec.drawing.layout.solids import lay_out
from archspec.drawing.volumes import draw_volumes


def test_a_shortcut_leads_right_above_what_it_passes() -> None:
    solids = lay_out(volumes(network("resnet18")))
    rects = {each.volume.id: each.rect for each in solids.placed}
    for line in solids.lines:
        if line.flow.role == "skip" and line.flow.target.endswith(".1.add"):
            top = min(point[1] for part in line.parts for point in part)
            passed = rects[f"{line.flow.target.removesuffix('add')}conv1"]
            assert 5 < passed[1] - top < 20


def test_a_sum_joins_the_shortcut_and_the_body() -> None:
    shown = volumes(network("resnet18"))
    (join,) = (volume for volume in shown.volumes if volume.id == "layer1.0.add")
    assert join.form == "join"
    roles = {flow.source: flow.role for flow in shown.flows if flow.target == join.id}
    assert roles == {"layer1.0.conv1": "body", "maxpool": "skip"}


@pytest.mark.parametrize("name", ["resnet18", "resnet20_cifar", "mobilenet_v2"])
def test_shortcuts_come_into_a_sum_from_above_and_below(name: str) -> None:
    """So that each is seen, and none lies on the body: identities as arches, projections from the lane below."""
    solids = lay_out(volumes(network(name), "ops"))
    joins = {each.volume.id: each.rect for each in solids.placed if each.volume.form == "join"}
    skips = [line for line in solids.lines if line.flow.role == "skip"]
    projections = {line.flow.target for line in skips} - joins.keys()
    for line in (line for line in skips if line.flow.target in joins):
        (_, top, _, bottom), end = joins[line.flow.target], line.parts[-1][-1]
        assert end[1] == pytest.approx(bottom if line.flow.source in projections else top)
        assert (line.arch is None) == (line.flow.source in projections)


def test_all_that_a_sum_takes_is_seen_to_end_there() -> None:
    """What stands beside the body comes up from below, so that no line lies on another's tip."""
    nodes = "".join(f"  {name}: {{op: conv, out_channels: 8, kernel_size: 1, from: image}}\n" for name in "abc")
    spec = (
        f"archspec: 1\nname: wide\ninputs: {{image: [3, 64, 64]}}\ngraph:\n{nodes}  sum: {{op: add, from: [a, b, c]}}\n"
    )
    solids = lay_out(volumes(archspec.compile_text(spec)))
    (join,) = (each.rect for each in solids.placed if each.volume.form == "join")
    ends = {line.flow.source: line.parts[-1][-1] for line in solids.lines if line.flow.target == "sum"}
    assert sorted({round(y - join[1]) for _, y in ends.values()}) in ([0, 8, 16], [8, 16])
    image = next(each for each in solids.placed if each.volume.family == "input")
    assert image.body.slabs[0] < image.body.height / 10


@pytest.mark.parametrize("options", [{}, {"width": "85mm"}])
def test_an_arch_is_round_in_every_format(options: dict[str, str]) -> None:
    """By the same radius, which leaves the tip of its arrow a straight part."""
    picture = draw_volumes(network("resnet18"), **options)
    arches = [line for line in picture.solids.lines if line.arch is not None]
    assert picture.tikz.count("[rounded corners=") == len(arches) == 5
    for line in arches:
        assert line.arch is not None
        curves = [part for part in line.parts if len(part) == 4]
        assert abs(curves[-1][0][0] - curves[-1][3][0]) == pytest.approx(line.arch)
        assert abs(line.parts[-1][0][1] - line.parts[-1][1][1]) >= line.arch - 0.01
