"""`--style volumes`: what is drawn as a volume, how large, and that nothing is on top of anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from drawing_geometry import points, shrunk
from drawn import every_spec, network
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from sampling import PROFILE, examples
from test_drawing_scales import networks_with_scales

import archspec
from archspec.drawing.content.labels import shape_text
from archspec.drawing.content.staging import stage
from archspec.drawing.content.volume import Flow, Volume, Volumes
from archspec.drawing.content.volumes import MOST_OPENED, volumes
from archspec.drawing.formats.solid_marks import scales_text
from archspec.drawing.layout.bodies import CLOSE
from archspec.drawing.layout.geometry import Point, Rect, overlap
from archspec.drawing.layout.magnitudes import Scale, scale
from archspec.drawing.layout.pages import page_of
from archspec.drawing.layout.rows import for_page
from archspec.drawing.layout.solids import PlacedFlow, Solids, lay_out
from archspec.drawing.layout.terraces import fitting
from archspec.drawing.volumes import draw_volumes

NEAR = 0.6
SCENE = stage(archspec.compile("lenet"))


def faults(solids: Solids) -> list[str]:
    """What is wrong with a layout, in words."""
    rects = [(placed.volume.id, placed.rect) for placed in solids.placed]
    labels = [(f"the label of {placed.volume.id}", placed.label) for placed in solids.placed if placed.label]
    found = [
        f"{one} is on {other}"
        for (one, rect), (other, over) in combinations([*rects, *labels], 2)
        if overlap(shrunk(rect), over)
    ]
    found += [f"{name} is outside" for name, rect in [*rects, *labels] if not inside(rect, solids.size)]
    return found + [fault for line in solids.lines for fault in wrong_line(line, solids)]


def inside(rect: Rect, size: Point) -> bool:
    return min(rect) >= 0 and rect[2] <= size[0] and rect[3] <= size[1]


def touches(point: Point, rect: Rect) -> bool:
    left, top, right, bottom = rect
    return left - NEAR <= point[0] <= right + NEAR and top - NEAR <= point[1] <= bottom + NEAR


def joined(lines: Iterable[PlacedFlow]) -> Iterator[Rect]:
    """What straight parts of lines cover; in a row another line of the same source may lead on from there."""
    for part in (part for line in lines for part in line.parts):
        (left, top), (right, bottom) = part[0], part[-1]
        yield min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def begins_at(point: Point, id: str, solids: Solids) -> bool:
    """Whether a line begins or ends at a volume, or in its column below its label."""
    (placed,) = (placed for placed in solids.placed if placed.volume.id == id)
    if placed.label:
        left, _, right, bottom = placed.label
        if abs(point[0] - (left + right) / 2) < NEAR and abs(point[1] - bottom) < NEAR:
            return True
    return touches(point, placed.rect)


def wrong_line(line: PlacedFlow, solids: Solids) -> Iterator[str]:
    flow, name = line.flow, f"{line.flow.source} -> {line.flow.target}"
    for before, after in pairwise(line.parts):
        if max(abs(one - other) for one, other in zip(before[-1], after[0], strict=True)) > 0.01:
            yield f"{name} has a gap"
    start, end = line.parts[0][0], line.parts[-1][-1]
    beside = (one for one in solids.lines if one.flow.source == flow.source and one is not line)
    if not begins_at(start, flow.source, solids) and not any(touches(start, rect) for rect in joined(beside)):
        yield f"{name} does not begin at {flow.source}"
    if not begins_at(end, flow.target, solids):
        yield f"{name} does not end at {flow.target}"
    across = [point for part in line.parts for point in points(part)]
    if not all(inside((*point, *point), solids.size) for point in across):
        yield f"{name} is outside"
    for placed in solids.placed:
        over = [placed.label] if placed.label else []
        over += [placed.rect] if placed.volume.id not in flow[:2] else []
        for rect in over:
            if any(overlap(shrunk(rect), (x - 0.01, y - 0.01, x + 0.01, y + 0.01)) for x, y in across):
                yield f"{name} leads over {placed.volume.id}"


@st.composite
def graphs(draw: st.DrawFn) -> Volumes:
    """Any graphs of volumes: chains, branches, skips, dense ones, several inputs and outputs."""
    count = draw(st.integers(1, 14))
    forms = st.sampled_from(["solid", "solid", "sheet", "bar", "join", "card"])
    size = st.sampled_from([1, 2, 3, 7, 16, 64, 224, 1000])
    shown, flows = [], []
    for number in range(count):
        form = draw(forms)
        lines = (
            ("+",) if form == "join" else tuple(draw(st.sampled_from(["8", "64×7×7", "a long label"])) for _ in "ab")
        )
        volume = Volume(f"v{number}", form, "conv", lines, draw(size), draw(size), draw(size), draw(st.integers(1, 6)))
        shown.append(volume)
        before = draw(st.sets(st.integers(0, number - 1), max_size=4)) if number else set()
        near = {number - 1} if number and draw(st.booleans()) else set()
        flows += [Flow(f"v{source}", f"v{number}") for source in sorted(before | near)]
    return Volumes(SCENE, tuple(shown), tuple(flows))


@settings(max_examples=2_000 if PROFILE == "nightly" else examples(60))
@given(graphs())
def test_nothing_is_on_top_of_anything_else_in_any_graph(shown: Volumes) -> None:
    for solids in (lay_out(shown), lay_out(shown, CLOSE), for_page(shown, page_of("a5"))):
        assert faults(solids) == []
        assert {line.flow for line in solids.lines} == set(shown.flows)
        assert [placed.volume for placed in sorted(solids.placed, key=lambda each: int(each.volume.id[1:]))] == list(
            shown.volumes
        )


@settings(max_examples=2_000 if PROFILE == "nightly" else examples(20))
@given(st.one_of(networks(), networks_with_scales()))
def test_nothing_is_on_top_of_anything_else_in_any_network(text: str) -> None:
    for detail in ("overview", "ops"):
        picture = draw_volumes(compiled(text), detail=detail, paper="a4")
        assert faults(picture.solids) == []
        assert picture.svg == draw_volumes(compiled(text), detail=detail, paper="a4").svg


@every_spec
def test_bundled_networks_are_drawn_without_faults(name: str) -> None:
    shown = volumes(network(name))
    for solids in (lay_out(shown), for_page(shown, page_of("a4")), fitting(shown, page_of())):
        assert faults(solids) == []


@every_spec
def test_a_volume_is_a_tensor_of_the_network(name: str) -> None:
    net = network(name)
    shown = volumes(net)
    inputs = {flow.target for flow in shown.flows}
    shapes = {shape_text(shape) for shape in [*net.inputs.values(), *(node.shape for node in net)]}
    for volume in shown.volumes:
        if volume.form in ("solid", "sheet", "bar"):
            assert volume.lines[0] in shapes
            sizes = [int(size) for size in volume.lines[0].split("×")]
            assert {volume.channels, *((volume.height,) if volume.form != "bar" else ())} <= set(sizes)
        if volume.id not in inputs:
            assert volume.family in ("input", "constant")


@pytest.mark.parametrize(("name", "few"), [("lenet", True), ("resnet18", True), ("unet", True), ("resnet34", False)])
def test_layers_are_told_one_by_one_where_they_are_few(name: str, few: bool) -> None:
    overview, opened = volumes(network(name)), volumes(network(name), "ops")
    assert (len(opened.volumes) <= MOST_OPENED) is few
    assert (overview == opened) is few
    assert len(overview.volumes) <= MOST_OPENED


def test_what_finishes_a_layer_is_no_volume() -> None:
    lenet = volumes(network("lenet")).volumes
    assert [volume.lines for volume in lenet] == [
        ("1×28×28", "image"), ("6×28×28", "conv 5×5"), ("6×14×14", "max pool", "2×2, /2"), ("16×10×10", "conv 5×5"),
        ("16×5×5", "max pool", "2×2, /2"), ("120", "linear"), ("84", "linear"), ("10", "linear"),
    ]  # fmt: skip
    assert [volume.form for volume in lenet[-4:]] == ["solid", "bar", "bar", "bar"]


def test_equal_volumes_behind_each_other_are_one() -> None:
    told = [volume.lines for volume in volumes(network("vgg16")).volumes]
    assert ("256×56×56", "conv 3×3 ×3") in told
    assert len(told) == 13


def test_copies_of_several_sizes_are_drawn_as_the_last() -> None:
    (dense, *_) = (volume for volume in volumes(network("densenet")).volumes if "dense" in volume.id)
    assert dense.lines == ("256×56×56", "dense layer ×6")
    assert dense.copies == 1


SIAMESE = """archspec: 1
name: siamese
inputs: {left: [1, 32, 32], right: [1, 32, 32]}
blocks:
  tower: {graph: {conv: {op: conv, out_channels: 8, kernel_size: 3}, pool: {op: max_pool, kernel_size: 2}}}
