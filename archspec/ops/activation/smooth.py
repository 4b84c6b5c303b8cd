"""Smooth activation functions, and the softmax and its logarithm."""

from math import prod
from typing import ClassVar, Literal

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.activation.pointwise import Activation, Pointwise
from archspec.ops.arguments import Index, Real
from archspec.ops.facts import Along, Cost, Module, Reach
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, elements, show


class Elu(Activation, name="elu"):
    """Exponential linear unit, ``x`` above zero and ``alpha * (exp(x) - 1)`` below.

    Costs 4 operations an element (comparison, exponential, difference, product).
    Source: torch.nn.ELU.

    Args:
        alpha: The value far below zero, with the sign turned.
    """

    alpha: Real = 1.0

    layer = "nn.ELU"
    operations = 4
    functions = ("elu(input, alpha, inplace)",)
    example = "{op: elu}"
    saved = ("input",)


class Gelu(Pointwise, name="gelu"):
    """Gaussian error linear unit, ``x * Phi(x)``.

    Costs 5 operations an element for ``0.5 x (1 + erf(x / sqrt 2))``, and 9 for the approximation
    ``0.5 x (1 + tanh(a (x + b x^3)))``.
    Source: torch.nn.GELU.

    Args:
        approximate: `tanh` for the approximation, `none` for the exact function.
    """

    approximate: Literal["none", "tanh"] = "none"

    layer = "nn.GELU"
    functions = ("gelu(input, approximate)",)
    example = "{op: gelu}"
    saved = ("input",)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(9 if self.approximate == "tanh" else 5) * elements(output))


class Silu(Activation, name="silu"):
    """Sigmoid linear unit (swish), ``x / (1 + exp(-x))``.

    Costs 4 operations an element (negation, exponential, sum, quotient).
    Source: torch.nn.SiLU.
    """

    layer = "nn.SiLU"
    operations = 4
    functions = ("silu(input, inplace)",)
    example = "{op: silu}"
    saved = ("input",)


class Sigmoid(Activation, name="sigmoid"):
    """Logistic function, ``1 / (1 + exp(-x))``.

    Costs 4 operations an element (negation, exponential, sum, quotient).
    Source: torch.nn.Sigmoid.
    """

    layer = "nn.Sigmoid"
    operations = 4
    functions = ("sigmoid(input)",)
    example = "{op: sigmoid}"
    saved = ("output",)


class Tanh(Activation, name="tanh"):
    """Hyperbolic tangent.

    Costs 1 operation an element (the elementary function).
    Source: torch.nn.Tanh.
    """

    layer = "nn.Tanh"
    operations = 1
    functions = ("tanh(input)",)
    example = "{op: tanh}"
    saved = ("output",)


class Softplus(Activation, name="softplus"):
    """Smooth rectifier, ``log(1 + exp(beta * x)) / beta``.

    Costs 6 operations an element (product, comparison, exponential, sum, logarithm, quotient).
    Source: torch.nn.Softplus.

    Args:
        beta: Sharpness of the bend.
        threshold: Where ``beta * x`` exceeds it, the function is the identity.
    """

    beta: Real = 1.0
    threshold: Real = 20.0

    layer = "nn.Softplus"
    operations = 6
    functions = ("softplus(input, beta, threshold)",)
    example = "{op: softplus}"
    saved = ("input",)


class Mish(Activation, name="mish"):
    """Self-gated activation, ``x * tanh(log(1 + exp(x)))``.

    Costs 5 operations an element (exponential, sum, logarithm, tanh, product).
    Source: torch.nn.Mish.
    """

    layer = "nn.Mish"
    operations = 5
    functions = ("mish(input, inplace)",)
    example = "{op: mish}"
    saved = ("input",)


class _Along(Op):
    """Numbers along a dimension, put in proportion to each other."""

    dim: Index

    layer: ClassVar[str]
    """The PyTorch layer."""

    saved = ("output",)

    def infer(self, inputs: Shapes) -> Shape:
        if not inputs[0]:
            raise ShapeError(f"{self.name} needs a dimension besides the batch", help="reshape to [1] first")
        if axis(self.dim, len(inputs[0])) is None:
            raise ArgumentError(
                "dim",
                f"dim {self.dim} is the batch or no dimension of {show(inputs[0])}",
                help=f"use 1 to {len(inputs[0])}, or -1 for the last",
            )
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        index = axis(self.dim, len(output))
        return (tuple(Along.every(size) if dim == index else Along.same(dim) for dim, size in enumerate(output)),)

    def torch(self, inputs: Shapes) -> Module:
        return Module(self.layer, (), self.changed())


class Softmax(_Along, name="softmax"):
    """Exponentials along a dimension, divided by their sum.

    Costs 5 operations an element (maximum, difference, exponential, sum, quotient).
    Source: torch.nn.Softmax.

    Args:
        dim: The dimension along which the output sums to 1.
    """

    layer = "nn.Softmax"
    example = "{op: softmax, dim: 1}"

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=5 * elements(output))


class LogSoftmax(_Along, name="log_softmax"):
    """Logarithms of the softmax along a dimension, ``x - log(sum(exp(x)))``.

    Costs 5 operations an element (maximum, difference, exponential, sum, difference), and a logarithm for each sum.
    Source: torch.nn.LogSoftmax.

    Args:
        dim: The dimension along which the exponentials of the output sum to 1.
    """

    layer = "nn.LogSoftmax"
    example = "{op: log_softmax, dim: 1}"

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        sums = [size for dim, size in enumerate(output) if dim != axis(self.dim, len(output))]
        return Cost(other=5 * elements(output) + prod(sums))
