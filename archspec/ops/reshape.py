"""Ops that move elements without arithmetic on them."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Literal

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Index, Indices, Positive, Real
from archspec.ops.facts import Cost, Function, Module, Operand, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, elements, show


def _index(argument: str, dim: int, shape: Shape) -> int:
    """The index into ``shape`` of PyTorch's dimension ``dim``.

    Raises:
        ArgumentError: It is the batch, or does not exist.
    """
    index = axis(dim, len(shape))
    if index is None:
        raise ArgumentError(
            argument,
            f"{argument} {dim} is the batch or no dimension of {show(shape)}",
            help=f"use 1 to {len(shape)}; 0 is the batch" if shape else "reshape to [1] first",
        )
    return index


def _item(index: int, part: slice) -> Function:
    """``x[:, :, part]`` for the dimension at ``index`` of a sample."""
    return Function("operator.getitem", (Operand(0), (slice(None),) * (index + 1) + (part,)))


class _Move(Op):
    """An op without arithmetic, which keeps nothing for the backward pass."""

    saved = ()

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()


class Flatten(_Move, name="flatten"):
    """Joins neighbouring dimensions into one.

    Costs no arithmetic. Joined spatial dimensions have no window, so the reach has no rule unless all are joined.
    Source: torch.flatten; PyTorch's default of nn.Flatten, which leaves the batch alone.

    Args:
        start_dim: First dimension to join.
        end_dim: Last dimension to join.
    """

    start_dim: Index = 1
    end_dim: Index = -1

    example = "{op: flatten}"

    def _range(self, shape: Shape) -> tuple[int, int]:
        start, end = _index("start_dim", self.start_dim, shape), _index("end_dim", self.end_dim, shape)
        if start > end:
            raise ArgumentError(
                "start_dim",
                f"start_dim {self.start_dim} lies behind end_dim {self.end_dim} in {show(shape)}",
                help="swap the two",
            )
        return start, end

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        start, end = self._range(shape)
        return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        if output == inputs[0]:
            return Window.pointwise(len(output) - 1)
        return "all" if len(output) == 1 else "unknown"

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.flatten", (Operand(0),), {"start_dim": self.start_dim} | self.changed("end_dim"))


class Reshape(_Move, name="reshape"):
    """The same elements, in the same order, in another shape.

    Costs no arithmetic. Where the spatial dimensions change, places have no window, so the reach has no rule.
    Source: torch.reshape.

    Args:
        shape: Sizes per sample, without the batch; one of them may be -1, which takes what is left.
    """

    shape: Indices

    example = "{op: reshape, shape: [4, -1, 8]}"

    def infer(self, inputs: Shapes) -> Shape:
        total = elements(inputs[0])
        free = self.shape.count(-1)
        if free > 1 or any(size < 1 and size != -1 for size in self.shape):
            raise ArgumentError("shape", "shape needs sizes of at least 1, one of which may be -1")
        known = prod(size for size in self.shape if size != -1)
        if total % known if free else total != known:
            raise ArgumentError(
                "shape",
                f"the {total} elements of {show(inputs[0])} do not fill {show(self.shape)}",
                help="the product of the sizes must stay; -1 takes what is left",
            )
        return tuple(total // known if size == -1 else size for size in self.shape)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        if output[1:] == inputs[0][1:]:
            return Window.pointwise(len(output) - 1)
        return "all" if len(output) <= 1 else "unknown"

    def torch(self, inputs: Shapes) -> Function:
        """-1 is the batch's, so the other one is written out."""
        return Function("torch.reshape", (Operand(0), (-1, *self.infer(inputs))))


