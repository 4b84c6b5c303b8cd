"""Ops that put tensors beside each other."""

from itertools import accumulate

from archspec.errors import ArgumentError, Help, ShapeError
from archspec.ops.arguments import Index
from archspec.ops.facts import Along, Cost, Function, Operand, Reach
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, listing, show


class Concat(Op, name="concat"):
    """The operands one after another along a dimension.

    Costs no arithmetic.
    Source: torch.cat.

    Args:
        dim: The dimension along which the sizes add up; 1 for the channels.
    """

    dim: Index = 1

    example = "{op: concat, from: [a, b]}"
    example_inputs = ((16, 8, 8), (8, 8, 8))
    arity = (1, None)
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        first = inputs[0]
        if len({len(shape) for shape in inputs}) != 1:
            raise ShapeError(f"concat needs operands of one rank, these are {listing(inputs)}", help="reshape them")
        index = axis(self.dim, len(first))
        if index is None:
            raise ArgumentError(
                "dim",
                f"dim {self.dim} is the batch or no dimension of {show(first)}",
                help=Help.instead("use 1 for the channels", "1"),
            )
        if len({shape[:index] + shape[index + 1 :] for shape in inputs}) != 1:
            raise ShapeError(
                f"concat along dim {self.dim} needs the other sizes equal, the operands are {listing(inputs)}",
                help="bring them to one size first, with a pooling or an upsample",
            )
        return (*first[:index], sum(shape[index] for shape in inputs), *first[index + 1 :])

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        index = axis(self.dim, len(output)) or 0
        starts = accumulate((shape[index] for shape in inputs), initial=0)
        dims = range(len(output))
        return tuple(
            tuple(Along.shifted(dim, -start, beyond="end") if dim == index else Along.same(dim) for dim in dims)
            for start, _ in zip(starts, inputs, strict=False)
        )

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.cat", (tuple(map(Operand, range(len(inputs)))),), {"dim": self.dim})


class Stack(Op, name="stack"):
    """The operands one beside another along a new dimension.

    Costs no arithmetic.
    Source: torch.stack.

    Args:
        dim: Where the new dimension stands in the output; 1 before the channels, -1 for the last.
    """

    dim: Index = 1

    example = "{op: stack, from: [a, b]}"
    example_inputs = ((16, 8, 8), (16, 8, 8))
    arity = (1, None)
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        first = inputs[0]
        if len(set(inputs)) != 1:
            help = "`concat` takes operands that differ along its `dim`; to share a shape, reshape or pool one of them"
            raise ShapeError(f"stack needs operands of one shape, these are {listing(inputs)}", help=help)
        index = axis(self.dim, len(first) + 1)
        if index is None:
            message = f"no dimension can be added to {show(first)} at dim {self.dim}"
            raise ArgumentError("dim", message, help=f"use 1 to {len(first) + 1}, or -1 for the last; 0 is the batch")
        return (*first[:index], len(inputs), *first[index:])

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """Each operand is read as it stands; along the new dimension all are taken together, as channels are."""
        index = axis(self.dim, len(output)) or 0
        ways = tuple(Along.same(dim) for dim in range(len(output)) if dim != index)
        return (ways,) * len(inputs)

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.stack", (tuple(map(Operand, range(len(inputs)))),), {"dim": self.dim})
