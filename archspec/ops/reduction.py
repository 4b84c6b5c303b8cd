"""Ops that make one number of all along some dimensions."""

from dataclasses import replace
from typing import ClassVar

from archspec.ops.arguments import Indices, Real
from archspec.ops.checks import check_axes
from archspec.ops.facts import Along, Cost, Function, Operand, Reach
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements


class _Reduction(Op):
    """One number for all along some dimensions."""

    dim: Indices
    keepdim: bool = False

    function: ClassVar[str]
    """The PyTorch function."""

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        axes = check_axes(self.name, self.dim, shape)
        if self.keepdim:
            return tuple(1 if index in axes else size for index, size in enumerate(shape))
        return tuple(size for index, size in enumerate(shape) if index not in axes)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        shape, axes = inputs[0], check_axes(self.name, self.dim, inputs[0])
        left = [index for index in range(len(shape)) if self.keepdim or index not in axes]
        sizes = enumerate(shape)
        return (tuple(Along.every(size) if at in axes else Along.same(left.index(at)) for at, size in sizes),)

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
    functions = ("mean(input, dim, keepdim)",)
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
    functions = ("sum(input, dim, keepdim)",)
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
    functions = ("amax(input, dim, keepdim)",)
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
    functions = ("amin(input, dim, keepdim)",)
    example = "{op: amin, dim: 1, keepdim: true}"
    saved = ("input", "output")


class VectorNorm(_Reduction, name="vector_norm"):
    """The p-norm over one or several dimensions, ``sum(|x|^p)^(1/p)``.

    Costs 2 operations for each element of the input (power, addition), and a root for each of the output.
    Source: torch.linalg.vector_norm.

    Args:
        dim: The dimension, or a list of them; 1 for the channels.
        keepdim: Whether these dimensions stay, with size 1.
        ord: The exponent p; 2 is the Euclidean norm, 1 the sum of absolute values, 0 counts what is not 0.
    """

    ord: Real = 2.0

    function = "torch.linalg.vector_norm"
    example = "{op: vector_norm, dim: 1, keepdim: true}"
    saved = ("input", "output")

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=2 * elements(inputs[0]) + elements(output))

    def torch(self, inputs: Shapes) -> Function:
        call = super().torch(inputs)
        return replace(call, kwargs={**self.changed("ord"), **call.kwargs})
