"""Activation functions: one number in, one number out, for each element."""

from __future__ import annotations

from typing import ClassVar, Literal

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Index, Positive, Real
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, elements, show


class _Pointwise(Op):
    """A layer of PyTorch without weights that keeps the shape and works on each element."""

    layer: ClassVar[str]
    """The class of the layer."""

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module(self.layer, (), self.changed())


class _Activation(_Pointwise):
    """An activation that costs the same for each element, whatever its arguments."""

    operations: ClassVar[int]
    """Arithmetic operations for each element."""

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=self.operations * elements(output))


class Relu(_Activation, name="relu"):
    """Rectified linear unit, ``max(x, 0)``.

    Costs 1 operation an element (the comparison).
    Source: torch.nn.ReLU.
    """

    layer = "nn.ReLU"
    operations = 1
    example = "{op: relu}"
    in_place = True
    saved = ("output",)


class Relu6(_Activation, name="relu6"):
    """Rectified linear unit with a ceiling, ``min(max(x, 0), 6)``.

    Costs 2 operations an element (two comparisons).
    Source: torch.nn.ReLU6.
    """

    layer = "nn.ReLU6"
    operations = 2
    example = "{op: relu6}"
    in_place = True
    saved = ("input",)


class LeakyRelu(_Activation, name="leaky_relu"):
    """Rectified linear unit with a slope below zero.

    Costs 2 operations an element (comparison, product).
    Source: torch.nn.LeakyReLU.

    Args:
        negative_slope: Slope below zero.
    """

    negative_slope: Real = 0.01

    layer = "nn.LeakyReLU"
    operations = 2
    example = "{op: leaky_relu, negative_slope: 0.1}"
    saved = ("input",)


class Prelu(Op, name="prelu"):
    """Rectified linear unit with a learned slope below zero.

    Costs 2 operations an element (comparison, product).
    Source: torch.nn.PReLU.

    Args:
        num_parameters: Number of slopes: 1, or one for each channel.
        init: Slope before training.
    """

    num_parameters: Positive = 1
    init: Real = 0.25

    example = "{op: prelu, num_parameters: 16}"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        channels = inputs[0][0] if inputs[0] else 1
        if self.num_parameters not in (1, channels):
            raise ArgumentError(
                "num_parameters",
                f"{self.num_parameters} slopes do not fit {channels} channels",
                help=f"use 1 or {channels}",
            )
        return inputs[0]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return {"weight": (self.num_parameters,)}

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=2 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.PReLU", (), self.changed())


class Elu(_Activation, name="elu"):
    """Exponential linear unit, ``x`` above zero and ``alpha * (exp(x) - 1)`` below.

    Costs 4 operations an element (comparison, exponential, difference, product).
    Source: torch.nn.ELU.

    Args:
        alpha: The value far below zero, with the sign turned.
    """

    alpha: Real = 1.0

    layer = "nn.ELU"
    operations = 4
    example = "{op: elu}"
    saved = ("input",)


class Gelu(_Pointwise, name="gelu"):
    """Gaussian error linear unit, ``x * Phi(x)``.

    Costs 5 operations an element for ``0.5 x (1 + erf(x / sqrt 2))``, and 9 for the approximation
    ``0.5 x (1 + tanh(a (x + b x^3)))``.
    Source: torch.nn.GELU.

    Args:
        approximate: `tanh` for the approximation, `none` for the exact function.
    """

    approximate: Literal["none", "tanh"] = "none"

    layer = "nn.GELU"
    example = "{op: gelu}"
    saved = ("input",)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(9 if self.approximate == "tanh" else 5) * elements(output))


class Silu(_Activation, name="silu"):
    """Sigmoid linear unit (swish), ``x / (1 + exp(-x))``.

    Costs 4 operations an element (negation, exponential, sum, quotient).
    Source: torch.nn.SiLU.
    """

    layer = "nn.SiLU"
    operations = 4
    example = "{op: silu}"
    saved = ("input",)


class Sigmoid(_Activation, name="sigmoid"):
    """Logistic function, ``1 / (1 + exp(-x))``.

    Costs 4 operations an element (negation, exponential, sum, quotient).
    Source: torch.nn.Sigmoid.
    """

    layer = "nn.Sigmoid"
    operations = 4
    example = "{op: sigmoid}"
    saved = ("output",)


class Tanh(_Activation, name="tanh"):
    """Hyperbolic tangent.

    Costs 1 operation an element (the elementary function).
    Source: torch.nn.Tanh.
    """

    layer = "nn.Tanh"
    operations = 1
    example = "{op: tanh}"
    saved = ("output",)


class Hardswish(_Activation, name="hardswish"):
    """Piecewise approximation of silu, ``x * relu6(x + 3) / 6``.

    Costs 5 operations an element (sum, two comparisons, product, quotient).
    Source: torch.nn.Hardswish.
    """

    layer = "nn.Hardswish"
    operations = 5
    example = "{op: hardswish}"
    saved = ("input",)


class Hardsigmoid(_Activation, name="hardsigmoid"):
    """Piecewise linear approximation of the sigmoid, ``relu6(x + 3) / 6``.

    Costs 4 operations an element (sum, two comparisons, quotient).
    Source: torch.nn.Hardsigmoid.
    """

    layer = "nn.Hardsigmoid"
    operations = 4
    example = "{op: hardsigmoid}"
    saved = ("input",)


class Hardtanh(_Pointwise, name="hardtanh"):
    """Clamp to an interval, ``min(max(x, min_val), max_val)``.

    Costs 2 operations an element (two comparisons).
    Source: torch.nn.Hardtanh.

    Args:
        min_val: Least value of the output.
        max_val: Greatest value of the output.
    """

    min_val: Real = -1.0
    max_val: Real = 1.0

    layer = "nn.Hardtanh"
    example = "{op: hardtanh}"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if self.min_val >= self.max_val:
            raise ArgumentError(
                "min_val",
                f"min_val {self.min_val:g} is not less than max_val {self.max_val:g}",
                help="swap the two, or widen the interval",
            )
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=2 * elements(output))


class Softplus(_Activation, name="softplus"):
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
    example = "{op: softplus}"
    saved = ("input",)


class Mish(_Activation, name="mish"):
    """Self-gated activation, ``x * tanh(log(1 + exp(x)))``.

    Costs 5 operations an element (exponential, sum, logarithm, tanh, product).
    Source: torch.nn.Mish.
    """

    layer = "nn.Mish"
    operations = 5
    example = "{op: mish}"
    saved = ("input",)


class Softmax(Op, name="softmax"):
    """Exponentials along a dimension, divided by their sum.

    Costs 5 operations an element (maximum, difference, exponential, sum, quotient). The reach is a place
    for the channels, and the whole input for a spatial dimension.
    Source: torch.nn.Softmax.

    Args:
        dim: The dimension along which the output sums to 1.
    """

    dim: Index

    example = "{op: softmax, dim: 1}"
    saved = ("output",)

    def infer(self, inputs: Shapes) -> Shape:
        if not inputs[0]:
            raise ShapeError("softmax needs a dimension besides the batch", help="reshape to [1] first")
        if axis(self.dim, len(inputs[0])) is None:
            raise ArgumentError(
                "dim",
                f"dim {self.dim} is the batch or no dimension of {show(inputs[0])}",
                help=f"use 1 to {len(inputs[0])}, or -1 for the last",
            )
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=5 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1) if axis(self.dim, len(output)) == 0 else "all"

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.Softmax", (), self.changed())
