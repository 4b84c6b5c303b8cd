"""Tensors that are put together, taken apart, and repeated."""

from __future__ import annotations

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.calls import Bound, rule
from archspec.importers.module.functions.dimensions import batch_of, dimension, is_joined, sample, sizes_of
from archspec.importers.module.runs import UnrecordableError


@rule("cat", "tensors dim")
def _cat(b: Bound) -> Wire:
    return _joined(b, b.get("dim", 0))


@rule("hstack column_stack", "tensors")
def _hstack(b: Bound) -> Wire:
    return _joined(b, 1)


@rule("dstack", "tensors")
def _dstack(b: Bound) -> Wire:
    if len(sizes_of(b["tensors"][0])) < 3:
        raise UnrecordableError("dstack of less than three dimensions")
    return _joined(b, 2)


def _joined(b: Bound, dim: int) -> Wire:
    tensors = [tensor for tensor in b["tensors"] if 0 not in sizes_of(tensor)]
    ours = dimension(b.output, dim)
    wires = [b.whole(tensor) for tensor in tensors]
    if len(wires) == 1 and len(b["tensors"]) > 1:
        return wires[0]
    return b.place.node("concat", wires, dim=ours)


@rule("stack", "tensors dim")
def _stack(b: Bound) -> Wire:
    dim = dimension(b.output, b.get("dim", 0))
    return b.place.node("stack", [b.place.wire(tensor) for tensor in b["tensors"]], dim=dim)


@rule("chunk", "input chunks dim")
def _chunk(b: Bound) -> list[Wire]:
    return _parts(b, b.get("dim", 0))


@rule("split split_with_sizes tensor_split", "input split_size_or_sections dim")
def _split(b: Bound) -> list[Wire]:
    return _parts(b, b.get("dim", 0))


@rule("hsplit vsplit dsplit", "input indices_or_sections")
def _split_of_its_name(b: Bound) -> list[Wire]:
    return _parts(b, {"vsplit": 0, "hsplit": 1, "dsplit": 2}[b.function])


def _parts(b: Bound, dim: int) -> list[Wire]:
    """Parts of a dimension: of equal size, `split`, else `slice`."""
    ours, sizes = dimension(b.first, dim), [value.sizes[dim] for value in b.call.outputs]
    wire = b.place.wire(b.first)
    if len(set(sizes)) == 1:
        return [b.place.node("split", [wire], chunks=len(sizes), index=i, dim=ours) for i in range(len(sizes))]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [
        b.place.node("slice", [wire], dim=ours, start=end - size, stop=end if end < sum(sizes) else None)
        for size, end in zip(sizes, ends, strict=True)
    ]


@rule("unbind", "input dim")
def _unbind(b: Bound) -> list[Wire]:
    dim = b.get("dim", 0)
    ours, count = dimension(b.first, dim), len(b.call.outputs)
    wire = b.place.wire(b.first)
    parts = [b.place.node("split", [wire], chunks=count, index=i, dim=ours) for i in range(count)]
    return [b.place.node("squeeze", [part], dim=ours) for part in parts]


@rule("select", "input dim index")
def _select(b: Bound) -> Wire:
    ours, at = dimension(b.first, b["dim"]), b["index"] % sizes_of(b.first)[b["dim"]]
    return b.place.node("squeeze", [b.node("slice", dim=ours, start=at, stop=at + 1)], dim=ours)


@rule("narrow", "input dim start length")
def _narrow(b: Bound) -> Wire:
    return b.node("slice", dim=dimension(b.first, b["dim"]), start=b["start"], stop=b["start"] + b["length"])


@rule("diff", "input n dim prepend append")
def _diff(b: Bound) -> Wire:
    """Each place of a dimension without the one before."""
    if b.get("n", 1) != 1 or b["prepend"] is not None or b["append"] is not None:
        raise UnrecordableError("diff with n, prepend or append")
    dim = dimension(b.first, b.get("dim", -1))
    return b.place.node("sub", [b.node("slice", dim=dim, start=1), b.node("slice", dim=dim, stop=-1)])


@rule("repeat_interleave", "input repeats dim")
def _repeat_interleave(b: Bound) -> Wire:
    """Each place of a dimension several times; of the batch, parts that have one sample each."""
    if b["dim"] is None:
        raise UnrecordableError("repeat_interleave over all dimensions mixes samples")
    before, after = sample(b.first), sample(b.output)
    if before == after:
        return b.place.wire(b.first)
    if b["dim"] % len(sizes_of(b.first)) == batch_of(b.first):
        if is_joined(b.first) or not isinstance(b["repeats"], int):
            raise UnrecordableError("repeat_interleave of parts of a map that are joined with the batch")
        return b.place.node("expand", [b.place.node("unsqueeze", [b.place.wire(b.first)], dim=1)], shape=after)
    dim = dimension(b.first, b["dim"])
    wire = b.place.node("unsqueeze", [b.place.wire(b.first)], dim=dim + 1)
    wire = b.place.node("expand", [wire], shape=[*before[:dim], b["repeats"], *before[dim:]])
    return b.place.node("flatten", [wire], start_dim=dim, end_dim=dim + 1)


@rule("repeat tile", "input repeats")
def _repeat(b: Bound) -> Wire:
    """A tensor beside itself along dimensions."""
    before, after = sample(b.first), sample(b.output)
    wire = b.place.wire(b.first)
    before = [1] * (len(after) - len(before)) + before
    if len(before) != len(after) or any(size % own for own, size in zip(before, after, strict=True)):
        raise UnrecordableError(f"{b.call.function} of the batch mixes samples")
    if len(before) > len(sample(b.first)):
        wire = b.place.node("reshape", [wire], shape=before)
    if before == after:
        return wire
    if all(own in (1, size) for own, size in zip(before, after, strict=True)):
        return b.place.node("expand", [wire], shape=after)
    for dim, (own, size) in enumerate(zip(before, after, strict=True), 1):
        if own != size:
            wire = b.place.node("concat", [wire] * (size // own), dim=dim)
    return wire
