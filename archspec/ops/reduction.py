"""Ops that make one number of all along some dimensions."""

from typing import ClassVar

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Indices, Real
from archspec.ops.facts import Along, Cost, Function, Operand, Reach
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, elements, show


def _axes(op: Op, dims: Indices, shape: Shape) -> set[int]:
    """The indices into the shape of different dimensions.

    Raises:
        ShapeError: There is no dimension besides the batch.
        ArgumentError: They are not different dimensions of the shape, or none is named.
    """
    if not shape:
        raise ShapeError(f"{op.name} needs a dimension besides the batch")
    axes = {axis(dim, len(shape)) for dim in dims}
    if None in axes or len(axes) < len(dims) or not axes:
        message = f"{list(dims)} are not different dimensions of {show(shape)} besides the batch"
        raise ArgumentError("dim", message, help=f"use numbers from 1 to {len(shape)}")
    return {index for index in axes if index is not None}


def _read(shape: Shape, axes: set[int], left: list[int]) -> Reach:
    """All of the dimensions that become one number, and the same place of those that are left."""
    sizes = enumerate(shape)
    return (tuple(Along.every(size) if at in axes else Along.same(left.index(at)) for at, size in sizes),)


class _Reduction(Op):
    """One number for all along some dimensions."""

    dim: Indices
    keepdim: bool = False

    function: ClassVar[str]
    """The PyTorch function."""

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        axes = _axes(self, self.dim, shape)
        if self.keepdim:
            return tuple(1 if index in axes else size for index, size in enumerate(shape))
        return tuple(size for index, size in enumerate(shape) if index not in axes)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        shape, axes = inputs[0], _axes(self, self.dim, inputs[0])
        return _read(shape, axes, [index for index in range(len(shape)) if self.keepdim or index not in axes])

    def torch(self, inputs: Shapes) -> Function:
        dim = self.dim[0] if len(self.dim) == 1 else self.dim
        return Function(self.function, (Operand(0),), {"dim": dim} | self.changed("keepdim"))


class Mean(_Reduction, name="mean"):
    """The mean over one or several dimensions.

    Costs an operation for each element of the input (additions, one quotient a mean).
    Source: torch.mean.

    Args:
        dim: The dimension, or a list of them; 1 for the channels.
        keepdim: Whether these dimensions stay, with size 1.
    """

    function = "torch.mean"
    example = "{op: mean, dim: [2, 3]}"
    saved = ()


class Sum(_Reduction, name="sum"):
    """The sum over one or several dimensions.

    Costs an operation for each element of the input (additions).
    Source: torch.sum.

    Args:
        dim: The dimension, or a list of them; 1 for the channels.
        keepdim: Whether these dimensions stay, with size 1.
    """

    function = "torch.sum"
    example = "{op: sum, dim: [2, 3]}"
    saved = ()


class Amax(_Reduction, name="amax"):
    """The maximum over one or several dimensions.

    Costs an operation for each element of the input (comparisons).
    Source: torch.amax.

    Args:
        dim: The dimension, or a list of them; 1 for the channels.
        keepdim: Whether these dimensions stay, with size 1.
    """

    function = "torch.amax"
    example = "{op: amax, dim: 1, keepdim: true}"
    saved = ("input", "output")


class Amin(_Reduction, name="amin"):
    """The minimum over one or several dimensions.

    Costs an operation for each element of the input (comparisons).
    Source: torch.amin.

    Args:
        dim: The dimension, or a list of them; 1 for the channels.
        keepdim: Whether these dimensions stay, with size 1.
    """

    function = "torch.amin"
    example = "{op: amin, dim: 1, keepdim: true}"
    saved = ("input", "output")


class Normalize(Op, name="normalize"):
    """Division by the p-norm along a dimension, so that it becomes 1.

    Costs 3 operations an element (power, addition, quotient), and 2 for each norm (root, comparison with `eps`).
    Source: torch.nn.functional.normalize.

    Args:
        p: The exponent of the norm.
        dim: The dimension along which the norm is taken; 1 for the channels.
        eps: The least number that is divided by.
    """

    p: Real = 2.0
    dim: Indices = (1,)
    eps: Real = 1e-12

    example = "{op: normalize, dim: 1}"
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        _axes(self, self.dim, inputs[0])
        return inputs[0]

    def _norms(self, shape: Shape) -> int:
        axes = _axes(self, self.dim, shape)
        return elements(tuple(size for index, size in enumerate(shape) if index not in axes))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=3 * elements(output) + 2 * self._norms(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """The norms, and what they became by the comparison with `eps`."""
        return 8 * self._norms(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return _read(inputs[0], _axes(self, self.dim, inputs[0]), list(range(len(output))))

    def torch(self, inputs: Shapes) -> Function:
        return Function("F.normalize", (Operand(0),), self.changed())
