"""What ops that move elements share."""

from archspec.errors import ArgumentError
from archspec.ops.facts import Cost
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, show


def index_of(argument: str, dim: int, shape: Shape) -> int:
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


class Move(Op):
    """An op without arithmetic, which keeps nothing for the backward pass."""

    saved = ()

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()
