"""The product of matrices."""

from math import prod

from archspec.errors import ShapeError
from archspec.ops.facts import Along, Cost, Function, Kept, Operand, Reach
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, broadcast, elements, listing, show


def _copied(operand: Shape, output: Shape) -> int:
    """The elements that a copy of an operand has more than it, where it broadcasts."""
    return prod(output[:-2]) * prod(operand[-2:]) - elements(operand)


def _outer(dim: int, shape: Shape, output: Shape) -> Along:
    """How a dimension before the matrices is read, which broadcasts."""
    return Along.every(1) if shape[dim] < output[dim] else Along.same(dim)


class Matmul(Op, name="matmul"):
    """The matrix product of the last two dimensions; the dimensions before them broadcast.

    Costs ``K`` multiply-accumulates for each element of the output, for operands ``(…, M, K)`` and ``(…, K, N)``.
    For the backward pass it keeps the operands; one that broadcasts as the copy that PyTorch makes.
    Source: torch.matmul.
    """

    example = "{op: matmul, from: [attention, values]}"
    example_inputs = ((8, 16, 16), (8, 16, 4))
    arity = (2, 2)
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        left, right = inputs
        if len(left) != len(right) or len(left) < 2:
            raise ShapeError(
                f"matmul needs two operands of one rank, at least 2, these are {listing(inputs)}",
                help="reshape one of them",
            )
        if left[-1] != right[-2]:
            raise ShapeError(
                f"matmul of {show(left)} and {show(right)}: {left[-1]} columns meet {right[-2]} rows",
                help="permute one of the operands",
            )
        outer = broadcast((left[:-2], right[:-2]))
        if outer is None:
            raise ShapeError(f"the dimensions before the matrices do not match: {listing(inputs)}")
        return (*outer, left[-2], right[-1])

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(macs=elements(output) * inputs[0][-1])

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * sum(_copied(shape, output) for shape in inputs)

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept:
        """A factor is kept for the gradient of the other."""
        operands = tuple(number for number in (0, 1) if gradients[1 - number])
        return Kept(operands, False, 4 * sum(_copied(inputs[number], output) for number in operands))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """Each element reads a whole row and a whole column."""
        left, right = inputs
        outer = [tuple(_outer(dim, shape, output) for dim in range(len(output) - 2)) for shape in inputs]
        rows = (Along.same(len(output) - 2), Along.every(left[-1]))
        columns = (Along.every(right[-2]), Along.same(len(output) - 1))
        return ((*outer[0], *rows), (*outer[1], *columns))

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.matmul", (Operand(0), Operand(1)))
