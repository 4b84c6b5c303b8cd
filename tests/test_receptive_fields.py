"""The law of receptive fields: what is stated is what has a derivative, at every place, for random networks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from random_networks import compiled, networks
from sampling import examples

import archspec
from archspec.analysis.sight import Blur, Scene, Walk, as_scene, hull, spread
from archspec.analysis.sights import bounded, unbounded

torch = pytest.importorskip("torch")
from dependence import network_spans  # noqa: E402

EXAMPLES = max(examples(150), settings.default.max_examples // 2)

REPEATS = {"reflect", "replicate", "circular"}
"""Paddings that show places from elsewhere, of which what sees no border knows nothing."""


def ends(mask: Any) -> Any:
    """The first and last place on which each element depends; of one that depends on nothing, past the ends."""
    count = len(mask)
    first, last = mask.int().argmax(0), count - 1 - mask.flip(0).int().argmax(0)
    some = mask.any(0)
    return first.where(some, count), last.where(some, -1)


def stated_ends(scene: Scene, count: int, rank: int) -> Any:
    """The same as it is stated, with size 1 along the dimensions that say nothing."""
    sizes = dict(zip(scene.dims, scene.sizes, strict=True))
    shape = [sizes.get(dim, 1) for dim in range(rank)]
    pairs = [(count, -1) if span is None else span for span in scene.spans]
    return tuple(torch.tensor(side).reshape(shape) for side in zip(*pairs, strict=True))


def reduced(mask: Any, scene: Scene) -> Any:
    """What is stated of all elements together that differ in other dimensions."""
    others = [dim + 1 for dim in range(mask.dim() - 1) if dim not in scene.dims]
    return mask.any(others, keepdim=True) if others else mask


def check(network: archspec.Network, seen: Counter[str]) -> None:
    """Each place sees what it is stated to see.

    Behind channels that see different places and are told apart again, it sees no more than is stated.
    """
    stated = bounded(network.inputs, network)
    folds = any(node.op.name == "fold" for node in network)  # what its places see is not known
    for name, shape in network.inputs.items():
        for dim in range(1, len(shape)):
            uneven: set[str] = set()
            for path, mask in network_spans(network, name, dim).items():
                scene = stated[path].get((name, dim), Scene((), (), (None,)))
                if not isinstance(scene, Scene):
                    seen["unknown"] += not folds
                    uneven.add(path)
                    continue
                wanted = stated_ends(scene, shape[dim], mask.dim() - 1)
                together, alone = ends(reduced(mask, scene)), ends(mask)
                windows = path in {node.path for node in network if node.op.name == "unfold"}
                if uneven.isdisjoint(network[path].inputs) and not windows:  # its padding joins what others take apart
                    assert all(map(torch.equal, together, wanted)), (path, name, dim)
                    seen["equal"] += 1
                else:
                    assert (together[0] >= wanted[0]).all(), (path, name, dim)
                    assert (together[1] <= wanted[1]).all(), (path, name, dim)
                    seen["within"] += 1
                exact = all(map(torch.equal, together, wanted))
                if not exact or not all((one == all_).all() for one, all_ in zip(alone, together, strict=True)):
                    uneven.add(path)


def check_without_borders(network: archspec.Network, seen: Counter[str]) -> None:
    """Far from borders a place sees what it does there; near them it sees no more.

    Where all places see alike, those that a padding or an unpooling adds are taken to see the same: so of an axis of
    one place, and of what is made of it.
    """
    near, far = bounded(network.inputs, network), unbounded(network.inputs, network)
    alike: set[tuple[str, Any]] = set()
    for node in network:
        for axis, scene in near[node.path].items():
            sight = far[node.path][axis]
            last = network.inputs[axis[0]][axis[1]] - 1
            is_alike = isinstance(scene, Scene) and not scene.dims and isinstance(sight, Walk)
            if is_alike or any((operand, axis) in alike for operand in node.inputs):
                alike.add((node.path, axis))
                continue
            if not last or not isinstance(scene, Scene) or not scene.dims or sight is None or isinstance(sight, Blur):
                continue
            wide = as_scene(sight, node.shape)
            assert isinstance(wide, Scene)
            dims = tuple(sorted({*scene.dims, *wide.dims}))
            sizes = tuple(node.shape[dim] for dim in dims)
            for true, stated in zip(spread(scene, dims, sizes), spread(wide, dims, sizes), strict=True):
                assert hull([true, stated]) == stated, (node.path, axis)
                if stated and stated[0] >= 0 and stated[1] <= last:
                    seen["same" if true == stated else "less"] += 1


@pytest.mark.filterwarnings("ignore")
def test_what_is_stated_has_a_derivative() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        try:
            network = compiled(text)
        except archspec.SpecError:
            assume(False)
        check(network, seen)
        if not any({getattr(node.op, "padding_mode", ""), getattr(node.op, "mode", "")} & REPEATS for node in network):
            check_without_borders(network, seen)

    law()
    assert not seen["unknown"]
    assert seen["less"] <= seen["same"] / 4
    assert seen["within"] <= seen["equal"] / 4, "too many of the networks drawn take joined channels apart"


MIXED = """
  mixed: {op: conv, out_channels: 4, kernel_size: 3, padding: 1}
  pointwise: batch_norm
  again: {op: conv, out_channels: 4, kernel_size: 3, stride: 2, padding: 1}
"""
WRITTEN = """
  rows: {{op: reshape, shape: [{c}, {h}, {r}, {w}, {r}]}}
  order: {{op: permute, dims: [1, 3, 5, 2, 4]}}
  channels: {{op: reshape, shape: [{deep}, {h}, {w}]}}
"""


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("before", ["", "  conv: {op: conv, out_channels: 3, kernel_size: 5, padding: 2}\n"])
def test_places_that_a_reshape_puts_into_channels_step_evenly_once_a_layer_mixes_them(factor: int, before: str) -> None:
    height, width = 24, 12
    sizes = {"c": 3, "h": height // factor, "w": width // factor, "r": factor, "deep": 3 * factor**2}
    head = f"archspec: 1\nname: net\ninputs: {{image: [3, {height}, {width}]}}\ngraph:\n{before}"
    written = archspec.compile_text(head + WRITTEN.format(**sizes) + MIXED)
    op = archspec.compile_text(f"{head}  shuffled: {{op: pixel_unshuffle, downscale_factor: {factor}}}{MIXED}")
    for network in (written, op):
        check(network, Counter())
        check_without_borders(network, Counter())
    for name in ("mixed", "again"):
        assert written[name].receptive_field == op[name].receptive_field
        assert written[name].stride == ((1 + (name == "again")) * factor,) * 2