class Permute(_Move, name="permute"):
    """The dimensions in another order.

    Costs no arithmetic. Where a spatial dimension changes its place, the reach has no rule.
    Source: torch.permute.

    Args:
        dims: The dimensions besides the batch in their new order, counted as PyTorch does: 1 is the channels.
    """

    dims: Indices

    example = "{op: permute, dims: [2, 3, 1]}"

    def _order(self, shape: Shape) -> list[int]:
        order = [_index("dims", dim, shape) for dim in self.dims]
        if sorted(order) != list(range(len(shape))):
            raise ArgumentError(
                "dims",
                f"{list(self.dims)} does not name each dimension of {show(shape)} once",
                help=f"order the numbers {list(range(1, len(shape) + 1))}",
            )
        return order

    def infer(self, inputs: Shapes) -> Shape:
        return tuple(inputs[0][index] for index in self._order(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        order = self._order(inputs[0])
        return Window.pointwise(len(output) - 1) if order == sorted(order) else "unknown"

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.permute", (Operand(0), (0, *self.dims)))


def _cut(index: int, shape: Shape, start: int, step: int) -> Reach:
    """A part of the channels reads the same places; a part of a spatial dimension is shifted by its start."""
    rank = len(shape) - 1
    stride = [Fraction(step if axis == index else 1) for axis in range(1, rank + 1)]
    padding = [Fraction(-start if axis == index else 0) for axis in range(1, rank + 1)]
    return Window((1,) * rank, tuple(stride), tuple(padding))


class Split(_Move, name="split"):
    """One of several parts of a dimension, of equal size but for a smaller last one.

    Costs no arithmetic.
    Source: torch.chunk. It may give fewer parts than asked for.

    Args:
        chunks: Number of parts.
        index: The part to take, from 0; negative ones count from the last.
        dim: The dimension to divide; 1 for the channels.
    """

    chunks: Positive
    index: Index
    dim: Index = 1

    example = "{op: split, chunks: 2, index: 0}"

    def _part(self, shape: Shape) -> tuple[int, int, int]:
        """The dimension's index, and where the part starts and ends."""
        where = _index("dim", self.dim, shape)
        size = -(-shape[where] // self.chunks)
        count = -(-shape[where] // size)
        if not -count <= self.index < count:
            raise ArgumentError(
                "index",
                f"there is no part {self.index}: {shape[where]} splits into {count} part{'s' * (count > 1)} of {size}",
                help=f"use 0 to {count - 1}",
            )
        start = self.index % count * size
        return where, start, min(start + size, shape[where])

    def infer(self, inputs: Shapes) -> Shape:
        where, start, end = self._part(inputs[0])
        return (*inputs[0][:where], end - start, *inputs[0][where + 1 :])

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        where, start, _ = self._part(inputs[0])
        return _cut(where, inputs[0], start, 1)

    def torch(self, inputs: Shapes) -> Function:
        return Function(
            "operator.getitem",
            (Function("torch.chunk", (Operand(0), self.chunks), {"dim": self.dim}), self.index),
        )


class Slice(_Move, name="slice"):
    """A range of one dimension, as Python slices a list.

    Costs no arithmetic.
    Source: Python's ``x[start:stop:step]`` on a torch.Tensor.

    Args:
        dim: The dimension to slice; 1 for the channels.
        start: First position; negative ones count from the end.
        stop: First position that is left out; null for the end.
        step: Distance between positions.
    """

    dim: Index = 1
    start: Index = 0
    stop: Index | None = None
    step: Positive = 1

    example = "{op: slice, start: 0, stop: 8}"

    def _range(self, shape: Shape) -> tuple[int, range]:
        where = _index("dim", self.dim, shape)
        taken = range(shape[where])[self.start : self.stop : self.step]
        if not taken:
            raise ArgumentError(
                "stop" if "stop" in self.model_fields_set else "start",
                f"the slice from {self.start} to {'the end' if self.stop is None else self.stop} takes nothing"
                f" of {shape[where]} positions",
                help="a slice needs at least one position",
            )
        return where, taken

    def infer(self, inputs: Shapes) -> Shape:
        where, taken = self._range(inputs[0])
        return (*inputs[0][:where], len(taken), *inputs[0][where + 1 :])

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        where, taken = self._range(inputs[0])
        return _cut(where, inputs[0], taken.start, self.step)

    def torch(self, inputs: Shapes) -> Function:
        where, _ = self._range(inputs[0])
        return _item(where, slice(self.start or None, self.stop, None if self.step == 1 else self.step))


class Pad(_Move, name="pad"):
    """Adds places at the ends of dimensions; negative numbers take places away, except in mode `circular`.

    Costs no arithmetic. The reach counts an added place as one outside of the input, whatever it holds. With
    `reflect` and `replicate` it keeps the input for the backward pass.
    Source: torch.nn.functional.pad.

    Args:
        padding: Places before and after, for the last dimension first: ``[left, right, top, bottom]``.
        mode: What the added places hold.
        value: The number that `constant` adds.
    """

    padding: Indices
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: Real = 0.0

    example = "{op: pad, padding: [1, 1, 1, 1]}"

    def _pads(self, shape: Shape) -> list[tuple[int, int]]:
        """Places before and after each dimension of a sample."""
        pairs = list(zip(self.padding[::2], self.padding[1::2], strict=False))[::-1]
        spare = len(shape) - len(pairs)
        if len(self.padding) % 2 or spare < -1 or (spare == -1 and any(pairs.pop(0))):
            raise ArgumentError(
                "padding",
                f"padding needs two numbers for each of the last dimensions of {show(shape)}, not {len(self.padding)}",
                help="[left, right] pads the last dimension, [left, right, top, bottom] the last two",
            )
        return [(0, 0)] * spare + pairs

    def infer(self, inputs: Shapes) -> Shape:
        pads = self._pads(inputs[0])
        if self.mode != "constant":
            self._check_mode(inputs[0])
        cut = [size + min(0, before) + min(0, after) for size, (before, after) in zip(inputs[0], pads, strict=True)]
        output = tuple(size + before + after for size, (before, after) in zip(inputs[0], pads, strict=True))
        if (self.mode == "constant" and min(cut, default=0) < 0) or min(output, default=1) < 1:
            raise ArgumentError("padding", f"negative padding leaves nothing of {show(inputs[0])}", help="cut less")
        return output

    def _check_mode(self, shape: Shape) -> None:
        """What PyTorch asks of paddings that repeat the input; a cut circle would read memory that it never wrote."""
        count = len(self.padding) // 2
        if self.mode == "circular" and min(self.padding, default=0) < 0:
            raise ArgumentError("padding", "`circular` cannot take places away", help="use a slice op before")
        if self.value:
            raise ArgumentError("value", f"mode `{self.mode}` takes no value", help="leave it out")
        if count not in (1, 2, 3) or len(shape) not in (count, count + 1):
            raise ArgumentError(
                "padding",
                f"mode `{self.mode}` cannot pad {count} dimensions of {show(shape)}",
                help="it pads all spatial dimensions: two numbers for each of them",
            )
        spare = {"reflect": 1, "circular": 0}.get(self.mode)
        for size, pads in zip(shape, self._pads(shape), strict=True):
            if spare is not None and max(pads) > size - spare:
                raise ArgumentError(
                    "padding",
                    f"`{self.mode}` cannot add {max(pads)} places to {size}",
                    help=f"use at most {size - spare}",
                )

    def kept(self, inputs: Shapes, output: Shape) -> tuple[Literal["input", "output"], ...]:
        return ("input",) if self.mode in ("reflect", "replicate") else ()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        before = [Fraction(pads[0]) for pads in self._pads(inputs[0])[1:]]
        return Window((1,) * len(before), (Fraction(1),) * len(before), tuple(before))

    def torch(self, inputs: Shapes) -> Function:
        return Function("F.pad", (Operand(0), self.padding), self.changed("mode", "value"))


class ChannelShuffle(_Move, name="channel_shuffle"):
    """Deals out the channels of each group in turn, so that groups mix.

    Costs no arithmetic.
    Source: torch.nn.ChannelShuffle (Zhang et al. 2017, arXiv:1707.01083).

    Args:
        groups: Number of groups that the channels are divided into.
    """

    groups: Positive

    example = "{op: channel_shuffle, groups: 4}"

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs[0]) < 2:
            raise ShapeError(
                f"channel_shuffle needs a spatial dimension, the input is {show(inputs[0])}",
                help="move it before the flatten",
            )
        if inputs[0][0] % self.groups:
            raise ArgumentError(
                "groups",
                f"{self.groups} groups do not divide the {inputs[0][0]} channels",
                help=f"use a divisor of {inputs[0][0]}",
            )
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.ChannelShuffle", (self.groups,))
