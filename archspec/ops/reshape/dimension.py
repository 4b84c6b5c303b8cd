"""Dimensions of size 1, added, taken away and repeated."""

from archspec.errors import ArgumentError
from archspec.ops.arguments import Index, Indices
from archspec.ops.facts import Along, Function, Operand, Reach
from archspec.ops.reshape.move import Move, index_of
from archspec.ops.tensor import Shape, Shapes, axis, show


class Squeeze(Move, name="squeeze"):
    """Takes away a dimension of size 1.

    Costs no arithmetic.
    Source: torch.squeeze, which leaves a dimension of another size where it is; here that is an error.

    Args:
        dim: The dimension; 1 for the channels, -1 for the last.
    """

    dim: Index

    example = "{op: squeeze, dim: -1}"
    example_inputs = ((16, 8, 1),)

    def infer(self, inputs: Shapes) -> Shape:
        index = index_of("dim", self.dim, inputs[0])
        if inputs[0][index] != 1:
            message = f"dimension {self.dim} of {show(inputs[0])} has the size {inputs[0][index]}, not 1"
            raise ArgumentError("dim", message, help="`mean`, `amax` or `flatten` make one number of several")
        return inputs[0][:index] + inputs[0][index + 1 :]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return "reshaped"

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.squeeze", (Operand(0),), {"dim": self.dim})


class Unsqueeze(Move, name="unsqueeze"):
    """Adds a dimension of size 1.

    Costs no arithmetic.
    Source: torch.unsqueeze.

    Args:
        dim: Where it is to stand in the output; 1 before the channels, -1 for the last.
    """

    dim: Index

    example = "{op: unsqueeze, dim: -1}"

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        index = axis(self.dim, len(shape) + 1)
        if index is None:
            message = f"dim {self.dim} is the batch or no dimension of an output with {len(shape) + 1}"
            raise ArgumentError("dim", message, help=f"use 1 to {len(shape) + 1}")
        return (*shape[:index], 1, *shape[index:])

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return "reshaped"

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.unsqueeze", (Operand(0),), {"dim": self.dim})


class Expand(Move, name="expand"):
    """Repeats what stands in dimensions of size 1, as often as the wanted sizes say.

    Costs no arithmetic, and no memory: PyTorch gives a view.
    Source: torch.broadcast_to.

    Args:
        shape: Sizes per sample, without the batch; -1 leaves a size as it is.
    """

    shape: Indices

    example = "{op: expand, shape: [-1, 8, 8]}"
    example_inputs = ((16, 1, 1),)

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        if len(self.shape) != len(shape):
            message = f"{list(self.shape)} names {len(self.shape)} sizes of {len(shape)}, those of {show(shape)}"
            raise ArgumentError("shape", message, help="`unsqueeze` adds a dimension first")
        wanted = tuple(size if new == -1 else new for size, new in zip(shape, self.shape, strict=True))
        if any(new < 1 or size not in (1, new) for size, new in zip(shape, wanted, strict=True)):
            message = f"{show(shape)} does not become {show(wanted)}"
            raise ArgumentError("shape", message, help="a size is 1 before, or stays; -1 leaves it as it is")
        return wanted

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        sizes = enumerate(zip(inputs[0], output, strict=True))
        return (tuple(Along.same(dim) if size == new else Along.every(1) for dim, (size, new) in sizes),)

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.broadcast_to", (Operand(0), (-1, *self.shape)))