graph:
  one: {block: tower, from: left}
  other: {reuse: one, from: right}
  both: {op: concat, from: [one, other]}
"""


def test_towers_are_alike_and_say_whose_weights_they_use() -> None:
    solids = draw_volumes(archspec.compile_text(SIAMESE)).solids
    placed = {each.volume.id: each for each in solids.placed}
    for name in ("conv", "pool"):
        one, other = placed[f"one.{name}"], placed[f"other.{name}"]
        assert (one.body, one.rect[0]) == (other.body, other.rect[0])
        assert one.rect[1] < other.rect[1]
    assert placed["other.conv"].volume.lines == ("8×30×30", "conv 3×3", "weights of one")
    assert placed["one.conv"].volume.lines == ("8×30×30", "conv 3×3")


LANGUAGE = Path(__file__).parent / "golden" / "language"


def test_whose_weights_a_volume_uses_is_a_line_of_its_own() -> None:
    placed = draw_volumes(archspec.compile(LANGUAGE / "reuse-albert.yaml")).solids.placed
    lines = {each.volume.id: each.volume.lines for each in placed}
    assert lines["rest"] == ("16×64", "layer ×11", "weights of", "layer")


def test_what_does_not_train_is_told_as_cards_tell_it() -> None:
    """On a line of its own; also where equal volumes are one, and where several tensors are a card."""
    unit, two = "{block: conv_bn_relu, out_channels: %d}", "{block: two, repeat: 2}"
    block = "blocks: {two: {graph: {a: %s, b: {op: max_pool, kernel_size: 2}}, outputs: [a, b]}}\n" % (unit % 4)
    nodes = "".join(f"  {name}: {unit % width}\n" for name, width in (("a", 8), ("b", 8), ("c", 16), ("d", 4)))
    head, outputs = "archspec: 1\nname: net\ninputs: {x: [3, 16, 16]}\n", "outputs: [two.a, two.b]\n"
    text = f"{head}{block}graph:\n{nodes}  two: {two}\n{outputs}"
    for freeze in ("[a, b]", "[b, c]", '["c.conv", d]', "[two.0]", '["*"]'):
        net = archspec.compile_text(f"{text}freeze: {freeze}\n")
        remarks = {box.id: box.remark for box in stage(net, "blocks").boxes if "frozen" in box.remark}
        shown = {volume.id: volume.lines for volume in volumes(net, "blocks").volumes}
        said = {id: line for id, lines in shown.items() for line in lines if line.endswith("frozen")}
        assert said
        assert said == {id: remark for id, remark in remarks.items() if id in said}
        assert remarks.keys() - said.keys() <= remarks.keys() - shown.keys()


def test_what_gives_tensors_of_several_sizes_has_none() -> None:
    shown = {
        each.volume.id: each.volume
        for each in draw_volumes(archspec.compile(LANGUAGE / "reuse-two-inputs.yaml")).solids.placed
    }
    assert shown["a"].form == "card"
    assert shown["a"].lines[:2] == ("conv 3×3, 1", "shared by 2")


SIZES = st.lists(st.integers(1, 10_000), min_size=1, max_size=6)


@given(SIZES)
def test_lengths_are_in_proportion_and_the_largest_is_the_longest(sizes: list[int]) -> None:
    found = scale(sizes, 120.0, 7.0)
    assert found.length(max(sizes)) == pytest.approx(120.0)
    for one, other in pairwise(sizes):
        assert found.length(one) / found.length(other) == pytest.approx((one / other) ** found.power)
    if found.power > 1 / 3:
        assert found.length(min(sizes)) >= 7.0


def test_bodies_are_as_large_as_the_scales_say() -> None:
    solids = lay_out(volumes(network("alexnet_2012")))
    told = "height and width to the square root of those of maps, thickness to the square root of channels, vectors"
    assert scales_text(solids.scales) == f"In proportion: {told} to their length."
    side, channels = solids.scales.side, solids.scales.channels
    assert isinstance(side, Scale)
    assert isinstance(channels, Scale)
    for placed in solids.placed:
        if placed.volume.form == "solid":
            assert placed.body.height == side.length(placed.volume.height)
            assert set(placed.body.slabs) == {channels.length(placed.volume.channels)}


@pytest.mark.parametrize("name", ["vgg16", "resnet18"])
def test_a_chain_stands_in_rows_on_a_page_which_makes_it_larger(name: str) -> None:
    shown = volumes(network(name))
    page = page_of("a4")
    solids = for_page(shown, page)
    assert page.fitted(solids.size) > 1.5 * page.fitted(lay_out(shown).size)
    assert len(shown.flows) == len(solids.lines)


def test_where_lines_of_several_volumes_lead_on_no_row_ends() -> None:
    unet = draw_volumes(network("unet"), paper="a4", layout="flow").solids
    places = {placed.volume.id: placed.rect for placed in unet.placed}
    skips = [flow for flow in unet.volumes.flows if flow.role == "skip"]
    assert len(skips) == 4
    assert all(places[flow.source][0] < places[flow.target][0] for flow in skips)


OUTPUTS = """archspec: 1
name: two
inputs: {left: [4, 16, 16], right: [4, 8, 8]}
graph:
  a: {op: conv, from: left, out_channels: 8, kernel_size: 3, stride: 2, padding: 1}
  b: {op: conv, from: right, out_channels: 8, kernel_size: 1}
  both: {op: concat, from: [a, b]}
  low: {op: conv, from: both, out_channels: 2, kernel_size: 1}
  high: {op: upsample, from: both, scale_factor: 2}
