"""Biases of attention that are looked up in a table by how far places are apart."""

from __future__ import annotations

import math

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.calls import Bound, window_of
from archspec.importers.module.functions.dimensions import sample
from archspec.importers.module.patterns import differences, distances, distances_with_class, separations
from archspec.importers.module.runs import Held, UnrecordableError, Value


def separated(b: Bound, index: Value | Held) -> Wire:
    """Columns of a table by how far places of a map are apart: the bias of a table that is the same on all sides."""
    table = sample(b.first)
    found = separations(index.fixed, table[1]) if index.fixed is not None and len(table) == 2 else None
    if found is None:
        raise UnrecordableError("an index with a tensor")
    (h, w), stride = found
    heads = table[0]
    wire = b.place.node("reshape", [b.place.wire(b.first)], shape=[heads, h, w])
    for dim in (2, 3):
        if (h, w)[dim - 2] > 1:
            behind = b.place.node("slice", [wire], dim=dim, start=1)
            wire = b.place.node("concat", [b.place.node("flip", [behind], dims=dim), wire], dim=dim)
    wire = b.place.node("reshape", [wire], shape=[heads, (2 * h - 1) * (2 * w - 1)])
    wire = b.place.node("permute", [wire], dims=[2, 1])
    wire = b.place.node("relative_position_bias", [wire], window_size=window_of((h, w)))
    if stride == 1:
        return wire
    wire = b.place.node("reshape", [wire], shape=[heads, h, w, h * w])
    for dim in (2, 3):
        wire = b.place.node("slice", [wire], dim=dim, step=stride)
    return b.place.node("reshape", [wire], shape=[heads, index.fixed.shape[0] if index.fixed is not None else 0, h * w])


def looked_up(b: Bound, index: Value | Held) -> Wire:
    """Rows of a table by fixed numbers: those of a bias by relative positions."""
    table, places = sample(b.first), index.fixed
    if places is None or len(table) != 2:
        raise UnrecordableError("an index with a tensor")
    window = distances(places, table[0])
    if window is None and (inner := distances_with_class(places)):
        return _looked_up_with_class(b, inner, flat=places.dim() == 1)
    if window is None and (strides := differences(places, table[0])):
        return _differing(b, strides)
    if window is None:
        raise UnrecordableError("an index with a tensor")
    wire = b.node("relative_position_bias", window_size=window_of(window))
    count, all_places = round(places.numel() ** 0.5), math.prod(window)
    wire.shape = (table[1], all_places, all_places)
    for dim in (2, 3) if count < all_places else ():
        wire = b.place.node("slice", [wire], dim=dim, stop=count)
    wire = b.place.node("permute", [wire], dims=[2, 3, 1])
    wire.shape = (count, count, table[1])
    if places.dim() == 2:
        return wire
    return b.place.node("flatten", [wire], start_dim=1, end_dim=2)


def _differing(b: Bound, strides: tuple[int, int]) -> Wire:
    """Rows of a table by how far places of a row are apart, of which queries or keys may be some alone."""
    (rows, features), (queries, keys) = sample(b.first), strides
    count = (rows + 1) // 2
    wire = b.node("relative_position_bias", window_size=[1, count])
    if queries > 1:
        wire = b.place.node("slice", [wire], dim=2, step=queries)
    if keys > 1:
        wire = b.place.node("slice", [wire], dim=3, start=keys - 1, step=keys)
    wire = b.place.node("permute", [wire], dims=[2, 3, 1])
    wire.shape = (count // queries, count // keys, features)
    return wire


def _looked_up_with_class(b: Bound, window: tuple[int, ...], *, flat: bool) -> Wire:
    """The same with a class token before the places, whose three rows are the last of the table."""
    (rows, heads), places = sample(b.first), math.prod(window)
    table = b.place.wire(b.first)

    def of_class(row: int) -> Wire:
        wire = b.place.node("slice", [table], dim=1, start=row, stop=row + 1)
        return b.place.node("reshape", [wire], shape=[heads, 1, 1])

    inside = b.place.node("slice", [table], dim=1, stop=rows - 3)
    inside = b.place.node("relative_position_bias", [inside], window_size=window_of(window))
    to_others = b.place.node("expand", [of_class(rows - 3)], shape=[heads, 1, places])
    to_class = b.place.node("expand", [of_class(rows - 2)], shape=[heads, places, 1])
    upper = b.place.node("concat", [of_class(rows - 1), to_others], dim=3)
    lower = b.place.node("concat", [to_class, inside], dim=3)
    wire = b.place.node("concat", [upper, lower], dim=2)
    wire.shape = (heads, places + 1, places + 1)
    wire = b.place.node("permute", [wire], dims=[2, 3, 1])
    wire.shape = (places + 1, places + 1, heads)
    return b.place.node("flatten", [wire], start_dim=1, end_dim=2) if flat else wire
