"""`--style volumes` of networks with scales: a terrace for each resolution, what enlarges a map above what it takes."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from drawn import network
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import PROFILE, examples
from test_drawing_scales import HRNET, SCALED, networks_with_scales
from test_volumes import faults, graphs

import archspec
from archspec.drawing.content.volume import Slab, Volumes
from archspec.drawing.content.volumes import volumes
from archspec.drawing.layout.bodies import scales_of
from archspec.drawing.layout.solids import Solids, in_grid
from archspec.drawing.layout.terraces import terraces
from archspec.drawing.volumes import VolumeDrawing, draw_volumes


def middles(solids: Solids) -> dict[str, tuple[float, float]]:
    """The middle of each volume."""
    rects = {each.volume.id: each.rect for each in solids.placed}
    return {id: ((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2) for id, rect in rects.items()}


def is_straight(picture: VolumeDrawing, source: str, target: str) -> bool:
    """Whether a line is one part that leads across, or down or up."""
    (parts,) = (line.parts for line in picture.solids.lines if line.flow[:2] == (source, target))
    (first, last) = parts[0][0], parts[-1][-1]
    return len(parts) == 1 and (first[0] == last[0] or first[1] == last[1])


@settings(max_examples=2_000 if PROFILE == "nightly" else examples(60))
@given(graphs(), st.data())
def test_nothing_is_on_top_of_anything_else_at_any_levels(shown: Volumes, data: st.DataObject) -> None:
    ids = [volume.id for volume in shown.volumes]
    level = {id: data.draw(st.integers(0, 4)) for id in ids}
    cards = [volume.id for volume in shown.volumes if volume.form == "card"]
    last = {id: data.draw(st.integers(level[id] + 1, 6)) for id in cards if data.draw(st.booleans())}
    groups = data.draw(st.lists(st.lists(st.sampled_from(ids), max_size=3, unique=True), max_size=2))
    pairs = [flow[:2] for flow in shown.flows]
    carried = [data.draw(st.integers(0, 6)) for _ in pairs]
    grid = terraces(ids, pairs, level, last=last, carried=carried, alike=groups)
    solids = in_grid(shown, scales_of(shown.volumes), grid)
    assert faults(solids) == []
    rows = {placed.volume.id: (placed.rect[1] + placed.rect[3]) / 2 for placed in solids.placed}
    for one, other in combinations([id for id in ids if id not in last], 2):
        assert level[one] == level[other] or (level[one] < level[other]) == (rows[one] < rows[other])
    assert all(grid.cells[flow.source][0] <= grid.cells[flow.target][0] for flow in shown.flows)
    for id in last:
        assert all(link.start[0] < link.end[0] for link in grid.links if id in link[:2])


@settings(max_examples=2_000 if PROFILE == "nightly" else examples(20))
@given(networks_with_scales())
def test_what_has_scales_is_laid_out_by_them(text: str) -> None:
    picture = draw_volumes(archspec.compile_text(text), layout="scales")
    assert faults(picture.solids) == []
    assert picture.svg == draw_volumes(archspec.compile_text(text), layout="scales").svg
    rows: dict[int, set[float]] = {}
    for placed in picture.solids.placed:
        if placed.volume.form in ("solid", "sheet"):
            rows.setdefault(placed.volume.height, set()).add(min(placed.rect[1::2]))
    ordered = [rows[height] for height in sorted(rows, reverse=True)]
    assert all(max(high) < max(low) for high, low in pairwise(ordered))


@pytest.mark.parametrize("detail", ["overview", "ops"])
@pytest.mark.parametrize("name", SCALED)
def test_networks_with_scales_are_drawn_without_faults(name: str, detail: str) -> None:
    assert faults(draw_volumes(archspec.compile(name), detail=detail).solids) == []


@pytest.mark.parametrize("name", ["unet", "unet_paper"])
def test_a_u_net_is_the_u_of_its_paper(name: str) -> None:
    net = archspec.compile(name)
    picture = draw_volumes(net)
    at, flows = middles(picture.solids), picture.solids.volumes.flows
    skips = [flow[:2] for flow in flows if flow.role == "skip"]
    assert len(skips) == 4
    assert all(is_straight(picture, *pair) for pair in skips)
    assert all(at[source][1] == at[target][1] for source, target in skips)
    assert all(is_straight(picture, *flow[:2]) for flow in flows)
    pools, joins = ([at[id] for id in at if word in id] for word in ("pool", "concat"))
    assert pools == sorted(pools)
    assert [x for x, _ in joins] == sorted(x for x, _ in joins)
    assert [y for _, y in joins] == sorted((y for _, y in joins), reverse=True)


def test_a_concatenation_has_what_was_enlarged_for_it_as_a_part() -> None:
    shown = {volume.id: volume for volume in volumes(network("unet")).volumes}
    assert shown["up1.concat"].slabs == (Slab("", "merge", 64), Slab("up1.upconv", "resample", 64))
    assert shown["up1.concat"].lines == ("128×512×512", "transposed conv", "2×2, /2, concat")
    assert not any("upconv" in id for id in shown)
    solids = draw_volumes(network("unet")).solids
    for placed in solids.placed:
        if placed.volume.slabs:
            assert solids.scales.channels is not None
            lengths = [solids.scales.channels.length(slab.channels) for slab in placed.volume.slabs]
            assert list(placed.body.slabs) == lengths


def test_a_pyramid_is_a_ladder_on_the_stages_of_its_backbone() -> None:
    picture = draw_volumes(network("fpn"))
    at = middles(picture.solids)
    for level in (2, 3, 4):
        assert (
            len({at[id][1] for id in (f"body.layer{level - 1}", f"lateral{level}", f"merge{level}", f"p{level}")}) == 1
        )
    assert len({at[f"p{level}"][0] for level in (2, 3, 4, 5)}) == 1
    assert is_straight(picture, "merge4", "merge3")
    assert is_straight(picture, "body.layer1", "body.layer2")


def test_streams_lead_straight_into_what_joins_them() -> None:
    solids = draw_volumes(archspec.compile(HRNET)).solids
    cards = {each.volume.id: each.rect for each in solids.placed if each.volume.form == "card"}
    between = [line for line in solids.lines if {*line.flow[:2]} <= cards.keys()]
    assert sorted(len([line for line in between if line.flow.target == id]) for id in cards) == [0, 2, 3]
    assert all(len(line.parts) == 1 and line.parts[0][0][1] == line.parts[0][-1][1] for line in between)
    heights = [rect[3] - rect[1] for rect in cards.values()]
    assert heights == sorted(heights)


def test_shared_heads_are_one_card_as_high_as_their_levels() -> None:
    solids = draw_volumes(network("retinanet")).solids
    (card,) = (each for each in solids.placed if each.volume.form == "card")
    assert card.volume.lines[:2] == ("heads", "shared by 5")
    into = [line for line in solids.lines if line.flow.target == card.volume.id]
    assert len(into) == 5
    assert all(len(line.parts) == 1 for line in into)


def test_a_layout_is_as_asked() -> None:
    flow, free = (draw_volumes(network("unet"), layout=layout).solids for layout in ("flow", "auto"))
    assert flow.size[1] < free.size[1]
    assert flow.size[0] > 1.5 * free.size[0]
    with pytest.raises(archspec.UsageError, match="neither comes back nor stays"):
        draw_volumes(network("vgg16"), layout="scales")