outputs: [low, high]
"""


def test_several_inputs_and_outputs_have_their_names() -> None:
    shown = volumes(archspec.compile_text(OUTPUTS))
    told = {volume.id: volume.lines for volume in shown.volumes}
    assert told["input right"] == ("4×8×8", "right")
    assert told["low"][-1] == "output low"
    assert told["high"][-1] == "output high"
    assert told["both"] == ("16×8×8", "concat")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "drak"}, "did you mean `dark`"),
        ({"paper": "a9"}, "no paper `a9`"),
        ({"detail": "op"}, "did you mean `ops`"),
        ({"expand": ["layer9"]}, "`layer9` is no block"),
        ({"color": "red"}, "not coloured by `red`"),
        ({"show": ["params"]}, "have no option `show`; they have `collapse`"),
        ({"direction": "down"}, "lead to the right: channels are their thickness"),
        ({"direction": "rigth"}, "did you mean `right`"),
        ({"layout": "scale"}, "no layout `scale`; did you mean `scales`"),
        ({"layout": "scales"}, "its resolution neither comes back nor stays"),
    ],
)
def test_options_that_it_cannot_have_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(archspec.UsageError, match=message):
        archspec.draw("resnet18", style="volumes", **options)


def test_what_has_no_sizes_is_refused() -> None:
    with pytest.raises(archspec.UsageError, match="a block by itself has no sizes"):
        archspec.draw(block="inception", style="volumes")
    with pytest.raises(archspec.UsageError, match="several networks side by side are a table"):
        archspec.draw(["lenet", "alexnet"], style="volumes")
    wrong = (
        "archspec: 1\nname: wrong\ninputs: {x: [1, 8, 8]}\ngraph: {a: {op: conv, out_channels: 2, kernel_size: 9}}\n"
    )
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(wrong)
    assert caught.value.partial is not None
    with pytest.raises(archspec.UsageError, match="what does not compile has no sizes"):
        archspec.draw(caught.value.partial, style="volumes")


@pytest.mark.parametrize("theme", ["light", "dark", "print", "colorblind", "auto"])
def test_it_is_written_in_every_format_and_theme(theme: str) -> None:
    picture = archspec.draw("lenet", style="volumes", theme=theme, color="kind")
    assert picture.svg.startswith("<svg")
    assert picture.pdf.startswith(b"%PDF")
    assert picture.png().startswith(b"\x89PNG")
    assert "activation" not in picture.svg  # which is no box of its own, and in no legend
