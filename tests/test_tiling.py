"""Tiles: inference on them is inference on the whole image, and with less overlap it is not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings
from sampling import examples

import archspec
from archspec.analysis.receptive_field import receptive_fields
from archspec.analysis.tiling import MOST_WORK, Tiling, tiling

torch = pytest.importorskip("torch")
from dependence import positive  # noqa: E402

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent

WIDE = "a: {op: conv, out_channels: 8, kernel_size: 3, padding: 1}"
MLP = "a: {op: permute, dims: [2, 3, 1]}\nb: {op: linear, out_features: 3}\nc: {op: permute, dims: [3, 1, 2]}"
CONV = "c: {op: conv, out_channels: 1, kernel_size: 3, padding: 1}"


def network(graph: str, shape: str = "[2, 16, 16]") -> archspec.Network:
    nodes = "".join(f"  {line}\n" for line in graph.strip().splitlines())
    return archspec.compile_text(f"archspec: 1\nname: n\ninputs: {{x: {shape}}}\ngraph:\n{nodes}")


def outputs(module: Any, net: archspec.Network, inputs: list[Any]) -> dict[str, Any]:
    given = module(*inputs)
    names = [name for name, output in net.outputs.items() if not output.training_only]
    return {names[0]: given} if len(names) == 1 else {name: getattr(given, name) for name in names}


def check(net: archspec.Network, tiles: Tiling) -> None:
    """A tile between others gives what the whole gives, but for just the margins that are stated."""
    module = positive(archspec.build(net))
    starts = tiles.step
    cores = [2 * step for step in tiles.step]
    before, after = tiles.overlap
    lengths = [b + core + a for b, core, a in zip(before, cores, after, strict=True)]
    wholes = [start + length + step for start, length, step in zip(starts, lengths, tiles.step, strict=True)]
    numbers = torch.Generator().manual_seed(5)
    images = [torch.rand(1, shape[0], *wholes, generator=numbers, dtype=torch.double) for shape in net.inputs.values()]
    cut = (..., *(slice(start, start + length) for start, length in zip(starts, lengths, strict=True)))
    with torch.no_grad():
        whole, tile = (outputs(module, net, inputs) for inputs in (images, [image[cut] for image in images]))
    fields = receptive_fields(net)
    same = {name: ~unequal(tile[name], whole[name], fields[net.outputs[name].path].stride, starts) for name in tile}
    rights = {}
    for name, equal in same.items():
        strides = fields[net.outputs[name].path].stride
        rights[name] = [
            range(-int(-b // stride), int((length - a) / stride))
            for b, a, length, stride in zip(tiles.before, tiles.after, lengths, strides, strict=True)
        ]
        assert equal[tuple(slice(right.start, right.stop) for right in rights[name])].all()
    for dim, less in [(dim, less) for dim in range(len(starts)) for less in (True, False)]:
        if (tiles.before if less else tiles.after)[dim]:
            assert not all(fits(same[name], rights[name], dim, less, fields[net.outputs[name].path]) for name in same)


def fits(equal: Any, rights: list[range], dim: int, less: bool, field: Any) -> bool:
    """Whether the next places before or after those that are right would be so too, for a place of the input."""
    right = rights[dim]
    more = max(1, int(1 / field.stride[dim]))
    places = range(right.start - more, right.start) if less else range(right.stop, right.stop + more)
    index = [slice(each.start, each.stop) for each in rights]
    index[dim] = slice(max(places.start, 0), places.stop)
    part = equal[tuple(index)]
    return part.shape[dim] == more and bool(part.all())


def unequal(tile: Any, whole: Any, strides: Any, starts: Any) -> Any:
    """The places of a tile whose numbers differ from those of the whole."""
    firsts = [int(start / stride) for start, stride in zip(starts, strides, strict=True)]
    cut = [slice(first, first + size) for first, size in zip(firsts, tile.shape[2:], strict=True)]
    return ((tile - whole[(..., *cut)]).abs() > 1e-9 * whole.abs().max()).any(0).any(0)


@pytest.mark.parametrize(
    ("graph", "before", "after", "step"),
    [
        ("a: {op: conv, out_channels: 2, kernel_size: 3, padding: 1}", 1, 1, 1),
        ("a: {op: conv, out_channels: 2, kernel_size: 5, dilation: 2}", 0, 8, 1),
        ("a: {op: conv, out_channels: 2, kernel_size: 3, stride: 2, padding: 1}", 2, 0, 2),
        (f"a: {{op: max_pool, kernel_size: 4}}\nb: {{op: upsample, scale_factor: 4}}\n{CONV}", 1, 1, 4),
        (f"{WIDE}\nb: {{op: pixel_shuffle, upscale_factor: 2}}\n{CONV}", 2, 2, 1),
        ("a: {op: upsample, scale_factor: 2, mode: bilinear}", 1, 1, 1),
        ("a: {op: conv, out_channels: 2, kernel_size: 3, padding: 1, padding_mode: reflect}", 1, 1, 1),
        ("a: {op: conv_transpose, out_channels: 2, kernel_size: 4, stride: 2, padding: 1}", 1, 1, 1),
        (MLP, 0, 0, 1),
        (f"a: {{op: pad, padding: [-3, 0, -3, 0]}}\n{CONV}", 1, 4, 1),
    ],
)  # fmt: skip
def test_a_tile_needs_just_its_overlap(graph: str, before: int, after: int, step: int) -> None:
    net = network(graph)
    tiles = tiling(net)
    assert tiles == Tiling((before,) * 2, (after,) * 2, (step,) * 2)
    check(net, tiles)


def test_a_unet_in_tiles() -> None:
    net = archspec.compile(DATA / "unet.yaml")
    tiles = tiling(net)
    assert tiles == Tiling((94, 94), (94, 94), (16, 16))
    assert tiles.overlap == ((96, 96), (96, 96))
    check(net, tiles)


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        ("a: relu\nb: global_avg_pool", "`b` sees the whole input"),
        ("a: {block: squeeze_excite, reduction: 1}", "`a.avgpool` sees the whole input"),
        ("a: {op: upsample, size: 32}", "`a` fits its step"),
        ("a: {op: upsample, scale_factor: 2, mode: bilinear, align_corners: true}", "`a` fits its step"),
        ("a: {op: adaptive_avg_pool, output_size: 8}", "`a` fits its step"),
        ("a: {op: local_conv, out_channels: 1, kernel_size: 3}", "the weights of `a`"),
        ("a: {op: group_norm, num_groups: 1}", "`a` takes statistics"),
        (
            "a: {op: conv, out_channels: 1, kernel_size: 3, padding: 1, padding_mode: circular}",
            "`a` sees the other end",
        ),
        ("a: flatten", "`a` sees the whole input"),
        ("a: {op: concat, dim: 2, from: [x, x]}", "`a` does not see the input in even steps"),
        ("a: {op: reshape, shape: [2, 8, 32]}", "`a` does not see the input in even steps"),
    ],
)
def test_where_no_overlap_serves_the_node_is_named(graph: str, why: str) -> None:
    with pytest.raises(archspec.UsageError, match=why):
        tiling(network(graph))


def test_a_very_large_network_is_not_measured() -> None:
    with pytest.raises(archspec.UsageError, match="too large"):
        tiling(network(f"a: {{op: conv, out_channels: 1, kernel_size: 1, repeat: {MOST_WORK // 32 + 1}}}"))


def test_a_network_of_features_has_no_tiles() -> None:
    with pytest.raises(archspec.UsageError, match="not maps of one size"):
        tiling(network("a: relu", "[4]"))


@st.composite
def convolutional(draw: Any) -> str:
    """The graph of a random network of windows, in which some paths join."""
    lines = []
    for index in range(draw(st.integers(1, 6))):
        node = draw(st.sampled_from(NODES))
        if index > 1 and draw(st.integers(0, 2)) == 0:
            earlier = draw(st.sampled_from(["x", *(f"n{number}" for number in range(index - 1))]))
            node = f"{{op: {draw(st.sampled_from(['concat', 'add']))}, from: [n{index - 1}, {earlier}]}}"
        lines.append(f"n{index}: {node}")
    return "\n".join(lines)


NODES = [
    "{op: conv, out_channels: 2, kernel_size: 3, padding: 1}",
    "{op: conv, out_channels: 2, kernel_size: [1, 4]}",
    "{op: conv, out_channels: 2, kernel_size: 3, padding: 2, dilation: 2, padding_mode: replicate}",
    "{op: conv, out_channels: 2, kernel_size: 3, stride: 2, padding: 1}",
    "{op: avg_pool, kernel_size: 2}",
    "{op: avg_pool, kernel_size: [2, 1], ceil_mode: true}",
    "{op: upsample, scale_factor: 2}",
    "{op: upsample, scale_factor: [1, 2], mode: bilinear}",
    "{op: upsample, scale_factor: 0.5, mode: bicubic}",
    "{op: conv_transpose, out_channels: 2, kernel_size: 2, stride: 2}",
    "{op: conv_transpose, out_channels: 2, kernel_size: 5, stride: 2, padding: 1, output_padding: 1}",
    "{op: pad, padding: [1, 0, 2, -1]}",
    "{op: slice, dim: 2, start: 1}",
]


def test_random_networks_in_tiles() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=max(examples(300), settings.default.max_examples))
    @given(convolutional())
    def law(graph: str) -> None:
        try:
            net = network(graph, "[2, 32, 32]")
        except archspec.SpecError:
            assume(False)
        try:
            tiles = tiling(net)
        except archspec.UsageError as error:
            seen[str(error)[-40:]] += 1
            return
        seen["some"] += 1
        check(net, tiles)

    law()
    assert seen["some"] >= seen.total() / 2
