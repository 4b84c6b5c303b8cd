"""Volumes with short labels, for a column: what they and their legend say together is what full labels say."""

from __future__ import annotations

import pytest
from drawn import every_spec, network
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from sampling import PROFILE, examples
from test_drawing_scales import networks_with_scales
from test_volumes import faults

import archspec
from archspec.drawing.content.labels import FAMILIES
from archspec.drawing.content.terse import terse
from archspec.drawing.content.volume import Volume, Volumes
from archspec.drawing.content.volumes import volumes
from archspec.drawing.formats.marks import FaceMark, TextMark
from archspec.drawing.layout.bodies import CLOSE, NEARER
from archspec.drawing.layout.geometry import middle_of
from archspec.drawing.layout.pages import Fit, Page, page_of
from archspec.drawing.layout.terraces import fitting
from archspec.drawing.volumes import VolumeDrawing, draw_volumes

TOLD = ("solid", "sheet", "bar")
COLUMN = page_of(width="85mm")._replace(least=8.0)


def family(volume: Volume) -> str:
    return next((slab.family for slab in volume.slabs if slab.id), volume.family)


def check_said(shown: Volumes) -> None:
    """What a volume is, is said below it or by the legend; its channels are, and its size where it is a new one."""
    short, told = terse(shown, by_family=True), {}
    for name, text in short.told:
        told.setdefault(name, text)
    assert set(told) <= set(FAMILIES)
    by_id = {volume.id: volume for volume in shown.volumes}
    assert sum(volume.copies for volume in short.volumes) == sum(volume.copies for volume in shown.volumes)
    assert {flow.source for flow in short.flows} | {flow.target for flow in short.flows} <= {
        volume.id for volume in short.volumes
    }
    for full, volume in ((by_id[volume.id], volume) for volume in short.volumes):
        if volume.form not in TOLD:
            assert volume == full
            continue
        legend = told.get(family(full), "").removesuffix(" unless stated")
        said = " ".join(volume.lines).split()
        assert said[0] == str(full.channels)
        assert set(full.op.text.split()) <= {*said, *legend.split()}
        assert legend == full.op.text or set(full.op.arguments.split()) <= set(said)
        assert volume.copies > full.copies or volume._replace(lines=()) == full._replace(lines=())


@every_spec
def test_labels_and_legend_say_what_each_volume_is(name: str) -> None:
    for detail in ("overview", "blocks"):
        check_said(volumes(network(name), detail))


@settings(max_examples=examples(500 if PROFILE == "nightly" else 10))
@given(st.one_of(networks(), networks_with_scales()))
def test_short_labels_of_any_network_stand_without_faults(text: str) -> None:
    shown = volumes(compiled(text))
    check_said(shown)
    for by_family in (True, False):
        short = terse(shown, by_family=by_family)
        for page in (page_of(), COLUMN):
            for measures in (NEARER, CLOSE):
                assert faults(fitting(short, page, measures=measures)) == []


def test_a_u_net_says_sizes_where_they_change() -> None:
    short = terse(volumes(network("unet")), by_family=True)
    told = {volume.id: volume.lines for volume in short.volumes}
    assert told["input image"] == ("3", "512²")
    assert told["down1.0"] == ("64",)
    assert told["pool1"] == ("64", "256²")
    assert told["up1.concat"] == ("128", "512²")
    assert [lines for id, lines in told.items() if id == short.volumes[-1].id] == [("2", "1×1")]
    assert dict(short.told) == {
        "conv": "conv 3×3 unless stated", "pool": "max pool 2×2", "resample": "transposed conv 2×2, /2",
        "merge": "concatenation",
    }  # fmt: skip


def test_convolutions_without_padding_are_one_volume() -> None:
    net = archspec.compile("unet", variant="unet_paper")
    told = {volume.id: (volume.lines, volume.copies) for volume in terse(volumes(net), by_family=True).volumes}
    assert told["down1.0"] == (("64", "568²"), 2)
    assert told["pool1"] == (("64", "284²"), 1)
    assert draw_volumes(net, width="85mm").notes == ()


