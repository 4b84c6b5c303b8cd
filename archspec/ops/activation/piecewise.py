"""Activation functions that are made of pieces: the rectified ones, and those with hard bounds."""

from archspec.errors import ArgumentError
from archspec.ops.activation.pointwise import Activation, Pointwise
from archspec.ops.arguments import Positive, Real
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements


class Relu(Activation, name="relu"):
    """Rectified linear unit, ``max(x, 0)``.

    Costs 1 operation an element (the comparison).
    Source: torch.nn.ReLU.
    """

    layer = "nn.ReLU"
    operations = 1
    functions = ("relu(input, inplace)",)
    example = "{op: relu}"
    in_place = True
    saved = ("output",)


class Relu6(Activation, name="relu6"):
    """Rectified linear unit with a ceiling, ``min(max(x, 0), 6)``.

    Costs 2 operations an element (two comparisons).
    Source: torch.nn.ReLU6.
    """

    layer = "nn.ReLU6"
    operations = 2
    functions = ("relu6(input, inplace)",)
    example = "{op: relu6}"
    in_place = True
    saved = ("input",)


class LeakyRelu(Activation, name="leaky_relu"):
    """Rectified linear unit with a slope below zero.

    Costs 2 operations an element (comparison, product).
    Source: torch.nn.LeakyReLU.

    Args:
        negative_slope: Slope below zero.
    """

    negative_slope: Real = 0.01

    layer = "nn.LeakyReLU"
    operations = 2
    functions = ("leaky_relu(input, negative_slope, inplace)",)
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


class Hardtanh(Pointwise, name="hardtanh"):
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


class Hardsigmoid(Activation, name="hardsigmoid"):
    """Piecewise linear approximation of the sigmoid, ``relu6(x + 3) / 6``.

    Costs 4 operations an element (sum, two comparisons, quotient).
    Source: torch.nn.Hardsigmoid.
    """

    layer = "nn.Hardsigmoid"
    operations = 4
    functions = ("hardsigmoid(input, inplace)",)
    example = "{op: hardsigmoid}"
    saved = ("input",)


class Hardswish(Activation, name="hardswish"):
    """Piecewise approximation of silu, ``x * relu6(x + 3) / 6``.

    Costs 5 operations an element (sum, two comparisons, product, quotient).
    Source: torch.nn.Hardswish.
    """

    layer = "nn.Hardswish"
    operations = 5
    functions = ("hardswish(input, inplace)",)
    example = "{op: hardswish}"
    saved = ("input",)
