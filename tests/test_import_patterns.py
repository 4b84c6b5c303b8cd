"""Numbers that modules compute, and what they are recognised as: distances in windows, masks of shifted windows."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import archspec  # noqa: E402
from archspec.importers.module.patterns import differences, distances, shifted_windows  # noqa: E402
from archspec.pytorch.layers.relative_position_bias import relative_position_bias  # noqa: E402
from archspec.pytorch.layers.relative_position_bias3d import relative_position_bias3d  # noqa: E402
from archspec.pytorch.layers.shifted_window_mask import shifted_window_mask  # noqa: E402
from archspec.pytorch.layers.shifted_window_mask3d import shifted_window_mask3d  # noqa: E402


@pytest.mark.parametrize("window", [(2, 1), (2, 2), (3, 5), (7, 7), (2, 3, 2), (4, 7, 7)])
def test_distances_in_a_window_are_recognised(window: tuple[int, ...]) -> None:
    places = torch.cartesian_prod(*map(torch.arange, window))
    distances_along = [2 * side - 1 for side in window]
    index = torch.zeros(len(places), len(places), dtype=torch.long)
    for dim, side in enumerate(window):
        index = index * distances_along[dim] + places[:, None, dim] - places[:, dim] + side - 1
    rows = math.prod(distances_along)
    found = distances(index, rows)
    assert found is not None
    table = torch.arange(rows)[:, None]
    bias = relative_position_bias3d if len(window) == 3 else relative_position_bias
    assert torch.equal(bias(table, found)[0], index)
    assert sorted(found) == sorted(window)
    assert distances(index.flatten(), rows) == found
    assert distances(index.roll(1, 0), rows) is None


@pytest.mark.parametrize(("queries", "keys"), [(8, 8), (8, 4), (2, 8)])
def test_differences_of_places_in_a_row_are_recognised(queries: int, keys: int) -> None:
    """As MViT v2 has them, with ratios of the sizes."""
    ratios = max(keys / queries, 1.0), max(queries / keys, 1.0)
    apart = torch.arange(queries)[:, None] * ratios[0] - (torch.arange(keys) + (1.0 - keys)) * ratios[1]
    assert differences(apart.long(), 15) == (8 // queries, 8 // keys)
    assert differences(apart.long() + 1, 15) is None


def test_masks_of_shifted_windows_are_recognised() -> None:
    for size, window, shift in (
        ((14, 14), (7, 7), (3, 3)), ((8, 16), (4, 4), (2, 2)), ((7, 14), (7, 7), (0, 3)),
        ((8, 6, 6), (4, 3, 3), (2, 1, 1)), ((4, 6, 6), (4, 3, 3), (0, 1, 1)),
    ):  # fmt: skip
        places, masked = math.prod(window), shifted_window_mask3d if len(size) == 3 else shifted_window_mask
        mask = masked(torch.zeros(1, 1, places, places), size, window, shift)[:, 0]
        found = shifted_windows(mask)
        assert found is not None
        assert torch.equal(masked(torch.zeros(1, 1, places, places), *found)[:, 0], mask)
        assert shifted_windows(mask[None, :, None]) == found
    assert shifted_windows(torch.zeros(4, 49, 49)) is None


class SumFromZero(nn.Module):
    """Branches that are added up from 0, as Python's `sum` does it."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(3, 4, k, padding=k // 2) for k in (1, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = sum(branch(x) for branch in self.branches)
        return (total - 0) * 1.0 / 1


def test_arithmetic_that_changes_nothing_is_no_node() -> None:
    imported = archspec.from_module(SumFromZero(), (3, 8, 8))
    assert [type(node.op).name for node in archspec.compile_text(imported.text)] == ["conv", "conv", "add"]