def test_sizes_of_videos_are_written_as_papers_have_them() -> None:
    told = [volume.lines for volume in terse(volumes(network("c3d")), by_family=True).volumes]
    assert told[0] == ("3", "16×112²")


def test_a_sum_has_the_size_of_what_it_adds() -> None:
    told = {volume.id: volume.lines for volume in terse(volumes(network("resnet18")), by_family=True).volumes}
    assert told["layer1.0.conv1"] == ("64",)
    assert told["layer2.1.conv1"] == ("128",)
    assert told["layer2.0.conv1"][:2] == ("128", "28²")


@pytest.mark.parametrize("name", ["lenet", "alexnet_2012", "vgg16", "unet"])
@pytest.mark.parametrize("theme", ["light", "print"])
def test_a_column_is_legible_and_no_higher_than_a_page(name: str, theme: str) -> None:
    picture = draw_volumes(network(name), width="85mm", theme=theme)
    assert picture.notes == ()
    assert picture.smallest_text >= 6
    assert picture.sheet.size[1] < 1.6 * picture.sheet.size[0]


def rows(picture: VolumeDrawing) -> int:
    return len({round(middle_of(placed.rect)) for placed in picture.solids.placed})


def test_volumes_in_a_column_stand_in_more_rows_than_on_a_slide() -> None:
    narrow, wide = (draw_volumes(network("vgg16"), width=width, font_size="8pt") for width in ("85mm", "250mm"))
    assert rows(narrow) > rows(wide)
    assert narrow.smallest_text == wide.smallest_text == pytest.approx(8)
    (note,) = draw_volumes(network("unet"), width="85mm", font_size="8pt").notes
    assert "fewer volumes (`--detail`, `--collapse`)" in note


def test_to_the_right_is_one_row() -> None:
    assert rows(draw_volumes(network("vgg16"), width="85mm", direction="right")) == 1
    assert rows(draw_volumes(network("vgg16"), width="85mm")) > 1


def test_a_scale_of_colours_leaves_what_volumes_are_to_labels() -> None:
    picture = draw_volumes(network("vgg16"), width="85mm", color="cost")
    (legend,) = (group for group in picture.picture.groups if group.kind == "legend")
    assert not any(isinstance(mark, FaceMark) for mark in legend.marks)
    assert all(volume.op.title.split()[0] in " ".join(volume.lines)
               for volume in picture.solids.volumes.volumes if volume.op.title)  # fmt: skip


def test_samples_of_the_legend_say_what_labels_do_not() -> None:
    picture = draw_volumes(network("vgg16"), width="85mm")
    (legend,) = (group for group in picture.picture.groups if group.kind == "legend")
    texts = [mark.spans[0].text for mark in legend.marks if isinstance(mark, TextMark)]
    assert texts == ["conv 3×3", "max pool 2×2, /2", "linear"]
    assert archspec.draw("vgg16", style="volumes").picture.groups[-1].kind == "notes"


@given(st.tuples(st.floats(10, 2_000), st.floats(10, 2_000)))
def test_what_suits_a_width_is_legible_and_no_higher_than_a_page(size: tuple[float, float]) -> None:
    page = page_of(width="85mm")
    suits = page.suits(size)
    assert suits <= (page.sheet(size).scale * 9 >= 5.98)
    assert suits <= (size[1] <= 1.42 * max(size[0], page.room[0]))
    assert Page(fit=Fit.FREE).suits(size)


def test_the_legend_says_of_which_colour_nothing_trains() -> None:
    sizes = {"a": 3, "b": 1, "c": 3}
    graph = "".join(f"  {name}: {{op: conv, out_channels: 8, kernel_size: {size}}}\n" for name, size in sizes.items())
    text = f"archspec: 1\nname: net\ninputs: {{x: [3, 16, 16]}}\ngraph:\n{graph}freeze: "
    for freeze, legend, told in (
        ("[a, b, c]", "frozen conv 3×3 unless stated", 0),
        ("[a, b]", "conv 3×3 unless stated", 2),
    ):
        short = terse(volumes(archspec.compile_text(f"{text}{freeze}\n"), "ops"), by_family=True)
        assert dict(short.told)["conv"] == legend
        assert sum("frozen" in line for volume in short.volumes for line in volume.lines) == told
