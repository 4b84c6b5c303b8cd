"""Parts of a dimension."""

from archspec.errors import ArgumentError
from archspec.ops.arguments import Index, Positive
from archspec.ops.facts import Along, Function, Operand, Reach
from archspec.ops.reshape.move import Move, index_of
from archspec.ops.tensor import Shape, Shapes


def _item(index: int, part: slice) -> Function:
    """``x[:, :, part]`` for the dimension at ``index`` of a sample."""
    return Function("operator.getitem", (Operand(0), (slice(None),) * (index + 1) + (part,)))


def _cut(index: int, shape: Shape, start: int, step: int) -> Reach:
    dims = range(len(shape))
    return (tuple(Along.shifted(dim, start, step) if dim == index else Along.same(dim) for dim in dims),)


class Split(Move, name="split"):
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
        where = index_of("dim", self.dim, shape)
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


class Slice(Move, name="slice"):
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
        where = index_of("dim", self.dim, shape)
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
